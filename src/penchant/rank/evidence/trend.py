"""Trend: how lately everybody clicks a document."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

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
            "clicks in 30 minutes, of 3 hours": -0.033,
            "clicks in 3 hours, of a day": 0.071,
            "clicks in a day, of 2 weeks": 0.020,
            "clicks in 2 weeks, of all": 0.177,
        }
    )

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return measured(candidates.said, candidates.readers, asked.at)

    def words(self, told: Told) -> str:
        clicks = told.candidates.said.clicks[_OF_A_DAY, told.place] if told.at >= EARLIEST_CLOCK else 0.0
        return f"{clicks:.1f} clicks of late" if clicks >= _LEAST else "not clicked of late"


def measured(said: Said, readers: NDArray[np.int64], at: float) -> dict[str, Column]:
    """Which share of the clicks in a window came in the next shorter one, as a logarithm; a click counts half
    after a half-life. Without a clock the same for all.

    Each column is a difference to the next, so that windows and popularity do not cancel each other with
    large opposite weights.
    """
    if at < EARLIEST_CLOCK:
        return {name: np.zeros(len(readers)) for name in Trend.columns}
    windows = np.log(np.vstack([readers, said.clicks])[::-1] + 0.1)
    return dict(zip(Trend.columns, windows[:-1] - windows[1:], strict=True))
