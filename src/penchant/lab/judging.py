"""What a language model is asked about two lists for a reader, and what its answers say together.

The model reads a reader's interests in words. Pointwise it says how well a list suits, 1 to 5; pairwise,
which of two lists suits better, asked twice with the lists in both orders, since models prefer what stands
first. The two count where they agree.

Pure functions.

Source: Zheng et al., "Judging LLM-as-a-judge with MT-Bench and Chatbot Arena", NeurIPS 2023, section 3.4, on
swapping the order.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec
import numpy as np

from penchant.lab.statistics import interval

Better = Literal["first", "second", "equal"]
HIGHEST = 5
_JSON = re.compile(r"\{[^{}]*\}", re.S)


class Profile(NamedTuple):
    """A reader, in words."""

    interests: Sequence[tuple[str, int]]
    """(name, number of documents), the largest first."""
    last: Sequence[str]
    """The titles that were read last, the latest at the end."""


class Judged(NamedTuple):
    """What was said of one reader's two lists; None where an answer could not be read."""

    as_given: Better | None
    swapped: Better | None
    """Which is better when the second list stood first; of the same lists as `as_given`."""
    first: int | None
    second: int | None
    """How well each suits."""


class Verdict(msgspec.Struct, frozen=True):
    """What all readers' lists say of two methods."""

    readers: int
    first_wins: int
    second_wins: int
    equal: int
    """Also where the model said otherwise when the lists changed places."""
    agreement: float
    """How often it said the same in both orders."""
    share: float
    """Of the readers for whom the first list is better; half where neither is."""
    interval: tuple[float, float]
    """95 %, bootstrap over readers."""
    first_score: float | None
    second_score: float | None
    """How well each suits, 1 to 5, the mean."""
    unreadable: int
    """Answers that could not be read."""


def pairwise_prompt(profile: Profile, one: Sequence[str], other: Sequence[str]) -> str:
    """Which of two lists of titles suits a reader better?"""
    return (
        f"{_told(profile)}\n\nList A:\n{_numbered(one)}\n\nList B:\n{_numbered(other)}\n\n"
        "Which list suits this reader better: what they would read next, and not the same over and over? "
        'Answer in JSON alone: {"better": "A"}, {"better": "B"} or {"better": "equal"}.'
    )


def pointwise_prompt(profile: Profile, titles: Sequence[str]) -> str:
    """How well does a list of titles suit a reader?"""
    return (
        f"{_told(profile)}\n\nA list of recommendations:\n{_numbered(titles)}\n\n"
        f"How well does it suit this reader, from 1 (not at all) to {HIGHEST} (very well)? "
        'Answer in JSON alone: {"score": 3}.'
    )


def better_in(answer: str) -> Better | None:
    """Which list an answer prefers; None where it cannot be read.

    Examples:
        >>> better_in('I prefer {"better": "B"}.')
        'second'
        >>> better_in("Both are fine.")
    """
    value = _field(answer, "better")
    said: dict[str, Better] = {"a": "first", "b": "second", "equal": "equal"}
    return said.get(value.strip().lower()) if isinstance(value, str) else None


def score_in(answer: str) -> int | None:
    """The score of an answer, 1 to 5; None where it cannot be read.

    Examples:
        >>> score_in('{"score": 4}'), score_in('{"score": 11}')
        (4, None)
    """
    value = _field(answer, "score")
    whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= HIGHEST
    return int(value) if whole and isinstance(value, int) else None


def turned(better: Better | None) -> Better | None:
    """What was said when the lists had changed places, of the lists as they were given."""
    return {"first": "second", "second": "first", "equal": "equal"}[better] if better else None  # type: ignore[return-value]


def verdict(judged: Sequence[Judged], seed: int = 0) -> Verdict:
    """What the answers say together."""
    wins = [_worth(each) for each in judged]
    both = [each for each in judged if each.as_given and each.swapped]
    agreed = [each.as_given == each.swapped for each in both]
    values = np.array(wins)
    low, high = interval(values, np.ones(len(values)), by_case=False, seed=seed) if wins else (0.0, 0.0)
    firsts = [each.first for each in judged if each.first is not None]
    seconds = [each.second for each in judged if each.second is not None]
    return Verdict(
        len(judged),
        wins.count(1.0),
        wins.count(0.0),
        wins.count(0.5),
        float(np.mean(agreed)) if agreed else 0.0,
        float(values.mean()) if wins else 0.0,
        (float(low), float(high)),
        float(np.mean(firsts)) if firsts else None,
        float(np.mean(seconds)) if seconds else None,
        sum(answer is None for each in judged for answer in each),
    )


def _worth(judged: Judged) -> float:
    """1 where the first is better in both orders, 0 where the second is, else a half."""
    if judged.as_given is None or judged.as_given != judged.swapped:
        return 0.5
    return {"first": 1.0, "second": 0.0, "equal": 0.5}[judged.as_given]


def _told(profile: Profile) -> str:
    interests = "\n".join(f"- {name} ({size} read)" for name, size in profile.interests) or "- none yet"
    last = "\n".join(f"- {title}" for title in profile.last) or "- nothing"
    return f"A reader's interests, the largest first:\n{interests}\n\nRead last:\n{last}"


def _numbered(titles: Sequence[str]) -> str:
    return "\n".join(f"{number}. {title}" for number, title in enumerate(titles, 1))


def _field(answer: str, name: str) -> object:
    for found in _JSON.findall(answer):
        try:
            value = msgspec.json.decode(found)
        except msgspec.DecodeError:
            continue
        if isinstance(value, dict) and name in value:
            return value[name]
    return None
