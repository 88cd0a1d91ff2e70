"""The blend's weights before any click: those by which validation users of several communities would have
chosen.

No test asks these users (see `penchant.lab.protocols.validation`). Each community counts the same, however
many users it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp

from penchant.lab import protocols
from penchant.lab.blend_method import BlendedUnits
from penchant.lab.cases import Trial
from penchant.lab.evaluation import main_measure
from penchant.lab.metrics import measure, ranks
from penchant.lab.peers.environments import Say
from penchant.lab.run import Plan, Setting, prepare
from penchant.lab.start import FAMILIES, NAMES
from penchant.lab.tower_method import How, Trainings
from penchant.rank.evidence import kind_of, known_before_clicks, of_column
from penchant.types import StageProgress, quiet

Matrix = NDArray[np.float32]
_RIDGE = 3e-3
_EARLY = (0.03, 0.2)
"""`live` cases between these shares of the clicks: before any that a test asks."""
_LEFT_TO_EACH = ("read after the like",)
"""Where documents have one reader each it misleads, where they have many it is among the best: it starts at
0."""
_IN_COMMON = ("interest", "words", "attributes", "readers")
_TASTE = "gone on to"
_WORTH = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Weights of `_TASTE` that are tried."""


def _bounds(name: str) -> tuple[float | None, float | None]:
    if kind_of(name) == "taste":  # chosen after all others, which have to do without a tower
        return 0.0, 0.0
    return (0.0 if name in FAMILIES.values() or kind_of(name) in _IN_COMMON else None), None


_BOUNDS = [_bounds(name) for name in NAMES]


@dataclass(frozen=True, eq=False)
class Choices:
    """The evidence for the candidates of some validation cases of one community."""

    name: str
    trial: Trial
    evidence: Sequence[Matrix]
    """One a case, shape (candidates, NAMES)."""
    relevant: Sequence[NDArray[np.int64]]


def choices(
    plan: Plan,
    cache: Path,
    most: int,
    progress: StageProgress = quiet,
    say: Say = lambda text: None,
    tower: str | None = None,
) -> Choices:
    """The evidence for at most `most` validation cases, drawn at random.

    Args:
        tower: a method of `penchant.lab.tower_method.TOWERS`, trained on what the validation may know.
    """
    setting = prepare(plan, cache, progress, say)
    trial = validation(setting)
    drawn = np.random.default_rng(plan.rules.seed).permutation(len(trial.cases))[:most]
    wanted = set(drawn.tolist())
    how = How(cache, plan.threads, plan.rules.seed, say)
    trainings = None
    if tower is not None:
        trainings = Trainings(tower, setting.log, trial, setting.vectors, setting.texts, how)
    method = BlendedUnits(
        setting.log,
        setting.vectors,
        setting.texts,
        trial.users(),
        setting.documents,
        learns=False,
        trainings=trainings,
    )
    method.prepare(trial)
    evidence, kept, learned = [], [], 0
    for number, case in enumerate(trial.cases):
        if case.learned > learned:
            method.learn(trial.training[learned : case.learned])
            learned = case.learned
        if number in wanted:
            kept.append(case)
            evidence.append(
                _by_name(
                    *method.evidence(case.user, case.candidates, case.at), setting.log.publication_is_click
                )
            )
            progress(f"{setting.log.name}: evidence", 1, len(wanted))
    relevant = [np.searchsorted(case.candidates, case.relevant) for case in kept]
    return Choices(setting.log.name, replace(trial, cases=kept, segments={}, periods=[]), evidence, relevant)


def fit(communities: Sequence[Choices]) -> dict[str, float]:
    """The weights under which the clicks of all communities are likeliest (L-BFGS, with a small ridge).

    What a reader and a document have in common never speaks against it: those weights are not negative.
    """

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, slope = _RIDGE * float(weights @ weights), 2 * _RIDGE * weights
        for community in communities:
            for evidence, relevant in zip(community.evidence, community.relevant, strict=True):
                utility = evidence @ weights
                chance = np.exp(utility - logsumexp(utility))
                share = 1 / len(community.evidence)
                value -= share * float(np.log(np.maximum(chance[relevant], 1e-300)).mean())
                slope = slope + share * (chance @ evidence - evidence[relevant].mean(axis=0))
        return value, slope

    found = minimize(
        loss, np.zeros(len(NAMES)), jac=True, method="L-BFGS-B", bounds=_BOUNDS, options={"maxiter": 80}
    )
    return dict(zip(NAMES, found.x.round(3).tolist(), strict=True))


def worth_of_tower(communities: Sequence[Choices], weights: Mapping[str, float]) -> dict[float, float]:
    """Weight of `gone on to` -> what the main measure is with it, of what it is without a tower: the mean
    over communities, with the other weights as they are.

    Not fitted as the others are: a tower knows much of what other evidence says too. The likeliest weight
    beside theirs is a quarter of the one that ranks best.
    """
    found: dict[float, list[float]] = {worth: [] for worth in _WORTH}
    for community in communities:
        kind = main_measure(community.trial)
        for worth, ratios in found.items():
            ratios.append(value(community, {**weights, _TASTE: worth})[kind])
    none = found[0.0]
    return {
        worth: float(np.mean([after / before for after, before in zip(values, none, strict=True)]))
        for worth, values in found.items()
    }


def without_each(communities: Sequence[Choices]) -> dict[str, dict[str, float]]:
    """Community -> the weights fitted without it: what a community that was never seen begins with."""
    return {
        left.name: fit([community for community in communities if community is not left])
        for left in communities
    }


def value(community: Choices, weights: Mapping[str, float]) -> dict[str, float]:
    """The measures of the community's validation trial under weights."""
    by_name = np.array([weights[name] for name in NAMES])
    found = [
        ranks(case, evidence @ by_name, alone=False)
        for case, evidence in zip(community.trial.cases, community.evidence, strict=True)
    ]
    return {
        name: round(float(values.mean()), 4)
        for name, values in measure(community.trial, np.concatenate(found)).items()
    }


def validation(setting: Setting) -> Trial:
    """`full` on validation users; where documents age, the early clicks of `live`."""
    log, rules = setting.log, setting.plan.rules
    if not (log.clock and log.tells_publication) or log.publication_is_click:
        return protocols.validation(log, rules)
    start, end = _EARLY
    trial = protocols.live(log, replace(rules, warm_up=start))
    return replace(
        trial,
        cases=[case for case in trial.cases if case.learned < end * len(log.clicks)],
        segments={},
        periods=[],
    )


def _by_name(names: Sequence[str], evidence: NDArray[np.float64], clicks_publish: bool) -> Matrix:
    """The columns in the order of NAMES, those of a family in one; centred, since only differences count.

    Where most documents are published
    by their only click, what others clicked and when is the answer: only what is known before clicks counts.
    """
    found = np.zeros((len(evidence), len(NAMES)), np.float32)
    told = known_before_clicks(names)
    for name, column, known in zip(names, evidence.T, told, strict=True):
        if name not in _LEFT_TO_EACH and (known or not clicks_publish):
            owner = of_column(name)
            found[:, NAMES.index(name if name in NAMES or owner is None else FAMILIES[owner.kind])] += column
    return np.asarray(found - found.mean(axis=0), np.float32)
