"""Is it luck? Bootstrap intervals over users, and paired tests between methods on the same users (scipy)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]

RESAMPLES = 2_000
LEVEL = 0.95


def mean(sums: Values, counts: Values, *, by_case: bool) -> float:
    """Over cases: all sums by all counts. Over users: the mean of each user's mean."""
    return float(sums.sum() / counts.sum() if by_case else (sums / counts).mean())


def interval(sums: Values, counts: Values, *, by_case: bool, seed: int) -> tuple[float, float]:
    """The 95 % bootstrap percentile interval of `mean`; users are drawn, since the cases of one user hang
    together."""
    if len(sums) < 2:
        point = mean(sums, counts, by_case=by_case)
        return point, point
    rng = np.random.default_rng(seed)
    if by_case:
        found = stats.bootstrap(
            (sums, counts),
            _ratio,
            paired=True,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            method="percentile",
            vectorized=True,
            rng=rng,
            batch=200,
        )
    else:
        found = stats.bootstrap(
            (sums / counts,),
            np.mean,
            n_resamples=RESAMPLES,
            confidence_level=LEVEL,
            method="percentile",
            rng=rng,
            batch=200,
        )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def paired(
    first: tuple[Values, Values], second: tuple[Values, Values], *, by_case: bool, seed: int
) -> dict[str, float]:
    """The difference of two methods on the same users, its interval, and the p-value of a sign-flip
    permutation test.

    Args:
        first, second: (sums, counts) by user, in the same order of users.
    """
    counts = first[1]
    difference = first[0] - second[0]
    low, high = interval(difference, counts, by_case=by_case, seed=seed)
    per_user = difference if by_case else difference / counts
    p = 1.0
    if np.any(per_user != 0):
        test = stats.permutation_test(
            (per_user, np.zeros_like(per_user)),
            _mean_difference,
            permutation_type="samples",
            n_resamples=RESAMPLES,
            vectorized=True,
            rng=np.random.default_rng(seed),
            batch=200,
        )
        p = float(test.pvalue)
    return {"difference": mean(difference, counts, by_case=by_case), "low": low, "high": high, "p": p}


def adjusted(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Benjamini and Hochberg)."""
    return [float(p) for p in stats.false_discovery_control(list(p_values))] if p_values else []


def _ratio(sums: Values, counts: Values, axis: int) -> Values:
    return np.asarray(sums.sum(axis=axis) / counts.sum(axis=axis))


def _mean_difference(first: Values, second: Values, axis: int) -> Values:
    return np.asarray((first - second).mean(axis=axis))
