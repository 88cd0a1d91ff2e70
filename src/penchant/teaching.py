"""What clicks teach beside Interest Units: who read what, and the weights of the blend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from penchant import blend as blending
from penchant import community
from penchant.blend import Blend
from penchant.blended import Known, ask
from penchant.community import Lesson, Search
from penchant.documents import Documents
from penchant.readers import Rows
from penchant.readings import Readings, Trail, extended
from penchant.types import Settings, T, User
from penchant.units import Clicked, by_recency
from penchant.vectors import embeddings_of


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

    def lessons_of(choices: Sequence[tuple[str, int]]) -> Iterable[Lesson | None]:
        search = _searched_together(known, [users[user_id] for user_id, _ in choices])
        for user_id, seed in choices:
            asked = ask(known, user_id, users[user_id], known.readings.trail(user_id), firsts[user_id].at, search=search)
            yield community.lesson(
                asked, rows[user_id], known.readings, known.documents, known.index.vectors, known.smoothed, seed
            )

    return after_choices(known.blend, choices, len(known.documents), lessons_of, known.settings)


def after_choices(
    blend: Blend,
    choices: Sequence[T],
    documents: int,
    lessons_of: Callable[[Sequence[tuple[T, int]]], Iterable[Lesson | None]],
    settings: Settings,
) -> Blend:
    """The blend after choices, most of which are passed over once much is learned, see `penchant.blend.is_learned`.

    Args:
        documents: how many there are.
        lessons_of: what choices teach, each given with a seed for what is drawn at random.
    """
    learned_from = [
        (choice, offered) for offered, choice in enumerate(choices, blend.offered) if blending.is_learned(offered, documents)
    ]
    offered = blend.offered + len(choices)
    for lesson in lessons_of(learned_from):
        if lesson is not None:
            blend = blending.learned(blend, *lesson, settings)
    return msgspec.structs.replace(blend, offered=offered)


def _searched_together(known: Known, users: Sequence[User]) -> Search:
    """A search that knows what is near the latest units of users: an index that compares all reads its vectors once for many."""
    units = [unit for user in users for unit in by_recency(user.units)[: community.UNITS_SEARCHED]]
    found: dict[bytes, Rows] = {}
    if units:
        vectors = embeddings_of(units)
        near = known.near(vectors, community.OF_LATEST)
        found = {vector.tobytes(): rows for vector, rows in zip(vectors, near, strict=True)}
    return lambda vectors, count: [found[vector.tobytes()][:count] for vector in vectors]
