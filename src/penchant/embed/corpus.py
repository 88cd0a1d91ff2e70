"""An embedder trained on the user's own titles in seconds, in any language, with nothing to download.

Latent semantic analysis (Deerwester et al., 1990) of TF-IDF over words and their character n-grams. Because
an n-gram never crosses a word (as in fastText; Bojanowski et al., 2017), a text's vector is the sum of its
words' vectors, and a word that was not in the titles still has those of its n-grams, and a direction of its
own. `benchmarks/embedders.py` shows what each part gives.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from penchant.embed import Bags
from penchant.embed.chance import reached_by_chance
from penchant.errors import EmbedderError
from penchant.types import Vector, Vectors
from penchant.vectors import unit_length

Sparse = Any
"""A scipy.sparse matrix; scipy has no types."""

FORMAT = 1
_NGRAMS = (2, 5)
_NGRAM_WEIGHT = 2.0
"""Of all n-grams of a word together, beside the word itself."""
_SINGULAR_POWER = -0.25
"""Singular values are damped by this power, so that the commonest topics do not drown the rest."""
_FEW_TITLES = 500
"""Below, there is nothing to learn from co-occurrence: features get random directions instead (Kanerva et
al., 2000)."""
_MOST_TITLES = 15_000
"""Titles that the singular vectors are computed from; more change the result little and cost time."""
_USUAL_THRESHOLD = 0.25
_THRESHOLDS = (0.15, 0.25)
"""Between these any threshold lies. Above, only titles that share most of their words meet."""
_MOST_WORDS = 50_000
_MOST_NGRAMS = 30_000
_WORD = re.compile(r"\w+")
_PART = 256
"""Texts embedded at a time: the vectors of their words stay in the processor's cache."""
_UNSEEN_HELD = 65_536
"""Vectors of words that were not in the titles, held (in half precision) so that they are computed once."""


