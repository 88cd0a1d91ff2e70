"""What the commands share: the consoles, the options that several of them take, and the progress bars."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from penchant.data.files import Columns, OnError, time_of
from penchant.errors import InvalidQuery
from penchant.settings import DocumentText, UnitRule

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def framed(*headers: str, **options: Any) -> Table:
    """A table: with lines for a person, without for a program that reads what is written."""
    bare = {} if out.is_terminal else {"box": None, "pad_edge": False}
    return Table(*headers, **{**bare, **options})


State = Annotated[Path, typer.Argument(help="The directory that holds the state.")]
User = Annotated[str, typer.Argument(help="A user id.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
K = Annotated[int, typer.Option("-k", help="How many.")]
At = Annotated[
    float | None,
    typer.Option(
        parser=partial(time_of, column="--at"),
        metavar="TIME",
        help="Now: Unix seconds, or 2025-01-31T12:00:00. Default: the latest time in the data.",
    ),
]
Where = Annotated[
    list[str] | None, typer.Option(help="NAME=VALUE, NAME=A,B (one of), NAME>=N or NAME<=N; all must hold.")
]
DocumentsFile = Annotated[
    Path, typer.Option("--documents", help="CSV, TSV, JSON Lines or Parquet, also gzipped.")
]
ClicksFile = Annotated[Path, typer.Option("--clicks", help="CSV, TSV, JSON Lines or Parquet, also gzipped.")]
EmbedderName = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        help="corpus (default), minilm, remote:MODEL@URL, or a sentence-transformers name or path.",
    ),
]
ApiKey = Annotated[
    str | None, typer.Option(envvar=["PENCHANT_API_KEY", "OPENAI_API_KEY"], help="For a remote embedder.")
]
DocumentColumns = Annotated[
    list[str] | None, typer.Option("--document-column", help="FIELD=COLUMN, e.g. title=headline.")
]
ClickColumns = Annotated[
    list[str] | None, typer.Option("--click-column", help="FIELD=COLUMN, e.g. at=timestamp.")
]
WhatOfDocuments = Annotated[
    DocumentText | None,
    typer.Option("--document-text", help="What of a document is embedded. Default: its title."),
]
UnitRuleOption = Annotated[
    UnitRule | None,
    typer.Option("--unit-rule", help="mean (default), or text, the paper's: see the reference, Settings."),
]
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


_interrupted = threading.Event()


@contextmanager
def noting_interruptions() -> Iterator[None]:
    """Interruptions are noted, since Python drops one that falls into the callback of a weak reference, as in
    many an import.

    What was dropped is raised when progress is next reported, see `Bars`.
    """
    _interrupted.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, _noted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _noted(*_: object) -> NoReturn:
    _interrupted.set()
    raise KeyboardInterrupt


class Bars:
    """Bars of progress, one a stage; called as `penchant.types.StageProgress` is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, of: int) -> None:
        if _interrupted.is_set():
            raise KeyboardInterrupt
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=of or None)
        self._progress.advance(self._tasks[stage], done)

    def confirm(self, question: str) -> bool:
        """Ask, while the bars stand still."""
        self._progress.stop()
        try:
            return typer.confirm(question, err=True)
        finally:
            self._progress.start()


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Bars on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=False, disable=not err.is_terminal) as progress:
        yield Bars(progress)
