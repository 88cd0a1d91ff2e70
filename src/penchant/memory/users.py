"""Users in memory, the most recently used, in front of the store: one writer and many readers may ask at a
time."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from threading import Lock

from penchant.cache import RecentCache
from penchant.store import Store
from penchant.types import User


class Users:
    """What the store knows of users, with at most `capacity` of them held in memory."""

    def __init__(self, store: Store, capacity: int) -> None:
        self._store = store
        self._held: RecentCache[str, User] = RecentCache(capacity)
        self._lock = Lock()
        self._changes = 0

    def __len__(self) -> int:
        """How many are held in memory."""
        return len(self._held)

    def load(self, user_ids: Collection[str]) -> dict[str, User]:
        """Those of the users that are known."""
        with self._lock:
            known = self._held.find(user_ids)
            changes = self._changes
        missing = [user_id for user_id in user_ids if user_id not in known]
        if missing:
            found = self._store.users(missing)
            with self._lock:
                if (
                    changes == self._changes
                ):  # else what was read may be older than what was learned meanwhile
                    self._held.keep(found)
            known.update(found)
        return known

    def learned(self, users: Mapping[str, User]) -> None:
        """Take over users that the store has just kept."""
        with self._lock:
            self._changes += 1
            self._held.keep(users)

    def forgotten(self, user_id: str) -> None:
        """Let go of a user that the store has just deleted."""
        with self._lock:
            self._changes += 1
            self._held.drop(user_id)
