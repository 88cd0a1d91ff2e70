"""Queries where there is no search log: key terms of documents, and contextual texts of readers' latest
interests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from penchant.text import contextual_text, key_terms
from penchant.train.align.examples import AlignQuery
from penchant.types import Click, Document

_TERMS = 10
_READS = 5
"""Clicks in a row that make an interest."""


def from_documents(
    documents: Sequence[Document], clicks: Sequence[Click], most: int, seed: int = 0
) -> list[AlignQuery]:
    """At most `most` queries: half of them, where there are clicks, contextual texts; the others the key
    terms of a title."""
    random = np.random.default_rng(seed)
    texts = interests(documents, clicks)
    chosen = [texts[int(place)] for place in sorted(random.permutation(len(texts))[: most // 2].tolist())]
    for place in random.permutation(len(documents)).tolist():
        if len(chosen) >= most:
            break
        terms = key_terms(documents[place].title)
        if len(terms) > 1:
            chosen.append(" ".join(terms))
    return [AlignQuery(f"q{number}", text) for number, text in enumerate(dict.fromkeys(chosen))]


def interests(documents: Sequence[Document], clicks: Sequence[Click]) -> list[str]:
    """The contextual text that each reader's last few clicks would have, were they one interest: what is
    asked in production."""
    titles = {document.id: document.title for document in documents}
    of_user: dict[str, list[str]] = {}
    for click in sorted(clicks, key=lambda click: click.at):
        of_user.setdefault(click.user_id, []).append(titles[click.document_id])
    found = []
    for read in of_user.values():
        counts: dict[str, int] = {}
        for title in reversed(read[-_READS:]):
            for term in key_terms(title):
                counts[term] = counts.get(term, 0) + 1
        ranked = sorted(counts.items(), key=lambda entry: -entry[1])
        found.append(contextual_text(read[-1], ranked[:_TERMS]))
    return found
