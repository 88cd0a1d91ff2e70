"""A state that is open: its store, and what is made from it, each part loaded when it is first needed.

The store is the truth. Documents, index and embedder are held beside it in memory, under the locks that let
threads share them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock, RLock

import msgspec

from penchant.cache import RecentCache
from penchant.embed import Embedder, load_embedder
from penchant.embed.chance import FEWEST, community_threshold, sampled
from penchant.embed.kept import new_embedder, restored
from penchant.embed.texts import TextEmbedder
from penchant.engine import about, towers
from penchant.engine.about import ABOUT, MODEL, About
from penchant.engine.turns import Turns
from penchant.errors import InvalidQuery, InvalidSettings, StateReadOnly
from penchant.garbage import no_garbage_collection
from penchant.index import DocumentIndex, make_index
from penchant.index.saved import catch_up, open_index, remove_unfinished, save_index
from penchant.memory.documents import Documents
from penchant.memory.impressions import Impressions
from penchant.memory.readers import Rows
from penchant.memory.trails import Trails
from penchant.memory.users import Users
from penchant.rank.blend import Blend
from penchant.rank.known import Known
from penchant.rank.retrieval import Shortlists
from penchant.rank.smoothing import Smoother
from penchant.settings import Settings
from penchant.store import Changes, Store
from penchant.text.sites import Sites
from penchant.towers.adopted import Adopted
from penchant.types import Vectors


class State:
    """See the module. `changing` is held by the one thread that changes the state; `turns` guards documents
    and index.

    Whoever needs both locks takes `changing` first. What is made late is made under locks of this order too:
    that of functools.cached_property, which in Python 3.11 is held while a value is made, would be taken
    before `changing` by those who ask, and after it by those who change.
    """

    def __init__(
        self,
        store: Store,
        embedder: str | Embedder | None,
        index: str | None,
        settings: Settings | None,
        *,
        directory: Path | None,
        read_only: bool,
        api_key: str | None,
    ) -> None:
        self.store = store
        self.about = about.read_about(store)
        self.counters = about.read_counters(store)
        if self.about is not None and embedder is not None:
            about.check_embedder(self.about, embedder)
        self.settings = settings or (self.about.settings if self.about else Settings())
        if self.about is not None and self.settings.document_text != self.about.settings.document_text:
            raise InvalidSettings(
                f"document_text is {self.settings.document_text!r}, and the documents of the state were "
                "embedded by "
                f"{self.about.settings.document_text!r}: move them with `penchant reembed --document-text`"
            )
        self.users = Users(store, 0 if read_only else self.settings.users_cached)
        self.changing = RLock()
        self.turns = Turns()
        self.shortlists: Shortlists = RecentCache(self.settings.users_cached)
        self.blend = about.read_blend(store)
        self.smoother = Smoother(self.settings.decay_before)
        self._documents: Documents | None = None
        self._trails: Trails | None = None
        self._impressions: Impressions | None = None
        self._index: DocumentIndex | None = None
        self._texts: TextEmbedder | None = None
        self._tower: Adopted | None = None
        self._tower_opened = False
        self.tower_problem = ""
        """Why the tower of the state cannot be used."""
        self._making_documents = Lock()
        self._making_texts = Lock()
        self._wanted = embedder if embedder is not None else (self.about.embedder if self.about else "corpus")
        self._index_kind = index or (self.about.index if self.about else "usearch")
        self.directory = directory
        self._read_only = read_only
        self._api_key = api_key
        if directory is not None and not read_only:
            remove_unfinished(directory)
            self._remember_settings()

    @property
    def documents(self) -> Documents:
        """All documents."""
        if self._documents is None:
            with self._making_documents:
                if self._documents is None:
                    with no_garbage_collection():
                        sites = Sites(self.about.sites if self.about else ())
                        documents = Documents(self.store.columns(), sites)
                    documents.reserve_row(self.counters.next_row)
                    self._documents = documents
        return self._documents

    @property
    def impressions(self) -> Impressions:
        """How often documents were shown; loaded when somebody asks."""
        if self._impressions is None:
            with self._making_documents:
                if self._impressions is None:
                    self._impressions = Impressions(self.store.impressions())
        return self._impressions

    @property
    def trails(self) -> Trails:
        """Who read what; loaded when evidence is first needed."""
        if self._trails is None:
            documents = self.documents
            with self.changing:
                if self._trails is None:
                    with no_garbage_collection():
                        self._trails = about.read_trails(self.store, documents.rows())
        return self._trails

    def reload_trails(self, latest: Rows) -> None:
        """Who read what, as the store has it: what was taken over and could not be stored is gone.

        Args:
            latest: the documents that were clicked last, which the store does not tell exactly.
        """
        trails = about.read_trails(self.store, self.documents.rows())
        trails.set_latest(latest)
        with self.turns.writing():
            self._trails = trails
            # What the old one holds is marked by counts of changes, which begin anew.
            self.smoother = Smoother(self.settings.decay_before)

    def known(self) -> Known:
        """What recommendations by the blend are made from. Loads what is not loaded yet: not to be called in
        a turn."""
        return Known(
            self.index,
            self.documents,
            self.trails,
            self.smoother,
            self.settings,
            lambda: self.texts.embedder.threshold,
            self.tower,
            lambda rows: self.impressions.of(rows),
        )

    def with_tower_of_now(self, known: Known) -> Known:
        """What is known, with the tower that is in use in this turn: documents that came are in no other."""
        return known if known.tower is self._tower else replace(known, tower=self._tower)

    @property
    def tower(self) -> Adopted | None:
        """The trained tower in use; None where there is none, or none that can be used."""
        if not self._tower_opened:
            with self.changing:
                if not self._tower_opened:
                    self._tower, self.tower_problem = towers.opened(self)
                    self._tower_opened = True
        return self._tower

    def set_tower(self, tower: Adopted | None) -> None:
        """Answer by another tower, or by none, from the next question on."""
        with self.turns.writing():
            self._tower, self.tower_problem, self._tower_opened = tower, "", True

    @property
    def index(self) -> DocumentIndex:
        """Nearest neighbours among the documents. To learn needs none, so that it is made late."""
        index = self._index  # another thread may end `comparing_all` meanwhile
        if index is None:
            with self.changing:
                index = self._index
                if index is None:
                    dimension = self.require_about().dimension
                    index, revision = open_index(self._index_kind, dimension, self.settings, self.directory)
                    catch_up(index, revision, self.store)
                    self._index = index
        return index

    @property
    def has_index(self) -> bool:
        """Whether the index was made already."""
        return self._index is not None

    @contextmanager
    def comparing_all(self) -> Iterator[None]:
        """Compare with every document, without the index, while another process makes that; nothing of it is
        kept."""
        if self.has_index:
            yield
            return
        every = make_index("exact", self.require_about().dimension, self.settings)
        catch_up(every, 0, self.store)
        with self.changing:
            self._index = every
            try:
                yield
            finally:
                self._index = None

    @property
    def texts(self) -> TextEmbedder:
        """The embedder. Raises InvalidQuery for ``corpus`` before the first document, on whose titles it is
        trained."""
        if self._texts is None:
            with self._making_texts:
                if self._texts is None:
                    embedder = self._wanted
                    if isinstance(embedder, str):
                        embedder = self._load_embedder(embedder)
                    self._texts = TextEmbedder(embedder, self.settings.texts_cached)
        return self._texts

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Texts -> vectors of unit length. The embedder is loaded by the first text."""
        return self.texts.encode(texts)

    def _load_embedder(self, name: str) -> Embedder:
        if self.about is None and name != "corpus":
            return load_embedder(name, api_key=self._api_key)
        return restored(self.require_about().embedder, self.store.fact(MODEL), self._api_key)

    @property
    def embedding_seconds(self) -> float:
        """Time spent inside the embedder so far."""
        return 0.0 if self._texts is None else self._texts.seconds

    def fit(self, titles: Sequence[str]) -> None:
        """Choose and remember the embedder of a new state."""
        if self.about is not None:
            raise InvalidQuery(
                f"the state has its embedder, {self.about.embedder!r}: `penchant reembed` moves it to another"
            )
        sites = about.sites_of(self.settings, titles)
        embedder = new_embedder(self._wanted, [sites.bare(title) for title in titles], self._api_key)
        now = About(embedder.name, embedder.dimension, self._index_kind, self.settings, sites=sites.names)
        self.store.commit([Changes(facts={ABOUT: msgspec.json.encode(now), **about.model_fact(embedder)})])
        self.about, self._wanted, self.documents.sites = now, embedder, sites

    @property
    def threshold(self) -> float:
        """tau: that of the settings, of the community where units are means, or the embedder's."""
        if self.settings.threshold is not None:
            return self.settings.threshold
        found = self.about.threshold if self.about and self.settings.unit_rule == "mean" else None
        return self.texts.embedder.threshold if found is None else found

    def calibrate(self) -> None:
        """Find the threshold of the community; again when there are twice as many documents as then."""
        about = self.about
        if about is None or self.settings.threshold is not None or self.settings.unit_rule == "text":
            return
        count = len(self.documents)
        if count < max(FEWEST, 2 * about.compared):
            return
        rows = self.documents.rows()[sampled(count)]
        found = community_threshold(self.store.vectors(rows.tolist()), self.texts.embedder.threshold)
        about = msgspec.structs.replace(about, threshold=found, compared=count)
        self.store.commit([Changes(facts={ABOUT: msgspec.json.encode(about)})])
        self.about = about

    def keep_blend(self, blend: Blend) -> None:
        """Store another blend, and use it from now on."""
        self.store.commit([Changes(facts=about.blend_fact(blend, self.blend))])
        self.blend = blend

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one thread that changes the state. Raises StateReadOnly where it was opened to be read."""
        self.check_writable()
        with self.changing:
            yield

    def check_writable(self) -> None:
        """Raises StateReadOnly where the state was opened to be read."""
        if self._read_only:
            raise StateReadOnly(
                f"{self.directory} was opened read-only: open it without read_only to change it"
            )

    def save_index(self) -> None:
        """Bring the index up to date and write it to disk."""
        if self.directory is not None and self.about is not None:
            index = self.index
            with self.changing:
                save_index(index, self.counters.revision, self.settings, self.directory)
                towers.saved(self)

    def close(self) -> None:
        """Save the index, if it was used, and let go of the state. Harmless when repeated."""
        if not self._read_only:
            if self.has_index:
                self.save_index()
            elif self._tower is not None:
                towers.saved(self)
        self._index = None
        self.store.close()

    def _remember_settings(self) -> None:
        if self.about is None:
            return
        changed = msgspec.structs.replace(self.about, index=self._index_kind, settings=self.settings)
        if changed != self.about:
            self.store.commit([Changes(facts={ABOUT: msgspec.json.encode(changed)})])
            self.about = changed

    def require_about(self) -> About:
        """How the state was built. Raises InvalidQuery before the first document."""
        if self.about is None:
            raise InvalidQuery("there are no documents yet: add some first")
        return self.about
