"""Typical readers: as many as are asked for, each reader near theirs; and the way for many readers is about
as good as the exact one."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.errors import InvalidQuery
from penchant.train.eimf.affinity import typical
from penchant.vectors import unit_length


def crowds(readers: int, crowds: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(readers' embeddings, whose crowd each is of)."""
    random = np.random.default_rng(seed)
    middles = random.standard_normal((crowds, 16))
    of = random.integers(0, crowds, readers)
    return unit_length((middles[of] + 0.15 * random.standard_normal((readers, 16))).astype(np.float32)), of


def fit(embeddings: np.ndarray, found: np.ndarray) -> float:
    """How like their typical readers are, on average."""
    return float(np.einsum("rd,rd->r", embeddings, embeddings[found]).mean())


def test_each_crowd_has_a_typical_reader_of_its_own():
    embeddings, of = crowds(120, 6)
    found = typical(embeddings, 6 / 120)
    assert len(np.unique(found)) == 6
    assert np.array_equal(of[found], of)
    assert np.array_equal(found[found], found), "who is typical of others is typical of themselves"


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_as_many_are_typical_as_are_asked_for(share):
    embeddings, _ = crowds(200, 40)
    assert len(np.unique(typical(embeddings, share))) == pytest.approx(share * 200, rel=0.3)


def test_all_are_typical_where_all_are_asked_for():
    embeddings, _ = crowds(30, 3)
    assert typical(embeddings, 1.0).tolist() == list(range(30))


def test_many_readers_are_told_about_as_well_as_few():
    embeddings, _ = crowds(450, 15)
    exact = typical(embeddings, 0.05)
    parts = typical(embeddings, 0.05, exact=150)
    chance = np.random.default_rng(0).choice(len(np.unique(parts)), len(embeddings))
    by_chance = fit(embeddings, np.unique(parts)[chance])
    assert fit(embeddings, parts) > by_chance + 0.9 * (fit(embeddings, exact) - by_chance)
    assert np.array_equal(parts, typical(embeddings, 0.05, exact=150))


def test_a_share_of_none_is_told():
    with pytest.raises(InvalidQuery, match="share of 0"):
        typical(np.eye(3, dtype=np.float32), 0)


def test_where_many_are_typical_the_parts_alone_tell_who():
    embeddings, _ = crowds(450, 15)
    parts = typical(embeddings, 0.4, exact=150)
    assert len(np.unique(parts)) == pytest.approx(0.4 * 450, rel=0.3)
    assert fit(embeddings, parts) > 0.95 * fit(embeddings, typical(embeddings, 0.4))
