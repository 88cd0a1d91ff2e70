"""A whole state as JSON Lines, to be moved or read by others.

The first line says how the state was built, then come the documents, the users with their Interest Units, and
the ids of the clicks that are remembered. Vectors are base64 of little-endian float32, and can be left out;
then they are embedded anew when the file is imported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import BinaryIO

import msgspec
import numpy as np

from penchant.data.embedded import Embedded, texts_of, with_means, with_vectors, without_vectors
from penchant.embed.kept import restored
from penchant.embed.texts import TextEmbedder
from penchant.engine.about import (
    ABOUT,
    BLEND,
    BLEND_PRECISION,
    COUNTERS,
    MODEL,
    About,
    Counters,
    read_about,
    read_counters,
)
from penchant.errors import InvalidQuery, InvalidRow
from penchant.memory.popularity import NEVER
from penchant.memory.traits import packed_terms
from penchant.store import Changes, Store, StoredDocument
from penchant.text import document_text
from penchant.text.sites import Sites
from penchant.types import Document, Progress, T, User, Vector, from_json, to_json

FORMAT = 1
_PART = 1_000


class Head(msgspec.Struct, frozen=True, tag="state"):
    """The first line."""

    format: int
    about: About
    counters: Counters
    corpus_model: bytes | None = None
    blend: bytes | None = None
    blend_precision: bytes | None = None


class DocumentLine(msgspec.Struct, frozen=True, tag="document", eq=False):
    """A document with its key and popularity."""

    document: Document
    key: int
    popularity: float | None
    vector: Vector | None = None
    impressions: int = 0


class UserLine(msgspec.Struct, frozen=True, tag="user", eq=False):
    """A user with everything that is kept of them."""

    user_id: str
    user: User
    trail: bytes = b""
    """See `penchant.memory.trails`."""


class ClicksLine(msgspec.Struct, frozen=True, tag="clicks"):
    """Digests of the ids of clicks that are remembered, the oldest first."""

    digests: list[bytes]


Line = DocumentLine | UserLine | ClicksLine


def export_state(store: Store, file: BinaryIO, *, vectors: bool = True) -> int:
    """Write a state to a file; returns the number of lines."""
    about = read_about(store)
    if about is None:
        raise InvalidQuery("the state holds no documents: there is nothing to export")
    lines = 0
    for line in _lines(store, about, vectors):
        file.write(to_json(line) + b"\n")
        lines += 1
    return lines


def import_state(
    store: Store,
    file: BinaryIO,
    *,
    name: str = "the file",
    api_key: str | None = None,
    progress: Progress | None = None,
) -> None:
    """Fill an empty store with what `export_state` wrote; whole or not at all.

    Raises:
        InvalidQuery: the store is not empty.
        InvalidRow: names the line that is damaged or of a newer version.
    """
    if read_about(store) is not None:
        raise InvalidQuery("the state to import into holds documents already: use a new directory")
    head = _parsed(file.readline(), Head, name, 1)
    if head.format > FORMAT:
        raise InvalidRow(
            f"{name} was exported by a newer penchant (format {head.format}): upgrade with pip install -U "
            "penchant"
        )
    facts = {ABOUT: msgspec.json.encode(head.about), COUNTERS: msgspec.json.encode(head.counters)}
    if head.corpus_model is not None:
        facts[MODEL] = head.corpus_model
    if head.blend is not None:
        facts[BLEND] = head.blend
        facts[BLEND_PRECISION] = head.blend_precision or b""
    store.commit(_parts(head, facts, file, name, api_key, progress))


def _lines(store: Store, about: About, vectors: bool) -> Iterator[Head | Line]:
    blend = (store.fact(BLEND), store.fact(BLEND_PRECISION))
    yield Head(FORMAT, about, read_counters(store), store.fact(MODEL), *blend)
    impressions = store.impressions()
    for part in _in_parts(list(store.documents())):
        rows = store.vectors([stored.key for stored in part]) if vectors else [None] * len(part)
        for stored, vector in zip(part, rows, strict=True):
            popularity = stored.popularity if np.isfinite(stored.popularity) else None
            shown = impressions.get(stored.key, 0)
            yield DocumentLine(stored.document, stored.key, popularity, vector, shown)
    trails = dict(store.trails())
    for user_ids in _in_parts(store.user_ids()):
        for user_id, user in store.users(user_ids).items():
            yield UserLine(user_id, user if vectors else without_vectors(user), trails.get(user_id, b""))
    for digests in _in_parts(store.click_digests()):
        yield ClicksLine(digests)


def _parts(
    head: Head,
    facts: Mapping[str, bytes],
    file: BinaryIO,
    name: str,
    api_key: str | None,
    progress: Progress | None,
) -> Iterator[Changes]:
    yield Changes(facts=facts)
    texts: TextEmbedder | None = None
    sites = Sites(head.about.sites)
    embedded, by_mean = Embedded(), head.about.settings.unit_rule == "mean"
    revision = head.counters.revision
    for part in _in_parts(_parsed_line(row, name, number) for number, row in enumerate(file, 2)):
        documents = [line for line in part if isinstance(line, DocumentLine)]
        users = {line.user_id: line.user for line in part if isinstance(line, UserLine)}
        digests = [digest for line in part if isinstance(line, ClicksLine) for digest in line.digests]
        what = head.about.settings.document_text
        titles = [sites.bare(line.document.title) for line in documents]
        bare = [
            document_text(title, what, line.document.attributes)
            for line, title in zip(documents, titles, strict=True)
            if line.vector is None
        ]
        if bare:
            texts = texts or TextEmbedder(restored(head.about.embedder, head.corpus_model, api_key))
            fresh = texts.encode(bare)
            document_vectors = iter(fresh)
            if by_mean:
                embedded.add([line.document.id for line in documents if line.vector is None], fresh)
        users = {user_id: with_means(user, embedded) for user_id, user in users.items()}
        bare_texts = [text for user in users.values() for text in texts_of(user)]
        if bare_texts:
            texts = texts or TextEmbedder(restored(head.about.embedder, head.corpus_model, api_key))
            user_vectors = iter(texts.encode(bare_texts))
            users = {user_id: with_vectors(user, user_vectors) for user_id, user in users.items()}
        yield Changes(
            documents=[
                StoredDocument(
                    line.key,
                    line.document,
                    NEVER if line.popularity is None else line.popularity,
                    revision,
                    packed_terms(title),
                )
                for line, title in zip(documents, titles, strict=True)
            ],
            vectors={
                line.key: (next(document_vectors) if line.vector is None else line.vector).tobytes()
                for line in documents
            },
            impressions={line.key: line.impressions for line in documents if line.impressions},
            users=users,
            trails={line.user_id: line.trail for line in part if isinstance(line, UserLine) and line.trail},
            click_digests=digests,
            click_ids_kept=head.about.settings.click_ids_kept,
        )
        if progress is not None:
            progress(len(part))


def _parsed_line(row: bytes, name: str, number: int) -> Line:
    return _parsed(row, Line, name, number)  # type: ignore[arg-type]  # unions have no type


def _parsed(row: bytes, kind: type[T], name: str, number: int) -> T:
    try:
        return from_json(row, kind)
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError) as error:
        raise InvalidRow(f"{name}, line {number}: not what `penchant export` writes: {error}") from error


def _in_parts(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while part := list(islice(iterator, _PART)):
        yield part
