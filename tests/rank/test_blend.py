"""The blend finds the weights by which clicks were made, forgets slowly, and is the same for the same clicks."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.rank import blend as blending
from penchant.rank.blend import Blend
from penchant.rank.evidence import start_of
from penchant.settings import Settings

NAMES = ["any unit", "age", "readers"]
TRUE = np.array([1.5, -0.7, 0.3])


def clicks(count: int, rivals: int = 30, seed: int = 0):
    """(evidence, which was clicked), by a reader who chooses as the model says."""
    generator = np.random.default_rng(seed)
    for _ in range(count):
        evidence = generator.standard_normal((rivals, len(NAMES)))
        chance = np.exp(evidence @ TRUE)
        yield evidence, int(generator.choice(rivals, p=chance / chance.sum()))


def taught(count: int, seed: int = 0) -> Blend:
    blend = Blend()
    for evidence, clicked in clicks(count, seed=seed):
        blend = blending.learned(blend, NAMES, evidence, np.zeros(len(evidence)), clicked, Settings())
    return blend


def test_the_weights_of_the_clicks_are_found():
    assert blending.weights_of(taught(2_000), NAMES) == pytest.approx(TRUE, abs=0.12)


def test_candidates_that_stand_for_many_are_corrected_for():
    """Of 300 documents those with the most evidence are always looked at, of the others one in ten."""
    generator = np.random.default_rng(3)
    blend = Blend()
    for evidence, clicked in clicks(1_500, rivals=300, seed=4):
        sure = evidence[:, 0] > 1
        drawn = sure | (generator.random(300) < 0.1)
        drawn[clicked] = True
        log_q = np.where(sure | (np.arange(300) == clicked), 0.0, np.log(0.1))[drawn]
        blend = blending.learned(blend, NAMES, evidence[drawn], log_q, int(drawn[:clicked].sum()), Settings())
    assert blending.weights_of(blend, NAMES) == pytest.approx(TRUE, abs=0.15)


def test_the_same_clicks_give_the_same_weights():
    one, other = taught(50), taught(50)
    assert (one.weights, one.precision) == (other.weights, other.precision)


def test_without_a_click_the_weights_are_those_of_the_start():
    names = [*NAMES, "attribute colour"]
    expected = [start_of(name) for name in (*NAMES, "attribute x")]
    assert blending.weights_of(Blend(), names).tolist() == expected


def test_a_column_that_comes_later_does_not_change_the_others():
    blend = taught(200)
    evidence = np.random.default_rng(1).standard_normal((5, 2))
    more = blending.learned(blend, ["any unit", "attribute colour"], evidence, np.zeros(5), 0, Settings())
    assert more.names == (*NAMES, "attribute colour")
    assert blending.weights_of(more, ["age"]) == pytest.approx(blending.weights_of(blend, ["age"]), abs=0.05)


def test_contributions_add_up_to_the_difference_of_scores():
    evidence = np.random.default_rng(2).standard_normal((6, 3))
    blend = taught(20)
    parts = blending.contributions(blend, NAMES, evidence, [4, 1])
    assert set(parts) == {"interest", "freshness", "popularity"}
    scores = blending.scores(blend, NAMES, evidence)
    assert sum(parts.values()) == pytest.approx((scores - scores.mean())[[4, 1]], abs=1e-5)


def test_every_click_teaches_at_first_and_ever_fewer_later():
    offered = np.array([n for n in range(300_000) if blending.is_learned(n)])
    gaps = np.diff(offered)
    assert (gaps[:998] == 1).all()
    assert gaps.max() < 2 * 128
    assert np.median(gaps[offered[:-1] > 80_000]) == 128
    spans = [
        np.mean(gaps[(offered[:-1] >= start) & (offered[:-1] < 2 * start)])
        for start in (1_000, 4_000, 16_000)
    ]
    assert spans == sorted(spans)


def test_of_the_experts_the_one_that_fits_the_clicks_counts_most():
    """Nobody cares for freshness or readers here, and the choice is sharp: what looks at interest alone is as
    good as what looks at all, and what looks at the others alone counts nothing."""
    generator = np.random.default_rng(5)
    blend = Blend()
    for _ in range(600):
        evidence = generator.standard_normal((30, len(NAMES)))
        chance = np.exp(4 * evidence[:, 0])
        clicked = int(generator.choice(30, p=chance / chance.sum()))
        blend = blending.learned(blend, NAMES, evidence, np.zeros(30), clicked, Settings())
    shares = blending.shares(blend)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["freshness alone"] < 1e-6
    assert shares["popularity alone"] < 1e-6
    assert max(shares, key=shares.__getitem__) in (
        "start, open",
        "own",
        "interest alone",
        "start, forgetting",
    )


def test_a_blend_follows_readers_who_change_their_minds():
    blend = taught(1_000)
    generator = np.random.default_rng(6)
    for _ in range(400):
        evidence = generator.standard_normal((30, len(NAMES)))
        chance = np.exp(evidence @ -TRUE)
        clicked = int(generator.choice(30, p=chance / chance.sum()))
        blend = blending.learned(blend, NAMES, evidence, np.zeros(30), clicked, Settings())
    assert np.sign(blending.weights_of(blend, NAMES)).tolist() == np.sign(-TRUE).tolist()
    assert blending.shares(blend)["start, forgetting"] > 0.9


def test_a_weight_that_is_set_is_the_weight_of_every_expert():
    blend = blending.with_weights(taught(50), {"age": -9.0, "attribute colour": 2.0}, Settings())
    assert blending.weights_of(blend, ["age", "attribute colour"]).tolist() == [-9.0, 2.0]
    evidence = np.random.default_rng(1).standard_normal((5, len(NAMES)))
    more = blending.learned(blend, NAMES, evidence, np.zeros(5), 0, Settings())
    assert blending.weights_of(more, ["age"]) == pytest.approx([-9.0], abs=0.5)


def test_a_click_that_is_worth_two_is_learned_as_two():
    evidence = np.random.default_rng(1).standard_normal((30, len(NAMES)))
    start = taught(300)
    args = (NAMES, evidence, np.zeros(30), 3, Settings())
    once, double = blending.learned(start, *args), blending.learned(start, *args, worth=2.0)
    twice = blending.learned(once, *args)
    assert blending.weights_of(double, NAMES) == pytest.approx(blending.weights_of(twice, NAMES), abs=2e-3)
