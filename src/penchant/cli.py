"""The command line: each command in a few lines, the work is elsewhere. The environment is read here and nowhere below."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from penchant import show
from penchant.align.commands import align
from penchant.answers import recommended, unit_answer
from penchant.conditions import parse_weights, parse_where
from penchant.console import (
    ApiKey,
    At,
    ClickColumns,
    ClicksFile,
    DocumentColumns,
    DocumentsFile,
    EmbedderName,
    Json,
    K,
    OnErrorOption,
    State,
    User,
    WhatOfDocuments,
    Where,
    err,
    named_columns,
    noting_interruptions,
    out,
    progress_bars,
)
from penchant.engine import Engine
from penchant.errors import InvalidQuery, PenchantError
from penchant.files import Problems, fingerprint, read_clicks, read_documents, write_rows, written_whole
from penchant.jobs import add_documents, build_state, observe_log
from penchant.lab.commands import lab
from penchant.serve.commands import Port, ab, config, serve, serve_engine
from penchant.serve.config import Config, read_config
from penchant.settings import DocumentText, Settings
from penchant.types import Click, Document


class _Commands(typer.core.TyperGroup):
    """Failures are told in one line: exit code 1, or 130 when interrupted."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with noting_interruptions():
                return super().invoke(ctx)
        except PenchantError as error:
            err.print(f"penchant: {error}", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as interrupt:
            err.print("penchant: interrupted. What was done is kept: the same command goes on from there.", soft_wrap=True)
            # CPython remembers an interruption inside exec() of text, as in many an import, and would end by the signal
            # although it was handled here; the next exec() makes it forget
            exec("")
            raise typer.Exit(130) from interrupt


app = typer.Typer(cls=_Commands, no_args_is_help=True, add_completion=False, help="Interest Units for every reader.")


class _StateOrSource(typer.core.TyperGroup):
    """`import git PATH...` is a command of its own; everything else after `import` is a state and a file."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        return super().resolve_command(ctx, args if args and args[0] in self.commands else ["state", *args])


imports = typer.Typer(cls=_StateOrSource, no_args_is_help=True, help="Fill a new state from an export, or make files from git.")
app.add_typer(imports, name="import")
app.add_typer(lab, name="lab")
app.add_typer(align, name="align")
app.add_typer(ab, name="ab")
app.command()(serve)
app.command()(config)


@app.command()
def build(
    state: State,
    documents: DocumentsFile,
    clicks: ClicksFile,
    embedder: EmbedderName = None,
    index: Annotated[Literal["usearch", "exact"] | None, typer.Option(help="usearch (default) or exact.")] = None,
    threshold: Annotated[float | None, typer.Option(help="tau; default: the embedder's. See `penchant calibrate`.")] = None,
    kinds: Annotated[str | None, typer.Option(help="Learn only clicks of these kinds, comma-separated.")] = None,
    document_text: WhatOfDocuments = None,
    on_error: OnErrorOption = "stop",
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Build a state from documents and clicks. Interrupted or killed, the same command goes on where it was."""
    problems = Problems(on_error)
    given = _documents(documents, document_column, problems)
    log = _clicks(clicks, click_column, problems, {document.id for document in given})
    changed = _settings(threshold, kinds, document_text)
    with Engine.open(state, embedder, index, _merged(state, changed), api_key=api_key) as engine, progress_bars() as report:
        before = build_state(engine, given, log, fingerprint(clicks), state, report)
        summary = {**_summary(engine), "clicks": len(log), "learned before": before, "skipped rows": problems.count}
    _tell(summary, problems, json)


@app.command()
def observe(
    state: State,
    clicks: ClicksFile,
    documents: Annotated[Path | None, typer.Option(help="Documents to add first.")] = None,
    on_error: OnErrorOption = "stop",
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Learn more clicks. A file that was learned before changes nothing; a killed run goes on where it was."""
    problems = Problems(on_error)
    with _existing(state, api_key=api_key, write=True) as engine, progress_bars() as report:
        if documents is not None:
            add_documents(engine, _documents(documents, document_column, problems), report)
        log = list(read_clicks(clicks, named_columns(click_column), problems, engine.__contains__))
        before = observe_log(engine, log, fingerprint(clicks), report)
        summary = {**_summary(engine), "clicks": len(log), "learned before": before, "skipped rows": problems.count}
    _tell(summary, problems, json)


@app.command()
def interests(state: State, user: User, json: Json = False) -> None:
    """Show the Interest Units of a user."""
    with _existing(state) as engine:
        units = engine.units(user)
    if json:
        show.print_json(out, [unit_answer(unit) for unit in units])
    elif units:
        out.print(show.units_table(user, units))
    else:
        out.print(f"{user} has no interests yet: no click of that user was learned.", markup=False)


@app.command()
def recommend(
    state: State,
    user: User,
    k: K = 10,
    where: Where = None,
    scorer: Annotated[str | None, typer.Option(help="blend (all evidence), sum (the paper's), max or soft.")] = None,
    published_after: Annotated[float | None, typer.Option(help="Unix seconds.")] = None,
    include_seen: Annotated[bool, typer.Option(help="Also what the user clicked.")] = False,
    at: At = None,
    json: Json = False,
) -> None:
    """Recommend documents to a user, each with its reason."""
    with _existing(state) as engine:
        found = engine.recommend(
            user,
            k,
            where=parse_where(where),
            exclude_seen=not include_seen,
            published_after=published_after,
            scorer=scorer,
            at=at,
        )
    _show_documents(f"For {user}", found, json)


@app.command()
def why(state: State, user: User, document: Annotated[str, typer.Argument(help="A document id.")], json: Json = False) -> None:
    """Say what speaks for a document: its cosine to each interest of the user, and its score."""
    with _existing(state) as engine:
        title, score = engine.document(document).title, float(engine.score(user, [document])[0])
        units, threshold = engine.why(user, document), engine.threshold
    if json:
        values = [{"cosine": round(cosine, 6), **msgspec.to_builtins(unit_answer(unit))} for unit, cosine in units]
        show.print_json(out, {"document": document, "title": title, "score": score, "threshold": threshold, "interests": values})
    else:
        out.print(show.why_table(title, score, threshold, units))


@app.command()
def blend(
    state: State,
    weight: Annotated[list[str] | None, typer.Option("--set", help="COLUMN=WEIGHT, repeatable.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget what clicks taught.")] = False,
    json: Json = False,
) -> None:
    """Show what each column of evidence weighs, as clicks have taught it; or set weights, or reset them."""
    with _existing(state, write=bool(weight) or reset) as engine:
        if reset:
            engine.reset_blend()
        if weight:
            engine.set_blend(parse_weights(weight))
        found = engine.blend()
    if json:
        show.print_json(out, found)
    else:
        out.print(show.blend_table(found))


@app.command()
def dismiss(state: State, user: User, document: Annotated[str, typer.Argument(help="A document id.")]) -> None:
    """Say that a document is not for a user."""
    with _existing(state, write=True) as engine:
        engine.dismiss(user, document)
    out.print(f"{document} and its like stand back for {user}.", markup=False)


@app.command()
def search(
    state: State, text: str, k: K = 10, where: Where = None, at: At = None, api_key: ApiKey = None, json: Json = False
) -> None:
    """Find documents by meaning."""
    with _existing(state, api_key=api_key) as engine:
        found = engine.search(text, k, where=parse_where(where), at=at)
    _show_documents(f"Nearest to “{text}”", found, json)


@app.command()
def forget(state: State, user: User) -> None:
    """Delete all that is kept of a user."""
    with _existing(state, write=True) as engine:
        known = engine.forget(user)
    out.print(f"{user} is forgotten." if known else f"Nothing was kept of {user}.", markup=False)


@app.command()
def calibrate(
    documents: DocumentsFile,
    clicks: ClicksFile,
    embedder: EmbedderName = None,
    pairs: Annotated[int, typer.Option(help="How many pairs of each kind.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Draws the same pairs again.")] = 0,
    on_error: OnErrorOption = "stop",
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Propose a threshold from how alike random documents are, and those that one reader clicks in a row."""
    from penchant.calibrate import calibrate as compare
    from penchant.state import new_embedder

    problems = Problems(on_error)
    given = _documents(documents, document_column, problems)
    log = _clicks(clicks, click_column, problems, {document.id for document in given})
    model = new_embedder(embedder or "corpus", [document.title for document in given], api_key)
    with progress_bars() as report:
        result = compare(
            model,
            given,
            log,
            pairs=pairs,
            seed=seed,
            progress=lambda done: report("embedding pairs", done, 4 * min(pairs, len(log))),
        )
    if json:
        show.print_json(out, result)
    else:
        out.print(show.calibration_picture(result))


@app.command()
def reembed(
    state: State,
    embedder: Annotated[str, typer.Option(help="The new embedder.")],
    document_text: WhatOfDocuments = None,
    api_key: ApiKey = None,
) -> None:
    """Move a state to another embedder, without any click history. `corpus` is trained on the titles of the state."""
    from penchant.reembed import count_texts
    from penchant.reembed import reembed as move
    from penchant.store.sqlite import SqliteStore

    _must_exist(state)
    store = SqliteStore(state)
    try:
        total = count_texts(store)
        with progress_bars() as report:
            new = move(
                store,
                embedder,
                document_text=document_text,
                api_key=api_key,
                progress=lambda done: report("embedding texts", done, total),
            )
    finally:
        store.close()
    out.print(f"{total:,} texts embedded with {new.name}.", markup=False)


@app.command()
def info(state: State, json: Json = False) -> None:
    """Show what a state holds and how it was built."""
    with _existing(state) as engine:
        summary = {**_summary(engine), "settings": show.settings_value(engine.settings)}
    _tell(summary, Problems("stop"), json)


@app.command()
def export(
    state: State,
    file: Annotated[Path | None, typer.Argument(help="Default: standard output.")] = None,
    vectors: Annotated[bool, typer.Option(help="Without them the file is smaller, and importing embeds anew.")] = True,
) -> None:
    """Write a state as JSON Lines, to be moved or read by others."""
    from penchant.transfer import export_state

    with _existing(state) as engine:
        if file is None:
            export_state(engine.store, sys.stdout.buffer, vectors=vectors)
            return
        with written_whole(file) as target:
            lines = export_state(engine.store, target, vectors=vectors)
    err.print(f"{lines:,} lines written to {file}", markup=False)


@imports.command("state")
def import_state(state: State, file: Path, api_key: ApiKey = None) -> None:
    """Make a new state from what `penchant export` wrote."""
    from penchant.store.sqlite import SqliteStore
    from penchant.transfer import import_state as fill

    if not file.is_file():
        raise InvalidQuery(f"there is no file {file}")
    store = SqliteStore(state)
    try:
        with file.open("rb") as source, progress_bars() as report:
            fill(store, source, name=str(file), api_key=api_key, progress=lambda done: report("lines", done, 0))
    finally:
        store.close()
    out.print(f"{state} holds what {file} held.", markup=False)


@imports.command("git")
def import_git(
    paths: Annotated[list[Path], typer.Argument(help="Local git repositories.")],
    out_folder: Annotated[Path, typer.Option("--out", help="Where the two files go.")] = Path("git-log"),
) -> None:
    """Make documents and clicks of git repositories: a change is a document, its author clicked it."""
    from penchant.gitlog import read_repositories

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


@app.command()
def backup(state: State, file: Path) -> None:
    """Copy a state to one file, also while a service is using it."""
    from penchant.backup import backup as copy

    with progress_bars() as report:
        copied = 0

        def told(done: int, of: int) -> None:
            nonlocal copied
            report("pages", done - copied, of)
            copied = done

        size = copy(state, file, told)
    out.print(f"{file}: {size / 1e6:,.1f} MB", markup=False)


@app.command()
def restore(file: Path, state: State) -> None:
    """Make a new state of what `penchant backup` wrote."""
    from penchant.backup import restore as make

    make(file, state)
    out.print(f"{state} holds what {file} held.", markup=False)


@app.command()
def demo(
    state: Annotated[Path | None, typer.Option(help="Keep the state in this directory. Default: in memory.")] = None,
    files: Annotated[Path | None, typer.Option(help="Only write the community into this folder, for `build` and `lab`.")] = None,
    seed: Annotated[int, typer.Option(help="Another community.")] = 0,
    serve: Annotated[bool, typer.Option("--serve", help="Serve the community with its page instead.")] = False,
    port: Port = None,
) -> None:
    """Simulate a community, build its Interest Units, and show one reader's interests week by week."""
    if files is not None:
        from penchant.demo.community import simulate

        community = simulate(seed)
        write_rows(files / "documents.jsonl", community.documents)
        write_rows(files / "clicks.jsonl", community.clicks)
        out.print(f"{files / 'documents.jsonl'} and {files / 'clicks.jsonl'} are written.", markup=False, soft_wrap=True)
        return
    if serve:
        serve_community(state, seed, read_config(None, os.environ, {"port": port}))
        return
    from penchant.demo.tour import show_tour

    show_tour(out, state, seed)


def serve_community(state: Path | None, seed: int, settings: Config) -> None:
    """Simulate a community and serve it."""
    from penchant.demo.tour import built_community

    with progress_bars() as report:
        engine, reader = built_community(state, seed, report)
    out.print(f"A simulated community; none of it is real. Look at {reader}: #/users/{reader}", markup=False, soft_wrap=True)
    serve_engine(engine, settings, state)


def main() -> None:
    """Run the command line."""
    app()


def _existing(state: Path, *, api_key: str | None = None, write: bool = False) -> Engine:
    _must_exist(state)
    return Engine.open(state, read_only=not write, api_key=api_key)


def _must_exist(state: Path) -> None:
    if not state.exists():
        raise InvalidQuery(f"there is no state in {state}: build one with `penchant build {state} --documents ... --clicks ...`")


def _documents(path: Path, columns: list[str] | None, problems: Problems) -> list[Document]:
    return list(read_documents(path, named_columns(columns), problems))


def _clicks(path: Path, columns: list[str] | None, problems: Problems, known: set[str]) -> list[Click]:
    return list(read_clicks(path, named_columns(columns), problems, known.__contains__))


def _settings(threshold: float | None, kinds: str | None, document_text: DocumentText | None) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if threshold is not None:
        changed["threshold"] = threshold
    if kinds is not None:
        changed["kinds"] = tuple(kind.strip() for kind in kinds.split(","))
    if document_text is not None:
        changed["document_text"] = document_text
    return changed


def _merged(state: Path, changed: dict[str, Any]) -> Settings | None:
    """The settings of the state, or the usual ones, with the changes; None to leave them alone."""
    if not changed:
        return None
    if not (state / "state.db").exists():
        return Settings(**changed)
    with Engine.open(state, read_only=True) as engine:
        return msgspec.structs.replace(engine.settings, **changed)


def _summary(engine: Engine) -> dict[str, Any]:
    about = engine.about
    return {
        "documents": len(engine),
        "users": len(engine.user_ids()),
        "embedder": about.embedder if about else None,
        "dimension": about.dimension if about else None,
        "index": about.index if about else None,
        "latest time": show.time_text(engine.latest_at),
        "size": f"{engine.store.size() / 1e6:,.1f} MB",
        "seconds in the embedder": round(engine.embedding_seconds, 1),
    }


def _tell(summary: dict[str, Any], problems: Problems, as_json: bool) -> None:
    for example in problems.examples:
        err.print(f"skipped {example}", markup=False, soft_wrap=True)
    if problems.count > len(problems.examples):
        err.print(f"... and {problems.count - len(problems.examples):,} more rows", markup=False)
    if as_json:
        show.print_json(out, summary)
    else:
        out.print(show.pairs_table(summary))


def _show_documents(title: str, found: Sequence[Any], as_json: bool) -> None:
    if as_json:
        show.print_json(out, recommended(found))
    elif found:
        out.print(show.recommendations_table(title, found))
    else:
        out.print("Nothing passes these filters.")
