"""A click log as arrays: what every protocol cuts into cases and every method learns from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from penchant.checks import EARLIEST_CLOCK
from penchant.errors import InvalidQuery
from penchant.text.sites import Sites
from penchant.types import Click, Document, Shown

Rows = NDArray[np.int32]
"""Numbers of documents (or users) in their log."""
Times = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Clicks:
    """Clicks in the order in which they are learned; three arrays of one length."""

    users: Rows
    documents: Rows
    at: Times

    def __len__(self) -> int:
        return len(self.users)

    def __getitem__(self, which: slice | NDArray[np.bool_] | NDArray[np.int64]) -> Clicks:
        return Clicks(self.users[which], self.documents[which], self.at[which])

    @cached_property
    def of_user(self) -> dict[int, NDArray[np.int64]]:
        """user -> the positions of the user's clicks, in order."""
        order = np.argsort(self.users, kind="stable")
        users, starts = np.unique(self.users[order], return_index=True)
        return dict(zip(users.tolist(), np.split(order, starts[1:]), strict=True))


def joined(first: Clicks, then: Clicks) -> Clicks:
    """Some clicks, and others after them."""
    return Clicks(
        np.concatenate([first.users, then.users]),
        np.concatenate([first.documents, then.documents]),
        np.concatenate([first.at, then.at]),
    )


@dataclass(frozen=True, eq=False)
class Impression:
    """Documents that a user was shown side by side, and those of them that were clicked."""

    user: int
    shown: Rows
    places: Rows
    """At which each of them was shown, from 0."""
    clicked: Rows
    at: float


@dataclass(frozen=True, eq=False)
class Log:
    """Documents, and each user's first click on each of them, ordered by time (ties: as given)."""

    name: str
    documents: Sequence[Document]
    user_ids: Sequence[str]
    clicks: Clicks
    clock: bool
    """Whether times are Unix seconds. Without a clock they are positions within each user's history."""
    impressions: Sequence[Impression] = ()
    """What was shown, where it is told; in order."""

    @cached_property
    def titles(self) -> list[str]:
        """The title of each document."""
        return [document.title for document in self.documents]

    @cached_property
    def sites(self) -> Sites:
        """What ends titles and says nothing."""
        return Sites.of(self.titles)

    @cached_property
    def bare_titles(self) -> list[str]:
        """The titles without it: what is embedded."""
        return [self.sites.bare(title) for title in self.titles]

    @cached_property
    def published(self) -> Times:
        """When each document was published. A document without `published_at` counts from its first click;
        never clicked: NaN."""
        first = np.full(len(self.documents), np.inf)
        np.minimum.at(first, self.clicks.documents, self.clicks.at)
        told = np.array(
            [np.nan if d.published_at is None else d.published_at for d in self.documents], np.float64
        )
        return np.where(np.isnan(told), np.where(np.isinf(first), np.nan, first), told)

    @cached_property
    def tells_publication(self) -> bool:
        """Whether any document says when it was published; films, say, do not, and stay available."""
        return any(document.published_at is not None for document in self.documents)

    @cached_property
    def publication_is_click(self) -> bool:
        """Whether most documents are published by their only click, so that ranking by time would be ranking
        by the answer."""
        if not self.clock or not len(self.clicks):
            return False
        counts = np.bincount(self.clicks.documents, minlength=len(self.documents))
        alone = counts[self.clicks.documents] == 1
        same = self.clicks.at <= self.published[self.clicks.documents]
        return bool((alone & same).mean() > 0.5)


def make_log(
    name: str, documents: Sequence[Document], clicks: Sequence[Click], shown: Sequence[Shown] = ()
) -> Log:
    """The log of documents and clicks. A user's later clicks on the same document are left out.

    Args:
        shown: what users were shown; documents that are not known are passed over.

    Raises:
        InvalidQuery: there is nothing to evaluate on.
    """
    if not documents or not clicks:
        raise InvalidQuery(
            f"{name}: {len(documents)} documents and {len(clicks)} clicks are nothing to evaluate on"
        )
    rows = {document.id: row for row, document in enumerate(documents)}
    kept = list({document.id: document for document in documents}.values())
    if len(kept) != len(documents):
        rows = {document.id: row for row, document in enumerate(kept)}
    numbers: dict[str, int] = {}
    at = np.array([click.at for click in clicks], np.float64)
    users = np.array([numbers.setdefault(click.user_id, len(numbers)) for click in clicks], np.int32)
    clicked = np.array([rows[click.document_id] for click in clicks], np.int32)
    order = np.argsort(at, kind="stable")
    pairs = users[order].astype(np.int64) * len(kept) + clicked[order]
    _, first = np.unique(pairs, return_index=True)
    order = order[np.sort(first)]
    return Log(
        name=name,
        documents=kept,
        user_ids=list(numbers),
        clicks=Clicks(users[order], clicked[order], at[order]),
        clock=bool(at.min() >= EARLIEST_CLOCK),
        impressions=[_impression(each, rows, numbers) for each in shown if each.user_id in numbers],
    )


def _impression(shown: Shown, rows: Mapping[str, int], users: Mapping[str, int]) -> Impression:
    known = sorted(
        (rows[name], place, clicked)
        for place, (name, clicked) in enumerate(shown.documents.items())
        if name in rows
    )
    documents, places = (np.array([each[part] for each in known], np.int32) for part in (0, 1))
    clicked = np.array([row for row, _, was_clicked in known if was_clicked], np.int32)
    return Impression(users[shown.user_id], documents, places, clicked, shown.at)
