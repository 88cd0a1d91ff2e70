"""What a person calls an Interest Unit: words that most of its documents share and other documents do not.

Source: class-based TF-IDF, Grootendorst, "BERTopic: neural topic modeling with a class-based TF-IDF
procedure", 2022, arXiv:2203.05794, section 3.3: a unit is a class, and a word is worth how many of the unit's
documents have it, times how rare it is in the community.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from penchant.memory.documents import Documents
from penchant.memory.facts import Words
from penchant.memory.readers import Numbers, Rows
from penchant.memory.traits import number_of
from penchant.text.words import opens
from penchant.types import InterestUnit, Vectors

_SHARE = 0.5
"""More of a unit's documents than this have each word of its name."""
_MOST_WORDS = 4
_MOST_PARTS = 3
_RARER = 2.0
"""So many times likelier in the unit than in the community is what tells something."""
_PHRASE = 1.4
"""What a phrase of several words is worth beside one word."""
_LOOKED_AT = 200
"""The latest documents of a unit."""
_NEAR = 30
"""Of these, the latest, one of which gives the headline."""
_WORD = re.compile(r"[^\W_]+(?:['’.+#-]+[^\W_]+)*[+#]*")


class _Part(NamedTuple):
    """A term, or a word of several terms."""

    text: str
    words: frozenset[str]
    """Lower-case."""
    share: float
    """Of the unit's documents that have it."""
    worth: float


def named(unit: InterestUnit, documents: Documents, vectors: Callable[[Rows], Vectors]) -> InterestUnit:
    """The unit with its headline, the title of the document nearest to it, and its name: its words, or the
    headline where it has none.

    Args:
        vectors: the embeddings of rows of documents.
    """
    ids = [name for name in unit.documents[-_LOOKED_AT:] if name in documents]
    rows = np.array([documents.row(name) for name in ids], np.int64)
    headline = unit.title
    if len(rows):
        near = rows[-_NEAR:]
        nearest = 0 if len(near) == 1 else int(np.argmax(vectors(near) @ unit.embedding))
        headline = documents.sites.bare(documents.at_row(int(near[nearest])).title)
    name = headline
    if unit.size > 1 or len(headline.split()) > _MOST_WORDS:
        traits = documents.traits
        parts = name_of([term for term, _ in unit.terms], traits.terms(rows), traits.words)
        if unit.size == 1:
            parts.sort(key=headline.find)
        name = ", ".join(parts) or headline
    return msgspec.structs.replace(unit, name=name, headline=headline)


def name_of(terms: Sequence[str], held: Numbers, words: Words) -> list[str]:
    """Two to four words, each in most of the documents, the most telling first; one word or none
    where they share no more.

    Args:
        terms: the unit's key terms.
        held: the numbers of each document's key terms, shape (documents, terms), -1 where there are fewer.
        words: how many documents of the community have each term.
    """
    if not len(held):
        return []
    chosen: list[_Part] = []
    for part in sorted(_parts(terms, held, words), key=lambda part: (-part.worth, part.text)):
        taken = frozenset[str]().union(*(each.words for each in chosen))
        fits = len(chosen) < _MOST_PARTS and len(taken | part.words) <= _MOST_WORDS
        if fits and not taken & part.words:
            chosen.append(part)
    return [part.text for part in chosen]


def _parts(terms: Sequence[str], held: Numbers, words: Words) -> Iterable[_Part]:
    """What could be in the name."""
    numbers = {term: number_of(term) for term in terms}
    groups: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for term in terms:
        groups[term.lower()][term] = None
    with_word: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for term in terms:
        for word in map(str.lower, _WORD.findall(term)):
            with_word[word][term] = None
    spelled = {text: next(iter(forms)) for text, forms in groups.items()}
    groups.update({word: found for word, found in with_word.items() if len(found) > 1})
    kinds, counts = np.unique(held, return_counts=True)
    times = dict(zip(kinds.tolist(), counts.tolist(), strict=True))
    for text, forms in groups.items():
        own = [numbers[form] for form in forms]
        if sum(times.get(number, 0) for number in own) <= _SHARE * len(held):
            continue
        share = float(np.isin(held, own).any(axis=1).mean())
        part = _part(spelled.get(text, text), share, int(words.counts[own].sum()), words.documents)
        if part is not None:
            yield part


def _part(text: str, share: float, everywhere: int, documents: int) -> _Part | None:
    words = frozenset(map(str.lower, _WORD.findall(text)))
    if share <= _SHARE or not any(word[0].isalpha() and len(word) > 1 for word in words) or opens(text):
        return None
    if documents >= 2 / _SHARE and share < _RARER * everywhere / documents:
        return None
    # a word that hardly any other document has tells a person little
    known = everywhere / (1 + everywhere)
    rarity = float(np.log((1 + documents) / (1 + everywhere)))
    return _Part(text, words, share, share * max(rarity, 0.0) * known * (_PHRASE if len(words) > 1 else 1.0))
