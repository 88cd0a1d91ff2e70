"""Clicks as judgements: what a reader clicked soon after a document is relevant to it.

Weaker than a judge, biased by time, and free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from penchant.errors import InvalidQuery
from penchant.train.align.examples import RANDOM, AlignQuery, Candidate, Judgement
from penchant.types import Click, Document

CLICKS = "clicks"
DRAWN = 20_000
"""Clicks that are drawn, unless asked otherwise."""
OF_EACH = 50
"""Clicks of each reader at most: what a handful of readers of thousands of documents means by near is
not what all mean."""


class Followed(NamedTuple):
    """What a reader clicked up to some moment, and next."""

    user_id: str
    read: list[str]
    """Ids of documents, the latest last."""
    after: list[str]


def from_clicks(
    documents: Sequence[Document],
    clicks: Sequence[Click],
    *,
    soon: int = 3,
    reads: int = 10,
    most: int = DRAWN,
    of_each: int = OF_EACH,
    at_random: int = 2,
    seed: int = 0,
) -> tuple[list[AlignQuery], list[Candidate], list[Judgement]]:
    """The titles that a reader clicked last as a query, and the next clicks of the same reader as what is
    relevant.

    What was not clicked is not judged: nobody knows whether it was seen. Only documents drawn at random are
    taken as not relevant.

    Args:
        soon: next clicks that are relevant.
        reads: last titles that are the query. One alone says too little of a reader with several
            interests: most next clicks are not near it, and learning to bring them near makes everything
                alike.
        most: clicks that are drawn, evenly from the log.
        of_each: clicks of each reader at most.

    Raises:
        InvalidQuery: no reader clicked two documents.
    """
    titles = {document.id: document.title for document in documents}
    pairs = followed(clicks, titles, soon, reads)
    if not pairs:
        raise InvalidQuery("no reader clicked two documents: clicks cannot judge")
    random = np.random.default_rng(seed)
    ids = sorted(titles)
    queries, candidates, judgements = [], [], []
    for number in _drawn(pairs, most, of_each, random):
        user_id, read, after = pairs[number]
        *before, last = (titles[each] for each in read)
        query = AlignQuery(f"{number}", last, user_id, tuple(before))
        others = [ids[int(place)] for place in random.integers(0, len(ids), at_random)]
        queries.append(query)
        candidates += [Candidate(query.id, each, titles[each], (CLICKS,)) for each in after]
        judgements += [Judgement(query.id, each, relevant=True, judge=CLICKS) for each in after]
        candidates += [
            Candidate(query.id, each, titles[each], (RANDOM,))
            for each in others
            if each not in (*read, *after)
        ]
    return queries, candidates, judgements


def _drawn(pairs: Sequence[Followed], most: int, of_each: int, random: np.random.Generator) -> list[int]:
    """The numbers of those that are drawn."""
    found, of_user = [], Counter[str]()
    for number in random.permutation(len(pairs)).tolist():
        of_user[pairs[number].user_id] += 1
        if of_user[pairs[number].user_id] <= of_each:
            found.append(number)
    return sorted(found[:most])


def followed(clicks: Sequence[Click], titles: Mapping[str, str], soon: int, reads: int) -> list[Followed]:
    """For each click of each reader: the last documents up to it, and the next ones of other titles."""
    of_user: dict[str, list[str]] = {}
    for click in sorted(clicks, key=lambda click: click.at):
        own = of_user.setdefault(click.user_id, [])
        if click.document_id not in own:
            own.append(click.document_id)
    found = []
    for user_id, own in of_user.items():
        for place in range(len(own)):
            read = own[max(0, place + 1 - reads) : place + 1]
            said = {titles[each] for each in read}
            after = [each for each in own[place + 1 : place + 1 + soon] if titles[each] not in said]
            if after:
                found.append(Followed(user_id, read, after))
    return found
