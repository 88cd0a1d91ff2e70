"""The way of clicks through the engine.

clicks -> those that count -> documents' vectors -> Interest Units -> popularity -> stored -> who read what,
and lessons
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from penchant.checks import check_ids, check_user, checked_propensities
from penchant.engine.about import COUNTERS, blend_fact
from penchant.engine.clicks import check_clicks, clicked, fresh_clicks, learn_silently
from penchant.engine.state import State
from penchant.memory.popularity import popularity_after
from penchant.memory.readers import NO_ROWS
from penchant.memory.trails import Read, pack_trail
from penchant.rank import feedback
from penchant.rank.blend import Blend, is_learned
from penchant.rank.lessons import Lesson, Part, lesson, parts_of, searched_together
from penchant.rank.scorers import BLEND
from penchant.store import Changes, click_digest
from penchant.types import Change, Click, Progress, User
from penchant.units.rules import Clicked
from penchant.units.waves import learn

Named = tuple[str, Clicked]
"""A user id, and what the user clicked."""
NOBODY = User()
NONE_CHANGED: Mapping[int, float] = MappingProxyType({})


class Checkpoint(NamedTuple):
    """How far a log was read: a name and a number that are kept together with the clicks."""

    name: str
    number: int

    @property
    def fact(self) -> str:
        """The name under which the store keeps it."""
        return f"checkpoint {self.name}"


class Choice(NamedTuple):
    """A click that teaches the blend, and its reader as before it."""

    position: int
    read: Read
    user: User
    seed: int


class Learned(NamedTuple):
    """What clicks make of their users."""

    users: dict[str, User]
    """As they are now."""
    changes: list[Change]
    """One for each click, in the order of their times; empty where nobody wants to know."""
    lessons: list[Choice]
    """One for each part that begins with a lesson, in order."""


class Learner:
    """Learns clicks into a state, for one caller at a time.

    Args:
        listen: hears each lesson, with the blend before it.
    """

    def __init__(self, state: State, listen: Callable[[Lesson, Blend], None] | None = None) -> None:
        self._state = state
        self._listen = listen

    def learn(
        self,
        given: Sequence[Click],
        progress: Progress | None,
        checkpoint: Checkpoint | None,
        *,
        tell: bool,
        teach: bool,
    ) -> list[Change]:
        """Learn clicks and keep what they changed. See `penchant.Engine.observe`."""
        with self._state.writing():
            return self._learn(given, progress, checkpoint, tell=tell, teach=teach)

    def _learn(
        self,
        given: Sequence[Click],
        progress: Progress | None,
        checkpoint: Checkpoint | None,
        *,
        tell: bool,
        teach: bool,
    ) -> list[Change]:
        fresh, clicks = self._to_learn(given, progress)
        self._state.calibrate()
        users = self._state.users.load({user_id for user_id, _ in clicks})
        parts, blend = self._parts(clicks, users, teach)
        learned = self._learned(users, clicks, parts, tell, progress)
        popularity = self._popularity(users, clicks)
        early = [part for part in parts if learned.lessons and part.start < learned.lessons[-1].position]
        latest = self._state.trails.latest() if early else NO_ROWS
        try:
            blend = self._taught(early, learned.lessons, blend)
            self._keep(given, clicks, learned.users, parts, popularity, blend, checkpoint)
        except BaseException:
            if early:
                self._state.reload_trails(latest)
            raise
        self._state.users.learned(learned.users)
        self._take_over(parts[len(early) :], popularity)
        return told(given, fresh, learned.changes) if tell else []

    def forget(self, user_id: str) -> bool:
        """See `penchant.Engine.forget`."""
        state = self._state
        check_user(user_id)
        with state.writing():
            known = bool(state.users.load({user_id}))
            if known:
                trails = state.trails
                state.store.commit([Changes(forgotten_users=[user_id])])
                state.users.forgotten(user_id)
                with state.turns.writing():
                    trails.forget(user_id)
        return known

    def react(
        self, user_id: str, change: Callable[[User], User], shown: Callable[[], Sequence[int]] = list
    ) -> None:
        """Keep what a user did not want, or was shown; see `penchant.rank.feedback`.

        Args:
            shown: gives the rows of documents that were shown.
        """
        state = self._state
        check_user(user_id)
        with state.writing():
            now = {user_id: change(state.users.load({user_id}).get(user_id, NOBODY))}
            impressions = state.impressions.after(shown())
            state.store.commit([Changes(users=now, impressions=impressions)])
            state.users.learned(now)
            state.impressions.put(impressions)

    def shown(self, user_id: str, document_ids: Sequence[str], propensities: Sequence[float] | None) -> None:
        """See `penchant.Engine.shown`."""
        check_ids(document_ids)
        entries = list(zip(document_ids, checked_propensities(propensities, len(document_ids)), strict=True))
        known = self._state.documents
        self.react(
            user_id,
            lambda user: feedback.show(user, entries, known),
            lambda: [known.row(name) for name in document_ids if name in known],
        )

    def set_blend(self, change: Callable[[Blend], Blend]) -> None:
        """Keep another blend."""
        with self._state.writing():
            self._state.keep_blend(change(self._state.blend))

    def imagine(
        self, given: Sequence[Click], progress: Progress | None = None
    ) -> tuple[dict[str, User], list[Change]]:
        """(the users of clicks as they would be after them, what each would do); nothing is kept."""
        fresh, clicks = self._to_learn(given, progress)
        users = self._state.users.load({user_id for user_id, _ in clicks})
        learned = self._learned(users, clicks, [Part(0, len(clicks), None, {}, [])], True, progress)
        return learned.users, told(given, fresh, learned.changes)

    def _to_learn(self, given: Sequence[Click], progress: Progress | None) -> tuple[list[int], list[Named]]:
        """(positions of the clicks that count, those clicks), both in the order of their times."""
        check_clicks(given, self._state.documents)
        fresh = fresh_clicks(given, self._state.store, self._state.settings)
        if progress is not None and len(fresh) < len(given):
            progress(len(given) - len(fresh))
        fresh.sort(key=lambda position: given[position].at)
        return fresh, self.clicked([given[position] for position in fresh])

    def clicked(self, clicks: Sequence[Click]) -> list[Named]:
        """Each click's user, and the document with what is known of it."""
        with self._state.turns.reading():  # no document goes between its row and its vector
            return clicked(clicks, self._state.documents, self._state.store)

    def _parts(
        self, clicks: Sequence[Named], users: Mapping[str, User], teach: bool
    ) -> tuple[list[Part], Blend]:
        """(the clicks in parts, the blend that knows how many lessons were offered)."""
        state, settings = self._state, self._state.settings
        documents = state.documents
        teaches = teach and settings.scorer == BLEND and settings.blend_learns
        parts, offered = parts_of(
            [Read(user_id, documents.row(click.document_id), click.at) for user_id, click in clicks],
            state.trails,
            settings.reads_kept,
            offered=state.blend.offered,
            is_lesson=is_learned,
            can_choose=(lambda user_id, before: before or users.get(user_id, NOBODY).steps > 0)
            if teaches
            else None,
        )
        blend = state.blend
        return parts, blend if offered == blend.offered else msgspec.structs.replace(blend, offered=offered)

    def _popularity(self, users: Mapping[str, User], clicks: Sequence[Named]) -> dict[int, float]:
        documents, settings = self._state.documents, self._state.settings
        half_life, seen_kept = settings.popularity_half_life, settings.seen_kept
        return popularity_after(documents.row, documents.popularity, users, clicks, half_life, seen_kept)

    def _learned(
        self,
        users: Mapping[str, User],
        clicks: Sequence[Named],
        parts: Sequence[Part],
        tell: bool,
        progress: Progress | None,
    ) -> Learned:
        state, settings = self._state, self._state.settings
        now, changes, lessons = dict(users), list[Change](), list[Choice]()
        for part in parts:
            own = clicks[part.start : part.end]
            if not own:
                continue
            if part.seed is not None:
                user_id, first = own[0]
                read = Read(user_id, state.documents.row(first.document_id), first.at)
                lessons.append(Choice(part.start, read, now.get(user_id, NOBODY), part.seed))
            if tell:
                after, done = learn(now, own, state.encode, state.threshold, settings, progress)
                changes += done
            else:
                after = learn_silently(now, own, state.encode, state.threshold, settings, progress)
            now.update(after)
        return Learned({user_id: now[user_id] for user_id, _ in clicks}, changes, lessons)

    def _keep(
        self,
        given: Sequence[Click],
        clicks: Sequence[Named],
        users: Mapping[str, User],
        parts: Sequence[Part],
        popularity: Mapping[int, float],
        blend: Blend,
        checkpoint: Checkpoint | None,
    ) -> None:
        """Store what clicks changed, all of it or nothing."""
        state = self._state
        latest = max([state.counters.latest_at, *(click.at for _, click in clicks)])
        counters = msgspec.structs.replace(state.counters, latest_at=latest)
        facts = {
            COUNTERS: msgspec.json.encode(counters),
            **(blend_fact(blend, state.blend) if blend is not state.blend else {}),
        }
        if checkpoint is not None:
            facts[checkpoint.fact] = str(checkpoint.number).encode()
        trails = {user_id: trail for part in parts for user_id, trail in part.trails.items()}
        changes = Changes(
            users=users,
            trails={user_id: pack_trail(trail) for user_id, trail in trails.items()},
            popularity=popularity,
            click_digests=[click_digest(click.id) for click in given if click.id is not None],
            click_ids_kept=state.settings.click_ids_kept,
            facts=facts,
        )
        state.store.commit([changes])
        state.counters = counters
        state.blend = blend

    def _taught(self, early: Sequence[Part], lessons: Sequence[Choice], blend: Blend) -> Blend:
        """The blend after lessons. Each looks at the community as it was before its click.

        Args:
            early: the parts before the last lesson. They are taken over although they are not stored yet.
        """
        if not lessons:
            return blend
        state, known = self._state, self._state.known()
        with state.turns.reading():
            search = searched_together(known, [choice.user for choice in lessons])
        taken = 0
        for choice in lessons:
            before = sum(part.start < choice.position for part in early)
            self._take_over(early[taken:before])
            taken = before
            with state.turns.reading():
                found = lesson(known, choice.read, choice.user, choice.seed, search)
            if found is not None:
                if self._listen is not None:
                    self._listen(found, blend)
                blend = found.taught(blend, known.settings)
        return blend

    def _take_over(self, parts: Sequence[Part], popularity: Mapping[int, float] = NONE_CHANGED) -> None:
        """Who read what, after the clicks of some parts, and popularity. Questions are answered in
        between."""
        for part in parts:
            with self._state.turns.writing():
                if popularity:
                    self._state.documents.set_popularity(popularity)
                self._state.trails.put(part.trails, part.reads)
            popularity = NONE_CHANGED


def told(given: Sequence[Click], fresh: Sequence[int], changes: Sequence[Change]) -> list[Change]:
    """What each click did, in the order given; those that are not among the fresh ones were ignored."""
    done = dict(zip(fresh, changes, strict=True))
    return [
        done.get(position, Change(click.user_id, click.document_id, click.at, "ignored"))
        for position, click in enumerate(given)
    ]
