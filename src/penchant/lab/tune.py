"""The search of hyperparameters: the same seconds for every method, on validation users that no test ever
asks (optuna)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

import msgspec
import numpy as np

from penchant.embed.chance import threshold_of
from penchant.errors import InvalidQuery, MissingExtra
from penchant.lab import protocols, registry
from penchant.lab.cases import Trial
from penchant.lab.evaluation import by_user
from penchant.lab.peers import PEERS, Space
from penchant.lab.peers.environments import Say
from penchant.lab.run import Plan, Setting, outcome_of, prepare
from penchant.lab.statistics import mean
from penchant.lab.units_method import Variant
from penchant.lab.weights import validation
from penchant.settings import Settings
from penchant.types import StageProgress, quiet

MEASURE = "NDCG@20"
_DAY = 86_400.0
_UNITS: Space = MappingProxyType({"threshold": (-0.1, -0.05, 0.0, 0.05, 0.1, 0.2)})
"""In steps from the embedder's threshold; like all that follows, names of `penchant.Settings`."""
_SOFT: Space = MappingProxyType({"sharpness": (5.0, 10.0, 20.0), "decay": (0.8, 0.85, 0.9, 0.95)})
_BLEND: Space = MappingProxyType(
    {
        "reads_weighed": (15, 30, 50, 100),
        "decay_words": (0.9, 0.95, 0.97, 0.99),
        "decay_order": (0.4, 0.6, 0.8),
        "decay_beside": (0.4, 0.6, 0.8),
        "decay_before": (0.6, 0.8, 0.9),
        "trend_half_life": (7 * _DAY, 14 * _DAY, 28 * _DAY),
        "oldest_age": (30 * _DAY, 60 * _DAY, 120 * _DAY),
        "session_gap": (900.0, 1_800.0, 3_600.0),
        "blend_precision": (30.0, 100.0, 300.0),
        "blend_precision_open": (3.0, 10.0, 30.0),
        "blend_memory": (0.99, 0.999, 1.0),
    }
)
"""All that `penchant.rank.evidence` and `penchant.rank.blend` take from the settings. What else the blend
starts from, its weights, is fitted by `penchant lab weights` on the same users."""


@dataclass(frozen=True, eq=False)
class _Community:
    """Where a method is tried."""

    setting: Setting
    ours: Trial
    peers: Trial


def tune(
    plans: Sequence[Plan],
    cache: Path,
    *,
    seconds: float,
    trials: int,
    progress: StageProgress = quiet,
    say: Say = lambda text: None,
) -> dict[str, Any]:
    """Search each method's space, for a number of seconds and of trials.

    The default is tried first, then what differs from it by one step of one value, then what the optimiser
    makes of these.

    Args:
        plans: one a community; each counts the same: a choice is worth the geometric mean of its values
            there.

    Returns:
        method -> ``params`` (the best), ``value`` (its NDCG@20 on validation users) and ``trials``, all that
        was tried.
    """
    names = [name for name in registry.chosen(plans[0].methods) if name in PEERS or name in registry.OURS]
    if not names:
        raise InvalidQuery("none of these methods has hyperparameters")
    communities = [_community(replace(plan, tuned={}), cache, progress, say) for plan in plans]
    found = {}
    for name in names:
        say(f"tune: {name}")
        found[name] = _search(communities, name, seconds, trials)
        progress("tuned", 1, len(names))
    return {
        "data": ", ".join(community.setting.log.name for community in communities),
        "measure": MEASURE,
        "seconds": seconds,
        "most_trials": trials,
        "seed": plans[0].rules.seed,
        "methods": found,
    }


def read_tuned(path: Path) -> Mapping[str, Mapping[str, Any]]:
    """What a search chose for the trained peers: method -> hyperparameters.

    Raises:
        InvalidQuery: the file is not what `penchant lab tune` writes.
    """
    return {name: entry["params"] for name, entry in read_search(path)["methods"].items() if name in PEERS}


def read_search(path: Path) -> dict[str, Any]:
    """All that a search tried and chose.

    Raises:
        InvalidQuery: the file is not what `penchant lab tune` writes.
    """
    try:
        found: dict[str, Any] = msgspec.json.decode(path.read_bytes())
        for entry in found["methods"].values():
            _ = entry["params"], entry["trials"]
        return found
    except (OSError, KeyError, TypeError, msgspec.DecodeError) as error:
        raise InvalidQuery(f"{path} is not what `penchant lab tune --out {path}` writes: {error}") from error


def _community(plan: Plan, cache: Path, progress: StageProgress, say: Say) -> _Community:
    """Trained peers are searched under `full`, also where documents age: under `live` they would be trained
    for each week."""
    setting = prepare(plan, cache, progress, say)
    return _Community(setting, validation(setting), protocols.validation(setting.log, plan.rules))


