"""What must survive: the Store protocol, and the one place that knows which stores there are.

`memory` keeps all in the process, `sqlite` in a directory. A package adds another by an entry point in the
group ``penchant.stores``: the scheme of its URLs -> a function as `open_store`.

A store keeps what it is told and gives it back; it knows nothing of the method. It has one verb that writes:
all of a `Changes` is kept, or nothing of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.plugins import added
from penchant.types import Document, User, Vectors


class StoredDocument(msgspec.Struct, frozen=True):
    """A document, the key that the index knows it by, and what belongs to it."""

    key: int
    """Never used again for another document."""
    document: Document
    popularity: float
    """See `penchant.memory.documents`."""
    revision: int
    """The number of the call that last changed its embedding."""
    terms: bytes = b""
    """See `penchant.memory.traits`."""


class DocumentColumns(NamedTuple):
    """What is asked of every document, all documents side by side; the rest is decoded when somebody asks for
    it."""

    keys: NDArray[np.int64]
    ids: list[str]
    packed: list[bytes]
    """See `penchant.types.encode`."""
    hidden: NDArray[np.bool_]
    published_at: NDArray[np.float64]
    """NaN where it is not known."""
    expires_at: NDArray[np.float64]
    """Infinity for a document that does not expire."""
    popularity: NDArray[np.float64]
    terms: list[bytes]
    """See `penchant.memory.traits`."""


DocumentRow = tuple[int, str, bytes, bool, float | None, float | None, bytes]
"""key, id, packed, hidden, published_at, expires_at, terms."""


def document_columns(rows: Sequence[DocumentRow], popularity: Mapping[int, float]) -> DocumentColumns:
    """Rows in the order of their keys as columns; `popularity` of those that somebody clicked, by key."""
    keys, ids, packed, hidden, published_at, expires_at, terms = (
        zip(*rows, strict=True) if rows else ((),) * 7
    )
    known = np.full(len(keys), -np.inf)
    if popularity:
        known[np.searchsorted(np.array(keys), list(popularity))] = list(popularity.values())
    return DocumentColumns(
        keys=np.array(keys, np.int64),
        ids=list(ids),
        packed=list(packed),
        hidden=np.array(hidden, bool),
        published_at=np.array(published_at, np.float64),  # None is NaN
        expires_at=np.nan_to_num(np.array(expires_at, np.float64), nan=np.inf, posinf=np.inf),
        popularity=known,
        terms=list(terms),
    )


class Changes(msgspec.Struct, frozen=True, eq=False):
    """What one call changes, kept whole or not at all."""

    documents: Sequence[StoredDocument] = ()
    vectors: Mapping[int, bytes] = {}
    """key -> float32 bytes, of the documents whose embedding changed."""
    removed_documents: Sequence[int] = ()
    popularity: Mapping[int, float] = {}
    """key -> the new popularity of a document that is otherwise unchanged."""
    impressions: Mapping[int, int] = {}
    """key -> how often a document was shown by now."""
    users: Mapping[str, User] = {}
    trails: Mapping[str, bytes] = {}
    """What each of some users read, see `penchant.memory.trails`; it goes with its user."""
    forgotten_users: Sequence[str] = ()
    click_digests: Sequence[bytes] = ()
    """See `click_digest`."""
    click_ids_kept: int = 0
    """Click ids that are kept in all, the latest."""
    facts: Mapping[str, bytes] = {}
    """Names and values that describe the state as a whole."""


def click_digest(click_id: str) -> bytes:
    """What is kept of a click's id: of fixed size, and it does not tell what the id said."""
    return hashlib.blake2b(click_id.encode(), digest_size=16).digest()


class Store(Protocol):
    """What the engine asks of a store: one thread writes, any number read, and see only what was kept
    whole."""

    def commit(self, parts: Iterable[Changes]) -> None:
        """Keep all parts, in order, or none. When it returns they survive a crash.

        Raises:
            StateFull, StateReadOnly: nothing was kept.
        """

    def fact(self, name: str) -> bytes | None:
        """The value of a name, or None."""

    def documents(self) -> Iterator[StoredDocument]:
        """All documents, in the order of their keys."""

    def columns(self) -> DocumentColumns:
        """All documents, in the order of their keys, without decoding them."""

    def revisions(self) -> list[tuple[int, int]]:
        """(key, revision) of all documents, in the order of their keys."""

    def impressions(self) -> dict[int, int]:
        """key -> how often a document was shown; those that never were are left out."""

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """The embeddings of known documents, float32 of shape (len(keys), dimension)."""

    def users(self, user_ids: Sequence[str]) -> dict[str, User]:
        """Those of the users that are known."""

    def trails(self) -> list[tuple[str, bytes]]:
        """(user id, what was kept last of what the user read), in the order of the ids."""

    def user_ids(self, prefix: str = "", limit: int | None = None, part: str = "") -> list[str]:
        """The ids of all users, sorted; only those that begin with the prefix and have the part anywhere, and
        at most `limit`."""

    def user_count(self) -> int:
        """How many users are known."""

    def known_clicks(self, digests: Sequence[bytes]) -> set[bytes]:
        """Those of the digests that are remembered."""

    def click_digests(self) -> list[bytes]:
        """All that are remembered, the oldest first."""

    def size(self) -> int:
        """Bytes on disk; 0 in memory."""

    def close(self) -> None:
        """Let go of files and locks. Harmless when repeated."""

    def backup(self, file: Path, progress: Callable[[int, int], None]) -> int:
        """Copy all to one file, as it is at one moment; returns its bytes.

        Args:
            progress: called with the number of parts copied so far, and how many there are.

        Raises:
            InvalidQuery: the file exists already, or the store cannot be copied so.
            StateError: it cannot be read or copied; nothing is left behind.
        """


_GROUP = "penchant.stores"


def open_store(where: str | Path, *, read_only: bool = False) -> Store:
    """The store of a state.

    Examples:
        >>> import tempfile
        >>> store = open_store(tempfile.mkdtemp() + "/state")
        >>> store.user_count()
        0
        >>> store.close()

    Args:
        where: a directory, which is made where it is missing, or a URL.
        read_only: see the state as it is at this moment.

    Raises:
        InvalidQuery: no store knows the scheme of the URL.
        StateError: it cannot be opened; the message says why.
    """
    scheme = scheme_of(where)
    if scheme is None:
        from penchant.store.sqlite import SqliteStore

        return SqliteStore(Path(where), read_only=read_only)
    opener: Callable[..., Store] = added(_GROUP, scheme, f"store {scheme}://")
    return opener(str(where), read_only=read_only)


def store_exists(where: str | Path) -> bool:
    """Whether there is a state in a directory; of a URL only its store knows, and True is said."""
    if scheme_of(where) is not None:
        return True
    from penchant.store.database import DATABASE

    return (Path(where) / DATABASE).exists()


def directory_of(where: str | Path) -> Path | None:
    """The directory of a state, where files may stand beside the store; None for a URL."""
    return Path(where) if scheme_of(where) is None else None


def restore_store(file: Path, where: Path) -> None:
    """Make a new state in a directory of what `Store.backup` wrote; see `penchant.store.backup.restore`."""
    from penchant.store.backup import restore
    from penchant.store.sqlite import SqliteStore

    restore(file, where, lambda made: SqliteStore(made).close())


def scheme_of(where: str | Path) -> str | None:
    """The scheme of a URL; None for a path."""
    scheme, separator, _ = str(where).partition("://")
    return scheme if separator and isinstance(where, str) else None
