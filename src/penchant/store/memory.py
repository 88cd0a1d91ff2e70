"""A store in the process: for tests, notebooks, and the engine without a directory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np

from penchant.errors import InvalidQuery
from penchant.store import Changes, DocumentColumns, StoredDocument, document_columns
from penchant.types import User, Vector, Vectors, encode


class MemoryStore:
    """See `Store`."""

    def __init__(self) -> None:
        self._documents: dict[int, StoredDocument] = {}
        self._vectors: dict[int, Vector] = {}
        self._users: dict[str, User] = {}
        self._trails: dict[str, bytes] = {}
        self._clicks: OrderedDict[bytes, None] = OrderedDict()
        self._facts: dict[str, bytes] = {}
        self._impressions: dict[int, int] = {}

    def commit(self, parts: Iterable[Changes]) -> None:
        for changes in list(parts):
            self._apply(changes)

    def _apply(self, changes: Changes) -> None:
        for document in changes.documents:
            self._documents[document.key] = document
        for key, vector in changes.vectors.items():
            self._vectors[key] = np.frombuffer(vector, np.float32)
        for key in changes.removed_documents:
            del self._documents[key], self._vectors[key]
            self._impressions.pop(key, None)
        for key, popularity in changes.popularity.items():
            self._documents[key] = msgspec.structs.replace(self._documents[key], popularity=popularity)
        self._impressions.update(changes.impressions)
        self._users.update(changes.users)
        self._trails.update(changes.trails)
        for user_id in changes.forgotten_users:
            self._users.pop(user_id, None)
            self._trails.pop(user_id, None)
        if changes.click_digests:
            self._clicks.update(dict.fromkeys(changes.click_digests))
            while len(self._clicks) > changes.click_ids_kept:
                self._clicks.popitem(last=False)
        self._facts.update(changes.facts)

    def fact(self, name: str) -> bytes | None:
        return self._facts.get(name)

    def documents(self) -> Iterator[StoredDocument]:
        return iter(sorted(self._documents.values(), key=lambda document: document.key))

    def columns(self) -> DocumentColumns:
        stored = [(each, each.document) for each in self.documents()]
        rows = [
            (each.key, d.id, encode(d), d.hidden, d.published_at, d.expires_at, each.terms)
            for each, d in stored
        ]
        return document_columns(rows, {each.key: each.popularity for each, _ in stored})

    def revisions(self) -> list[tuple[int, int]]:
        return sorted((stored.key, stored.revision) for stored in self._documents.values())

    def impressions(self) -> dict[int, int]:
        return dict(self._impressions)

    def vectors(self, keys: Sequence[int]) -> Vectors:
        return np.stack([self._vectors[key] for key in keys]) if keys else np.zeros((0, 0), np.float32)

    def users(self, user_ids: Sequence[str]) -> dict[str, User]:
        return {user_id: self._users[user_id] for user_id in user_ids if user_id in self._users}

    def trails(self) -> list[tuple[str, bytes]]:
        return sorted(self._trails.items())

    def user_ids(self, prefix: str = "", limit: int | None = None, part: str = "") -> list[str]:
        return sorted(name for name in list(self._users) if name.startswith(prefix) and part in name)[:limit]

    def user_count(self) -> int:
        return len(self._users)

    def known_clicks(self, digests: Sequence[bytes]) -> set[bytes]:
        return {digest for digest in digests if digest in self._clicks}

    def click_digests(self) -> list[bytes]:
        return list(self._clicks)

    def size(self) -> int:
        return 0

    def backup(self, file: Path, progress: Callable[[int, int], None]) -> int:  # noqa: ARG002 (as others)
        raise InvalidQuery(
            f"a state in memory cannot be copied to {file}: open it in a directory, or export it"
        )

    def close(self) -> None:
        pass
