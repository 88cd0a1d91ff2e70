"""What stands first is seen by more readers: clicks are weighed by how likely they were seen, and the truth is
found again."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import Click, Document, Engine, Settings
from penchant.rank import blend as blending
from penchant.rank import exposure
from penchant.rank.blend import Blend
from penchant.testing import HashingEmbedder

NAMES = ["any unit", "age"]
TRUE = np.array([1.0, 0.0])
"""Readers go by interest alone; lists show the newest first, and the lower places are seldom seen."""


def taught(lists: int, bias: float, *, weighed: bool, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    blend = Blend()
    chances = exposure.propensities(np.arange(10), bias)
    for _ in range(lists):
        evidence = random.standard_normal((10, 2))
        evidence = evidence[np.argsort(evidence[:, 1])]
        utility = np.exp(evidence @ TRUE) * chances
        clicked = int(random.choice(10, p=utility / utility.sum()))
        worth = float(exposure.inverse(chances)[clicked]) if weighed else 1.0
        blend = blending.learned(blend, NAMES, evidence, np.zeros(10), clicked, Settings(), worth=worth)
    return blending.weights_of(blend, NAMES)


def test_inverse_propensities_find_the_truth_where_exposure_is_biased():
    plain, weighed = taught(2_000, 1.0, weighed=False), taught(2_000, 1.0, weighed=True)
    assert abs(plain[1]) > 0.4, "the age is credited with what the place did"
    assert abs(weighed[1]) < 0.2
    assert weighed[0] == pytest.approx(1.0, abs=0.25)


def test_where_all_is_seen_weights_change_nothing():
    assert taught(200, 0.0, weighed=True).tolist() == taught(200, 0.0, weighed=False).tolist()


def test_a_measure_is_that_of_even_exposure():
    chances = np.array([1.0, 1.0, 0.25])
    assert exposure.self_normalised(np.array([0.0, 0.0, 1.0]), chances) == pytest.approx(4 / 6)
    assert exposure.self_normalised(np.array([0.0, 0.0, 1.0]), chances, clip=2.0) == pytest.approx(2 / 4)


def test_the_bias_is_found_from_clicks_on_random_lists():
    shown = np.full(10, 10_000.0)
    clicked = shown * 0.1 * exposure.propensities(np.arange(10), 0.7)
    assert exposure.position_bias(shown, clicked) == pytest.approx(0.7)
    assert exposure.position_bias(shown, shown * 0.1) == pytest.approx(0.0, abs=1e-9)


def test_the_place_is_that_in_the_list_shown_last():
    shown = (("a", 3), ("b", 3), ("c", 3), ("b", 4), ("d", 4))
    found = [exposure.when_shown([(*entry, 0.5) for entry in shown], name) for name in "abcdx"]
    assert found == [(0, 0.5), (0, 0.5), (2, 0.5), (1, 0.5), None]


def test_a_click_far_down_a_list_that_was_shown_teaches_more():
    worths: list[float] = []
    for bias in (0.0, 1.0):
        with Engine(HashingEmbedder(), index="exact", settings=Settings(position_bias=bias)) as engine:
            engine._learner._listen = lambda lesson, blend: worths.append(lesson.worth)
            engine.add(
                Document(f"{topic}{n}", f"{topic} story{n}", published_at=1.7e9 - 86_400 * n)
                for topic in ("bread", "index")
                for n in range(8)
            )
            engine.observe([Click("ana", "bread0", 1.7e9 + 1)])
            engine.shown("ana", [f"index{n}" for n in range(6)] + ["bread5"])
            engine.observe([Click("ana", "bread5", 1.7e9 + 2), Click("ana", "bread6", 1.7e9 + 3)])
    assert worths == [1.0, 1.0, pytest.approx(7.0), 1.0], "bread6 was not shown"
