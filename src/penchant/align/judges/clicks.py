"""Clicks as judgements: what a reader clicked soon after a document is relevant to it.

Weaker than a judge, biased by time, and free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from penchant.align.examples import RANDOM, AlignQuery, Candidate, Judgement
from penchant.errors import InvalidQuery
from penchant.types import Click, Document

CLICKS = "clicks"
DRAWN = 20_000
"""So many clicks are drawn, unless asked otherwise."""


def from_clicks(
    documents: Sequence[Document],
    clicks: Sequence[Click],
    *,
    soon: int = 3,
    most: int = DRAWN,
    at_random: int = 2,
    seed: int = 0,
) -> tuple[list[AlignQuery], list[Candidate], list[Judgement]]:
    """The titles of clicked documents as queries, and the next clicks of the same reader as what is relevant.

    What was not clicked is not judged: nobody knows whether it was seen. Only documents drawn at random are taken as not
    relevant.

    Args:
        soon: so many next clicks are relevant.
        most: so many clicks are drawn, evenly from the log.

    Raises:
        InvalidQuery: no reader clicked two documents.
    """
    titles = {document.id: document.title for document in documents}
    pairs = followed(clicks, titles, soon)
    if not pairs:
        raise InvalidQuery("no reader clicked two documents: clicks cannot judge")
    random = np.random.default_rng(seed)
    drawn = sorted(random.permutation(len(pairs))[:most].tolist())
    ids = sorted(titles)
    queries, candidates, judgements = [], [], []
    for number in drawn:
        user_id, document_id, after = pairs[number]
        query = AlignQuery(f"{number}", titles[document_id], user_id)
        others = [ids[int(place)] for place in random.integers(0, len(ids), at_random)]
        queries.append(query)
        candidates += [Candidate(query.id, each, titles[each], (CLICKS,)) for each in after]
        judgements += [Judgement(query.id, each, relevant=True, judge=CLICKS) for each in after]
        candidates += [Candidate(query.id, each, titles[each], (RANDOM,)) for each in others if each not in (document_id, *after)]
    return queries, candidates, judgements


def followed(clicks: Sequence[Click], titles: Mapping[str, str], soon: int) -> list[tuple[str, str, list[str]]]:
    """(a reader, a clicked document, the next documents of other titles that were clicked), in the order of the clicks."""
    of_user: dict[str, list[str]] = {}
    for click in sorted(clicks, key=lambda click: click.at):
        own = of_user.setdefault(click.user_id, [])
        if click.document_id not in own:
            own.append(click.document_id)
    found = []
    for user_id, own in of_user.items():
        for place, document_id in enumerate(own):
            after = [each for each in own[place + 1 : place + 1 + soon] if titles[each] != titles[document_id]]
            if after:
                found.append((user_id, document_id, after))
    return found
