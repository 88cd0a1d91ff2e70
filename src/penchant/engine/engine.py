"""The one face of penchant. An engine is composed of a state, a catalogue of documents, a learner of clicks,
and questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from penchant.embed import Embedder
from penchant.engine.about import About
from penchant.engine.blending import Blending
from penchant.engine.catalogue import Catalogue
from penchant.engine.clicks import Moment, check_clicks
from penchant.engine.learner import Checkpoint, Learner
from penchant.engine.questions import Questions
from penchant.engine.state import State
from penchant.engine.towers import Towers
from penchant.engine.warm import warmed_up
from penchant.engine.wishes import Wishes
from penchant.memory.filters import Where
from penchant.rank import feedback
from penchant.rank.retrieval import Query
from penchant.rank.sentences import Explain, Language
from penchant.rank.sources import CandidateSource
from penchant.settings import Settings
from penchant.store import Store, directory_of, open_store
from penchant.store.memory import MemoryStore
from penchant.types import (
    Change,
    Click,
    Document,
    InterestUnit,
    Progress,
    Recommendation,
    Source,
    User,
    Why,
)


class Engine:
    """Interest Units and recommendations over one state, for any number of threads.

    ``Engine(...)`` keeps all in memory, ``Engine.open(directory, ...)`` on disk. Questions are answered side
    by side, also while clicks are learned. Changes go one after the other. What a method returned for is
    durable; a method that raises has changed nothing. `wishes` is what readers ask for in words, see
    `penchant.engine.wishes.Wishes`.

    Examples:
        >>> from penchant import Click, Document, Engine
        >>> engine = Engine("corpus", index="exact")
        >>> titles = {"d1": "Fast cosine search", "d2": "Vector search", "d3": "Rye bread"}
        >>> engine.add(Document(name, title) for name, title in titles.items())
        >>> engine.observe([Click("ana", "d1", at=1_700_000_000)])[0].action
        'created'
        >>> [found.document.id for found in engine.recommend("ana", k=1)]
        ['d2']

    Args:
        embedder: a name (see `penchant.embed`) or any object with `name`, `dimension`, `threshold` and
            `encode`. ``corpus``, the default, is trained on the titles of the first call of `add`.
        index: ``usearch`` (approximate, fast, the default), ``exact``, or the name of an index that a package
            adds.
        settings: every number of the method. None: those of the state, or the usual ones.
        api_key: for a remote embedder.
        store: where the state survives. None: in memory.
        directory: where the index is saved. None: nowhere.
        read_only: refuse every change.

    Raises:
        InvalidSettings: names the field.
        EmbedderMismatch: the state was built with another embedder.
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
        self._state = State(
            self.store, embedder, index, settings, directory=directory, read_only=read_only, api_key=api_key
        )
        self._catalogue = Catalogue(self._state)
        self._learner = Learner(self._state)
        self._questions = Questions(self._state, self._learner)
        self.wishes = Wishes(self._state, self._learner)

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
        """The engine over a state that survives.

        A state remembers its embedder, index and settings. What is given here for index and settings replaces
        them.

        Examples:
            >>> import tempfile
            >>> with Engine.open(tempfile.mkdtemp() + "/state", "corpus") as engine:
            ...     engine.add([Document("d1", "Fast cosine search"), Document("d2", "Rye bread")])
            ...     len(engine)
            2

        Args:
            path: a directory, which is made where it is missing, or the URL of a store that a package adds.
            read_only: see the state as it is at this moment, also while another process writes it.

        Raises:
            EmbedderMismatch: the state was built with another embedder.
            StateLocked: another process writes it.
            StateDamaged: it cannot be read.
            StateTooNew: a newer penchant wrote it.
            StateReadOnly: it may not be written.
        """
        store = open_store(path, read_only=read_only)
        try:
            return cls(
                embedder,
                index,
                settings,
                api_key=api_key,
                store=store,
                directory=directory_of(path),
                read_only=read_only,
            )
        except BaseException:
            store.close()
            raise

    # Documents in and out

    def fit(self, titles: Sequence[str]) -> None:
        """Choose and remember the embedder of a new state; ``corpus`` is trained on the titles.

        `add` does it with the titles of its first call. Call it before where documents come in parts.

        Examples:
            >>> engine = Engine("corpus", index="exact")
            >>> engine.fit(["Fast cosine search", "Rye bread"])
            >>> engine.about.embedder.startswith("corpus-")
            True

        Raises:
            InvalidQuery: the state has its embedder already.
        """
        with self._state.writing():
            self._state.fit(titles)

    def add(self, documents: Iterable[Document], *, progress: Progress | None = None) -> None:
        """Add documents, or replace those of the same id. Of several with one id the last counts.

        Only new titles are embedded.

        Examples:
            >>> engine = sample_engine()
            >>> engine.add([Document("d4", "rye bread crumb")])
            >>> len(engine)
            4

        Args:
            progress: called with the number of documents done since the last call.

        Raises:
            InvalidDocument: names the document and the remedy; nothing was added.
            EmbedderError: a title could not be embedded; nothing was added.
        """
        self._catalogue.add(documents, progress)

    def remove(self, document_ids: Sequence[str]) -> None:
        """Remove documents. Units keep what they learned from them.

        Examples:
            >>> engine = sample_engine()
            >>> engine.remove(["d3"])
            >>> "d3" in engine
            False

        Raises:
            UnknownDocument: names the document; nothing was removed.
        """
        self._catalogue.remove(document_ids)

    def document(self, document_id: str) -> Document:
        """A document by its id.

        Examples:
            >>> sample_engine().document("d3").title
            'sourdough bread crumb'

        Raises:
            UnknownDocument: there is none.
        """
        return self._state.documents.at_row(self._state.documents.row(document_id))

    def __len__(self) -> int:
        """The number of documents."""
        return len(self._state.documents)

    def __contains__(self, document_id: str) -> bool:
        """Whether there is a document of that id."""
        return document_id in self._state.documents

    # What users do

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

        The result does not depend on how clicks in the order of their times were cut into calls.

        Examples:
            >>> engine = sample_engine()
            >>> clicks = [Click("ana", "d2", 1_700_000_060), Click("bob", "d3", 1_700_000_090)]
            >>> [change.action for change in engine.observe(clicks)]
            ['reinforced', 'created']

        Args:
            clicks: on documents that were added. A click whose id was seen before is ignored.
            progress: called with the number of clicks done since the last call.
            checkpoint: a name and a number kept together with the clicks: how far a log was read. See
                `checkpoint`.
            dry_run: only say what the clicks would do.
            tell: False: nothing is returned. With ``corpus`` and without teaching, a log of 20,000 clicks is
                then learned many times as fast.
            teach: False: the blend learns nothing from these clicks, whatever `Settings.blend_learns` says.

        Returns:
            What each click did, in the order given.

        Raises:
            InvalidClick: names the click and the remedy; nothing was learned.
            UnknownDocument: likewise.
            StateFull: likewise.
        """
        given = list(clicks)
        if dry_run:
            return self._learner.imagine(given)[1]
        until = checkpoint and Checkpoint(*checkpoint)
        return self._learner.learn(given, progress, until, tell=tell, teach=teach)

    def check(self, clicks: Sequence[Click]) -> None:
        """Raise unless `observe` would accept all of these clicks.

        Examples:
            >>> sample_engine().check([Click("ana", "d1", at=1_700_000_000)])

        Raises:
            InvalidClick: names the click and the remedy.
            UnknownDocument: likewise.
        """
        check_clicks(clicks, self._state.documents)

    def dismiss(self, user_id: str, document_id: str) -> None:
        """A user does not want a document.

        It is not shown again for long, and its like of the same interest ranks lower, fading with the user's
        clicks.

        Examples:
            >>> engine = sample_engine()
            >>> engine.dismiss("ana", "d2")
            >>> [found.document.id for found in engine.recommend("ana")]
            ['d3']

        Raises:
            UnknownDocument: names the document.
        """
        self._state.documents.row(document_id)
        self._learner.react(user_id, lambda user: feedback.dismiss(user, document_id))

    def shown(
        self, user_id: str, document_ids: Sequence[str], propensities: Sequence[float] | None = None
    ) -> None:
        """Documents were shown to a user: until they are clicked they rank lower for a while.

        Unknown ids are passed over.

        Examples:
            >>> engine = sample_engine()
            >>> engine.shown("ana", ["d2", "d3"])
            >>> engine.user("ana").shown
            (('d2', 1, 1.0), ('d3', 1, 1.0))

        Args:
            propensities: the chance of each that it was shown, above 0 and at most 1: see
                `Recommendation.propensity`. A click on what was not likely to be shown teaches more.

        Raises:
            InvalidQuery: one id was given in place of a list, or a propensity that is none.
        """
        self._learner.shown(user_id, document_ids, propensities)

    def forget(self, user_id: str) -> bool:
        """Delete all that is kept of a user.

        Examples:
            >>> engine = sample_engine()
            >>> engine.forget("ana"), engine.forget("ana")
            (True, False)

        Returns:
            Whether there was anything.
        """
        return self._learner.forget(user_id)

    def checkpoint(self, name: str) -> int:
        """The number that `observe` kept last under that name; 0 where there is none.

        Examples:
            >>> engine = sample_engine()
            >>> _ = engine.observe([Click("ana", "d2", 1_700_000_060)], checkpoint=("clicks.csv", 1))
            >>> engine.checkpoint("clicks.csv")
            1
        """
        return int(self.store.fact(Checkpoint(name, 0).fact) or 0)

    # Questions

    def recommend(
        self,
        user_id: str,
        k: int = 20,
        *,
        where: Where | None = None,
        exclude_seen: bool = True,
        published_after: float | None = None,
        scorer: str | None = None,
        diversity: float = 0.0,
        personal: float | None = None,
        explore: float = 0.0,
        explain: Explain = True,
        language: Language = "en",
        at: float | None = None,
        as_if: Sequence[Click] = (),
        sources: Sequence[Source | CandidateSource] = (),
    ) -> list[Recommendation]:
        """The k best documents for a user, best first, ties by document id; fewer where fewer pass the
        filters.

        A user without Interest Units gets the documents that others clicked of late (`Popular`).

        Examples:
            >>> engine = sample_engine()
            >>> best = engine.recommend("ana", k=1)[0]
            >>> best.document.id, best.reasons[0].words
            ('d2', 'close to your interest “fast cosine search”')
            >>> [found.document.id for found in engine.recommend("ana", where={"channel": "food"})]
            ['d3']

        Args:
            where: what the attributes must meet, all of it: ``{"channel": "db"}`` equal, ``{"lang": ["en",
                "ko"]}`` one of, ``{"price": {"min": 5, "max": 10}}`` in a range.
            exclude_seen: leave out what the user has clicked.
            published_after: Unix seconds; documents without `published_at` are left out then.
            scorer: ``blend``, ``sum``, ``max`` or ``soft``; None: that of the settings.
            diversity: from 0 (none) to 1, how much what was chosen already counts against its like.
            personal: from 0 to 1, the share of the places that are the reader's own: for what suits their
                interests, whatever is new or popular. Under ``blend``; None: `Settings.personal`.
            explore: from 0 to 1, the share of answers whose scores are drawn from what the blend is not sure
                of (Thompson sampling), so that uncertain evidence and documents that nobody read are shown,
                and found out. Under ``blend``. Each then has the `Recommendation.propensity` of being shown.
            explain: ``"full"``: what every kind of evidence weighed, too. False: no reasons, and the answer
                comes a little sooner.
            language: of the reasons, ``en`` or ``ko``.
            at: now, in Unix seconds, for what expires; None: the latest time in the data.
            as_if: clicks of this user that are taken as learned for this one answer, and not kept. What they
                would teach of the community is not.
            sources: rankings of your own that add candidates and weight, or objects with
                ``candidates(asked)`` that add candidates (see `penchant.rank.sources`). For the scorer
                ``blend``.

        Raises:
            InvalidQuery: names the argument and the remedy.
            UnknownDocument: one of `as_if` is on a document that is not there.
        """
        return self._questions.recommend(
            user_id,
            k,
            where=where,
            exclude_seen=exclude_seen,
            published_after=published_after,
            scorer=scorer,
            diversity=diversity,
            personal=personal,
            explore=explore,
            explain=explain,
            language=language,
            at=at,
            as_if=as_if,
            sources=sources,
        )

    def score(
        self, user_id: str, document_ids: Sequence[str], *, scorer: str | None = None, at: float | None = None
    ) -> NDArray[np.float32]:
        """The scores that `recommend` ranks by, of any listed documents.

        Examples:
            >>> [f"{score:.2f}" for score in sample_engine().score("ana", ["d1", "d3"], scorer="sum")]
            ['1.00', '0.05']

        Args:
            scorer: see `recommend`.
            at: now, in Unix seconds; None: the latest time in the data.

        Returns:
            float32 of shape (len(document_ids),), in the order given.

        Raises:
            UnknownDocument: names the document.
            InvalidQuery: names the argument.
        """
        return self._questions.score(user_id, document_ids, scorer=scorer, at=at)

    def why(
        self, user_id: str, document_id: str, *, language: Language = "en", at: float | None = None
    ) -> Why:
        """Where a document stands for a user, and why: its place, what weighs for and against it, what the
        first has that it lacks, why it is left out, and how like each interest it is.

        Examples:
            >>> why = sample_engine().why("ana", "d3")
            >>> why.rank, why.candidates, why.first.document.id
            (2, 2, 'd2')
            >>> [(near.unit.title, round(near.likeness, 2)) for near in why.interests]
            [('fast cosine search', 0.05)]

        Args:
            language: of the reasons, ``en`` or ``ko``.
            at: now, in Unix seconds; None: the latest time in the data.

        Raises:
            UnknownDocument: names the document.
            InvalidQuery: names the argument.
        """
        return self._questions.why(user_id, document_id, language=language, at=at)

    def popular(
        self, k: int = 20, *, where: Where | None = None, language: Language = "en", at: float | None = None
    ) -> list[Recommendation]:
        """What the community reads: the documents that most readers clicked of late, then the newest.

        Examples:
            >>> [found.document.id for found in sample_engine().popular(1)]
            ['d1']

        Raises:
            InvalidQuery: names the argument.
        """
        return self._questions.popular(Query(k, self._questions.time(at), where, language=language))

    def newest(self, k: int = 20, *, where: Where | None = None, at: float | None = None) -> list[Document]:
        """The documents that were published last.

        Examples:
            >>> [document.id for document in sample_engine().newest(2)]
            []

        Raises:
            InvalidQuery: names the argument.
        """
        return self._questions.newest(Query(k, self._questions.time(at), where))

    def similar(
        self, document_id: str, k: int = 20, *, where: Where | None = None, at: float | None = None
    ) -> list[Recommendation]:
        """The k documents nearest to a document in meaning; the score is the cosine.

        Examples:
            >>> [found.document.id for found in sample_engine().similar("d1", k=1)]
            ['d2']

        Args:
            where: see `recommend`.
            at: likewise.

        Raises:
            UnknownDocument: names the document.
            InvalidQuery: names the argument.
        """
        return self._questions.similar(document_id, k, where=where, at=at)

    def search(
        self, text: str, k: int = 20, *, where: Where | None = None, at: float | None = None
    ) -> list[Recommendation]:
        """The k documents nearest to a text in meaning; the score is the cosine.

        Examples:
            >>> [found.document.id for found in sample_engine().search("bread", k=1)]
            ['d3']

        Args:
            where: see `recommend`.
            at: likewise.

        Raises:
            InvalidQuery: names the argument.
            EmbedderError: the text could not be embedded.
        """
        return self._questions.search(text, k, where=where, at=at)

    def recent_clicks(self, document_id: str, at: float) -> float:
        """Clicks on a document by distinct users, each halved every `Settings.popularity_half_life` before
        `at`.

        Examples:
            >>> sample_engine().recent_clicks("d1", at=1_700_000_000.0)
            1.0

        Args:
            at: Unix seconds.

        Raises:
            UnknownDocument: names the document.
        """
        return self._questions.recent_clicks(document_id, at)

    def units(self, user_id: str, *, as_if: Sequence[Click] = ()) -> list[InterestUnit]:
        """The Interest Units of a user, most recently updated first; none for a user who never clicked.

        Examples:
            >>> [(unit.title, unit.size) for unit in sample_engine().units("ana")]
            [('fast cosine search', 1)]

        Args:
            as_if: clicks of this user that are taken as learned for this one answer, and not kept.

        Raises:
            InvalidQuery: a click of `as_if` is of another user.
            UnknownDocument: or on a document that is not there.
        """
        return self._questions.units(user_id, as_if=as_if)

    def history(self, user_id: str) -> list[Moment]:
        """What each of the latest `Settings.history_kept` clicks of a user did, and the units after it, the
        oldest first.

        They are learned again from nothing. With an older history than is kept, or with titles that changed
        since, units differ from those that there are now. Clicks on removed documents are left out.

        Examples:
            >>> [moment.change.action for moment in sample_engine().history("ana")]
            ['created']
        """
        return self._questions.history(user_id)

    def reads(self, user_id: str) -> tuple[tuple[str, float], ...]:
        """(document id, time of the first click) of what a user read last, as other readers' evidence knows
        it.

        Examples:
            >>> sample_engine().reads("ana")
            (('d1', 1700000000.0),)
        """
        return self._questions.reads(user_id)

    def user(self, user_id: str) -> User:
        """All that is kept of a user; nothing for one who never clicked.

        Examples:
            >>> sample_engine().user("ana").seen
            ('d1',)
        """
        return self._questions.user(user_id)

    def users(self, user_ids: Sequence[str]) -> dict[str, User]:
        """Those of the users that are known, as they are stored.

        Examples:
            >>> list(sample_engine().users(["ana", "nobody"]))
            ['ana']
        """
        return self.store.users(user_ids)

    def user_ids(self, prefix: str = "", limit: int | None = None, part: str = "") -> list[str]:
        """The ids of all users, sorted.

        Examples:
            >>> sample_engine().user_ids("a")
            ['ana']

        Args:
            prefix: only those that begin with it.
            limit: at most this many. None: all.
            part: only those that have it anywhere.
        """
        return self.store.user_ids(prefix, limit, part)

    def user_count(self) -> int:
        """The number of users.

        Examples:
            >>> sample_engine().user_count()
            1
        """
        return self.store.user_count()

    # What answers are made from

    @property
    def blend(self) -> Blending:
        """The weights of evidence, as clicks have taught them: see them, set them, learn them anew.

        Examples:
            >>> sample_engine().blend.lessons
            0
        """
        return Blending(self._state, self._learner)

    @property
    def towers(self) -> Towers:
        """The trained towers of the state: those there are, the one in use, use another, use none.

        Examples:
            >>> from penchant.testing import MeanTower
            >>> engine = sample_engine()
            >>> engine.towers.adopt(MeanTower("hashing", dimension=64))
            'mean-1'
            >>> engine.towers.in_use.history
            10
        """
        return Towers(self._state)

    # What an engine is made of

    @property
    def settings(self) -> Settings:
        """Every number of the method."""
        return self._state.settings

    @property
    def about(self) -> About | None:
        """How the state was built; None before the first document."""
        return self._state.about

    @property
    def embedder(self) -> Embedder:
        """What turns texts into vectors.

        Raises:
            InvalidQuery: it is ``corpus``, and there are no titles yet to train it on.
            MissingExtra: a package that it needs is not installed.
        """
        return self._state.texts.embedder

    @property
    def threshold(self) -> float:
        """tau: that of the settings, the community's, or the embedder's. May raise as `embedder` does."""
        return self._state.threshold

    @property
    def latest_at(self) -> float:
        """The latest time in the data, Unix seconds."""
        return self._state.counters.latest_at

    @property
    def embedding_seconds(self) -> float:
        """Time spent inside the embedder so far."""
        return self._state.embedding_seconds

    def size(self) -> int:
        """Bytes on disk; 0 in memory.

        Examples:
            >>> sample_engine().size()
            0
        """
        return self.store.size()

    def warm_up(self) -> None:
        """Load everything that is otherwise loaded when it is first needed: documents, index, embedder,
        compiled code.

        Examples:
            >>> sample_engine().warm_up()
        """
        warmed_up(self._state)

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

    def __exit__(self, *_: object) -> None:
        self.close()
