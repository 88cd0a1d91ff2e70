"""The search of hyperparameters: the same seconds for every method, on validation users that no test ever asks (optuna)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from types import MappingProxyType
from typing import Any

import msgspec

from penchant.errors import InvalidQuery, MissingExtra
from penchant.jobs import Report as Progress
from penchant.jobs import quiet
from penchant.lab import protocols, registry
from penchant.lab.cases import Trial
from penchant.lab.evaluation import by_user
from penchant.lab.interests import Variant
from penchant.lab.peers import PEERS, Space
from penchant.lab.peers.environments import Say
from penchant.lab.run import Plan, Setting, outcome_of, prepare
from penchant.lab.statistics import mean
from penchant.types import Settings

MEASURE = "NDCG@20"
_THRESHOLDS = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.2)
"""In steps from the embedder's threshold."""
_UNITS_SPACE: Space = MappingProxyType({"threshold": _THRESHOLDS})
_BLEND_SPACE: Space = MappingProxyType(
    {
        "threshold": _THRESHOLDS,
        "reads_weighed": (15, 30, 50, 100),
        "fading": (0.8, 0.85, 0.9, 0.95),
        "fading_words": (0.9, 0.95, 0.97, 0.99),
        "fading_order": (0.4, 0.6, 0.8),
    }
)
"""Names of `penchant.Settings`. The weights of the blend are fitted by `penchant lab weights`, not searched for."""


def tune(
    plan: Plan, cache: Path, *, seconds: float, trials: int, progress: Progress = quiet, say: Say = lambda text: None
) -> dict[str, Any]:
    """Search each method's space for so many seconds, and at most so many trials; the first one is the default.

    Returns:
        method -> ``params`` (the best), ``value`` (its NDCG@20 on the validation users) and ``trials``, all that was tried.
    """
    names = [name for name in registry.chosen(plan.methods) if name in PEERS or name in registry.OURS]
    if not names:
        raise InvalidQuery("none of these methods has hyperparameters")
    setting = prepare(replace(plan, tuned={}), cache, progress, say)
    trial = protocols.validation(setting.log, plan.rules)
    found = {}
    for name in names:
        say(f"tune: {name}")
        found[name] = _search(setting, name, trial, seconds, trials)
        progress("tuned", 1, len(names))
    return {
        "data": setting.log.name, "validation_users": len(trial.cases), "measure": MEASURE, "seconds": seconds,
        "most_trials": trials, "seed": plan.rules.seed, "methods": found,
    }  # fmt: skip


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


def _search(setting: Setting, name: str, trial: Trial, seconds: float, trials: int) -> dict[str, Any]:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtra("the search needs optuna: pip install 'penchant[lab]'") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = _space_of(name)
    default = {key: PEERS[name].params.get(key, values[0]) if name in PEERS else _ours(key) for key, values in space.items()}
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=setting.plan.rules.seed))
    study.enqueue_trial({key: value for key, value in default.items() if value in space[key]})
    started, spent = perf_counter(), 0.0
    tried: list[dict[str, Any]] = []
    seen: set[str] = set()
    while len(tried) < trials and spent < seconds and len(seen) < _size(space):
        asked = study.ask({key: optuna.distributions.CategoricalDistribution(list(values)) for key, values in space.items()})
        params = dict(asked.params)
        again = repr(sorted(params.items())) in seen
        seen.add(repr(sorted(params.items())))
        value, cost = _value(setting, name, trial, params)
        if value is None:
            study.tell(asked, state=optuna.trial.TrialState.FAIL)
        else:
            study.tell(asked, value)
        # what was kept from before counts with the seconds that it took then, so that a resumed search stops at the same place
        spent = max(spent + cost, 0.0) if not again else spent + 0.5
        if not again:
            tried.append({"params": params, MEASURE: value})
        if perf_counter() - started > 3 * seconds + 600:
            break
    good = [entry for entry in tried if entry[MEASURE] is not None]
    best = max(good, key=lambda entry: float(entry[MEASURE]), default=None)
    return {"params": best["params"] if best else default, "value": best[MEASURE] if best else None, "trials": tried}


def _value(setting: Setting, name: str, trial: Trial, params: Mapping[str, Any]) -> tuple[float | None, float]:
    """(NDCG@20 on the validation users, seconds that it took when it was computed)."""
    if name in PEERS:
        outcome = outcome_of(setting, name, trial, params=params)
    else:
        threshold = round(setting.texts.threshold + params["threshold"], 3)
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
    return _UNITS_SPACE if name in registry.UNITS else _BLEND_SPACE


def _ours(key: str) -> Any:
    """The default of a setting of ours."""
    return 0.0 if key == "threshold" else getattr(Settings(), key)


def _size(space: Space) -> int:
    size = 1
    for values in space.values():
        size *= len(values)
    return size
