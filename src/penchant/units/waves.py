"""Interest Units of many users at once: Algorithm 1 in waves, so that the embedder always sees full batches.

A user's clicks depend on each other, users do not. The first wave learns the first click of every user,
embeds all texts that changed, the second wave learns the second, and so on. Each user ends up as click by
click.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from penchant.settings import Settings, UnitPrecision
from penchant.text import contextual_text
from penchant.types import Action, Change, InterestUnit, T, User, Vector, Vectors
from penchant.units.rules import Clicked, PruneRule, Step, TextRule, absorb, prune
from penchant.vectors import embeddings_of, rounded

Encode = Callable[[Sequence[str]], Vectors]


def learn(
    users: Mapping[str, User],
    clicks: Sequence[tuple[str, Clicked]],
    encode: Encode,
    threshold: float,
    settings: Settings,
    progress: Callable[[int], None] | None = None,
    *,
    text_rule: TextRule = contextual_text,
    prune_rule: PruneRule = prune,
) -> tuple[dict[str, User], list[Change]]:
    """Learn clicks, given as (user id, clicked document), each user's in the order of their times (ties: as
    given).

    Args:
        users: those of the clicks' users who are known already.
        encode: contextual texts -> vectors of unit length; where the rule of units is ``text``.
        text_rule, prune_rule: how a contextual text is made, and which units are let go; others than the
            usual ones serve the ablations of the paper.

    Returns:
        The users of the clicks as they are now, and one change for each click, in the order given.
    """
    before = {user_id: kept_as(users.get(user_id, User()), settings.unit_precision) for user_id, _ in clicks}
    now = dict(before)
    logs: dict[str, list[tuple[str, float]]] = {user_id: [] for user_id in before}
    changes: dict[int, Change] = {}

    def embed(changed: Sequence[InterestUnit]) -> Vectors:
        by_mean = settings.unit_rule == "mean"
        made = embeddings_of(changed) if by_mean else encode([unit.text for unit in changed])
        return rounded(made, settings.unit_precision)

    for wave in _waves(clicks):
        steps = {
            position: absorb(
                now[clicks[position][0]], clicks[position][1], threshold, settings, text_rule, prune_rule
            )
            for position in wave
        }
        for (position, step), units in zip(
            steps.items(), _embedded(list(steps.values()), embed), strict=True
        ):
            user_id, clicked = clicks[position]
            now[user_id] = msgspec.structs.replace(now[user_id], units=units, steps=now[user_id].steps + 1)
            logs[user_id].append((clicked.document_id, clicked.at))
            changes[position] = _change(user_id, clicked, step)
        if progress is not None:
            progress(len(wave))
    done = {
        user_id: after_clicks(user, now[user_id].units, logs[user_id], settings)
        for user_id, user in before.items()
    }
    return done, [changes[position] for position in range(len(clicks))]


def after_clicks(
    user: User, units: tuple[InterestUnit, ...], log: Sequence[tuple[str, float]], settings: Settings
) -> User:
    """What is kept of a user after clicks, given as (document id, time) in the order of learning, with the
    units after them."""
    seen = dict.fromkeys(user.seen)
    for document_id, _ in log:
        seen.pop(document_id, None)
        seen[document_id] = None
    return msgspec.structs.replace(
        user,
        units=units,
        steps=user.steps + len(log),
        seen=_latest(tuple(seen), settings.seen_kept),
        history=_latest((*user.history, *log), settings.history_kept),
    )


def kept_as(user: User, precision: UnitPrecision) -> User:
    """The user with embeddings of that precision; the same where it has it already."""
    if user.precision == precision:
        return user
    embeddings = rounded(embeddings_of(user.units), precision) if user.units else ()
    units = tuple(
        msgspec.structs.replace(unit, embedding=embedding)
        for unit, embedding in zip(user.units, embeddings, strict=True)
    )
    return msgspec.structs.replace(user, units=units, precision=precision)


def _waves(clicks: Sequence[tuple[str, Clicked]]) -> list[list[int]]:
    """Positions of clicks: in wave n, the n-th click of every user who has as many."""
    waves: list[list[int]] = []
    count: dict[str, int] = {}
    for position in sorted(range(len(clicks)), key=lambda position: clicks[position][1].at):
        user_id = clicks[position][0]
        wave = count[user_id] = count.get(user_id, -1) + 1
        if wave == len(waves):
            waves.append([])
        waves[wave].append(position)
    return waves


def _embedded(
    steps: Sequence[Step], embed: Callable[[Sequence[InterestUnit]], Vectors]
) -> list[tuple[InterestUnit, ...]]:
    """The units after each step, all with embeddings. A text that did not change keeps the one it has."""
    vectors = [_unchanged(step) for step in steps]
    needed = [
        n
        for n, (step, vector) in enumerate(zip(steps, vectors, strict=True))
        if vector is None and _is_kept(step)
    ]
    if needed:
        for n, vector in zip(needed, embed([steps[n].changed for n in needed]), strict=True):
            vectors[n] = vector
    return [
        step.units
        if vector is None
        else (*step.units[:-1], msgspec.structs.replace(step.changed, embedding=vector))
        for step, vector in zip(steps, vectors, strict=True)
    ]


def _is_kept(step: Step) -> bool:
    """Whether the changed unit survived the pruning."""
    return bool(step.units) and step.units[-1] is step.changed


def _unchanged(step: Step) -> Vector | None:
    """The embedding of the contextual text, where the click did not change it."""
    if len(step.changed.embedding) or not _is_kept(step):
        return None
    return next((unit.embedding for unit in step.before if unit.text == step.changed.text), None)


def _latest(items: tuple[T, ...], limit: int | None) -> tuple[T, ...]:
    """The last of the items, as many as the limit says."""
    return items if limit is None else items[max(0, len(items) - limit) :]


def _change(user_id: str, clicked: Clicked, step: Step) -> Change:
    action: Action = "created" if not step.before else "reinforced" if len(step.before) == 1 else "merged"
    return Change(
        user_id=user_id,
        document_id=clicked.document_id,
        at=clicked.at,
        action=action,
        unit=step.changed.text,
        merged=tuple(unit.text for unit in step.before),
        pruned=tuple(unit.text for unit in step.pruned),
    )
