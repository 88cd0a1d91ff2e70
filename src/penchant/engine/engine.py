"""The one place where everything meets: documents and clicks in; what can be asked then is in
`penchant.engine.questions`.

click -> the document's vector -> relevant units -> merged unit -> its new vector -> pruned -> stored
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from penchant.checks import check_document, check_ids, check_user
from penchant.embed import Embedder
from penchant.embed.texts import Progress
from penchant.engine.about import COUNTERS, About, Counters
from penchant.engine.learner import Checkpoint, Learner
from penchant.engine.questions import Asking
from penchant.engine.state import OpenState
from penchant.memory.documents import numbered
from penchant.rank import feedback, scorers
from penchant.rank.blend import Blend, with_weights
from penchant.settings import Settings
from penchant.store import Changes, Store
from penchant.store.memory import MemoryStore
from penchant.text import document_text
from penchant.types import Change, Click, Document, User

_PART = 64
"""So many documents enter the index at a time; questions are answered in between."""


class Engine(Asking):
    """Interest Units and recommendations over one state, for any number of threads: questions are answered
    side by side, and while clicks are learned; what changes the state goes one after the other.

    ``Engine(...)`` keeps all in memory, ``Engine.open(directory, ...)`` on disk. What a method returned for
    is durable; a method that raises has changed nothing.

    Args:
        embedder: a name (see `penchant.embed`) or any object with `name`, `dimension`, `threshold` and
            `encode`. ``corpus`` is trained on the titles of the first call of `add`.
        index: ``usearch`` (approximate, fast) or ``exact``.
        settings: every number of the method.
        api_key: for a remote embedder.
    """

    def __init__(
        self,
        embedder: str | Embedder | None = None,
        index: str | None = None,
        settings: Settings | None = None,
        *,
        api_key: str | None = None,
        store: Store | None = None,
        directory: Path | None = None,
        read_only: bool = False,
    ) -> None:
        self.store = store if store is not None else MemoryStore()
        self._state = OpenState(
            self.store, embedder, index, settings, directory=directory, read_only=read_only, api_key=api_key
        )
        self.settings = self._state.settings
        self._learner = Learner(self._state)

    @classmethod
    def open(
        cls,
        path: str | Path,
        embedder: str | Embedder | None = None,
        index: str | None = None,
        settings: Settings | None = None,
        *,
        read_only: bool = False,
        api_key: str | None = None,
    ) -> Self:
        """The engine over the state in a directory, which is made where it is missing.

        A state remembers its embedder, index and settings; what is given here for index and settings replaces
        them.

        Args:
            read_only: see the state as it is at this moment, also while another process writes it.

        Raises:
            EmbedderMismatch: the state was built with another embedder.
            StateLocked: another process writes it.
            StateDamaged, StateTooNew, StateReadOnly: as they say.
        """
        from penchant.store.sqlite import SqliteStore

        directory = Path(path)
        store = SqliteStore(directory, read_only=read_only)
        try:
            return cls(
                embedder,
                index,
                settings,
                api_key=api_key,
                store=store,
                directory=directory,
                read_only=read_only,
            )
        except BaseException:
            store.close()
            raise

    # What is learned

    def fit(self, titles: Sequence[str]) -> None:
        """Choose and remember the embedder of a new state; ``corpus`` is trained on the titles.

        `add` does it with the titles of its first call. To call it before is worthwhile where documents come
        in parts.

        Raises:
            InvalidQuery: the state has its embedder already.
        """
        self._state.check_writable()
        with self._state.changing:
            self._state.fit(titles)

    def add(self, documents: Iterable[Document], *, progress: Progress | None = None) -> None:
        """Add documents, or replace those of the same id (the last one given counts). Only new titles are
        embedded.

        Raises:
            InvalidDocument: names the document and the remedy; nothing was added.
        """
        self._state.check_writable()
        given = {}
        for document in documents:
            check_document(document)
            given[document.id] = document
        with self._state.changing:
            changed = [
                document for document in given.values() if document != self._state.documents.get(document.id)
            ]
            if progress is not None and len(given) > len(changed):
                progress(len(given) - len(changed))
            if changed:
                self._put(changed, progress)

    def _put(self, documents: list[Document], progress: Progress | None) -> None:
        if self._state.about is None:
            self._state.fit([document.title for document in documents])
        revision, first_new = self._state.counters.revision + 1, self._state.counters.next_row
        stored, retitled, next_row = numbered(documents, self._state.documents, first_new, revision)
        if progress is not None and len(documents) > len(retitled):
            progress(len(documents) - len(retitled))
        what = self._state.settings.document_text
        vectors = self._state.texts.encode([document_text(title, what) for _, title in retitled], progress)
        latest = max(
            [
                self._state.counters.latest_at,
                *(d.published_at for d in documents if d.published_at is not None),
            ]
        )
        counters = Counters(latest, next_row, revision)
        rows = np.array([row for row, _ in retitled], np.int64)
        packed = {row: vector.tobytes() for row, vector in zip(rows.tolist(), vectors, strict=True)}
        self.store.commit(
            [Changes(documents=stored, vectors=packed, facts={COUNTERS: msgspec.json.encode(counters)})]
        )
        self._state.counters = counters
        vector_of = dict(zip(rows.tolist(), vectors, strict=True))
        for start in range(0, len(stored), _PART):
            part = stored[start : start + _PART]
            embedded = [kept.key for kept in part if kept.key in vector_of]
            with self._state.turns.writing():
                self._state.documents.put(part)
                if embedded:
                    self._state.shortlists.clear()
                if any(row < first_new for row in embedded):
                    self._state.smoother.clear()
                if embedded and self._state.has_index:
                    self._state.index.add(
                        np.array(embedded, np.int64), np.stack([vector_of[row] for row in embedded])
                    )

    def observe(
        self,
        clicks: Iterable[Click],
        *,
        progress: Progress | None = None,
        checkpoint: tuple[str, int] | None = None,
        dry_run: bool = False,
        tell: bool = True,
        teach: bool = True,
    ) -> list[Change]:
        """Learn clicks, each user's in the order of their times.

        Args:
            clicks: documents must have been added; a click whose id was seen before is ignored.
            progress: called with the number of clicks done since the last call.
            checkpoint: a name and a number kept together with the clicks: how far a log was read. See
                `checkpoint`.
            dry_run: only say what the clicks would do.
            tell: False: nothing is returned. With ``corpus`` a log of 20,000 clicks is then learned many
                times as fast.
            teach: False: the blend learns nothing from these clicks, whatever `Settings.blend_learns` says.

        Returns:
            What each click did, in the order given.

        Raises:
            InvalidClick: names the click and the remedy; nothing was learned.
            UnknownDocument: likewise.
            StateFull, StateReadOnly: nothing was learned.
        """
        given = list(clicks)
        if dry_run:
            return self._learner.imagine(given)[1]
        self._state.check_writable()
        with self._state.changing:
            until = None if checkpoint is None else Checkpoint(*checkpoint)
            return self._learner.learn(given, progress, until, tell=tell, teach=teach)

    def forget(self, user_id: str) -> bool:
        """Delete all that is kept of a user; returns whether there was anything."""
        self._state.check_writable()
        check_user(user_id)
        with self._state.changing:
            known = bool(self._state.users.load({user_id}))
            if known:
                trails = self._state.trails
                self.store.commit([Changes(forgotten_users=[user_id])])
                self._state.users.forgotten(user_id)
                with self._state.turns.writing():
                    trails.forget(user_id)
        return known

    def dismiss(self, user_id: str, document_id: str) -> None:
        """A user does not want a document: it is not shown again for long, and its like of the same interest
        ranks lower.

        Raises:
            UnknownDocument: names the document.
        """
        self._state.documents.row(document_id)
        self._react(user_id, lambda user: feedback.dismiss(user, document_id))

    def shown(self, user_id: str, document_ids: Sequence[str]) -> None:
        """Documents were shown to a user: until they are clicked, they rank lower for a while. Unknown ids
        are left out."""
        check_ids(document_ids)
        known = [document_id for document_id in document_ids if document_id in self._state.documents]
        self._react(user_id, lambda user: feedback.show(user, known))

    def set_blend(self, weights: Mapping[str, float]) -> None:
        """Give columns of evidence other weights, see `blend`. Clicks go on teaching them, unless
        `Settings.blend_learns` is off.

        Raises:
            InvalidQuery: names the column.
        """
        self._state.check_writable()
        with self._state.changing:
            self._state.keep_blend(with_weights(self._state.blend, weights, self.settings))

    def reset_blend(self) -> None:
        """Let the blend forget all that clicks taught it."""
        self._state.check_writable()
        with self._state.changing:
            self._state.keep_blend(Blend())

    def _react(self, user_id: str, change: Callable[[User], User]) -> None:
        self._state.check_writable()
        with self._state.changing:
            now = {user_id: change(self._user(user_id))}
            self.store.commit([Changes(users=now)])
            self._state.users.learned(now)

    def remove(self, document_ids: Sequence[str]) -> None:
        """Remove documents. Units keep what they learned from them.

        Raises:
            UnknownDocument: names the document; nothing was removed.
        """
        self._state.check_writable()
        check_ids(document_ids)
        with self._state.changing:
            rows = sorted({self._state.documents.row(document_id) for document_id in document_ids})
            trails = self._state.trails
            with self._state.turns.writing():
                self.store.commit([Changes(removed_documents=rows)])
                for row in rows:
                    self._state.documents.drop(row)
                trails.drop(rows)
                self._state.shortlists.clear()
                if self._state.has_index:
                    self._state.index.remove(np.array(rows, np.int64))

    def checkpoint(self, name: str) -> int:
        """The number that `observe` kept last under that name; 0 where there is none."""
        return int(self.store.fact(Checkpoint(name, 0).fact) or 0)

    # What an engine is made of

    @property
    def embedding_seconds(self) -> float:
        """Time spent inside the embedder so far."""
        return self._state.embedding_seconds

    @property
    def about(self) -> About | None:
        """How the state was built; None before the first document."""
        return self._state.about

    @property
    def latest_at(self) -> float:
        """The latest time in the data, Unix seconds."""
        return self._state.counters.latest_at

    def document(self, document_id: str) -> Document:
        """A document by its id. Raises UnknownDocument."""
        return self._state.documents.at_row(self._state.documents.row(document_id))

    def recent_clicks(self, document_id: str, at: float) -> float:
        """Clicks on a document by distinct users, each halved every `Settings.popularity_half_life`. Raises
        UnknownDocument."""
        row = np.array([self._state.documents.row(document_id)], np.int64)
        return float(self._state.documents.clicks(row, at, self.settings.popularity_half_life)[0])

    def user(self, user_id: str) -> User:
        """All that is kept of a user; nothing for one who never clicked."""
        return self._user(user_id)

    def __len__(self) -> int:
        """The number of documents."""
        return len(self._state.documents)

    def __contains__(self, document_id: str) -> bool:
        """Whether there is a document of that id."""
        return document_id in self._state.documents

    def user_ids(self, prefix: str = "", limit: int | None = None) -> list[str]:
        """The ids of all users, sorted; only those that begin with the prefix, and at most so many."""
        return self.store.user_ids(prefix, limit)

    def warm_up(self) -> None:
        """Load everything that is otherwise loaded when it is first needed: documents, index, embedder,
        compiled code."""
        if self._state.about is None:
            return
        with ThreadPoolExecutor(2) as threads:  # reading the index does not need the interpreter
            loading: list[Future[object]] = [
                threads.submit(lambda: self._state.index),
                threads.submit(lambda: self._state.texts.encode(["warm-up"])),
            ]
            assert self._state.trails is not None
            if self.settings.scorer == scorers.BLEND:
                from penchant.index import halves_kernel
                from penchant.memory import traits_kernel
                from penchant.rank import tally

                for compiled in (tally, traits_kernel, halves_kernel):
                    compiled.warm_up()
            for each in loading:
                each.result()

    def comparing_all(self) -> AbstractContextManager[None]:
        """Inside it, where no index was made yet, every document is compared: slower to search, and nothing
        to wait for."""
        return self._state.comparing_all()

    def save_index(self) -> None:
        """Bring the index up to date and write it to disk, so that the state opens faster."""
        self._state.save_index()

    def close(self) -> None:
        """Save the index, if it was used, and let go of the state. Harmless when repeated."""
        self._state.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
