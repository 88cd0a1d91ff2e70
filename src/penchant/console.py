"""What the commands share: the consoles, the options that several of them take, and the progress bars."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from penchant.errors import InvalidQuery
from penchant.files import Columns, OnError
from penchant.jobs import Report

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

State = Annotated[Path, typer.Argument(help="The directory that holds the state.")]
User = Annotated[str, typer.Argument(help="A user id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
K = Annotated[int, typer.Option("-k", help="How many.")]
At = Annotated[float | None, typer.Option(help="Now, in Unix seconds. Default: the latest time in the data.")]
Where = Annotated[list[str] | None, typer.Option(help="NAME=VALUE, NAME=A,B (one of), NAME>=N or NAME<=N; all must hold.")]
DocumentsFile = Annotated[Path, typer.Option("--documents", help="CSV, TSV, JSON Lines or Parquet, also gzipped.")]
ClicksFile = Annotated[Path, typer.Option("--clicks", help="CSV, TSV, JSON Lines or Parquet, also gzipped.")]
EmbedderName = Annotated[
    str | None,
    typer.Option("--embedder", help="corpus (default), minilm, remote:MODEL@URL, or a sentence-transformers name or path."),
]
ApiKey = Annotated[str | None, typer.Option(envvar=["PENCHANT_API_KEY", "OPENAI_API_KEY"], help="For a remote embedder.")]
DocumentColumns = Annotated[list[str] | None, typer.Option("--document-column", help="FIELD=COLUMN, e.g. title=headline.")]
ClickColumns = Annotated[list[str] | None, typer.Option("--click-column", help="FIELD=COLUMN, e.g. at=timestamp.")]
OnErrorOption = Annotated[OnError, typer.Option("--on-error", help="What a bad row does.")]


def named_columns(pairs: list[str] | None) -> Columns:
    """FIELD=COLUMN pairs as a mapping."""
    named = {}
    for pair in pairs or []:
        field, separator, column = pair.partition("=")
        if not (field and separator and column):
            raise InvalidQuery(f"{pair!r} names no column: write FIELD=COLUMN, for example title=headline")
        named[field] = column
    return named


@contextmanager
def progress_bars() -> Iterator[Report]:
    """Bars on standard error, one a stage."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=False, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, of: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=of or None)
            bars.advance(tasks[stage], done)

        yield report
