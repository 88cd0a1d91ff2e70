"""What clicks teach beside Interest Units: who read what, and the weights of the blend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from penchant import blend as blending
from penchant import community
from penchant.blend import Blend
from penchant.blended import Known, ask
from penchant.community import Lesson
from penchant.documents import Documents
from penchant.readings import Readings, Trail, extended
from penchant.types import T, User
from penchant.units import Clicked


def trails_after(readings: Readings, documents: Documents, clicks: Sequence[tuple[str, Clicked]], kept: int) -> dict[str, Trail]:
    """The trails that clicks change, given as (user id, click)."""
    rows: dict[str, list[int]] = {}
    times: dict[str, list[float]] = {}
    for user_id, click in sorted(clicks, key=lambda user_and_click: user_and_click[1].at):
        rows.setdefault(user_id, []).append(documents.row(click.document_id))
        times.setdefault(user_id, []).append(click.at)
    after = {user_id: extended(readings.trail(user_id), rows[user_id], times[user_id], kept) for user_id in rows}
    return {user_id: trail for user_id, trail in after.items() if trail is not readings.trail(user_id)}


def taught(known: Known, users: Mapping[str, User], clicks: Sequence[tuple[str, Clicked]]) -> Blend:
    """The blend after clicks, given as (user id, click) with the users as they were before them.

    Of each user the first of the clicks is learned from, since it was made in view of what was known before. A click on a
    document that the user had clicked before was no choice among new ones.
    """
    firsts: dict[str, Clicked] = {}
    for user_id, click in sorted(clicks, key=lambda user_and_click: user_and_click[1].at):
        if user_id in users and users[user_id].units:
            firsts.setdefault(user_id, click)
    rows = {user_id: known.documents.row(click.document_id) for user_id, click in firsts.items()}
    choices = [user_id for user_id in firsts if rows[user_id] not in known.readings.trail(user_id).rows]

    def lesson_of(user_id: str, seed: int) -> Lesson | None:
        asked = ask(known, user_id, users[user_id], known.readings.trail(user_id), firsts[user_id].at)
        return community.lesson(asked, rows[user_id], known.readings, known.documents, known.index.vectors, seed)

    return after_choices(known.blend, choices, lesson_of)


def after_choices(blend: Blend, choices: Iterable[T], lesson_of: Callable[[T, int], Lesson | None]) -> Blend:
    """The blend after choices, most of which are passed over once much is learned, see `penchant.blend.is_learned`.

    Args:
        lesson_of: what a choice teaches, with a seed for what is drawn at random.
    """
    for choice in choices:
        lesson = lesson_of(choice, blend.offered) if blending.is_learned(blend) else None
        if lesson is not None:
            blend = blending.learned(blend, *lesson)
        blend = msgspec.structs.replace(blend, offered=blend.offered + 1)
    return blend