class CorpusEmbedder:
    """See the module. Make one with `fit`, or from `to_bytes`."""

    def __init__(
        self,
        words: list[str],
        word_vectors: Vectors,
        ngrams: list[str],
        ngram_vectors: Vectors,
        idf: float,
        threshold: float,
        unseen_gain: float = 1.0,
    ) -> None:
        self.dimension = int(word_vectors.shape[1])
        self.threshold = threshold
        self._words = words
        self._word_vectors = word_vectors
        self._ngrams = ngrams
        self._ngram_vectors = ngram_vectors
        self._idf = idf
        self._unseen_gain = unseen_gain
        self._row_of_word = {word: row for row, word in enumerate(words)}
        self._row_of_ngram = {ngram: row for row, ngram in enumerate(ngrams)}
        self._unseen: dict[str, NDArray[np.float16]] = {}
        lengths = np.linalg.norm(word_vectors, axis=1)
        self._usual_length = float(np.median(lengths)) if len(lengths) else 1.0

    @cached_property
    def name(self) -> str:
        """Tells models apart: the first digits of the model's sha256."""
        return f"corpus-{hashlib.sha256(self.to_bytes()).hexdigest()[:12]}"

    @classmethod
    def fit(cls, titles: Sequence[str], dimension: int = 256, seed: int = 0) -> CorpusEmbedder:
        """Train on titles: 120,000 take some ten seconds on one core.

        Raises:
            EmbedderError: no title holds a word.
        """
        import scipy.sparse as sparse
        from sklearn.feature_extraction.text import CountVectorizer

        titles = list(dict.fromkeys(titles))
        counter = CountVectorizer(
            analyzer=tokens, min_df=1 if len(titles) < 5_000 else 2, max_features=_MOST_WORDS
        )
        try:
            words_of_title = counter.fit_transform(titles)
        except ValueError as error:
            raise EmbedderError(
                f"none of the {len(titles)} titles holds a word to train the corpus embedder on"
            ) from error
        words = counter.get_feature_names_out().tolist()
        ngrams, ngrams_of_word = _ngrams_of_words(words)
        idf = _idf(words_of_title)
        features_of_word = sparse.diags(idf) @ sparse.hstack(
            [sparse.identity(len(words)), _NGRAM_WEIGHT * ngrams_of_word]
        )
        sample = _some(len(titles), seed)
        features_of_title = _unit_rows(words_of_title[sample] @ features_of_word.tocsr())
        directions = _directions(features_of_title, dimension, seed)
        word_vectors = _as_stored(features_of_word @ directions)
        ngram_vectors = _as_stored(_NGRAM_WEIGHT * directions[len(words) :])
        model = cls(words, word_vectors, ngrams, ngram_vectors, float(idf.max()), _USUAL_THRESHOLD)
        model.threshold = _threshold(model, titles, seed)
        return model

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension); of zeros for a text without a
        word."""
        parts = [
            self._of_bags(self.bags(texts[start : start + _PART])) for start in range(0, len(texts), _PART)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self.dimension), np.float32)

    @property
    def table(self) -> Vectors:
        """The vectors of the words in the titles. See `penchant.embed.LinearEmbedder`."""
        return self._word_vectors

    def bags(self, texts: Sequence[str]) -> Bags:
        """The words of texts. See `penchant.embed.LinearEmbedder`."""
        rows: list[int] = []
        starts = [0]
        unseen: dict[str, int] = {}
        row_of_word = self._row_of_word.get
        for text in texts:
            words = tokens(text)
            found = [row_of_word(word) for word in words]
            rows += [
                len(self._words) + unseen.setdefault(word, len(unseen)) if row is None else row
                for word, row in zip(words, found, strict=True)
            ]
            starts.append(len(rows))
        others = self._unseen_words(list(unseen)) if unseen else self._word_vectors[:0]
        return Bags(np.array(rows, np.int32), np.array(starts, np.int64), others)

    def _of_bags(self, bags: Bags) -> Vectors:
        """Summed in float64, where numbers of half precision add up without an error, so that no order of
        words matters."""
        vectors = self._word_vectors.take(bags.rows, axis=0, mode="clip")
        if len(bags.others):
            unseen = bags.rows >= len(self._words)
            vectors[unseen] = bags.others[bags.rows[unseen] - len(self._words)]
        sums = np.zeros((len(bags.starts) - 1, self.dimension))
        for total, start, end in zip(sums, bags.starts[:-1].tolist(), bags.starts[1:].tolist(), strict=True):
            vectors[start:end].sum(axis=0, dtype=np.float64, out=total)
        return unit_length(sums)

    def _unseen_words(self, words: list[str]) -> Vectors:
        """As rare as a word can be: the n-grams it shares with known words, and a direction of its own."""
        held = {word: vector for word in words if (vector := self._unseen.get(word)) is not None}
        new = [word for word in words if word not in held]
        if new:
            held.update(zip(new, self._computed(new), strict=True))
            if len(self._unseen) + len(new) > _UNSEEN_HELD:
                self._unseen.clear()
            self._unseen.update((word, held[word]) for word in new)
        return np.stack([held[word] for word in words]).astype(np.float32)

    def _computed(self, words: list[str]) -> NDArray[np.float16]:
        """The vectors of unseen words; what a word's is does not depend on which others are asked for."""
        vectors = np.stack([random_direction(word, self.dimension) for word in words]) * np.float32(
            self._usual_length
        )
        row_of_ngram = self._row_of_ngram.get
        for vector, word in zip(vectors, words, strict=True):
            ngrams = ngrams_of(word)
            known = [row for ngram in ngrams if (row := row_of_ngram(ngram)) is not None]
            if known:
                vector += self._ngram_vectors.take(known, axis=0).sum(axis=0) * (
                    self._idf / math.sqrt(len(ngrams))
                )
        return (self._unseen_gain * vectors).astype(np.float16)

    def changed(
        self, gains: NDArray[np.floating], unseen_gain: float, change: Vectors, threshold: float
    ) -> CorpusEmbedder:
        """The embedder with all vectors mapped, and those of words multiplied by a gain, see
        `penchant.train.align`.

        Args:
            gains: of the known words, shape (words,).
            unseen_gain: of all other words.
            change: shape (dimension, dimension).
        """
        words = _as_stored(self._word_vectors * gains[:, None] @ change)
        ngrams = _as_stored(self._ngram_vectors @ change)
        gain = self._unseen_gain * unseen_gain
        return CorpusEmbedder(self._words, words, self._ngrams, ngrams, self._idf, threshold, gain)

    def to_bytes(self) -> bytes:
        """The model as a file (numpy's npz); equal models give equal bytes."""
        file = io.BytesIO()
        np.savez(
            file,
            format=np.array(FORMAT),
            words=_joined(self._words),
            word_vectors=self._word_vectors.astype(np.float16),
            ngrams=_joined(self._ngrams),
            ngram_vectors=self._ngram_vectors.astype(np.float16),
            idf=np.array(self._idf),
            threshold=np.array(self.threshold),
            unseen_gain=np.array(self._unseen_gain),
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> CorpusEmbedder:
        """What `to_bytes` wrote.

        Raises:
            EmbedderError: it is damaged, or of a newer version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as file:
                if int(file["format"]) > FORMAT:
                    raise EmbedderError(
                        "the corpus embedder of this state was made by a newer penchant: upgrade it"
                    )
                return cls(
                    words=_split(file["words"]),
                    word_vectors=file["word_vectors"].astype(np.float32),
                    ngrams=_split(file["ngrams"]),
                    ngram_vectors=file["ngram_vectors"].astype(np.float32),
                    idf=float(file["idf"]),
                    threshold=float(file["threshold"]),
                    unseen_gain=float(file["unseen_gain"]),
                )
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise EmbedderError(f"the corpus embedder of this state is damaged: {error}") from error


def tokens(text: str) -> list[str]:
    """The words of a text, composed and case-folded."""
    return _WORD.findall(text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold())


def ngrams_of(word: str) -> list[str]:
    """The distinct character n-grams of a word with its ends marked, in order."""
    marked = f"<{word[:100]}>"
    shortest, longest = _NGRAMS
    return list(
        dict.fromkeys(
            marked[start : start + length]
            for length in range(shortest, min(longest, len(marked)) + 1)
            for start in range(len(marked) - length + 1)
        )
    )


def random_direction(feature: str, dimension: int) -> Vector:
    """A direction that depends on the feature alone; those of two features are nearly orthogonal."""
    direction = np.random.default_rng(zlib.crc32(feature.encode())).standard_normal(dimension)
    return np.asarray(direction / math.sqrt(direction @ direction), np.float32)


def _ngrams_of_words(words: list[str]) -> tuple[list[str], Sparse]:
    """(n-grams, matrix of shape (words, n-grams) whose rows have length 1)."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(
        analyzer=ngrams_of, min_df=1 if len(words) < 1_000 else 2, max_features=_MOST_NGRAMS
    )
    matrix = counter.fit_transform(words)
    return counter.get_feature_names_out().tolist(), _unit_rows(matrix)


