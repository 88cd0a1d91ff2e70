"""Two methods of the lab before a language model that has read the readers' profiles: the lists of the same
moments, asked about pairwise and pointwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from penchant.errors import InvalidQuery
from penchant.lab import registry
from penchant.lab.cases import Case, Trial
from penchant.lab.judging import (
    Judged,
    Profile,
    Verdict,
    better_in,
    pairwise_prompt,
    pointwise_prompt,
    score_in,
    turned,
    verdict,
)
from penchant.lab.outcomes import Outcome
from penchant.lab.run import Plan, Setting, make_trials, outcome_of, prepare
from penchant.lab.units_method import InterestUnits
from penchant.rank.naming import named
from penchant.train.chat import Chat
from penchant.types import StageProgress, quiet

_INTERESTS = 8
_LAST = 8
_ANSWER_TOKENS = 12
Prompts = tuple[str, str, str, str]
"""Pairwise as given, pairwise swapped, pointwise of the first, of the second."""


def judge(
    plan: Plan,
    cache: Path,
    chat: Chat,
    *,
    readers: int = 50,
    places: int = 10,
    agree: Callable[[str], bool] = lambda _: True,
    report: StageProgress = quiet,
    say: Callable[[str], None] = lambda _: None,
) -> Verdict:
    """Ask which of the plan's two methods suits readers better. What was answered is kept, and not asked
    again.

    Args:
        readers: who are asked about, drawn by chance; one question of each.
        places: of each list.
        agree: the estimate of what is not paid yet -> whether to go on.

    Raises:
        InvalidQuery: there are not two methods, or they show no lists, or the estimate was not agreed to.
        EndpointError: the language model does not answer; what was answered is kept.
    """
    if len(plan.methods) != 2:
        raise InvalidQuery(f"judge compares two methods, not {len(plan.methods)}: give two, with a comma")
    registry.chosen(plan.methods)
    setting = prepare(plan, cache, report, say)
    trials = make_trials(setting)
    trial = trials[next(reversed(trials))]
    if trial.alone:
        raise InvalidQuery(f"{plan.protocol!r} ranks each document alone: use a protocol with lists")
    outcomes = []
    for name in plan.methods:
        say(f"{plan.protocol}: {name}")
        outcomes.append(outcome_of(setting, name, trial))
        if outcomes[-1].failed is not None:
            raise InvalidQuery(f"{name} cannot be judged: {outcomes[-1].failed}")
    asked = [
        prompts(setting, trial, place, outcomes, places) for place in chosen(trial, outcomes, readers, plan)
    ]
    requests, tokens = chat.unpaid([prompt for each in asked for prompt in each], _ANSWER_TOKENS)
    if requests and not agree(f"{requests:,} requests to {chat.model}, some {tokens:,.0f} tokens."):
        raise InvalidQuery("nothing was asked: the estimate was not agreed to")
    judged = []
    for number, each in enumerate(asked):
        judged.append(answered(chat, each, f"reader {number}"))
        report("readers asked about", 1, len(asked))
    return verdict(judged, plan.rules.seed)


def chosen(trial: Trial, outcomes: Sequence[Outcome], readers: int, plan: Plan) -> list[int]:
    """Places of cases: one of each reader, who has read something and is shown something by both."""
    first: dict[int, int] = {}
    for place, case in enumerate(trial.cases):
        if case.learned and all((each.shown[place] >= 0).any() for each in outcomes):
            first.setdefault(case.user, place)
    places = sorted(first.values())
    random = np.random.default_rng(plan.rules.seed)
    return sorted(random.permutation(places)[:readers].tolist())


def prompts(setting: Setting, trial: Trial, place: int, outcomes: Sequence[Outcome], places: int) -> Prompts:
    """What is asked about a case."""
    profile = profile_of(setting, trial, trial.cases[place])
    titles = setting.log.titles
    first, second = (
        [titles[row] for row in each.shown[place][:places].tolist() if row >= 0] for each in outcomes
    )
    return (
        pairwise_prompt(profile, first, second),
        pairwise_prompt(profile, second, first),
        pointwise_prompt(profile, first),
        pointwise_prompt(profile, second),
    )


def profile_of(setting: Setting, trial: Trial, case: Case) -> Profile:
    """A reader at the moment of a case: their interests by name, and what they read last."""
    known = trial.training[: case.learned]
    own = known[known.users == case.user]
    method = InterestUnits(setting.log, setting.vectors, setting.texts, [case.user])
    method.learn(own)
    units = sorted(method.of(case.user).units, key=lambda unit: (-unit.size, -unit.changed_step))
    names = [
        (named(unit, setting.documents, lambda rows: setting.vectors[rows]).name, unit.size)
        for unit in units[:_INTERESTS]
    ]
    return Profile(names, [setting.log.titles[row] for row in own.documents[-_LAST:].tolist()])


def answered(chat: Chat, asked: Prompts, about: str) -> Judged:
    """The answers about one reader."""
    as_given, swapped, first, second = asked
    return Judged(
        chat.answer(as_given, about, better_in),
        turned(chat.answer(swapped, f"{about}, swapped", better_in)),
        chat.answer(first, f"{about}, first list", score_in),
        chat.answer(second, f"{about}, second list", score_in),
    )
