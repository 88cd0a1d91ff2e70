"""What the engine knows of every document, in columns, so that candidates are filtered at the speed of
arrays.

A row number is the document's key in the index and the store, and is never used again.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.cache import RecentCache
from penchant.errors import StateDamaged, UnknownDocument
from penchant.grown import grown
from penchant.memory.facts import Facts
from penchant.memory.filters import Where, matches
from penchant.memory.popularity import NEVER
from penchant.memory.readers import NO_ROWS
from penchant.memory.timeline import NO_TIMES, Timeline
from penchant.memory.traits import Traits, packed_terms
from penchant.settings import DocumentText
from penchant.store import DocumentColumns, StoredDocument
from penchant.text import document_text
from penchant.text.sites import Sites
from penchant.types import Document

_decode = msgspec.msgpack.Decoder(Document).decode
Rows = NDArray[np.int64]
_NO_SITES = Sites()
_NAMES = 20_000
"""Some 5 MB."""


class Ids(Sequence[str]):
    """The ids of some rows. Of a thousand candidates, only those near the k-th are ever asked for."""

    def __init__(self, ids: list[str], rows: Rows) -> None:
        self._ids = ids
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        if isinstance(position, slice):
            return [self._ids[row] for row in self._rows[position]]
        return self._ids[int(self._rows[position])]


class Documents:
    """All documents that can be recommended or clicked. One that was loaded is decoded when it is first asked
    for."""

    def __init__(self, loaded: DocumentColumns | None = None, sites: Sites = _NO_SITES) -> None:
        self.sites = sites
        """Whose names at the end of titles say nothing."""
        self.names: RecentCache[Hashable, tuple[str, str]] = RecentCache(_NAMES)
        """What interests are called, see `penchant.rank.naming`; forgotten when a document changes."""
        self._row_of: dict[str, int] = {}
        self._documents: list[Document | bytes | None] = []
        self._ids: list[str] = []
        self._available = np.zeros(16, bool)
        self._published_at = np.full(16, np.nan)
        self._expires_at = np.full(16, np.inf)
        self._popularity = np.full(16, NEVER)
        self.traits = Traits(lambda row: self.at_row(row).attributes)
        self._timeline: Timeline | None = None
        if loaded is not None:
            self._load(loaded)

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, document_id: str) -> bool:
        return document_id in self._row_of

    @property
    def next_row(self) -> int:
        """The row of the next new document."""
        return len(self._documents)

    def row(self, document_id: str) -> int:
        """The row of a document. Raises UnknownDocument."""
        try:
            return self._row_of[document_id]
        except KeyError:
            raise UnknownDocument(f"unknown document {document_id!r}: add it first") from None

    def get(self, document_id: str) -> Document | None:
        """The document, or None."""
        row = self._row_of.get(document_id)
        return None if row is None else self.at_row(row)

    def at_row(self, row: int) -> Document:
        """The document of a row in use."""
        document = self._documents[row]
        assert document is not None
        if isinstance(document, bytes):
            document = self._documents[row] = _decoded(document, self._ids[row])
        return document

    def ids(self, rows: Rows) -> Ids:
        """The document ids of rows, each looked up when it is asked for."""
        return Ids(self._ids, rows)

    def rows(self) -> Rows:
        """The rows of all documents."""
        return np.fromiter(self._row_of.values(), np.int64, len(self._row_of))

    def popularity(self, row: int) -> float:
        """See `penchant.memory.popularity`."""
        return float(self._popularity[row])

    def put(self, stored: Sequence[StoredDocument]) -> None:
        """Add documents, or replace them, a column at a time."""
        if not stored:
            return
        self.names.clear()
        self._reserve(max(each.key for each in stored) + 1)
        rows = np.fromiter((each.key for each in stored), np.int64, len(stored))
        gone = np.where(self._available[rows], self._published_at[rows], np.nan)
        for each in stored:
            self._documents[each.key] = each.document
            self._ids[each.key] = each.document.id
        self._row_of.update((each.document.id, each.key) for each in stored)
        self._available[rows] = [not each.document.hidden for each in stored]
        self._published_at[rows] = [_or(each.document.published_at, np.nan) for each in stored]
        self._expires_at[rows] = [_or(each.document.expires_at, np.inf) for each in stored]
        self._popularity[rows] = [each.popularity for each in stored]
        self.traits.put(rows, [each.terms for each in stored])
        if self._timeline is not None:
            times = np.where(self._available[rows], self._published_at[rows], np.nan)
            self._timeline = self._timeline.after(rows, times, gone)

    def _load(self, loaded: DocumentColumns) -> None:
        if not len(loaded.keys):
            return
        rows = loaded.keys
        self._reserve(int(rows[-1]) + 1)
        keys = rows.tolist()
        for row, document_id, packed in zip(keys, loaded.ids, loaded.packed, strict=True):
            self._ids[row] = document_id
            self._documents[row] = packed
        self._row_of = dict(zip(loaded.ids, keys, strict=True))
        self._available[rows] = ~loaded.hidden
        self._published_at[rows] = loaded.published_at
        self._expires_at[rows] = loaded.expires_at
        self._popularity[rows] = loaded.popularity
        self.traits.put(rows, loaded.terms)

    def drop(self, row: int) -> None:
        """Remove a document."""
        self.names.clear()
        del self._row_of[self._ids[row]]
        gone = np.where(self._available[row], self._published_at[[row]], np.nan)
        self._documents[row] = None
        self._available[row] = False
        self.traits.drop(np.array([row]))
        if self._timeline is not None:
            self._timeline = self._timeline.after(NO_ROWS, NO_TIMES, gone)

    def set_popularity(self, popularity: Mapping[int, float]) -> None:
        """Take over new values, row by row."""
        for row, value in popularity.items():
            self._popularity[row] = value

    def reserve_row(self, next_row: int) -> None:
        """Make sure that new documents get rows from this one on."""
        self._reserve(next_row)

    def passing(
        self,
        rows: Rows,
        *,
        at: float,
        published_after: float | None,
        where: Where | None,
        excluded: Sequence[int] = (),
    ) -> NDArray[np.bool_]:
        """Which of the rows may be shown at that time: neither hidden nor expired nor excluded, and as asked
        for."""
        passes = self._available[rows] & (self._expires_at[rows] > at)
        if published_after is not None:
            passes &= self._published_at[rows] >= published_after
        if len(excluded):
            barred = np.zeros(len(self._available), bool)
            barred[np.asarray(excluded, np.int64)] = True
            passes &= ~barred[rows]
        if where:
            passes[passes] = [matches(self.at_row(row).attributes, where) for row in rows[passes]]
        return np.asarray(passes, bool)

    def facts(self, rows: Rows) -> Facts:
        """What evidence needs to know of rows."""
        return Facts(rows, self._published_at[rows], self.traits.terms(rows), self.traits.attributes(rows))

    def newest(self, count: int, at: float) -> Rows:
        """The rows of the documents published last, at that time or before, hidden and expired ones among
        them."""
        timeline = self._published()
        rows, times = timeline.before(at, count)
        rows = rows[self._available[rows] & (self._published_at[rows] == times)]
        if timeline.stale:  # a document that came again may stand there twice
            rows = rows[np.sort(np.unique(rows, return_index=True)[1])]
        return np.asarray(rows[-count:], np.int64)

    def published_since(self, rows: Rows, at: float) -> NDArray[np.int64]:
        """How many documents were published after each of the rows, and not after that time; hidden ones do
        not count. After a row without a time, all."""
        times = self._published_at[rows]
        return self._published().since(np.where(np.isnan(times), -np.inf, times), at)

    def _published(self) -> Timeline:
        if self._timeline is None:
            rows = np.flatnonzero(self._available[: self.next_row])
            self._timeline = Timeline.of(rows, self._published_at[rows])
        return self._timeline

    def open_to_all(self, rows: Rows, at: float) -> NDArray[np.bool_]:
        """Which of the rows anybody could have been shown at that time: there, published, neither hidden nor
        expired."""
        return np.asarray(
            self._available[rows] & (self._expires_at[rows] > at) & ~(self._published_at[rows] > at), bool
        )

    def published_at(self, rows: Rows) -> NDArray[np.float64]:
        """When rows were published; NaN where it is not known."""
        return self._published_at[rows]

    def clicks(self, rows: Rows, at: float, half_life: float) -> NDArray[np.float64]:
        """The popularity of rows as a number of clicks at that time."""
        return np.exp2(np.minimum(self._popularity[rows] - at / half_life, 1_000.0))

    def by_popularity(self, rows: Rows, k: int) -> Rows:
        """The k most popular of the rows; those that nobody clicked follow, the newest first; ties by id."""
        popularity, published = self._popularity[rows], np.nan_to_num(self._published_at[rows], nan=NEVER)
        if k < len(rows):
            rough = np.lexsort((-published, -popularity))[:k]
            worst = rough[-1]
            near = (popularity > popularity[worst]) | (
                (popularity == popularity[worst]) & (published >= published[worst])
            )
            rows, popularity, published = rows[near], popularity[near], published[near]
        ids = self.ids(rows)
        order = sorted(
            range(len(rows)),
            key=lambda position: (-popularity[position], -published[position], ids[position]),
        )
        return rows[order[:k]]

    def _reserve(self, rows: int) -> None:
        missing = rows - len(self._documents)
        if missing > 0:
            self._documents.extend([None] * missing)
            self._ids.extend([""] * missing)
        if rows > len(self._available):
            self._available = grown(self._available, rows, False)
            self._published_at = grown(self._published_at, rows, np.nan)
            self._expires_at = grown(self._expires_at, rows, np.inf)
            self._popularity = grown(self._popularity, rows, NEVER)


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _decoded(packed: bytes, document_id: str) -> Document:
    try:
        return _decode(packed)
    except msgspec.DecodeError as error:
        raise StateDamaged(
            f"the document {document_id!r} cannot be read ({error}): restore a copy, or add it again"
        ) from error


def numbered(
    given: Sequence[Document],
    known: Documents,
    next_row: int,
    revision: int,
    what: DocumentText = "title",
) -> tuple[list[StoredDocument], list[tuple[int, str]], int]:
    """(the documents as they are stored, (row, text to embed) of those whose text is new, the row of the next
    new document)."""
    stored, fresh = [], []
    for document in given:
        before = known.get(document.id)
        row, popularity = next_row, NEVER
        if before is not None:
            row = known.row(document.id)
            popularity = known.popularity(row)
        else:
            next_row += 1
        bare = known.sites.bare(document.title)
        stored.append(StoredDocument(row, document, popularity, revision, packed_terms(bare)))
        text = document_text(bare, what, document.attributes)
        if before is None or text != document_text(known.sites.bare(before.title), what, before.attributes):
            fresh.append((row, text))
    return stored, fresh, next_row