def _idf(counts: Sparse) -> NDArray[np.float64]:
    """Smooth inverse document frequency of each column."""
    titles = counts.shape[0]
    holding = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1 + titles) / (1 + holding)) + 1.0)


def _unit_rows(matrix: Sparse) -> Sparse:
    from sklearn.preprocessing import normalize

    return normalize(matrix.astype(np.float32))


def _some(titles: int, seed: int) -> NDArray[np.int64]:
    """The positions of the titles that the singular vectors are computed from, in order."""
    if titles <= _MOST_TITLES:
        return np.arange(titles)
    return np.sort(np.random.default_rng(seed).choice(titles, _MOST_TITLES, replace=False))


def _directions(features_of_title: Sparse, dimension: int, seed: int) -> Vectors:
    """One direction a feature, float32 of shape (features, dimension)."""
    titles, features = features_of_title.shape
    generator = np.random.default_rng(seed)
    if titles < _FEW_TITLES:
        return np.asarray(generator.standard_normal((features, dimension)) / np.sqrt(dimension), np.float32)
    from sklearn.utils.extmath import randomized_svd

    rank = min(dimension + 1, min(features_of_title.shape) - 1)
    _, values, components = randomized_svd(features_of_title, rank, n_iter=2, random_state=seed)
    # The first direction is what all titles share; it only brings unlike titles together.
    damped = components[1:].T * (values[1:] / values[0]) ** _SINGULAR_POWER
    directions = np.zeros((features, dimension), np.float32)
    directions[:, : damped.shape[1]] = damped
    return directions


def _threshold(model: CorpusEmbedder, titles: list[str], seed: int) -> float:
    """The cosine that one in a hundred pairs of random titles reaches: the rule of `penchant calibrate`."""
    generator = np.random.default_rng(seed)
    left, right = (generator.choice(len(titles), 4_000) for _ in range(2))
    pairs = [(titles[a], titles[b]) for a, b in zip(left, right, strict=True) if a != b]
    if not pairs:
        return _USUAL_THRESHOLD
    cosines = np.einsum("nd,nd->n", model.encode([a for a, _ in pairs]), model.encode([b for _, b in pairs]))
    return float(np.clip(reached_by_chance(cosines), *_THRESHOLDS))


def _as_stored(vectors: NDArray[np.floating]) -> Vectors:
    """Rounded to what is saved, so that a model gives the same vectors before and after."""
    return np.asarray(vectors, np.float16).astype(np.float32)


def _joined(strings: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(strings).encode(), np.uint8)


def _split(data: NDArray[np.uint8]) -> list[str]:
    return data.tobytes().decode().split("\n")
