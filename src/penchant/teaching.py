"""What clicks teach beside Interest Units: who read what, and the weights of the blend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from penchant import blend as blending
from penchant import community
from penchant.blend import Blend
from penchant.blended import Known, ask
from penchant.documents import Documents
from penchant.readings import Readings, Trail, extended
from penchant.types import User
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
    document that the user had clicked before was no choice among new ones. Most clicks are passed over once much is
    learned, see `penchant.blend.is_learned`.
    """
    blend = known.blend
    met: set[str] = set()
    for user_id, click in sorted(clicks, key=lambda user_and_click: user_and_click[1].at):
        user = users.get(user_id)
        if user_id in met or user is None or not user.units:
            continue
        met.add(user_id)
        row = known.documents.row(click.document_id)
        trail = known.readings.trail(user_id)
        if row in trail.rows:
            continue
        if blending.is_learned(blend, click.at):
            asked = ask(known, user_id, user, trail, click.at)
            vectors_of, seed = known.index.vectors, blend.offered
            lesson = community.lesson(asked, row, known.readings, known.documents, vectors_of, seed)
            if lesson is not None:
                blend = blending.learned(blend, *lesson)
        blend = msgspec.structs.replace(blend, offered=blend.offered + 1)
    return blend