def _search(communities: Sequence[_Community], name: str, seconds: float, trials: int) -> dict[str, Any]:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtra("the search needs optuna: pip install 'penchant[lab]'") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = _space_of(name)
    default = {
        key: PEERS[name].params.get(key, values[0]) if name in PEERS else _ours(key)
        for key, values in space.items()
    }
    seed = communities[0].setting.plan.rules.seed
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    for params in (default, *_one_step_from(default, space)):
        study.enqueue_trial({key: value for key, value in params.items() if value in space[key]})
    started, spent = perf_counter(), 0.0
    tried: list[dict[str, Any]] = []
    seen: set[str] = set()
    while len(tried) < trials and spent < seconds and len(seen) < _size(space):
        asked = study.ask(
            {key: optuna.distributions.CategoricalDistribution(list(values)) for key, values in space.items()}
        )
        params = dict(asked.params)
        again = repr(sorted(params.items())) in seen
        seen.add(repr(sorted(params.items())))
        values, cost = _values(communities, name, params)
        value = _together(list(values.values()))
        if value is None:
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(asked, value)
        # what was kept from before counts with the seconds that it took then, so that a resumed search stops
        # at the same place
        spent = max(spent + cost, 0.0) if not again else spent + 0.5
        if not again:
            tried.append({"params": params, MEASURE: value, "communities": values})
        if perf_counter() - started > 3 * seconds + 600:
            break
    good = [entry for entry in tried if entry[MEASURE] is not None]
    best = max(good, key=lambda entry: float(entry[MEASURE]), default=None)
    cases = sum(len((one.peers if name in PEERS else one.ours).cases) for one in communities)
    return {
        "params": best["params"] if best else default,
        "value": best[MEASURE] if best else None,
        "cases": cases,
        "trials": tried,
    }


def _one_step_from(default: Mapping[str, Any], space: Space) -> list[dict[str, Any]]:
    """The default with one value changed for the one before it, or after it."""
    found = []
    for key, values in space.items():
        place = values.index(default[key]) if default[key] in values else None
        for near in (place - 1, place + 1) if place is not None else ():
            if 0 <= near < len(values):
                found.append({**default, key: values[near]})
    return found


def _values(
    communities: Sequence[_Community], name: str, params: Mapping[str, Any]
) -> tuple[dict[str, float | None], float]:
    """(NDCG@20 by community, seconds that it all took when it was computed)."""
    found = {each.setting.log.name: _value(each, name, params) for each in communities}
    return {data: value for data, (value, _) in found.items()}, sum(cost for _, cost in found.values())


def _together(values: Sequence[float | None]) -> float | None:
    """The geometric mean; None where the method failed."""
    known = [value for value in values if value is not None]
    return round(float(np.prod(known) ** (1 / len(known))), 6) if len(known) == len(values) else None


def _value(community: _Community, name: str, params: Mapping[str, Any]) -> tuple[float | None, float]:
    """(NDCG@20 on the validation users, seconds that it took when it was computed)."""
    setting, trial = community.setting, community.peers if name in PEERS else community.ours
    if name in PEERS:
        outcome = outcome_of(setting, name, trial, params=params)
    else:
        usual = threshold_of(setting.plan.settings, setting.vectors, setting.texts.threshold)
        threshold = round(usual + params["threshold"], 3)
        settings = msgspec.structs.replace(setting.plan.settings, **{**params, "threshold": threshold})
        if name in registry.UNITS:
            outcome = outcome_of(setting, name, trial, variant=Variant(settings, scorer=registry.UNITS[name]))
        else:
            outcome = outcome_of(replace(setting, plan=replace(setting.plan, settings=settings)), name, trial)
    if outcome.failed is not None:
        return None, 1.0
    found = by_user(trial, {name: outcome})[name][MEASURE]
    cost = outcome.cost["training_seconds"] + outcome.cost["milliseconds_per_case"] * len(trial.cases) / 1_000
    return round(mean(found.sums, found.counts, by_case=trial.by_case), 6), max(cost, 0.1)


def _space_of(name: str) -> Space:
    if name in PEERS:
        return PEERS[name].space
    if name in registry.BLENDS:
        return {**_UNITS, **_SOFT, **_BLEND}
    return {**_UNITS, **_SOFT} if registry.UNITS[name] == "soft" else _UNITS


def _ours(key: str) -> Any:
    """The default of a setting of ours."""
    return 0.0 if key == "threshold" else getattr(Settings(), key)


def _size(space: Space) -> int:
    size = 1
    for values in space.values():
        size *= len(values)
    return size
