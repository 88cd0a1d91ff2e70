"""Embedding many texts with any embedder: each text once, in batches, with progress, checked against the
contract."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from time import perf_counter

import numpy as np

from penchant.cache import RecentCache
from penchant.embed import Embedder
from penchant.errors import EmbedderError, PenchantError
from penchant.settings import Settings
from penchant.types import Progress, Vector, Vectors
from penchant.vectors import unit_length

_CHUNK = 2_048
"""Texts handed to an embedder at once: enough for it to sort by length, few enough for progress."""
_TOLERANCE = 1e-4
"""How far from 1 the length of a vector may be before it is scaled."""


class TextEmbedder:
    """An embedder with a bounded cache by text, so that repeated titles cost nothing. Threads may share it.

    Args:
        cached: texts that are kept with their vectors.
    """

    def __init__(self, embedder: Embedder, cached: int = Settings().texts_cached) -> None:
        self.embedder = embedder
        self.seconds = 0.0
        """Time spent inside the embedder."""
        self._cache: RecentCache[str, Vector] = RecentCache(cached)
        self._lock = Lock()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension).

        Raises:
            EmbedderError: the embedder failed, or what it returned is not what the protocol promises.
        """
        distinct = dict.fromkeys(texts)
        found = self._cache.find(distinct)
        missing = [text for text in distinct if text not in found]
        _report(progress, len(texts) - len(missing))
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            started = perf_counter()
            vectors = _checked(self.embedder, chunk)
            # a row of its own each: a view would keep the vectors of the whole chunk for as long as one of
            # them is used
            found.update((text, vector.copy()) for text, vector in zip(chunk, vectors, strict=True))
            with self._lock:
                self.seconds += perf_counter() - started
            _report(progress, len(chunk))
        self._cache.keep(found)
        if not texts:
            return np.zeros((0, self.embedder.dimension), np.float32)
        return np.stack([found[text] for text in texts])


def _report(progress: Progress | None, done: int) -> None:
    if progress is not None and done > 0:
        progress(done)


def _checked(embedder: Embedder, texts: list[str]) -> Vectors:
    """What the embedder makes of the texts, if it keeps the contract; vectors of another length are scaled to
    1."""
    try:
        vectors = np.ascontiguousarray(embedder.encode(texts), dtype=np.float32)
    except PenchantError:
        raise
    except Exception as error:
        raise EmbedderError(
            f"embedder {embedder.name!r} failed on {len(texts)} texts: {type(error).__name__}: {error}"
        ) from error
    expected = (len(texts), embedder.dimension)
    if vectors.shape != expected:
        raise EmbedderError(
            f"embedder {embedder.name!r} returned an array of shape {vectors.shape} instead of {expected}"
        )
    if not np.isfinite(vectors).all():
        bad = texts[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
        raise EmbedderError(f"embedder {embedder.name!r} returned NaN or infinity for the text {bad[:80]!r}")
    lengths = np.einsum("nd,nd->n", vectors, vectors)
    return vectors if np.all(np.abs(lengths - 1) <= _TOLERANCE) else unit_length(vectors)
