"""Documents in the order of their publication, so that the newest of a million are found at once, also while
more come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from penchant.memory.readers import Rows, Times

_MOST_STALE = 64
"""With more entries that are no longer true, all is sorted anew."""


class Timeline(NamedTuple):
    """Rows in the order of a time each. Those that went or got another time stay until they are many: whoever
    asks leaves them out."""

    rows: Rows
    times: Times
    stale: int = 0

    @classmethod
    def of(cls, rows: Rows, times: Times) -> Timeline:
        """Of rows with their times; those without one (NaN) are left out."""
        there = ~np.isnan(times)
        order = np.argsort(times[there], kind="stable")
        return cls(rows[there][order], times[there][order])

    def after(self, rows: Rows, times: Times, stale: int) -> Timeline | None:
        """With rows that came; None where it is to be made anew.

        Args:
            stale: entries that are no longer true.
        """
        if self.stale + stale > _MOST_STALE:
            return None
        come = Timeline.of(rows, times)
        places = np.searchsorted(self.times, come.times, side="right")
        return Timeline(
            np.insert(self.rows, places, come.rows),
            np.insert(self.times, places, come.times),
            self.stale + stale,
        )

    def before(self, at: float, count: int) -> tuple[Rows, Times]:
        """The latest rows until that time with their times, the latest at the end: `count` true ones, and
        what is stale."""
        end = int(np.searchsorted(self.times, at, side="right"))
        start = max(0, end - count - self.stale)
        return self.rows[start:end], self.times[start:end]
