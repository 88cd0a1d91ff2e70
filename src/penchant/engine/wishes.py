"""What readers ask for in words: kept with the reader, answered from the next question on."""

from __future__ import annotations

import msgspec

from penchant.checks import check_query
from penchant.engine.learner import Learner
from penchant.engine.state import State
from penchant.errors import InvalidQuery
from penchant.types import User, Want, Wish
from penchant.vectors import rounded

MOST = 50
"""Wishes of a reader."""


class Wishes:
    """The wishes of readers, see `penchant.Engine`.

    A wish is about what its text is about: documents near to it rank higher (``more``) or lower (``less``)
    under the scorer ``blend``, until it is taken back. A reader who has wishes and no clicks has personal
    answers too.

    Examples:
        >>> engine = sample_engine()
        >>> engine.wishes.add("cleo", "bread crumb")
        >>> found = engine.recommend("cleo", k=1)[0]
        >>> found.document.id, found.reasons[0].words
        ('d3', 'you asked for more about “bread crumb”')
        >>> engine.wishes.remove("cleo", "bread crumb")
        True
        >>> engine.wishes.of("cleo")
        ()
    """

    def __init__(self, state: State, learner: Learner) -> None:
        self._state = state
        self._learner = learner

    def of(self, user_id: str) -> tuple[Wish, ...]:
        """The wishes of a user, the latest at the end."""
        found = self._state.users.load({user_id}).get(user_id)
        return () if found is None else found.wishes

    def add(self, user_id: str, text: str, want: Want = "more") -> None:
        """A user wants more about something, or less. The same text again is one wish: the last counts.

        Raises:
            InvalidQuery: names what is wrong, also where the user has 50 wishes; nothing was changed.
            EmbedderError: the text could not be embedded; nothing was changed.
        """
        check_query(text)
        if want not in ("more", "less"):
            raise InvalidQuery(f"want is {want!r}: use 'more' or 'less'")
        if not len(self._state.documents):
            raise InvalidQuery("there are no documents to wish for: add some first")
        vector = rounded(self._state.texts.encode([text.strip()]), "float16")[0]
        wish = Wish(text.strip(), want, vector)
        self._learner.react(user_id, lambda user: _with(user, user_id, wish))

    def remove(self, user_id: str, text: str) -> bool:
        """Take a wish back. Returns whether there was one of that text."""
        if not any(_same(wish, text) for wish in self.of(user_id)):
            return False
        self._learner.react(user_id, lambda user: _without(user, text))
        return True


def _with(user: User, user_id: str, wish: Wish) -> User:
    others = tuple(each for each in user.wishes if not _same(each, wish.text))
    if len(others) >= MOST:
        raise InvalidQuery(f"the user {user_id!r} has {MOST} wishes: take one back first")
    return msgspec.structs.replace(user, wishes=(*others, wish))


def _without(user: User, text: str) -> User:
    kept = tuple(each for each in user.wishes if not _same(each, text))
    return msgspec.structs.replace(user, wishes=kept)


def _same(wish: Wish, text: str) -> bool:
    return wish.text.casefold() == text.strip().casefold()
