"""What has to be known before clicks are learned: which of them count, and what is known of their
documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from penchant.checks import check_click
from penchant.errors import UnknownDocument
from penchant.memory.documents import Documents
from penchant.settings import Settings
from penchant.store import Store, click_digest
from penchant.text import key_terms
from penchant.types import Change, Click, InterestUnit, Progress, User
from penchant.units.rules import Clicked
from penchant.units.waves import Encode, learn

MANY_CLICKS = 20_000
"""Clicks in a call from which compiled code is worth what it takes to load."""


class Moment(msgspec.Struct, frozen=True, eq=False):
    """A user after one click."""

    change: Change
    units: tuple[InterestUnit, ...]
    """In no promised order; the `changed_step` of a unit tells it from the user's others."""


def check_clicks(clicks: Sequence[Click], documents: Documents) -> None:
    """Raises InvalidClick or UnknownDocument, with the click and the remedy, unless all can be learned."""
    for click in clicks:
        check_click(click)
        if click.document_id not in documents:
            raise UnknownDocument(
                f"click of user {click.user_id!r} on the unknown document {click.document_id!r}: add the "
                "document first"
            )


def fresh_clicks(clicks: Sequence[Click], store: Store, settings: Settings) -> list[int]:
    """The positions of the clicks to learn: of a kind that counts, and with an id that was not seen
    before."""
    known = store.known_clicks([click_digest(click.id) for click in clicks if click.id is not None])
    positions = []
    for position, click in enumerate(clicks):
        if click.id is not None:
            digest = click_digest(click.id)
            if digest in known:
                continue
            known.add(digest)
        if click.kind is None or settings.kinds is None or click.kind in settings.kinds:
            positions.append(position)
    return positions


def clicked(clicks: Sequence[Click], documents: Documents, store: Store) -> list[tuple[str, Clicked]]:
    """(user id, the document with what is known of it) of each click on a known document."""
    rows = {click.document_id: documents.row(click.document_id) for click in clicks}
    vectors = dict(zip(rows, store.vectors(list(rows.values())), strict=True)) if rows else {}
    titles = {name: documents.at_row(row).title for name, row in rows.items()}
    terms = {name: tuple(key_terms(documents.sites.bare(title))) for name, title in titles.items()}
    known = {name: (name, title, terms[name], vectors[name]) for name, title in titles.items()}
    return [(click.user_id, Clicked(*known[click.document_id], at=click.at)) for click in clicks]


def learn_silently(
    users: Mapping[str, User],
    clicks: Sequence[tuple[str, Clicked]],
    encode: Encode,
    threshold: float,
    settings: Settings,
    progress: Progress | None,
) -> dict[str, User]:
    """The users of the clicks after them, by the fastest way that there is; not what each click did."""
    if len(clicks) >= MANY_CLICKS:
        # compiled code takes half a second to load, and to be compiled for the first time much more
        from penchant.units import arrays

        if arrays.can_learn(settings):
            return arrays.learn(users, clicks, threshold, settings, progress)
    return learn(users, clicks, encode, threshold, settings, progress)[0]


def replay(
    clicks: Sequence[tuple[str, Clicked]], encode: Encode, threshold: float, settings: Settings
) -> list[Moment]:
    """The clicks of one user, in the order in which they were learned, from nothing: the user after each."""
    now: Mapping[str, User] = {}
    moments = []
    for click in clicks:
        now, (change,) = learn(now, [click], encode, threshold, settings)
        moments.append(Moment(change, now[click[0]].units))
    return moments
