"""Embeddings that are computed once: an embedder in front of a file that remembers every text it has seen."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from penchant.embed import Embedder, load_embedder
from penchant.embed.texts import TextEmbedder
from penchant.types import Progress, Vector, Vectors

_ROWS_AT_ONCE = 900


class RememberedTexts:
    """An embedder whose vectors are kept in memory and, where a path is given, in an SQLite file."""

    def __init__(self, embedder: Embedder, path: Path | None = None) -> None:
        self.name = embedder.name
        self.dimension = embedder.dimension
        self.threshold = embedder.threshold
        self.embedded = 0
        """Texts that were embedded anew."""
        self._texts = TextEmbedder(embedder)
        self._vectors: dict[bytes, Vector] = {}
        self._file = _open(path) if path is not None else None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        keys = [blake2b(text.encode(), digest_size=16).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._vectors}
        for key in self._recall(list(missing)):
            del missing[key]
        if progress is not None:
            progress(len(texts) - len(missing))
        pending = list(missing.items())
        for start in range(0, len(pending), 2_048):
            part = pending[start : start + 2_048]
            vectors = self._texts.encode([text for _, text in part], progress)
            self._keep({key: vector for (key, _), vector in zip(part, vectors, strict=True)})
            self.embedded += len(part)
        return np.stack([self._vectors[key] for key in keys])

    def _recall(self, keys: list[bytes]) -> list[bytes]:
        """Load what the file knows of the keys into memory; returns which."""
        found = []
        if self._file is not None:
            for start in range(0, len(keys), _ROWS_AT_ONCE):
                some = keys[start : start + _ROWS_AT_ONCE]
                marks = ",".join("?" * len(some))
                for key, value in self._file.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})", some
                ):
                    self._vectors[key] = np.frombuffer(value, "<f4")
                    found.append(key)
        return found

    def _keep(self, vectors: dict[bytes, Vector]) -> None:
        self._vectors.update(vectors)
        if self._file is not None:
            with self._file:
                rows = [(key, vector.astype("<f4").tobytes()) for key, vector in vectors.items()]
                self._file.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)


def remembered(
    name: str, titles: Sequence[str], cache: Path | None, *, api_key: str | None = None
) -> RememberedTexts:
    """The embedder of that name, remembered in the cache. ``corpus`` is trained on the titles, and fast
    enough not to be."""
    if name == "corpus":
        from penchant.embed.corpus import CorpusEmbedder

        return RememberedTexts(CorpusEmbedder.fit(titles))
    embedder = load_embedder(name, api_key=api_key)
    file = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in embedder.name)
    return RememberedTexts(embedder, None if cache is None else cache / "vectors" / f"{file}.db")


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = sqlite3.connect(path, timeout=60)
    file.execute("PRAGMA journal_mode = WAL")
    file.execute("PRAGMA synchronous = NORMAL")
    file.execute(
        "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
    )
    return file
