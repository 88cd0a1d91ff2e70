"""Embedding many texts: once each, checked, with progress."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import EmbedderError
from penchant.embed.texts import TextEmbedder
from penchant.testing import HashingEmbedder, check_embedder


class Counting(HashingEmbedder):
    def __init__(self) -> None:
        super().__init__(8)
        self.seen: list[str] = []

    def encode(self, texts):
        self.seen += texts
        return super().encode(texts)


class Returning(HashingEmbedder):
    def __init__(self, vectors) -> None:
        super().__init__(4)
        self.vectors = vectors

    def encode(self, texts):
        return self.vectors


def test_the_hashing_embedder_keeps_the_contract():
    check_embedder(HashingEmbedder())


def test_what_is_remembered_of_a_text_does_not_keep_the_vectors_of_others():
    texts = TextEmbedder(HashingEmbedder(8))
    texts.encode(["a", "b", "c"])
    assert all(vector.base is None for vector in texts._cache.find(["a", "b", "c"]).values())


def test_repeated_texts_are_embedded_once():
    inner = Counting()
    texts = TextEmbedder(inner)
    first = texts.encode(["a", "b", "a"])
    second = texts.encode(["b", "c"])
    assert inner.seen == ["a", "b", "c"]
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(first[1], second[0])
    assert texts.encode([]).shape == (0, 8)


def test_progress_adds_up_to_the_number_of_texts():
    done: list[int] = []
    texts = TextEmbedder(HashingEmbedder(8))
    texts.encode(["a"])
    texts.encode(["a", "b", "b", "c"], done.append)
    assert sum(done) == 4


def test_the_cache_is_bounded():
    texts = TextEmbedder(HashingEmbedder(8), cached=3)
    texts.encode([str(number) for number in range(50)])
    assert len(texts._cache) == 3


def test_vectors_of_another_length_are_scaled():
    texts = TextEmbedder(Returning(np.array([[3, 4, 0, 0]])))
    assert texts.encode(["a"])[0].tolist() == pytest.approx([0.6, 0.8, 0, 0])


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((1, 3)), r"shape \(1, 3\) instead of \(1, 4\)"),
        (np.zeros((2, 4)), r"shape \(2, 4\) instead of \(1, 4\)"),
        (np.array([[np.nan, 0, 0, 0]]), "NaN or infinity for the text 'a'"),
        ([["x"] * 4], "failed on 1 texts: ValueError"),
    ],
)
def test_an_embedder_that_breaks_the_contract_is_told(vectors, message):
    with pytest.raises(EmbedderError, match=message):
        TextEmbedder(Returning(vectors)).encode(["a"])
