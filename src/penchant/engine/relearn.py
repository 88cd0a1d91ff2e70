"""The blend of a state learned anew, from what its readers read last: for a community that changed, or whose
log was learned before evidence was added.

The clicks are replayed from nothing, in memory. The later part of them teaches. What comes out is kept only
if it would have told the last of them better than the blend that the state has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from penchant.engine.about import ABOUT, COUNTERS, Counters
from penchant.engine.learner import Learner
from penchant.engine.state import State
from penchant.errors import InvalidQuery
from penchant.rank.blend import Blend, loss, with_weights
from penchant.rank.evidence import kind_of
from penchant.rank.lessons import Lesson
from penchant.settings import Settings
from penchant.store import Changes
from penchant.store.memory import MemoryStore
from penchant.types import Click, StageProgress, quiet

TAUGHT = 3_000
"""Latest clicks that teach, at most; a third of all."""
_JUDGED = 3
"""One lesson in so many, the last ones, judges."""
_FEWEST = 100
"""Clicks without which there is nothing to learn from."""
_AT_ONCE = 250
_DOCUMENTS = 4_096
_FEW = 20_000
"""Documents that are compared one by one; an index of more is worth its building."""


class Relearned(NamedTuple):
    """What came of it. Losses are nats a lesson; lower is better."""

    lessons: int
    judged: int
    before: float
    """Mean loss of the blend that the state had."""
    after: float
    """Mean loss of the blend that was learned, on each click before it was learned."""
    kept: bool


def relearned(state: State, report: StageProgress) -> Relearned:
    """Learn the blend of a state anew, and keep it there if it is better. See `relearn`."""
    with state.writing():
        told, found = relearn(state, report)
        if told.kept:
            state.keep_blend(_with_taste_of(state.blend, found, state.settings))
    return told


def _with_taste_of(before: Blend, found: Blend, settings: Settings) -> Blend:
    """A blend with what the one before had learned of a tower: the replay had none, for it would know what
    comes."""
    known = dict(zip(before.names, before.weights, strict=True))
    taste = {name: weight for name, weight in known.items() if kind_of(name) == "taste"}
    return with_weights(found, taste, settings) if taste else found


def relearn(state: State, report: StageProgress = quiet) -> tuple[Relearned, Blend]:
    """(what came of it, the blend that was learned); nothing is kept here.

    Raises:
        InvalidQuery: too few clicks are known.
    """
    clicks = sorted(_clicks(state), key=lambda click: (click.at, click.user_id, click.document_id))
    if len(clicks) < _FEWEST:
        raise InvalidQuery(
            f"{len(clicks)} clicks are too few to learn a blend from: {_FEWEST} are the least; go on with "
            "`penchant observe`"
        )
    start = len(clicks) - min(TAUGHT, len(clicks) // 3)
    losses: list[tuple[float, float]] = []
    old = state.blend

    def listen(lesson: Lesson, blend: Blend) -> None:
        asked = (lesson.names, lesson.evidence, lesson.log_q, lesson.clicked)
        losses.append((loss(old, *asked), loss(blend, *asked)))

    copy = _copy(state)
    replay = Learner(copy, listen)
    replay.learn(clicks[:start], lambda done: report("replay", done, start), None, tell=False, teach=False)
    for at in range(start, len(clicks), _AT_ONCE):
        part = clicks[at : at + _AT_ONCE]
        replay.learn(part, None, None, tell=False, teach=True)
        report("lessons", len(part), len(clicks) - start)
    judged = losses[-(len(losses) // _JUDGED) :] if len(losses) >= _JUDGED else []
    if not judged:
        raise InvalidQuery(
            "no click was a choice that a blend could learn from: readers clicked one document each"
        )
    before, after = (math.fsum(values) / len(judged) for values in zip(*judged, strict=True))
    return Relearned(len(losses), len(judged), before, after, kept=after < before), copy.blend


def _clicks(state: State) -> Iterator[Click]:
    for user_id in state.store.user_ids():
        trail = state.trails.trail(user_id)
        for document, at in zip(state.documents.ids(trail.rows), trail.at.tolist(), strict=True):
            yield Click(user_id, document, at)


def _copy(state: State) -> State:
    """A state in memory with the same documents and vectors, and no readers."""
    store, about = MemoryStore(), state.store.fact(ABOUT)
    if about is None:
        raise InvalidQuery("the state holds no documents: build it first")
    documents = list(state.store.documents())
    counters = Counters(next_row=max((each.key for each in documents), default=-1) + 1, revision=1)
    store.commit([Changes(facts={ABOUT: about, COUNTERS: msgspec.json.encode(counters)})])
    for start in range(0, len(documents), _DOCUMENTS):
        part = documents[start : start + _DOCUMENTS]
        vectors = state.store.vectors([each.key for each in part])
        fresh = [msgspec.structs.replace(each, popularity=-math.inf) for each in part]
        rows = {each.key: vector.tobytes() for each, vector in zip(part, vectors, strict=True)}
        store.commit([Changes(documents=fresh, vectors=rows)])
    settings = msgspec.structs.replace(state.settings, blend_learns=True, scorer="blend")
    kind = "exact" if len(documents) < _FEW else "usearch"
    return State(store, state.texts.embedder, kind, settings, directory=None, read_only=False, api_key=None)
