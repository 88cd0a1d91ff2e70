"""Trend: how lately everybody clicks a document."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from penchant.checks import EARLIEST_CLOCK
from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Column, Evidence, Told
from penchant.rank.neighbours import Said

_OF_A_DAY = 1
"""Of the half-lives, the longest first."""
_LEAST = 0.05
"""Clicks that are worth a number."""


class Trend(Evidence):
    """See `measured`."""

    kind = "trend"
    columns: Mapping[str, float] = MappingProxyType(
        {
            "clicks in 30 minutes": 0.381,
            "clicks in 3 hours": 0.137,
            "clicks in a day": 0.371,
            "clicks in 2 weeks": -0.911,
        }
    )

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return measured(candidates.said, asked.at)

    def words(self, told: Told) -> str:
        clicks = told.candidates.said.clicks[_OF_A_DAY, told.place] if told.at >= EARLIEST_CLOCK else 0.0
        return f"{clicks:.1f} clicks of late" if clicks >= _LEAST else "not clicked of late"


def measured(said: Said, at: float) -> dict[str, Column]:
    """The logarithm of clicks, each counting half after a half-life; without a clock the same for all."""
    clicks = said.clicks if at >= EARLIEST_CLOCK else np.zeros_like(said.clicks)
    return dict(zip(Trend.columns, np.log(clicks[::-1] + 0.1), strict=True))
