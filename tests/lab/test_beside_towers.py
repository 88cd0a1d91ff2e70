"""What others do where towers are trained."""

from __future__ import annotations

import numpy as np
import pytest
from tests.lab.conftest import drawn_rows

from penchant.errors import InvalidQuery
from penchant.lab.knn_embed import KNNEmbed
from penchant.lab.log import Clicks, make_log
from penchant.vectors import unit_length


def clicks_of(pairs) -> Clicks:
    users, documents = (np.array(values, np.int32) for values in zip(*pairs, strict=True))
    return Clicks(users, documents, np.arange(len(pairs), dtype=float))


def in_groups(groups: int, each: int) -> np.ndarray:
    """Vectors of documents, `each` of them about one direction, then the next ones."""
    random = np.random.default_rng(0)
    centres = np.eye(groups, 8)
    return unit_length(np.repeat(centres, each, axis=0) + 0.1 * random.standard_normal((groups * each, 8)))


def test_each_part_of_a_mixture_gets_places_by_its_weight(log):
    vectors = in_groups(4, 40).astype(np.float32)
    method = KNNEmbed(log, vectors, neighbours=0)
    method._clusters = np.repeat(np.arange(4), 40)
    method.learn(clicks_of([(0, 1), (0, 2), (0, 3), (0, 41)]))
    weights, centres = method.mixture(0)
    assert weights.tolist() == [0.75, 0.25]
    assert np.allclose(centres[1], vectors[41], atol=1e-6)
    candidates = np.setdiff1d(np.arange(160), [1, 2, 3, 41]).astype(np.int32)
    first = candidates[np.argsort(-method.score(0, candidates, 0.0))[:8]]
    assert (first < 40).sum() == 6
    assert ((first >= 40) & (first < 80)).sum() == 2


def test_readers_alike_add_what_they_read(log):
    method = KNNEmbed(log, in_groups(4, 40).astype(np.float32), neighbours=1, smoothed=0.4)
    method._clusters = np.repeat(np.arange(4), 40)
    method.learn(clicks_of([(0, 1), (1, 2), (1, 3), (1, 41), (2, 121)]))
    weights, _ = method.mixture(0)
    assert weights == pytest.approx([0.6 + 0.4 * 2 / 3, 0.4 / 3])


def test_clusters_are_those_of_alike_documents_and_a_stranger_is_told_nothing(log):
    method = KNNEmbed(log, in_groups(4, 40).astype(np.float32))
    clusters = method._clusters.reshape(4, 40)
    assert all(not set(one) & set(other) for n, one in enumerate(clusters) for other in clusters[:n])
    assert not method.score(0, np.arange(160, dtype=np.int32), 0.0).any()


def test_alpharec_learns_who_reads_what_from_titles_that_do_not_tell(log):
    pytest.importorskip("torch")
    from penchant.lab.alpharec import AlphaRec

    random = np.random.default_rng(0)
    vectors = unit_length(random.standard_normal((160, 32))).astype(np.float32)
    users = np.repeat(np.arange(36), 20)
    pairs = [(user, int(random.integers(0, 40)) * 4 + user % 4) for user in users.tolist()]
    found = []
    for _ in range(2):
        method = AlphaRec(log, vectors)
        method.learn(clicks_of(pairs))
        found.append([method.score(user, np.arange(160, dtype=np.int32), 0.0) for user in range(8)])
    assert np.array_equal(*found)
    own = [(np.argsort(-scores)[:10] % 4 == user % 4).mean() for user, scores in enumerate(found[0])]
    assert np.mean(own) > 0.5  # by chance .25
    assert not method.score(39, np.arange(160, dtype=np.int32), 0.0).any()


def test_ada_retrieval_finds_in_every_round_what_readers_go_on_to(log):
    pytest.importorskip("torch")
    from penchant.lab.ada_retrieval import EACH, ROUNDS, AdaRetrieval

    many = make_log("drawn", *drawn_rows(users=1_000, documents=240))
    random = np.random.default_rng(0)
    read = [random.choice(60, 12, replace=False) * 4 + user % 4 for user in range(999)]
    pairs = [(user, int(document)) for user, rows in enumerate(read) for document in rows]
    candidates = [np.setdiff1d(np.arange(240), rows).astype(np.int32) for rows in read]
    method = AdaRetrieval(many, np.zeros((240, 1), np.float32))
    method.learn(clicks_of(pairs))
    for user in range(8):
        scores = method.score(user, candidates[user], 0.0)
        own = candidates[user][np.argsort(-scores)] % 4 == user % 4
        assert own[:EACH].mean() > 0.5  # by chance .21
        assert own[: ROUNDS * EACH].sum() > own[ROUNDS * EACH :].sum()
        assert len(np.unique(scores)) == len(scores)
    assert not method.score(999, np.arange(240, dtype=np.int32), 0.0).any()
    with pytest.raises(InvalidQuery, match="160 documents are too few"):
        AdaRetrieval(log, np.zeros((160, 1), np.float32))
