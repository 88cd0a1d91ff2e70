"""In words: what spoke for a recommendation, and how much."""

from __future__ import annotations

import math
from collections.abc import Mapping

from penchant.text import key_terms
from penchant.types import Document, Evidence, InterestUnit

_LEAST = 0.05
"""What weighs less is not worth a word."""
_DAY = 86_400.0


def in_words(
    weights: Mapping[str, float],
    document: Document,
    unit: InterestUnit | None,
    readers: int,
    clicks: float,
    at: float,
) -> tuple[Evidence, ...]:
    """The evidence for a document, the weightiest first.

    Args:
        weights: kind -> what it adds to the score.
        unit: the Interest Unit nearest to the document.
        readers: how many read it.
        clicks: how many of them in the last day, each counting half after a day.
        at: now.
    """
    weighty = sorted(
        (-abs(weight), kind, weight) for kind, weight in weights.items() if abs(weight) >= _LEAST
    )
    return tuple(
        Evidence(kind, round(weight, 3), _said(kind, weight, document, unit, readers, clicks, at))
        for _, kind, weight in weighty
    )


def _said(
    kind: str,
    weight: float,
    document: Document,
    unit: InterestUnit | None,
    readers: int,
    clicks: float,
    at: float,
) -> str:
    title = "" if unit is None else unit.title
    if kind == "interest":
        return f"close to “{title}”" if weight > 0 else "far from most interests"
    if kind == "words":
        return _shared_words(document, unit)
    if kind == "attributes":
        values = ", ".join(
            f"{name} {value}"
            for name, value in sorted(document.attributes.items())
            if isinstance(value, str | bool)
        )
        return f"often read: {values}" if weight > 0 else f"seldom read: {values or 'nothing known'}"
    if kind == "freshness":
        return _age(document, at)
    if kind == "trend":
        return f"{clicks:.1f} clicks of late"
    if kind == "popularity":
        return f"{readers} reader{'' if readers == 1 else 's'}"
    if kind == "readers":
        return (
            f"readers who also follow “{title}” clicked this"
            if weight > 0
            else "readers of the same did not click this"
        )
    return {"dismissed": "like what was dismissed", "shown": "shown before"}.get(kind, kind)


def _shared_words(document: Document, unit: InterestUnit | None) -> str:
    known = {term for term, _ in unit.terms} if unit is not None else set()
    shared = [term for term in key_terms(document.title) if term in known]
    return f"shares {', '.join(shared)}" if shared else "words of the title"


def _age(document: Document, at: float) -> str:
    if document.published_at is None:
        return "no time of publication"
    days = max(at - document.published_at, 0.0) / _DAY
    if days < 1:
        return f"published {max(math.ceil(days * 24), 1)} h ago"
    return f"published {int(days)} days ago"
