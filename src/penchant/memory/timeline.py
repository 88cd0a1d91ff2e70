"""Documents in the order of their publication, so that the newest of a million are found at once, also while
more come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import Rows, Times

NO_TIMES: Times = np.zeros(0)
_MOST_STALE = 64
"""With more entries that are no longer true, all is sorted anew."""


class Timeline(NamedTuple):
    """Rows in the order of a time each. Those that went or got another time stay until they are many: whoever
    asks leaves them out."""

    rows: Rows
    times: Times
    gone: Times = NO_TIMES
    """Times of the entries that are no longer true, in order."""

    @property
    def stale(self) -> int:
        """Entries that are no longer true."""
        return len(self.gone)

    @classmethod
    def of(cls, rows: Rows, times: Times) -> Timeline:
        """Of rows with their times; those without one (NaN) are left out."""
        there = ~np.isnan(times)
        order = np.argsort(times[there], kind="stable")
        return cls(rows[there][order], times[there][order])

    def after(self, rows: Rows, times: Times, gone: Times) -> Timeline | None:
        """With rows that came; None where it is to be made anew.

        Args:
            times: NaN where a row has none.
            gone: times of entries that are no longer true, NaN for rows that had none.
        """
        gone = np.sort(np.concatenate([self.gone, gone[~np.isnan(gone)]]))
        if len(gone) > _MOST_STALE:
            return None
        come = Timeline.of(rows, times)
        places = np.searchsorted(self.times, come.times, side="right")
        return Timeline(
            np.insert(self.rows, places, come.rows),
            np.insert(self.times, places, come.times),
            gone,
        )

    def before(self, at: float, count: int) -> tuple[Rows, Times]:
        """The latest rows until that time with their times, the latest at the end: `count` true ones, and
        what is stale."""
        end = int(np.searchsorted(self.times, at, side="right"))
        start = max(0, end - count - self.stale)
        return self.rows[start:end], self.times[start:end]

    def since(self, times: Times, at: float) -> NDArray[np.int64]:
        """How many rows have a time later than each of `times`, and not after `at`."""
        until = np.searchsorted(self.times, at, side="right") - np.searchsorted(self.gone, at, side="right")
        before = np.searchsorted(self.times, times, side="right")
        if self.stale:
            before = before - np.searchsorted(self.gone, times, side="right")
        return np.asarray(np.maximum(until - before, 0), np.int64)
