"""What a state says about itself, and how the two things that stand beside the store are made from it: the embedder
that it remembers, and the index, which is a cache that catches up with the store.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from penchant.blend import Blend
from penchant.embed import Embedder, load_embedder
from penchant.embed.corpus import CorpusEmbedder
from penchant.errors import EmbedderMismatch, StateDamaged
from penchant.index import DocumentIndex, make_index
from penchant.readers import Rows
from penchant.readings import Readings, unpack_trail
from penchant.settings import Settings
from penchant.store import Store
from penchant.types import T

log = logging.getLogger("penchant")

ABOUT = "about"
COUNTERS = "counters"
BLEND = "blend"
CORPUS_MODEL = "corpus model"
_CHUNK = 8_192


class About(msgspec.Struct, frozen=True):
    """How a state was built."""

    embedder: str
    dimension: int
    index: str
    settings: Settings


class Counters(msgspec.Struct, frozen=True):
    """What a state counts."""

    latest_at: float = 0.0
    """The latest time in the data: of a click, or of a document's publication."""
    next_row: int = 0
    """The row of the next new document."""
    revision: int = 0
    """How many calls changed the embedding of a document."""


def read_about(store: Store) -> About | None:
    """How the state was built; None for a new one."""
    return _decoded(store, ABOUT, About)


def read_counters(store: Store) -> Counters:
    """What the state counts."""
    return _decoded(store, COUNTERS, Counters) or Counters()


def read_blend(store: Store) -> Blend:
    """The blend as it was kept last; that of the start where none was."""
    value = store.fact(BLEND)
    try:
        return Blend() if value is None else msgspec.msgpack.decode(value, type=Blend)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise StateDamaged(
            f"the blend of the state cannot be read ({error}): restore a copy, or `penchant blend --reset`"
        ) from error


def blend_fact(blend: Blend) -> dict[str, bytes]:
    """What a state keeps of a blend."""
    return {BLEND: msgspec.msgpack.encode(blend)}


def read_readings(store: Store, known: Rows) -> Readings:
    """What every user read, of the documents that are still there."""
    return Readings(((user_id, unpack_trail(trail)) for user_id, trail in store.trails()), known)


def _decoded(store: Store, name: str, kind: type[T]) -> T | None:
    value = store.fact(name)
    try:
        return None if value is None else msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise StateDamaged(f"the fact {name!r} of the state cannot be read ({error}): restore a copy") from error


def remembered_embedder(about: About, corpus_model: bytes | None, api_key: str | None = None) -> Embedder:
    """The embedder that the state was built with."""
    if about.embedder.startswith("corpus-"):
        if corpus_model is None:
            raise StateDamaged("the corpus embedder is missing from the state: restore a copy")
        return CorpusEmbedder.from_bytes(corpus_model)
    return load_embedder(about.embedder, api_key=api_key)


def new_embedder(embedder: str | Embedder, titles: Sequence[str], api_key: str | None = None) -> Embedder:
    """The embedder that is asked for; ``corpus`` is trained on the titles."""
    if not isinstance(embedder, str):
        return embedder
    return CorpusEmbedder.fit(titles) if embedder == "corpus" else load_embedder(embedder, api_key=api_key)


def model_fact(embedder: Embedder) -> dict[str, bytes]:
    """What a state has to keep to load the embedder again."""
    return {CORPUS_MODEL: embedder.to_bytes()} if isinstance(embedder, CorpusEmbedder) else {}


def check_embedder(about: About, embedder: str | Embedder) -> None:
    """Raises EmbedderMismatch unless the state was built with that embedder."""
    name = embedder if isinstance(embedder, str) else embedder.name
    if name == about.embedder or (name == "corpus" and about.embedder.startswith("corpus-")):
        if isinstance(embedder, str) or embedder.dimension == about.dimension:
            return
        name = f"{name} of {embedder.dimension} dimensions"
    raise EmbedderMismatch(
        f"the state was built with the embedder {about.embedder!r} ({about.dimension} dimensions), not with {name!r}: "
        f"open it without naming one, or move it with `penchant reembed`"
    )


def open_index(kind: str, dimension: int, settings: Settings, directory: Path | None) -> tuple[DocumentIndex, int]:
    """The index as it was saved last, and the revision that it holds; an empty one and 0 where there is none."""
    for path in sorted(saved_indexes(directory, settings), key=_revision, reverse=True) if kind == "usearch" else []:
        index = make_index(kind, dimension, settings)
        try:
            index.load(path)
            return index, _revision(path)
        except Exception as error:  # noqa: BLE001 (whatever a damaged file makes a library raise: the index can be built again)
            log.warning("the index %s cannot be read (%s): it is built again", path.name, error)
    return make_index(kind, dimension, settings), 0


def catch_up(index: DocumentIndex, revision: int, store: Store) -> int:
    """Bring an index of that revision to what the store holds; returns how many documents had to be added."""
    present, stored = set(index.keys().tolist()), store.revisions()
    stale = [key for key, changed in stored if changed > revision or key not in present]
    index.remove(np.array(sorted(present - {key for key, _ in stored}), np.int64))
    for start in range(0, len(stale), _CHUNK):
        chunk = stale[start : start + _CHUNK]
        index.add(np.array(chunk, np.int64), store.vectors(chunk))
    return len(stale)


def save_index(index: DocumentIndex, revision: int, settings: Settings, directory: Path) -> None:
    """Save an index so that a crash leaves either the old file or the new one; nothing where it has not changed."""
    path = directory / f"index-{settings.index_precision}-{revision}.usearch"
    if path in saved_indexes(directory, settings):
        return
    unfinished = directory / f"{path.stem}.{os.getpid()}.part"
    try:
        suffixes = index.save(unfinished)
        for suffix in suffixes:
            _beside(unfinished, suffix).replace(_beside(path, suffix))
    except Exception as error:  # noqa: BLE001 (a full disk must not fail a close: all that matters is in the store)
        log.warning("the index could not be saved (%s): it is built again when the state is opened", error)
        remove_unfinished(directory)
        return
    for file in directory.glob(f"index-{settings.index_precision}-*.usearch*") if suffixes else ():
        if not file.name.startswith(path.name):  # also what a crash between two files has left
            file.unlink(missing_ok=True)


def remove_unfinished(directory: Path) -> None:
    """Delete what a process that was killed while saving an index has left."""
    for path in directory.glob("index-*.part*"):
        path.unlink(missing_ok=True)


def saved_indexes(directory: Path | None, settings: Settings) -> list[Path]:
    """The index files of the directory, of that precision."""
    return list(directory.glob(f"index-{settings.index_precision}-*.usearch")) if directory else []


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _revision(path: Path) -> int:
    return int(path.stem.rpartition("-")[2])
