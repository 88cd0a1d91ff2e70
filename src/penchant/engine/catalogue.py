"""The way of documents into the engine and out of it.

documents -> those that changed -> embedded -> stored -> columns and index
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from penchant.checks import check_document, check_ids
from penchant.engine.about import COUNTERS, Counters
from penchant.engine.state import State
from penchant.memory.documents import numbered
from penchant.store import Changes, StoredDocument
from penchant.types import Document, Progress, Vector

_PART = 64
"""Documents that enter the index at a time; questions are answered in between."""


class Catalogue:
    """Adds and removes documents of a state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, documents: Iterable[Document], progress: Progress | None) -> None:
        """See `penchant.Engine.add`."""
        given: dict[str, Document] = {}
        for document in documents:
            check_document(document)
            given[document.id] = document
        with self._state.writing():
            known = self._state.documents
            changed = [document for document in given.values() if document != known.get(document.id)]
            if progress is not None and len(given) > len(changed):
                progress(len(given) - len(changed))
            if changed:
                self._put(changed, progress)

    def remove(self, document_ids: Sequence[str]) -> None:
        """See `penchant.Engine.remove`."""
        check_ids(document_ids)
        state = self._state
        with state.writing():
            rows = sorted({state.documents.row(document_id) for document_id in document_ids})
            trails, tower = state.trails, state.tower
            with state.turns.writing():
                state.store.commit([Changes(removed_documents=rows)])
                for row in rows:
                    state.documents.drop(row)
                trails.drop(rows)
                state.impressions.drop(rows)
                state.shortlists.clear()
                if state.has_index:
                    state.index.remove(np.array(rows, np.int64))
                if tower is not None:
                    tower.remove(np.array(rows, np.int64))

    def _put(self, documents: list[Document], progress: Progress | None) -> None:
        state = self._state
        if state.about is None:
            state.fit([document.title for document in documents])
        revision, first_new = state.counters.revision + 1, state.counters.next_row
        what = state.settings.document_text
        stored, fresh, next_row = numbered(documents, state.documents, first_new, revision, what)
        if progress is not None and len(documents) > len(fresh):
            progress(len(documents) - len(fresh))
        vectors = state.texts.encode([text for _, text in fresh], progress)
        vector_of = dict(zip((row for row, _ in fresh), vectors, strict=True))
        published = (document.published_at for document in documents if document.published_at is not None)
        counters = Counters(max([state.counters.latest_at, *published]), next_row, revision)
        packed = {row: vector.tobytes() for row, vector in vector_of.items()}
        facts = {COUNTERS: msgspec.json.encode(counters)}
        state.store.commit([Changes(documents=stored, vectors=packed, facts=facts)])
        state.counters = counters
        for start in range(0, len(stored), _PART):
            self._take_over(stored[start : start + _PART], vector_of, first_new)

    def _take_over(
        self, stored: Sequence[StoredDocument], vector_of: Mapping[int, Vector], first_new: int
    ) -> None:
        """Documents that are stored into columns and index.

        Args:
            vector_of: row -> embedding, of those whose embedding is new.
            first_new: the row of the first document that was not there before.
        """
        state, tower = self._state, self._state.tower
        embedded = [each.key for each in stored if each.key in vector_of]
        with state.turns.writing():
            state.documents.put(stored)
            if embedded:
                state.shortlists.clear()
            if any(row < first_new for row in embedded):
                state.smoother.clear()
            if embedded and (state.has_index or tower is not None):
                rows, vectors = np.array(embedded, np.int64), np.stack([vector_of[row] for row in embedded])
                if state.has_index:
                    state.index.add(rows, vectors)
                if tower is not None:
                    tower.put(rows, state.documents.ids(rows), vectors)
