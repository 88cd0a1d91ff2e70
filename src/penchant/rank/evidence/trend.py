"""Trend: how lately everybody clicks a document."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from penchant.checks import EARLIEST_CLOCK
from penchant.memory.readers import Times
from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told
from penchant.rank.neighbours import Said

_LEAST = 2
"""Readers that are worth telling."""
LOOKED_AT = 1_000
"""Latest readers of a document that are counted."""
_WINDOWS = {"read in the last day": 86_400.0, "read in the last week": 7 * 86_400.0}
"""Claim -> seconds."""


class Trend(Evidence):
    """See `measured`."""

    kind = "trend"
    columns: Mapping[str, float] = MappingProxyType(
        {
            "clicks in 30 minutes, of 3 hours": 0.008,
            "clicks in 3 hours, of a day": 0.040,
            "clicks in a day, of 2 weeks": 0.002,
            "clicks in 2 weeks, of all": 0.195,
        }
    )

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return measured(candidates.said, candidates.readers, asked.at)

    def claim(self, told: Told) -> Claim | None:
        return read_of_late(told.asked.known.trails.entries.at[told.others(LOOKED_AT)], told.asked.at)


def read_of_late(times: Times, at: float) -> Claim | None:
    """How many read a document in the last day, or else in the last week, for the first time.

    Args:
        times: when its latest readers read it.
    """
    if at < EARLIEST_CLOCK:
        return None
    ages = at - times
    for name, longest in _WINDOWS.items():
        count = int(((ages >= 0) & (ages < longest)).sum())
        if count >= _LEAST:
            return Claim(name, {"count": count})
    return None


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
