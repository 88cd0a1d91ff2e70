"""Freshness: by the time of publication, and by the reader's habits with it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from penchant.checks import EARLIEST_CLOCK
from penchant.memory.readers import Times
from penchant.rank.asked import Asked, Reader
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told
from penchant.types import Document

_KNOTS = (2.0, 4.0, 5.5)
"""Of the logarithm of 1 + hours: 6 hours, 2 days, 10 days."""
_HOUR = 3_600.0
_NEW = 14 * 86_400.0
"""Seconds after which nobody would call a document new."""


class Freshness(Evidence):
    """See `measured`."""

    kind = "freshness"
    columns: Mapping[str, float] = MappingProxyType(
        {
            "age": -0.399,
            "age over 6 hours": 0.676,
            "age over 2 days": -0.417,
            "age over 10 days": 0.379,
            "documents published since": -0.880,
            "since the last visit": 1.374,
            "published beside the last read": -0.049,
            "published beside it, in a session": -0.458,
            "age that the reader likes": 0.499,
        }
    )

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return measured(asked.reader, candidates.facts.published_at, candidates.newer, asked.at)

    def claim(self, told: Told) -> Claim | None:
        return published(told.document, told.asked.at)


def published(document: Document, at: float) -> Claim | None:
    """How long ago a document was published, where that is not long."""
    if document.published_at is None or not 0 <= at - document.published_at <= _NEW or at < EARLIEST_CLOCK:
        return None
    hours = int((at - document.published_at) // _HOUR)
    if hours < 1:
        return Claim("published now", {})
    return (
        Claim("published hours ago", {"count": hours})
        if hours < 48
        else Claim("published days ago", {"count": hours // 24})
    )


def measured(reader: Reader, published_at: Times, newer: NDArray[np.int64], at: float) -> dict[str, Column]:
    """A line of the logarithm of the age with three bends, the logarithm of how many documents are newer, and
    what the reader's habits are.

    Age is the same for a forum and a company's news, the number of newer documents knows how busy the
    community is. A document without `published_at` is as old as the oldest.
    """
    if at < EARLIEST_CLOCK:
        return {name: np.zeros(len(published_at)) for name in Freshness.columns}
    oldest, session = reader.settings.oldest_age, reader.settings.session_gap
    published = np.where(np.isnan(published_at), at - oldest, published_at)
    age = _age(at - published, oldest)
    since, beside, in_session, liked = np.zeros((4, len(age)))
    read = reader.reads.published_at
    if len(read):
        last = float(reader.at[-1])
        since = (published > last).astype(np.float64)
        if not np.isnan(read[-1]):
            beside = _age(np.abs(published - read[-1]), oldest)
            in_session = beside * (at - last < session)
        ages = _age((reader.at - read)[-30:], oldest)
        ages = ages[~np.isnan(ages)]
        if len(ages):
            liked = age * (float(ages.mean()) - 3.5) / 3
    six_hours, two_days, ten_days = (np.maximum(age - knot, 0) for knot in _KNOTS)
    return {
        "age": age,
        "age over 6 hours": six_hours,
        "age over 2 days": two_days,
        "age over 10 days": ten_days,
        "documents published since": np.log1p(newer),
        "since the last visit": since,
        "published beside the last read": beside,
        "published beside it, in a session": in_session,
        "age that the reader likes": liked,
    }


def _age(seconds: Times, oldest: float) -> Column:
    return np.log1p(np.minimum(np.maximum(seconds, 0), oldest) / 3_600)
