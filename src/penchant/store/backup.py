"""A copy of a state in one file, made while it is in use, and a state made of such a copy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from penchant.errors import InvalidQuery, StateDamaged, StateError, StateFull
from penchant.store.database import DATABASE, connect
from penchant.types import CountProgress

_PAGES = 4_096


def backup(state: Path, file: Path, progress: CountProgress = lambda *_: None) -> int:
    """Copy a state as it is at one moment, also while a service writes it; returns the bytes of the file.

    Raises:
        InvalidQuery: the file exists already.
        StateError: there is no state, or it cannot be read or copied; nothing is left behind.
    """
    if file.exists():
        raise InvalidQuery(f"{file} exists: name another file, a backup is never written over")
    if not (state / DATABASE).exists():
        raise StateError(f"there is no state in {state}")
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with (
            closing(connect(state / DATABASE, read_only=True)) as source,
            closing(sqlite3.connect(unfinished)) as target,
        ):
            source.execute("BEGIN")  # one moment, however long the copying takes
            source.execute("SELECT count(*) FROM facts").fetchone()
            source.backup(target, pages=_PAGES, progress=lambda _, left, of: progress(of - left, of))
            target.execute("PRAGMA journal_mode = DELETE")
        _check(unfinished)
        unfinished.replace(file)
    except sqlite3.Error as error:
        full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
        raise (StateFull if full else StateError)(
            f"{state} could not be copied to {file}: {error}"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return file.stat().st_size


def restore(file: Path, state: Path, open_once: Callable[[Path], None]) -> None:
    """Make a new state of what `backup` wrote.

    Args:
        open_once: opens a state and closes it, which tells whether it can be read.

    Raises:
        InvalidQuery: there is no such file, or the directory exists already.
        StateDamaged: the file is no backup, or damaged; nothing is left behind.
    """
    if not file.is_file():
        raise InvalidQuery(f"there is no file {file}")
    if state.exists():
        raise InvalidQuery(f"{state} exists: name a new directory, a state is never written over")
    _check(file)
    unfinished = state.with_name(f"{state.name}.{os.getpid()}.part")
    unfinished.mkdir(parents=True)
    try:
        with (
            closing(connect(file, read_only=True)) as source,
            closing(sqlite3.connect(unfinished / DATABASE)) as target,
        ):
            source.backup(target, pages=_PAGES)
            target.execute("PRAGMA journal_mode = WAL")
        open_once(unfinished)
        unfinished.replace(state)
    except sqlite3.Error as error:
        raise StateError(f"{file} could not be restored to {state}: {error}") from error
    finally:
        if unfinished.exists():
            for part in unfinished.iterdir():
                part.unlink()
            unfinished.rmdir()


def _check(file: Path) -> None:
    """Raises StateDamaged unless the file is a whole database of a state."""
    try:
        with closing(connect(file, read_only=True)) as connection:
            (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
    except sqlite3.Error as error:
        raise StateDamaged(f"{file} is no backup, or damaged: {error}") from error
    if result != "ok" or not {"facts", "documents", "vectors", "popularity", "users", "clicks"} <= tables:
        raise StateDamaged(
            f"{file} is no backup, or damaged: {result if result != 'ok' else 'it holds no state'}"
        )
