"""`penchant import`: a state from an export, or files from git."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from penchant.cli.console import (
    ApiKey,
    State,
    out,
    progress_bars,
)
from penchant.data.files import (
    write_rows,
)
from penchant.errors import InvalidQuery


class _StateOrSource(typer.core.TyperGroup):
    """`import git PATH...` is a command of its own; everything else after `import` is a state and a file."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["state", *args])


imports = typer.Typer(
    cls=_StateOrSource, no_args_is_help=True, help="Fill a new state from an export, or make files from git."
)


@imports.command("state")
def import_state(state: State, file: Path, api_key: ApiKey = None) -> None:
    """Make a new state from what `penchant export` wrote."""
    from penchant.data.transfer import import_state as fill
    from penchant.store import open_store

    if not file.is_file():
        raise InvalidQuery(f"there is no file {file}")
    store = open_store(state)
    try:
        with file.open("rb") as source, progress_bars() as report:
            fill(
                store, source, name=str(file), api_key=api_key, progress=lambda done: report("lines", done, 0)
            )
    finally:
        store.close()
    out.print(f"{state} holds what {file} held.", markup=False)


@imports.command("git")
def import_git(
    paths: Annotated[list[Path], typer.Argument(help="Local git repositories.")],
    out_folder: Annotated[Path, typer.Option("--out", help="Where the two files go.")] = Path("git-log"),
) -> None:
    """Make documents and clicks of git repositories: a change is a document, its author clicked it."""
    from penchant.data.git import read_repositories

    documents, clicks = read_repositories(paths)
    documents_file, clicks_file = out_folder / "documents.jsonl", out_folder / "clicks.jsonl"
    write_rows(documents_file, documents)
    write_rows(clicks_file, clicks)
    authors = len({click.user_id for click in clicks})
    out.print(f"{len(documents):,} changes by {authors:,} authors. Next:", markup=False)
    out.print(
        f"penchant build state --documents {documents_file} --clicks {clicks_file}",
        markup=False,
        soft_wrap=True,
    )
