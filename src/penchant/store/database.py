"""The SQLite database of a state, and how it is connected to."""

from __future__ import annotations

import sqlite3
from pathlib import Path

DATABASE = "state.db"


def connect(database: Path, read_only: bool) -> sqlite3.Connection:
    """A connection that any thread may use, without transactions of its own making."""
    uri = f"{database.absolute().as_uri()}{'?mode=ro' if read_only else ''}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)
