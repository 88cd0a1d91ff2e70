"""A store in a directory: one SQLite database in WAL mode, and the lock that makes its writer the only
one."""

from __future__ import annotations

import errno
import fcntl
import math
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, TypeVar

import msgspec
import numpy as np

from penchant.errors import StateDamaged, StateError, StateFull, StateLocked, StateReadOnly, StateTooNew
from penchant.store import Changes, DocumentColumns, StoredDocument, document_columns
from penchant.store.backup import backup
from penchant.store.database import DATABASE, connect
from penchant.store.packing import pack_user, unpack_user
from penchant.types import Document, User, Vectors, encode

Key = TypeVar("Key")

SCHEMA = 1
_LOCK = "lock"
_TABLES = """
-- with rowid: a search would read long values whole
CREATE TABLE facts (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE documents (
    key INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    hidden INTEGER NOT NULL,
    published_at REAL,
    expires_at REAL,
    revision INTEGER NOT NULL,
    terms BLOB NOT NULL,      -- penchant.memory.traits
    document BLOB NOT NULL    -- MessagePack of penchant.Document
);
-- of clicked documents; small rows, often written
CREATE TABLE popularity (key INTEGER PRIMARY KEY, value REAL NOT NULL);
CREATE TABLE impressions (key INTEGER PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE vectors (key INTEGER PRIMARY KEY, vector BLOB NOT NULL);  -- little-endian float32
CREATE TABLE users (id TEXT PRIMARY KEY, user BLOB NOT NULL);          -- penchant.store.packing
CREATE TABLE trails (id TEXT PRIMARY KEY, trail BLOB NOT NULL);         -- penchant.memory.trails
CREATE TABLE clicks (number INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
"""
_PAGES_IN_LOG = 8_000
"""Of 4 KiB: the log is copied into the database when it holds this many, so that what changes often is copied
once."""
_CACHE_KIB = 65_536
_CHUNK = 500
"""Values in one IN (...)."""
_PAGE = 2_000
_SOME_DOCUMENTS = """
SELECT key, document, value, revision, terms FROM documents LEFT JOIN popularity USING (key)
WHERE key > ? ORDER BY key LIMIT ?
"""


