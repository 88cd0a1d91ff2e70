from __future__ import annotations

import numpy as np
import pytest

from penchant.lab.statistics import adjusted, interval, mean, paired

RNG = np.random.default_rng(0)
COUNTS = RNG.integers(1, 9, 200).astype(float)
SUMS = RNG.binomial(COUNTS.astype(int), 0.3).astype(float)


def test_a_mean_over_cases_and_one_over_users():
    sums, counts = np.array([1.0, 0.0]), np.array([1.0, 3.0])
    assert mean(sums, counts, by_case=True) == 0.25
    assert mean(sums, counts, by_case=False) == 0.5


@pytest.mark.parametrize("by_case", [True, False])
def test_the_interval_is_that_of_a_plain_bootstrap_over_users(by_case):
    low, high = interval(SUMS, COUNTS, by_case=by_case, seed=0)
    draws = np.random.default_rng(1).integers(0, 200, (4_000, 200))
    plain = [mean(SUMS[rows], COUNTS[rows], by_case=by_case) for rows in draws]
    assert (low, high) == pytest.approx(tuple(np.percentile(plain, [2.5, 97.5])), abs=0.008)
    assert low < mean(SUMS, COUNTS, by_case=by_case) < high


def test_the_same_seed_gives_the_same_interval():
    assert interval(SUMS, COUNTS, by_case=True, seed=3) == interval(SUMS, COUNTS, by_case=True, seed=3)


def test_one_user_has_no_interval():
    assert interval(np.array([1.0]), np.array([2.0]), by_case=True, seed=0) == (0.5, 0.5)


def test_equal_methods_do_not_differ():
    assert paired((SUMS, COUNTS), (SUMS, COUNTS), by_case=False, seed=0) == {
        "difference": 0,
        "low": 0,
        "high": 0,
        "p": 1,
    }


@pytest.mark.parametrize("by_case", [True, False])
def test_a_clear_difference_is_significant_and_noise_is_not(by_case):
    better = np.minimum(SUMS + 1, COUNTS)
    test = paired((better, COUNTS), (SUMS, COUNTS), by_case=by_case, seed=0)
    assert test["p"] < 0.01
    assert 0 < test["low"] < test["difference"] < test["high"]
    shuffled = RNG.permutation(SUMS / COUNTS) * COUNTS
    assert paired((shuffled, COUNTS), (SUMS, COUNTS), by_case=False, seed=0)["p"] > 0.05


def test_p_values_are_corrected_for_their_number():
    assert adjusted([0.01, 0.04, 0.9]) == pytest.approx([0.03, 0.06, 0.9])
    assert adjusted([]) == []
