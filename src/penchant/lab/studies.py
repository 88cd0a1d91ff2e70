"""Studies: what each rule and number of the method is worth. One thing is changed at a time, the users stay
the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import msgspec
import numpy as np

from penchant.errors import InvalidQuery
from penchant.lab.cases import Trial
from penchant.lab.units_method import Variant
from penchant.rank.scorers import SCORERS
from penchant.settings import Settings
from penchant.text import contextual_text
from penchant.types import InterestUnit
from penchant.units.rules import Terms, Units, by_recency, prune

TOTAL = 20
"""Units that the pruning rules of Figure 3 keep: as many as the paper's 10 big and 10 small."""


@dataclass(frozen=True)
class Study:
    """A question, and the variants that answer it."""

    title: str
    paper: str
    """The paper's counterpart."""
    variants: Callable[[Settings, float], Mapping[str, Variant]]
    """(settings, threshold) -> label -> variant. The embedders of ``embedder`` are no variants: the run knows
    them."""


def most_recent(units: Sequence[InterestUnit], settings: Settings) -> tuple[Units, Units]:
    """Keep the 20 most recently updated, whatever their size."""
    return _keep(units, by_recency(units)[:TOTAL])


def largest(units: Sequence[InterestUnit], settings: Settings) -> tuple[Units, Units]:
    """Keep the 20 largest; of equals, the most recently updated."""
    return _keep(units, sorted(by_recency(units), key=lambda unit: -unit.size)[:TOTAL])


def title_only(title: str, terms: Terms) -> str:
    """The contextual text without key terms."""
    return title


def terms_only(title: str, terms: Terms) -> str:
    """The contextual text without the title; the title where there are no terms."""
    return " ".join(term for term, _ in terms) or title


def _keep(units: Sequence[InterestUnit], chosen: Sequence[InterestUnit]) -> tuple[Units, Units]:
    kept = {id(unit) for unit in chosen}
    return tuple(u for u in units if id(u) in kept), tuple(u for u in units if id(u) not in kept)


def _limits(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    limits = {"5": 5, "10": 10, "20": 20, "unlimited": None}
    changed = {
        label: msgspec.structs.replace(settings, keep_big=limit, keep_small=limit)
        for label, limit in limits.items()
    }
    return {f"{label} big, {label} small": Variant(now) for label, now in changed.items()}


def _prunings(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    rules = {"recency only": most_recent, "size only": largest, "both (10 big, 10 small)": prune}
    return {label: Variant(settings, prune_rule=rule) for label, rule in rules.items()}


def _texts(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    rules = {"key terms only": terms_only, "title only": title_only, "both": contextual_text}
    texts = _by_text(settings)
    return {label: Variant(texts, text_rule=rule) for label, rule in rules.items()}


def _by_text(settings: Settings) -> Settings:
    """Where units are means their text is nothing but words."""
    return msgspec.structs.replace(settings, unit_rule="text")


def _rules(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    return {"mean": Variant(settings), "text, the paper's": Variant(_by_text(settings))}


def _thresholds(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    values = [round(threshold + step, 3) for step in (-0.1, 0.0, 0.1, 0.2)]
    return {f"tau {value:g}": Variant(msgspec.structs.replace(settings, threshold=value)) for value in values}


def _candidates(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    return {
        "all": Variant(settings),
        **{f"N {limit}": Variant(settings, retrieved=limit) for limit in (10, 50, 100, 500)},
    }


def _terms(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    return {
        f"{count} terms": Variant(msgspec.structs.replace(_by_text(settings), terms_in_text=count))
        for count in (3, 5, 10, 20)
    }


def _scorers(settings: Settings, threshold: float) -> Mapping[str, Variant]:
    return {name: Variant(settings, scorer=name) for name in SCORERS}


STUDIES: Mapping[str, Study] = MappingProxyType(
    {
        "limits": Study("How many units a user needs", "Figure 2, right", _limits),
        "pruning": Study("Which units to keep", "Figure 3, left", _prunings),
        "text": Study("What a unit's text is made of", "Figure 3, right", _texts),
        "rule": Study("What a unit is", "Algorithm 1", _rules),
        "threshold": Study("The threshold tau", "not in the paper", _thresholds),
        "candidates": Study("Candidates a unit (N)", "not in the paper", _candidates),
        "terms": Study("Terms in the text", "not in the paper", _terms),
        "scorer": Study("The scorer", "not in the paper", _scorers),
        "embedder": Study("The embedder", "not in the paper", lambda settings, threshold: {}),
    }
)


def chosen_studies(names: Sequence[str]) -> list[str]:
    """Studies by name; ``all`` for all, ``none`` for none.

    Raises:
        InvalidQuery: there is no such study.
    """
    unknown = [name for name in names if name not in (*STUDIES, "all", "none")]
    if unknown:
        raise InvalidQuery(f"unknown study {unknown[0]!r}: use all, none, or some of {', '.join(STUDIES)}")
    return [name for name in STUDIES if name in names or "all" in names]


def for_study(trial: Trial, users: int, seed: int) -> Trial:
    """The trial with at most `users` of its users."""
    everyone = trial.users()
    if len(everyone) <= users:
        return replace(trial, segments={}, periods=())
    drawn = set(np.random.default_rng(seed).permutation(everyone)[:users].tolist())
    return replace(trial, cases=[case for case in trial.cases if case.user in drawn], segments={}, periods=())
