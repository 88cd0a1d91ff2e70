"""The one place where everything meets: documents and clicks in, Interest Units and recommendations out.

click -> the document's vector -> relevant units -> merged unit -> its new vector -> pruned -> stored
user -> unit vectors -> nearest documents -> filtered -> scored -> explained
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant import ranking, retrieval, state
from penchant.bulk import learn
from penchant.checks import check_click, check_document, check_query, check_time, check_user
from penchant.documents import NEVER, Documents, Where, popularity_after
from penchant.embed import Embedder
from penchant.embed.texts import Progress, TextEmbedder
from penchant.errors import InvalidQuery, StateReadOnly, UnknownDocument
from penchant.index import DocumentIndex
from penchant.retrieval import Query
from penchant.state import ABOUT, CORPUS_MODEL, COUNTERS, About, Counters
from penchant.store import Changes, Store, StoredDocument, click_digest
from penchant.store.memory import MemoryStore
from penchant.text import key_terms
from penchant.types import Change, Click, Document, InterestUnit, Recommendation, Settings, User
from penchant.units import Clicked, by_recency, similarities


class Engine:
    """Interest Units and recommendations over one state. One thread at a time.

    ``Engine(...)`` keeps all in memory, ``Engine.open(directory, ...)`` on disk. What a method returned for is durable;
    a method that raises has changed nothing.

    Args:
        embedder: a name (see `penchant.embed`) or any object with `name`, `dimension`, `threshold` and `encode`.
            ``corpus`` is trained on the titles of the first call of `add`.
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
        self._directory = directory
        self._read_only = read_only
        self._api_key = api_key
        self._about = state.read_about(self.store)
        self._counters = state.read_counters(self.store)
        if self._about is not None and embedder is not None:
            state.check_embedder(self._about, embedder)
        self._wanted = embedder if embedder is not None else (self._about.embedder if self._about else "corpus")
        self._index_kind = index or (self._about.index if self._about else "usearch")
        self.settings = settings or (self._about.settings if self._about else Settings())
        self._users: OrderedDict[str, User] = OrderedDict()
        ranking.scorer(self.settings.scorer)

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

        A state remembers its embedder, index and settings; what is given here for index and settings replaces them.

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
            engine = cls(embedder, index, settings, api_key=api_key, store=store, directory=directory, read_only=read_only)
            if not read_only:
                state.remove_unfinished(directory)
                engine._remember_settings()
            return engine
        except BaseException:
            store.close()
            raise

    # What is learned

    def fit(self, titles: Sequence[str]) -> None:
        """Choose and remember the embedder of a new state; ``corpus`` is trained on the titles.

        `add` does it with the titles of its first call. To call it before is worthwhile where documents come in parts.

        Raises:
            InvalidQuery: the state has its embedder already.
        """
        self._check_writable()
        if self._about is not None:
            raise InvalidQuery(f"the state has its embedder, {self._about.embedder!r}: `penchant reembed` moves it to another")
        embedder = state.new_embedder(self._wanted, titles, self._api_key)
        about = About(embedder.name, embedder.dimension, self._index_kind, self.settings)
        self.store.commit([Changes(facts={ABOUT: msgspec.json.encode(about), **state.model_fact(embedder)})])
        self._about, self._wanted = about, embedder

    def add(self, documents: Iterable[Document], *, progress: Progress | None = None) -> None:
        """Add documents, or replace those of the same id (the last one given counts). Only new titles are embedded.

        Raises:
            InvalidDocument: names the document and the remedy; nothing was added.
        """
        self._check_writable()
        given = {}
        for document in documents:
            check_document(document)
            given[document.id] = document
        changed = [document for document in given.values() if document != self._documents.get(document.id)]
        if progress is not None and len(given) > len(changed):
            progress(len(given) - len(changed))
        if changed:
            self._put(changed, progress)

    def _put(self, documents: list[Document], progress: Progress | None) -> None:
        if self._about is None:
            self.fit([document.title for document in documents])
        revision = self._counters.revision + 1
        next_row = self._counters.next_row
        stored, retitled = [], []
        for document in documents:
            known = self._documents.get(document.id)
            row, popularity = next_row, NEVER
            if known is not None:
                row = self._documents.row(document.id)
                popularity = self._documents.popularity(row)
            else:
                next_row += 1
            stored.append(StoredDocument(row, document, popularity, revision))
            if known is None or known.title != document.title:
                retitled.append((row, document.title))
            elif progress is not None:
                progress(1)
        vectors = self._texts.encode([title for _, title in retitled], progress)
        latest = max([self._counters.latest_at, *(d.published_at for d in documents if d.published_at is not None)])
        counters = Counters(latest, next_row, revision)
        rows = np.array([row for row, _ in retitled], np.int64)
        packed = {row: vector.tobytes() for row, vector in zip(rows.tolist(), vectors, strict=True)}
        self.store.commit([Changes(documents=stored, vectors=packed, facts={COUNTERS: msgspec.json.encode(counters)})])
        self._counters = counters
        for kept in stored:
            self._documents.put(kept)
        if "_index" in self.__dict__:
            self._index.add(rows, vectors)

    def observe(
        self, clicks: Iterable[Click], *, progress: Progress | None = None, checkpoint: tuple[str, int] | None = None
    ) -> list[Change]:
        """Learn clicks, each user's in the order of their times; returns what each did, in the order given.

        Args:
            checkpoint: a name and a number that are kept together with the clicks, all or nothing: how far a log was
                read. See `checkpoint`.

        Raises:
            InvalidClick, UnknownDocument: names the click and the remedy; nothing was learned.
        """
        self._check_writable()
        given = list(clicks)
        for click in given:
            check_click(click)
            if click.document_id not in self._documents:
                raise UnknownDocument(
                    f"click of user {click.user_id!r} on the unknown document {click.document_id!r}: add the document first"
                )
        fresh = self._fresh(given)
        users = self._load_users({given[position].user_id for position in fresh})
        clicked = self._clicked([given[position] for position in fresh])
        if progress is not None and len(fresh) < len(given):
            progress(len(given) - len(fresh))
        now, changes = learn(users, clicked, self._texts.encode, self.threshold, self.settings, progress) if fresh else ({}, [])
        popularity = popularity_after(self._documents, users, clicked, self.settings.popular_half_life)
        latest = max([self._counters.latest_at, *(given[position].at for position in fresh)])
        counters = msgspec.structs.replace(self._counters, latest_at=latest)
        facts = {COUNTERS: msgspec.json.encode(counters)}
        if checkpoint is not None:
            facts[_checkpoint_fact(checkpoint[0])] = str(checkpoint[1]).encode()
        self.store.commit(
            [
                Changes(
                    users=now,
                    popularity=popularity,
                    click_digests=[click_digest(click.id) for click in given if click.id is not None],
                    clicks_remembered=self.settings.clicks_remembered,
                    facts=facts,
                )
            ]
        )
        self._counters = counters
        self._documents.set_popularity(popularity)
        self._cache_users(now)
        done = dict(zip(fresh, changes, strict=True))
        return [
            done.get(position, Change(click.user_id, click.document_id, click.at, "ignored"))
            for position, click in enumerate(given)
        ]

    def forget(self, user_id: str) -> bool:
        """Delete all that is kept of a user; returns whether there was anything."""
        self._check_writable()
        check_user(user_id)
        known = bool(self._load_users({user_id}))
        if known:
            self.store.commit([Changes(forgotten_users=[user_id])])
            self._users.pop(user_id, None)
        return known

    def remove(self, document_ids: Sequence[str]) -> None:
        """Remove documents. Units keep what they learned from them.

        Raises:
            UnknownDocument: names the document; nothing was removed.
        """
        self._check_writable()
        if isinstance(document_ids, str):
            raise InvalidQuery(f"remove takes a list of document ids: write remove([{document_ids!r}])")
        rows = sorted({self._documents.row(document_id) for document_id in document_ids})
        self.store.commit([Changes(removed_documents=rows)])
        for row in rows:
            self._documents.drop(row)
        if "_index" in self.__dict__:
            self._index.remove(np.array(rows, np.int64))

    # What is asked

    def units(self, user_id: str) -> list[InterestUnit]:
        """The Interest Units of a user, most recently updated first; none for a user who never clicked."""
        return by_recency(self._user(user_id).units)

    def recommend(
        self,
        user_id: str,
        k: int = 20,
        *,
        where: Where | None = None,
        exclude_seen: bool = True,
        published_after: float | None = None,
        scorer: str | None = None,
        at: float | None = None,
    ) -> list[Recommendation]:
        """The k best documents for a user (fewer where fewer pass the filters), best first, ties by document id.

        A user without Interest Units gets the documents that others clicked of late (`Popular`).

        Args:
            where: what the attributes must meet: ``{"channel": "db"}`` equal, ``{"lang": ["en", "ko"]}`` one of,
                ``{"price": {"min": 5, "max": 10}}`` in a range; all of them.
            exclude_seen: leave out what the user has clicked.
            published_after: Unix seconds; documents without `published_at` are left out then.
            scorer: a name in `penchant.ranking.SCORERS`; None: that of the settings.
            at: now, in Unix seconds, for what expires; None: the latest time in the data.

        Raises:
            InvalidQuery: names the argument and the remedy.
        """
        user = self._user(user_id)
        seen = [self._documents.row(name) for name in user.seen if name in self._documents] if exclude_seen else []
        query = Query(k=k, at=self._time(at), where=where, published_after=published_after, excluded=seen)
        rule = ranking.scorer(scorer or self.settings.scorer)
        if not len(self._documents):
            return []
        if not user.units:
            return retrieval.popular(self._documents, query, self.settings.popular_half_life)
        units = by_recency(user.units)
        return retrieval.recommend(self._index, self._documents, units, query, rule, self.settings.candidates_per_unit)

    def score(
        self, user_id: str, document_ids: Sequence[str], *, scorer: str | None = None, at: float | None = None
    ) -> NDArray[np.float32]:
        """The scores that `recommend` ranks by, of any listed documents, float32 of shape (len(document_ids),).

        Raises:
            UnknownDocument: names the document.
        """
        rows = np.array([self._documents.row(document_id) for document_id in document_ids], np.int64)
        at = self._time(at)
        rule = ranking.scorer(scorer or self.settings.scorer)
        units = by_recency(self._user(user_id).units)
        if not len(rows):
            return np.zeros(0, np.float32)
        if not units:
            return self._documents.clicks(rows, at, self.settings.popular_half_life).astype(np.float32)
        return rule(ranking.vectors_of(units), self._index.vectors(rows))

    def why(self, user_id: str, document_id: str) -> list[tuple[InterestUnit, float]]:
        """Each unit of a user with its cosine to a document, the nearest first."""
        row = np.array([self._documents.row(document_id)], np.int64)
        units = by_recency(self._user(user_id).units)
        if not units:
            return []
        cosines = similarities(units, self._index.vectors(row)[0])
        return [(units[position], float(cosines[position])) for position in np.argsort(-cosines, kind="stable")]

    def similar(
        self, document_id: str, k: int = 20, *, where: Where | None = None, at: float | None = None
    ) -> list[Recommendation]:
        """The k documents nearest to a document; the score is the cosine."""
        row = self._documents.row(document_id)
        vector = self._index.vectors(np.array([row], np.int64))
        query = Query(k=k, at=self._time(at), where=where, excluded=[row])
        return retrieval.nearest(self._index, self._documents, vector, query, self.settings.candidates_per_unit)

    def search(self, text: str, k: int = 20, *, where: Where | None = None, at: float | None = None) -> list[Recommendation]:
        """The k documents nearest to a text in meaning; the score is the cosine."""
        check_query(text)
        query = Query(k=k, at=self._time(at), where=where)
        if not len(self._documents):
            return []
        vector = self._texts.encode([text])
        return retrieval.nearest(self._index, self._documents, vector, query, self.settings.candidates_per_unit)

    def checkpoint(self, name: str) -> int:
        """The number that `observe` kept last under that name; 0 where there is none."""
        return int(self.store.fact(_checkpoint_fact(name)) or 0)

    # What an engine is made of

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors. Raises InvalidQuery for ``corpus`` before the first document."""
        return self._texts.embedder

    @property
    def embedding_seconds(self) -> float:
        """Time spent inside the embedder so far."""
        return self._texts.seconds if "_texts" in self.__dict__ else 0.0

    @property
    def threshold(self) -> float:
        """tau: that of the settings, or the embedder's."""
        return self.embedder.threshold if self.settings.threshold is None else self.settings.threshold

    @property
    def about(self) -> About | None:
        """How the state was built; None before the first document."""
        return self._about

    @property
    def latest_at(self) -> float:
        """The latest time in the data, Unix seconds."""
        return self._counters.latest_at

    def document(self, document_id: str) -> Document:
        """A document by its id. Raises UnknownDocument."""
        return self._documents.at_row(self._documents.row(document_id))

    def __len__(self) -> int:
        """The number of documents."""
        return len(self._documents)

    def __contains__(self, document_id: str) -> bool:
        """Whether there is a document of that id."""
        return document_id in self._documents

    def user_ids(self) -> list[str]:
        """The ids of all users, sorted."""
        return self.store.user_ids()

    def save_index(self) -> None:
        """Bring the index up to date and write it to disk, so that the state opens faster."""
        if self._directory is not None and self._about is not None:
            state.save_index(self._index, self._counters.revision, self.settings, self._directory)

    def close(self) -> None:
        """Save the index, if it was used, and let go of the state. Harmless when repeated."""
        if "_index" in self.__dict__ and not self._read_only:
            self.save_index()
        self.__dict__.pop("_index", None)
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @cached_property
    def _documents(self) -> Documents:
        documents = Documents(self.store.documents())
        documents.reserve_row(self._counters.next_row)
        return documents

    @cached_property
    def _index(self) -> DocumentIndex:
        """Made when it is first asked for: to learn needs none."""
        about = self._require_about()
        index, revision = state.open_index(self._index_kind, about.dimension, self.settings, self._directory)
        state.catch_up(index, revision, self.store)
        return index

    @cached_property
    def _texts(self) -> TextEmbedder:
        if not isinstance(self._wanted, str):
            return TextEmbedder(self._wanted)
        about = self._require_about()
        return TextEmbedder(state.remembered_embedder(about, self.store.fact(CORPUS_MODEL), self._api_key))

    def _remember_settings(self) -> None:
        if self._about is None:
            return
        changed = msgspec.structs.replace(self._about, index=self._index_kind, settings=self.settings)
        if changed != self._about:
            self.store.commit([Changes(facts={ABOUT: msgspec.json.encode(changed)})])
            self._about = changed

    def _require_about(self) -> About:
        if self._about is None:
            raise InvalidQuery("there are no documents yet: add some first")
        return self._about

    def _check_writable(self) -> None:
        if self._read_only:
            raise StateReadOnly(f"{self._directory} was opened read-only: open it without read_only to change it")

    def _user(self, user_id: str) -> User:
        check_user(user_id)
        return self._load_users({user_id}).get(user_id) or User()

    def _load_users(self, user_ids: set[str]) -> dict[str, User]:
        known = {user_id: self._users[user_id] for user_id in user_ids if user_id in self._users}
        missing = [user_id for user_id in user_ids if user_id not in known]
        if missing:
            known.update(self.store.users(missing))
        self._cache_users(known)
        return known

    def _cache_users(self, users: Mapping[str, User]) -> None:
        if self._read_only:
            return
        for user_id, user in users.items():
            self._users[user_id] = user
            self._users.move_to_end(user_id)
        while len(self._users) > self.settings.users_cached:
            self._users.popitem(last=False)

    def _time(self, at: float | None) -> float:
        if at is None:
            return self._counters.latest_at
        check_time(at, "at", InvalidQuery)
        return at

    def _fresh(self, clicks: Sequence[Click]) -> list[int]:
        """The positions of the clicks to learn: of a kind that counts, and with an id that was not seen before."""
        known = self.store.known_clicks([click_digest(click.id) for click in clicks if click.id is not None])
        fresh = []
        for position, click in enumerate(clicks):
            if click.id is not None:
                digest = click_digest(click.id)
                if digest in known:
                    continue
                known.add(digest)
            if click.kind is None or self.settings.kinds is None or click.kind in self.settings.kinds:
                fresh.append(position)
        return fresh

    def _clicked(self, clicks: Sequence[Click]) -> list[tuple[str, Clicked]]:
        rows = {click.document_id: self._documents.row(click.document_id) for click in clicks}
        vectors = dict(zip(rows, self.store.vectors(list(rows.values())), strict=True)) if rows else {}
        documents = {name: self._documents.at_row(row) for name, row in rows.items()}
        known = {
            name: (name, document.title, tuple(key_terms(document.title)), vectors[name]) for name, document in documents.items()
        }
        return [(click.user_id, Clicked(*known[click.document_id], at=click.at)) for click in clicks]


def _checkpoint_fact(name: str) -> str:
    return f"checkpoint {name}"
