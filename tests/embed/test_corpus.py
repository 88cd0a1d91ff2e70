"""The embedder that is trained on one's own titles."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import EmbedderError
from penchant.data.simulated import simulate
from penchant.embed.corpus import CorpusEmbedder, ngrams_of, tokens
from penchant.testing import check_embedder


@pytest.fixture(scope="module")
def titles() -> list[str]:
    return [document.title for document in simulate(0).documents]


@pytest.fixture(scope="module")
def embedder(titles) -> CorpusEmbedder:
    return CorpusEmbedder.fit(titles)


def test_it_keeps_the_contract(embedder):
    check_embedder(embedder)


def test_few_titles_are_enough_to_begin_with():
    check_embedder(CorpusEmbedder.fit(["one title"]))
    small = CorpusEmbedder.fit(["fast cosine search", "slow cosine search", "bread recipes"])
    left, right, other = small.encode(["fast cosine search", "slow cosine search", "bread recipes"])
    assert left @ right > 0.4 > left @ other


def test_titles_of_one_topic_are_nearer_than_those_of_two(embedder):
    community = simulate(0)
    ids = list(community.topic_of)
    vectors = embedder.encode([document.title for document in community.documents])
    cosines = vectors @ vectors.T
    topics = np.array([community.topic_of[name] for name in ids])
    same = topics[:, None] == topics[None]
    assert cosines[same].mean() > cosines[~same].mean() + 0.15


def test_the_same_titles_give_the_same_model_and_name(titles, embedder):
    again = CorpusEmbedder.fit(titles)
    assert again.name == embedder.name
    assert np.array_equal(again.encode(titles[:20]), embedder.encode(titles[:20]))


def test_a_saved_model_gives_the_same_vectors_name_and_threshold(titles, embedder):
    loaded = CorpusEmbedder.from_bytes(embedder.to_bytes())
    assert (loaded.name, loaded.threshold, loaded.dimension) == (
        embedder.name,
        embedder.threshold,
        embedder.dimension,
    )
    texts = [*titles[:50], "Kubernetes Zwetschgendatschi", "처음 보는 단어들"]
    assert np.array_equal(loaded.encode(texts), embedder.encode(texts))


def test_a_damaged_model_is_told(embedder):
    with pytest.raises(EmbedderError, match="damaged"):
        CorpusEmbedder.from_bytes(embedder.to_bytes()[:1000])


def test_a_word_that_was_not_in_the_titles_still_brings_texts_together(embedder):
    left, right, other = embedder.encode(["Zwetschgendatschi", "zwetschgendatschi!", "Quarkkeulchen"])
    assert left @ right == pytest.approx(1.0, abs=1e-5)
    assert left @ other < 0.9


def test_titles_without_words_are_told():
    with pytest.raises(EmbedderError, match="none of the 2 titles holds a word"):
        CorpusEmbedder.fit(["!!!", "..."])


def test_a_text_without_words_has_a_vector_of_zeros(embedder):
    assert not embedder.encode(["!!!"]).any()


def test_tokens_and_ngrams():
    assert tokens("Ｆａｓｔ Search, 2x") == ["fast", "search", "2x"]
    assert ngrams_of("ab") == ["<a", "ab", "b>", "<ab", "ab>", "<ab>"]
