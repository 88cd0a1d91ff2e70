"""Off-policy estimates, where the truth is known: what a way of choosing earns, told from another's log."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.lab.off_policy import Logged, doubly_robust, ips, snips

WORTH = np.array([0.5, 0.3, 0.1, 0.05])
"""The chance of a click on each of four documents."""
SHOWN = np.array([0.1, 0.2, 0.3, 0.4])
"""The chance with which each is shown; one a list."""


def logged(
    lists: int, wanted: np.ndarray, seed: int = 0, worth: np.ndarray = WORTH
) -> tuple[Logged, np.ndarray]:
    random = np.random.default_rng(seed)
    documents = random.choice(4, lists, p=SHOWN)
    clicked = (random.random(lists) < worth[documents]).astype(float)
    return Logged(lists, SHOWN[documents], clicked, wanted[documents]), documents


@pytest.mark.parametrize("wanted", [np.array([1.0, 0, 0, 0]), np.array([0, 0.5, 0.5, 0])])
def test_each_estimate_is_near_the_truth(wanted):
    found, documents = logged(40_000, wanted)
    truth = float(wanted @ WORTH)
    assert ips(found, clip=20.0) == pytest.approx(truth, abs=0.03)
    assert snips(found, places=1.0, clip=20.0) == pytest.approx(truth, abs=0.03)
    model = np.array([0.4, 0.4, 0.2, 0.1])  # a wrong one
    expectations = doubly_robust(found, model[documents], float(wanted @ model), clip=20.0)
    assert expectations == pytest.approx(truth, abs=0.03)


def test_the_mean_of_what_was_clicked_is_not_near():
    wanted = np.array([1.0, 0, 0, 0])
    found, _ = logged(40_000, wanted)
    assert abs(found.clicked.mean() - 0.5) > 0.2


def test_a_good_model_varies_less_than_clicks_alone():
    wanted, worth = np.array([1.0, 0, 0, 0]), np.array([0.9, 0.3, 0.1, 0.05])
    by_ips, by_model = [], []
    for seed in range(40):
        found, documents = logged(500, wanted, seed, worth)
        by_ips.append(ips(found, clip=20.0))
        by_model.append(doubly_robust(found, worth[documents], float(wanted @ worth), clip=20.0))
    assert np.std(by_model) < 0.9 * np.std(by_ips)
    assert snips(Logged(3, np.ones(1), np.ones(1), np.zeros(1)), 1.0) == 0.0
