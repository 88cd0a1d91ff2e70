"""How the places of a list are shared between what everybody should see and what this reader should see.

The blend asks what is clicked next. Most readers click what is new and popular, because that is what they are
shown, so its lists are much the same for all. Some places are kept for the reader. They go by the evidence
that knows the reader alone (interests, words, attributes, readers like them), and follow the reader's
interests in proportion.

Pure functions on arrays.

Source: on proportions, Steck, "Calibrated recommendations", RecSys 2018, here by caps; on several interests,
El-Kishky et al., "kNN-Embed", 2022.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from penchant.types import Vectors

_NEAR_LATEST = 10


def shares_of(sizes: NDArray[np.int64], decay: float, asked_for: Sequence[int] = ()) -> NDArray[np.float64]:
    """The share of each interest in a reader's places; larger and more recent ones have more.

    Args:
        sizes: documents of each unit, the most recently updated unit first.
        decay: see `penchant.Settings`.
        asked_for: sizes of what counts as clicked just now, beside the units; its shares are at the end.
    """
    weights = np.log1p(sizes) * decay ** np.arange(len(sizes))
    weights = np.concatenate([weights, np.log1p(np.asarray(asked_for, np.float64))])
    return np.asarray(weights / max(float(weights.sum()), 1e-12), np.float64)


def of_latest(of_units: Vectors, suits: NDArray[np.floating]) -> int | None:
    """The candidate that stands for the latest interest: of the ten nearest to it, none of them nearer to
    another interest, the one that suits the reader best. None where there is no such candidate.

    Args:
        of_units: cosines of candidates to the reader's units, the latest first; shape (candidates, units).
        suits: scores of the candidates by the evidence that knows the reader alone.
    """
    members = np.flatnonzero(of_units.argmax(axis=1) == 0)
    near = members[np.argsort(-of_units[members, 0], kind="stable")[:_NEAR_LATEST]]
    return int(near[np.argmax(suits[near])]) if len(near) else None


def in_proportion(
    ranked: Sequence[int], unit_of: Mapping[int, int], shares: NDArray[np.float64], places: int
) -> list[int]:
    """Candidates in an order in which no interest takes more than its share of the places, and the latest one
    has at least one of the first two.

    Args:
        ranked: positions of candidates, the best first.
        unit_of: position -> the interest that it belongs to; 0 is the latest.
        shares: see `shares_of`.
        places: how many there are. What has no place in proportion follows behind.
    """
    left = [max(1, math.ceil(share * places)) for share in shares.tolist()]
    chosen: list[int] = []
    behind: list[int] = []
    for number, position in enumerate(ranked):
        unit = unit_of[position]
        if left[unit] > 0:
            left[unit] -= 1
            chosen.append(position)
            if len(chosen) == places:
                behind += ranked[number + 1 :]
                break
        else:
            behind.append(position)
    latest = next((position for position in ranked if unit_of[position] == 0), None)
    if latest is not None and latest not in chosen[:2]:
        (chosen if latest in chosen else behind).remove(latest)
        chosen.insert(1, latest)
    return chosen + behind


def interleaved(
    everybody: Sequence[int], own: Sequence[int], personal: float, count: int
) -> list[tuple[int, bool]]:
    """(position, whether its place is the reader's own) of `count` places, each position once.

    The reader's places are spread evenly over the list: of the first n there are ``floor(n * personal)``.

    Args:
        everybody: positions in the order of the blend.
        own: positions in the order of what suits this reader.
        personal: the share of the reader's own places, 0 to 1.
    """
    taken: set[int] = set()
    found: list[tuple[int, bool]] = []
    queues = (iter(everybody), iter(own))
    own_so_far = 0
    while len(found) < count:
        is_own = int((len(found) + 1) * personal + 1e-9) > own_so_far
        own_so_far += is_own
        for which in (is_own, not is_own):
            position = next(queues[which], None)
            while position in taken:
                position = next(queues[which], None)
            if position is not None:
                break
        else:
            break
        taken.add(position)
        found.append((position, which))
    return found
