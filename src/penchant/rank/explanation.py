"""In words: what spoke for a recommendation, and how much."""

from __future__ import annotations

from collections.abc import Mapping

from penchant.rank.evidence import Told, words_of
from penchant.types import Evidence

_LEAST = 0.05
"""What weighs less is not worth a word."""
_BESIDE = {"dismissed": "like what was dismissed", "shown": "shown before"}


def in_words(weights: Mapping[str, float], told: Told) -> tuple[Evidence, ...]:
    """The evidence for a document, the weightiest first.

    Args:
        weights: kind -> what it adds to the score.
        told: the document; its weight is that of each kind in turn.
    """
    weighty = sorted(
        (-abs(weight), kind, weight) for kind, weight in weights.items() if abs(weight) >= _LEAST
    )
    words = words_of()
    return tuple(
        Evidence(
            kind,
            round(weight, 3),
            words[kind](told._replace(weight=weight)) if kind in words else _BESIDE.get(kind, kind),
        )
        for _, kind, weight in weighty
    )
