"""Nearest neighbours among the documents' embeddings: the DocumentIndex protocol and its backends.

`usearch` is approximate and fast; `exact` compares with every document, and is the reference. An index knows
documents by integer keys. It is a cache: what it holds can be built again from the store.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.plugins import added, is_added
from penchant.settings import Settings
from penchant.types import Vectors

Keys = NDArray[np.int64]
_GROUP = "penchant.indexes"


class DocumentIndex(Protocol):
    """What the engine asks of an index. One thread at a time."""

    def __len__(self) -> int:
        """The number of documents."""

    def search(self, vectors: Vectors, count: int) -> list[Keys]:
        """For each vector the keys of the `count` nearest documents (all, where there are fewer), the nearest
        first.

        An exact index adds those that are as near as the last one, so that the caller can break ties.
        """

    def vectors(self, keys: Keys) -> Vectors:
        """The embeddings of known documents, float32 of shape (len(keys), dimension), as near as they are
        kept."""

    def keys(self) -> Keys:
        """The keys of all documents, in no order."""

    def add(self, keys: Keys, vectors: Vectors) -> None:
        """Add documents, or give known ones new embeddings; keys are distinct, vectors float32 of unit
        length."""

    def remove(self, keys: Keys) -> None:
        """Forget documents; unknown keys are passed over."""

    def save(self, path: Path) -> tuple[str, ...]:
        """Write the index to files that are named like the path and a suffix each; returns the suffixes, the
        last one ``""``.

        None, where there is nothing worth a file.
        """

    def load(self, path: Path) -> None:
        """Replace what the index holds by what `save` wrote. Raises any error where the file is damaged."""


def make_index(kind: str, dimension: int, settings: Settings) -> DocumentIndex:
    """An empty index: ``usearch``, ``exact``, or one that a package adds by an entry point in
    ``penchant.indexes``.

    Raises:
        InvalidQuery: there is no such index.
    """
    if kind == "usearch":
        from penchant.index.remembering import RememberingIndex
        from penchant.index.usearch import UsearchIndex

        return RememberingIndex(UsearchIndex(dimension, settings.index_precision), settings.searches_cached)
    if kind == "exact":
        from penchant.index.exact import ExactIndex

        return ExactIndex(dimension)
    if is_added(_GROUP, kind):
        maker: Callable[[int, Settings], DocumentIndex] = added(_GROUP, kind, f"index {kind!r}")
        return maker(dimension, settings)
    raise InvalidQuery(
        f"unknown index {kind!r}: use 'usearch' or 'exact', or a name that a package adds to {_GROUP}"
    )