class SqliteStore:
    """See `Store`. A writer holds a lock on the directory for as long as it is open.

    A reader needs none, and sees the state as it was when it was opened.

    Raises:
        StateLocked: another process is writing.
        StateDamaged, StateTooNew, StateReadOnly, StateFull: as they say.
    """

    def __init__(self, directory: Path, *, read_only: bool = False) -> None:
        self._directory = directory
        self._read_only = read_only
        self._lock: IO[str] | None = None
        self._asking = Lock()
        database = directory / DATABASE
        if read_only and not database.exists():
            raise StateError(
                f"there is no state in {directory}: build one with `penchant build {directory} ...`"
            )
        try:
            if not read_only:
                directory.mkdir(parents=True, exist_ok=True)
                self._lock = _locked(directory)
            self._connection = connect(database, read_only)
        except OSError as error:
            self.close()
            raise _of_os(error, directory) from error
        try:
            with self._translated():
                self._prepare()
                # what is not committed yet is on a connection that nobody reads
                self._reading = self._connection if read_only else connect(database, read_only=True)
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        if self._read_only:
            self._connection.execute("BEGIN")  # everything is read from one snapshot
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise StateTooNew(
                f"{self._directory} was written by a newer penchant (schema {version}, this one knows "
                f"{SCHEMA}): "
                "upgrade with `pip install -U penchant`"
            )
        if version == 0:
            if self._read_only:
                raise StateDamaged(f"{self._directory} holds no state yet: build it first")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        if not self._read_only:
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_IN_LOG}")
            self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def commit(self, parts: Iterable[Changes]) -> None:
        if self._read_only:
            raise StateReadOnly(f"{self._directory} was opened read-only")
        with self._translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for changes in parts:
                    self._write(changes)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _write(self, changes: Changes) -> None:
        many = self._connection.executemany
        many("DELETE FROM documents WHERE key = ?", [(key,) for key in changes.removed_documents])
        many("DELETE FROM vectors WHERE key = ?", [(key,) for key in changes.removed_documents])
        many("DELETE FROM popularity WHERE key = ?", [(key,) for key in changes.removed_documents])
        many("DELETE FROM impressions WHERE key = ?", [(key,) for key in changes.removed_documents])
        many(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [_document_row(stored) for stored in changes.documents],
        )
        popularity = {d.key: d.popularity for d in changes.documents if d.popularity > -math.inf} | dict(
            changes.popularity
        )
        many("INSERT OR REPLACE INTO popularity VALUES (?, ?)", popularity.items())
        many("INSERT OR REPLACE INTO impressions VALUES (?, ?)", changes.impressions.items())
        many("INSERT OR REPLACE INTO vectors VALUES (?, ?)", changes.vectors.items())
        many(
            "INSERT INTO users VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET user = excluded.user",
            [(name, pack_user(user)) for name, user in changes.users.items()],
        )
        many(
            "INSERT INTO trails VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET trail = excluded.trail",
            changes.trails.items(),
        )
        for table in ("users", "trails"):
            many(f"DELETE FROM {table} WHERE id = ?", [(name,) for name in changes.forgotten_users])
        many("INSERT OR REPLACE INTO facts VALUES (?, ?)", changes.facts.items())
        if changes.click_digests:
            many(
                "INSERT OR IGNORE INTO clicks (digest) VALUES (?)",
                [(digest,) for digest in changes.click_digests],
            )
            self._connection.execute(
                "DELETE FROM clicks WHERE number <= (SELECT max(number) FROM clicks) - ?",
                (changes.click_ids_kept,),
            )

    def fact(self, name: str) -> bytes | None:
        with self._translated():
            rows = self._rows("SELECT value FROM facts WHERE name = ?", (name,))
        return bytes(rows[0][0]) if rows else None

    def documents(self) -> Iterator[StoredDocument]:
        decode = msgspec.msgpack.Decoder(Document).decode
        with self._translated():
            last = -1
            while rows := self._rows(_SOME_DOCUMENTS, (last, _PAGE)):
                for key, document, popularity, revision, terms in rows:
                    known = -math.inf if popularity is None else popularity
                    yield StoredDocument(key, decode(document), known, revision, terms)
                last = rows[-1][0]

    def columns(self) -> DocumentColumns:
        with self._translated():
            rows = self._rows(
                "SELECT key, id, document, hidden, published_at, expires_at, terms FROM documents ORDER BY "
                "key"
            )
            clicked = self._rows("SELECT key, value FROM popularity")
        return document_columns(rows, dict(clicked))

    def impressions(self) -> dict[int, int]:
        with self._translated():
            return dict(self._rows("SELECT key, value FROM impressions"))

    def revisions(self) -> list[tuple[int, int]]:
        with self._translated():
            return self._rows("SELECT key, revision FROM documents ORDER BY key")

    def vectors(self, keys: Sequence[int]) -> Vectors:
        if not len(keys):
            return np.zeros((0, 0), np.float32)
        some = "SELECT key, vector FROM vectors WHERE key IN"
        found = self._range_of_vectors(keys) if _is_dense(keys) else self._pick(some, keys)
        try:
            if len({len(vector) for vector in found.values()}) > 1:
                raise ValueError("vectors of several lengths")
            return np.frombuffer(b"".join([found[key] for key in keys]), "<f4").reshape(len(keys), -1)
        except (KeyError, ValueError) as error:
            raise self._damaged(f"a document's vector is missing or cut short ({error!r})") from error

    def _range_of_vectors(self, keys: Sequence[int]) -> dict[int, bytes]:
        """All between the least key and the greatest: to read them in order is several times as fast as one
        by one."""
        with self._translated():
            return dict(
                self._rows(
                    "SELECT key, vector FROM vectors WHERE key BETWEEN ? AND ?", (min(keys), max(keys))
                )
            )

    def users(self, user_ids: Sequence[str]) -> dict[str, User]:
        with self._translated():
            return {
                name: unpack_user(user)
                for name, user in self._pick("SELECT id, user FROM users WHERE id IN", user_ids).items()
            }

    def trails(self) -> list[tuple[str, bytes]]:
        with self._translated():
            return self._rows("SELECT id, trail FROM trails ORDER BY id")

    def user_ids(self, prefix: str = "", limit: int | None = None, part: str = "") -> list[str]:
        query = "SELECT id FROM users WHERE id >= ? AND id < ? AND instr(id, ?) > 0 ORDER BY id LIMIT ?"
        beyond = prefix + chr(sys.maxunicode)
        with self._translated():
            rows = self._rows(query, (prefix, beyond, part, -1 if limit is None else limit))
        return [name for (name,) in rows]

    def user_count(self) -> int:
        with self._translated():
            return int(self._rows("SELECT count(*) FROM users")[0][0])

    def known_clicks(self, digests: Sequence[bytes]) -> set[bytes]:
        return set(self._pick("SELECT digest, number FROM clicks WHERE digest IN", digests))

    def click_digests(self) -> list[bytes]:
        with self._translated():
            return [digest for (digest,) in self._rows("SELECT digest FROM clicks ORDER BY number")]

    def size(self) -> int:
        total = 0
        for file in self._directory.iterdir():
            with suppress(
                FileNotFoundError
            ):  # a file that was still being written has got its name meanwhile
                total += file.stat().st_size if file.is_file() else 0
        return total

    def backup(self, file: Path, progress: Callable[[int, int], None]) -> int:
        return backup(self._directory, file, progress)

    def close(self) -> None:
        for name in ("_reading", "_connection"):
            if hasattr(self, name):
                getattr(self, name).close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query. One after the other: a statement that is still open would show its old
        snapshot to the next."""
        with self._asking:
            return self._reading.execute(query, values).fetchall()

    def _pick(self, select: str, keys: Sequence[Key]) -> dict[Key, bytes]:
        """The rows (key, value) of the keys that are there."""
        found: dict[Key, bytes] = {}
        with self._translated():
            for start in range(0, len(keys), _CHUNK):
                chunk = keys[start : start + _CHUNK]
                found.update(self._rows(f"{select} ({', '.join('?' * len(chunk))})", chunk))
        return found

    def _damaged(self, reason: str) -> StateDamaged:
        return StateDamaged(
            f"the state in {self._directory} is damaged: {reason}. Restore a copy, or build it again into "
            "an empty directory"
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """SQLite's errors as penchant's."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_FULL:
                raise StateFull(
                    f"no room left for {self._directory}: nothing of this call was kept; free some and "
                    "repeat it"
                ) from error
            if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
                raise StateReadOnly(f"{self._directory} cannot be written: {error}") from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise StateLocked(
                    f"another program holds {self._directory / DATABASE}: close it and repeat"
                ) from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or isinstance(
                error, sqlite3.OperationalError
            ):
                raise self._damaged(str(error)) from error
            raise StateError(f"{self._directory}: {error}") from error
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise self._damaged(str(error)) from error


def _is_dense(keys: Sequence[int]) -> bool:
    """Whether the keys are many, and at least half of all those between the least and the greatest."""
    return len(keys) > _CHUNK and 2 * len(keys) > max(keys) - min(keys)


def _document_row(stored: StoredDocument) -> tuple[Any, ...]:
    document = stored.document
    times = (document.published_at, document.expires_at)
    return (stored.key, document.id, document.hidden, *times, stored.revision, stored.terms, encode(document))


def _locked(directory: Path) -> IO[str]:
    """The lock file of the directory, locked; the system lets go of it when the process ends, however it
    ends."""
    lock = (directory / _LOCK).open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip()
        lock.close()
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        raise StateLocked(
            f"{directory} is being written by another process{f' ({owner})' if owner else ''}: stop it, or "
            "open read-only"
        ) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()}")
    lock.flush()
    return lock


def _of_os(error: OSError, directory: Path) -> StateError:
    if error.errno == errno.ENOSPC:
        return StateFull(f"no room left for {directory}: free some and repeat")
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        return StateReadOnly(f"{directory} cannot be written: {error.strerror}")
    return StateError(f"{directory}: {error.strerror}")
