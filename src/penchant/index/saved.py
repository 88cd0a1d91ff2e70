"""An index on disk: it is a cache, which catches up with the store when it is opened."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from penchant.index import DocumentIndex, make_index
from penchant.settings import Settings
from penchant.types import Vectors

log = logging.getLogger("penchant")
_CHUNK = 8_192


class Embeddings(Protocol):
    """Where the embeddings of documents survive: a `penchant.store.Store`."""

    def revisions(self) -> list[tuple[int, int]]:
        """(key, revision) of all documents, in the order of their keys."""

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """The embeddings of known documents, float32 of shape (len(keys), dimension)."""


def open_index(
    kind: str, dimension: int, settings: Settings, directory: Path | None
) -> tuple[DocumentIndex, int]:
    """The index as it was saved last, and the revision that it holds; an empty one and 0 where there is
    none."""
    for path in (
        sorted(saved_indexes(directory, settings), key=_revision, reverse=True) if kind == "usearch" else []
    ):
        index = make_index(kind, dimension, settings)
        try:
            index.load(path)
            return index, _revision(path)
        except Exception as error:  # noqa: BLE001 (whatever a damaged file makes a library raise: the index can be built again)
            log.warning("the index %s cannot be read (%s): it is built again", path.name, error)
    return make_index(kind, dimension, settings), 0


def catch_up(index: DocumentIndex, revision: int, kept: Embeddings) -> int:
    """Bring an index of that revision to what the store holds; returns how many documents had to be added."""
    present, stored = set(index.keys().tolist()), kept.revisions()
    stale = [key for key, changed in stored if changed > revision or key not in present]
    index.remove(np.array(sorted(present - {key for key, _ in stored}), np.int64))
    for start in range(0, len(stale), _CHUNK):
        chunk = stale[start : start + _CHUNK]
        index.add(np.array(chunk, np.int64), kept.vectors(chunk))
    return len(stale)


def save_index(index: DocumentIndex, revision: int, settings: Settings, directory: Path) -> None:
    """Save an index so that a crash leaves either the old file or the new one; nothing where it has not
    changed."""
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
