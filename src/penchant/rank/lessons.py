"""What clicks teach beside Interest Units: who read what, and the weights of the blend.

Both are learned click by click. Clicks are cut into parts, each of which begins with a click that is a lesson
for the blend, so that a lesson sees the community as it was just before its click, however clicks were cut
into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import Rows, distinct, is_among
from penchant.memory.trails import USER, GrowingTrail, Read, Trail, Trails
from penchant.rank import blend as blending
from penchant.rank import exposure
from penchant.rank.asked import OF_LATEST, UNITS_SEARCHED, Asked, Search, ask
from penchant.rank.blend import Blend, Matrix
from penchant.rank.candidates import looked_up
from penchant.rank.evidence import known_before_clicks, measure
from penchant.rank.known import Known
from penchant.rank.sources import proposed
from penchant.settings import Settings
from penchant.types import User
from penchant.units.rules import by_recency
from penchant.vectors import embeddings_of

_NEGATIVES = 32
_DRAWN = 16
"""Candidates, and documents of all others, that are drawn as negatives of one click."""
_EXISTED = 60.0
"""Seconds. A document that was published so shortly before its first click was published by it."""


class Lesson(NamedTuple):
    """What one click teaches: see `penchant.rank.blend.learned`."""

    names: list[str]
    evidence: Matrix
    log_q: Matrix
    clicked: int
    is_whole: bool
    """All evidence was looked at."""
    worth: float = 1.0
    """How much the click counts; see `penchant.rank.exposure`."""

    def taught(self, blend: Blend, settings: Settings) -> Blend:
        """The blend after the lesson."""
        return blending.learned(
            blend,
            self.names,
            self.evidence,
            self.log_q,
            self.clicked,
            settings,
            compares=self.is_whole,
            worth=self.worth,
        )


class Part(NamedTuple):
    """Clicks in a row, with what they change of who read what."""

    start: int
    end: int
    """Positions of the first click and after the last one."""
    seed: int | None
    """The first click is a lesson, and this draws its rivals. None: it is no lesson."""
    trails: dict[str, Trail]
    """The trails that the part changed, as they are after it."""
    reads: list[Read]
    """Those of its clicks that were new on their reader's trail."""


def parts_of(
    clicks: Sequence[Read],
    trails: Trails,
    kept: int,
    *,
    offered: int,
    is_lesson: Callable[[int], bool],
    can_choose: Callable[[str, bool], bool] | None,
) -> tuple[list[Part], int]:
    """(clicks, in the order of their times, in parts; how many lessons were offered by then).

    A click on a document that is not on its reader's trail was a choice, and is offered as a lesson.

    Args:
        kept: `Settings.reads_kept`.
        offered: how many were offered before.
        is_lesson: offered clicks so far -> whether the next one is a lesson.
        can_choose: (user id, whether `clicks` hold an earlier one) -> whether a click is a choice. None: none
            is.
    """
    growing: dict[str, GrowingTrail] = {}
    parts: list[Part] = []
    start, seed = 0, None
    reads: list[Read] = []

    def end_part(end: int) -> None:
        changed = dict.fromkeys(map(USER, reads))
        parts.append(
            Part(start, end, seed, {user_id: growing[user_id].trail() for user_id in changed}, reads)
        )

    for position, read in enumerate(clicks):
        own = growing.get(read.user_id)
        clicked_before = own is not None
        if own is None:
            own = growing[read.user_id] = GrowingTrail(trails.trail(read.user_id), kept)
        if can_choose is not None and read.row not in own and can_choose(read.user_id, clicked_before):
            if is_lesson(offered):
                if position:
                    end_part(position)
                start, seed, reads = position, offered, []
            offered += 1
        if own.add(read.row, read.at):
            reads.append(read)
    end_part(len(clicks))
    return parts, offered


def lesson(known: Known, read: Read, user: User, seed: int, search: Search | None = None) -> Lesson | None:
    """What a click teaches; nothing where there was no choice.

    The negatives are drawn from the candidates that could have been shown then, and a few from all other
    documents. Each stands for as many as it was one of: so the sum over all documents is estimated without
    looking at all.

    A document that nobody had clicked, and that is as old as its first click, was perhaps published by it.
    Its time and its readers then tell the answer, and only evidence that is `known_before_clicks` is learned
    from. From the other clicks all is learned, and documents that nobody had clicked by then are no
    negatives: otherwise the blend would only learn that what is chosen has readers.

    Args:
        read: the click.
        user: as before the click.
        seed: draws the same negatives again.
        search: in place of the index.
    """
    asked = ask(known, read.user_id, user, known.trails.trail(read.user_id), read.at, search=search)
    random = np.random.default_rng([seed, read.row])
    likely = proposed(asked)
    shown = likely[_could_be_shown(likely, asked)]
    negatives = random.choice(shown, _NEGATIVES, replace=False) if len(shown) > _NEGATIVES else shown
    drawn = distinct(random.integers(0, max(known.documents.next_row, 1), _DRAWN))
    drawn = drawn[~is_among(drawn, likely) & _could_be_shown(drawn, asked)]
    published_by_click = bool(_may_be_published_by_click(np.array([read.row]), known, read.at)[0])
    rows = np.concatenate([negatives, drawn])
    if not published_by_click:
        rows = rows[~_may_be_published_by_click(rows, known, read.at)]
    rows = distinct(np.append(rows, read.row))
    if len(rows) < 2:
        return None
    names, evidence = measure(asked, looked_up(asked, rows))
    if published_by_click:
        evidence = np.where(known_before_clicks(names), evidence, 0.0)
    chances = np.full(len(rows), len(negatives) / max(len(shown), 1))
    chances[is_among(rows, drawn)] = min(1.0, _DRAWN / max(len(known.documents) - len(likely), 1))
    chances[rows == read.row] = 1.0
    clicked = int(np.searchsorted(rows, read.row))
    worth = _worth(user, known.documents.at_row(read.row).id, known.settings.position_bias)
    return Lesson(names, evidence, np.log(chances), clicked, not published_by_click, worth)


def _worth(user: User, document_id: str, bias: float) -> float:
    """How much a click counts: more where it was not likely to be shown, or stood further down in what
    was."""
    found = exposure.when_shown(user.shown, document_id)
    if found is None:
        return 1.0
    place, chance = found
    return float(exposure.inverse(chance * exposure.propensities(np.array([place]), bias))[0])


def _could_be_shown(rows: Rows, asked: Asked) -> NDArray[np.bool_]:
    return asked.known.documents.open_to_all(rows, asked.at) & ~is_among(
        rows, np.sort(asked.reader.reads.rows)
    )


def _may_be_published_by_click(rows: Rows, known: Known, at: float) -> NDArray[np.bool_]:
    existed = at - known.documents.published_at(rows) >= _EXISTED  # not where it is not known
    return np.asarray(~existed & (known.trails.counts(rows) == 0))


def searched_together(known: Known, users: Sequence[User]) -> Search:
    """A search that knows what is near the latest units of users: an index that compares all reads its
    vectors once for many."""
    units = [unit for user in users for unit in by_recency(user.units)[:UNITS_SEARCHED]]
    found: dict[bytes, Rows] = {}
    if units:
        vectors = embeddings_of(units)
        near = known.near(vectors, OF_LATEST)
        found = {vector.tobytes(): rows for vector, rows in zip(vectors, near, strict=True)}
    return lambda vectors, count: [found[vector.tobytes()][:count] for vector in vectors]
