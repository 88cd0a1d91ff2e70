"""What clicks teach beside Interest Units: who read what, and the weights of the blend.

Both are learned click by click. Clicks are cut into parts, each of which begins with a click that is a lesson
for the blend, so that a lesson sees the community as it was just before its click, however clicks were cut
into calls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from penchant.memory.readers import Rows
from penchant.memory.trails import GrowingTrail, Read, Trail, Trails
from penchant.rank import blend as blending
from penchant.rank import community
from penchant.rank.blend import Blend
from penchant.rank.community import Lesson, Search
from penchant.rank.recommender import Known, ask
from penchant.types import User
from penchant.units.rules import by_recency
from penchant.vectors import embeddings_of


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
        is_lesson: whether the click after so many offered ones is a lesson.
        can_choose: (user id, whether `clicks` hold an earlier one) -> whether a click is a choice. None: none
            is.
    """
    growing: dict[str, GrowingTrail] = {}
    parts: list[Part] = []
    start, seed = 0, None
    reads: list[Read] = []

    def end_part(end: int) -> None:
        changed = dict.fromkeys(read.user_id for read in reads)
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


def after_lesson(blend: Blend, known: Known, read: Read, user: User, seed: int, search: Search) -> Blend:
    """The blend after a click of a reader, with the reader and the community as they were before it."""
    taught = lesson(known, read, user, seed, search)
    return blend if taught is None else blending.learned(blend, *taught, known.settings)


def lesson(known: Known, read: Read, user: User, seed: int, search: Search | None = None) -> Lesson | None:
    """What a click teaches; see `penchant.rank.community.lesson`.

    Args:
        search: in place of the index.
    """
    asked = ask(known, read.user_id, user, known.trails.trail(read.user_id), read.at, search=search)
    return community.lesson(
        asked, read.row, known.trails, known.documents, known.index.vectors, known.smoothed, seed
    )


def searched_together(known: Known, users: Sequence[User]) -> Search:
    """A search that knows what is near the latest units of users: an index that compares all reads its
    vectors once for many."""
    units = [unit for user in users for unit in by_recency(user.units)[: community.UNITS_SEARCHED]]
    found: dict[bytes, Rows] = {}
    if units:
        vectors = embeddings_of(units)
        near = known.near(vectors, community.OF_LATEST)
        found = {vector.tobytes(): rows for vector, rows in zip(vectors, near, strict=True)}
    return lambda vectors, count: [found[vector.tobytes()][:count] for vector in vectors]
