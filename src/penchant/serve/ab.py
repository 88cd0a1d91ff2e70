"""What an experiment found: clicks per user in each variant, lift, interval, and a test that may be looked at
every day."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import stats

from penchant.errors import InvalidQuery
from penchant.serve.bodies import Compared, Report
from penchant.serve.experiment import Exposed

ALPHA = 0.05
_TUNED_FOR = 1_000
"""Users a variant at which the sequential interval is narrowest."""


def report(exposed: Sequence[Exposed], shares: dict[str, float] | None = None) -> list[Report]:
    """Every experiment of the log. The first variant is the one that `shares` names first, else the first by
    name.

    Raises:
        InvalidQuery: the log is empty.
    """
    if not exposed:
        raise InvalidQuery(
            "no exposure is logged yet: run `penchant serve` with an experiment in its settings"
        )
    names = sorted({each.experiment for each in exposed})
    return [
        _of_one(name, [each for each in exposed if each.experiment == name], shares or {}) for name in names
    ]


def _of_one(name: str, exposed: Sequence[Exposed], shares: dict[str, float]) -> Report:
    clicks: defaultdict[str, list[int]] = defaultdict(list)
    exposures: defaultdict[str, int] = defaultdict(int)
    for each in exposed:
        clicks[each.variant].append(each.clicks)
        exposures[each.variant] += each.exposures
    order = [variant for variant in shares if variant in clicks] + sorted(set(clicks) - set(shares))
    base = np.array(clicks[order[0]], float)
    variants = [
        _compared(variant, np.array(clicks[variant], float), exposures[variant], base) for variant in order
    ]
    variants[0] = msgspec.structs.replace(
        variants[0], lift=None, difference=None, interval=None, p=None, sequential=None
    )
    return Report(
        name, variants, _mismatch([len(clicks[v]) for v in order], [shares.get(v, 1.0) for v in order])
    )


def _compared(
    variant: str, values: NDArray[np.float64], exposures: int, base: NDArray[np.float64]
) -> Compared:
    compared = Compared(
        variant, len(values), int(values.sum()), float(values.mean()), exposures / len(values)
    )
    if len(values) < 2 or len(base) < 2 or values.var() + base.var() == 0:
        return compared
    test = stats.ttest_ind(values, base, equal_var=False)
    low, high = test.confidence_interval(1 - ALPHA)
    difference = float(values.mean() - base.mean())
    radius = sequential_radius(values, base)
    return msgspec.structs.replace(
        compared,
        lift=difference / float(base.mean()) if base.mean() else None,
        difference=difference,
        interval=(float(low), float(high)),
        p=float(test.pvalue),
        sequential=(difference - radius, difference + radius),
    )


def sequential_radius(values: NDArray[np.float64], base: NDArray[np.float64], alpha: float = ALPHA) -> float:
    """Half the width of an interval of the difference of two means that holds at all looks together.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Annals of
    Statistics 52, 2024, theorem 2.2), with the two samples as pairs of the smaller number of users; rho is
    chosen for `_TUNED_FOR` users (their equation 24). No kept statistics library that installs without a
    compiler has it, so its one formula is here.
    """
    n = min(len(values), len(base))
    deviation = math.sqrt(n * (float(values.var()) / len(values) + float(base.var()) / len(base)))
    rho2 = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / _TUNED_FOR
    return deviation * math.sqrt(
        2 * (n * rho2 + 1) / (n * n * rho2) * math.log(math.sqrt(n * rho2 + 1) / alpha)
    )


def _mismatch(users: list[int], shares: list[float]) -> float:
    kept = [(count, share) for count, share in zip(users, shares, strict=True) if share > 0]
    total, whole = sum(count for count, _ in kept), sum(share for _, share in kept)
    expected: list[Any] = [total * share / whole for _, share in kept]
    return float(stats.chisquare([count for count, _ in kept], expected).pvalue) if len(kept) > 1 else 1.0
