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
from numpy.typing import NDArray

from penchant.memory.documents import Documents
from penchant.memory.facts import Words
from penchant.memory.readers import Numbers, Rows
from penchant.memory.traits import number_of
from penchant.text.stopwords import is_stop_word
from penchant.text.words import opens
from penchant.types import InterestUnit, Vectors

_SHARE = 0.5
"""More of a unit's documents than this have each word of its name, or one of them."""
_FEW = 0.1
"""Where no word is that common, fewer have each of the words that together name it."""
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
    has: NDArray[np.bool_]
    """Which of the unit's documents have it."""
    worth: float


def named(unit: InterestUnit, documents: Documents, vectors: Callable[[Rows], Vectors]) -> InterestUnit:
    """The unit with its headline, the title of the document nearest to it, and its name: its words, or the
    headline where it has none.

    Args:
        vectors: the embeddings of rows of documents.
    """
    key = unit.documents, unit.text, unit.size
    told = documents.names.find([key]).get(key)
    if told is None:
        told = _told(unit, documents, vectors)
        documents.names.keep({key: told})
    name, headline = told
    return msgspec.structs.replace(unit, name=name, headline=headline)


def _told(unit: InterestUnit, documents: Documents, vectors: Callable[[Rows], Vectors]) -> tuple[str, str]:
    """(name, headline)."""
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
    return name, headline


def name_of(terms: Sequence[str], held: Numbers, words: Words) -> list[str]:
    """Two to four words, the most telling first. Each is in most of the documents; where no word is, most of
    the documents have one of them; none where four words are not enough.

    Args:
        terms: the unit's key terms.
        held: the numbers of each document's key terms, shape (documents, terms), -1 where there are fewer.
        words: how many documents of the community have each term.
    """
    if not len(held):
        return []
    common = _chosen(list(_parts(terms, held, words, _SHARE)))
    if common:
        return [part.text for part in common]
    together = _covering(list(_parts(terms, held, words, max(_FEW, 1 / len(held)))), len(held))
    return [part.text for part in together]


def _chosen(parts: Sequence[_Part]) -> list[_Part]:
    """The parts worth most, no word twice."""
    chosen: list[_Part] = []
    for part in sorted(parts, key=lambda part: (-part.worth, part.text)):
        if len(chosen) < _MOST_PARTS and _fits(part, chosen):
            chosen.append(part)
    return chosen


def _covering(parts: Sequence[_Part], documents: int) -> list[_Part]:
    """Parts that most documents have one of, each the one worth most for those that have none yet; none where
    there are no such parts."""
    chosen: list[_Part] = []
    covered = np.zeros(documents, bool)
    while covered.mean() <= _SHARE:
        left = [
            (part.worth * float((part.has & ~covered).sum()) / float(part.has.sum()), part.text, part)
            for part in parts
            if _fits(part, chosen)
        ]
        best = max(left, key=lambda each: (each[0], each[1]), default=None)
        if best is None or best[0] <= 0.0:
            return []
        chosen.append(best[2])
        covered |= best[2].has
    return chosen


def _fits(part: _Part, chosen: Sequence[_Part]) -> bool:
    taken = frozenset[str]().union(*(each.words for each in chosen))
    return len(taken | part.words) <= _MOST_WORDS and not taken & part.words


def _parts(terms: Sequence[str], held: Numbers, words: Words, least: float) -> Iterable[_Part]:
    """What could be in the name: more of the documents have it than that share."""
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
        if sum(times.get(number, 0) for number in own) <= least * len(held):
            continue
        has = np.asarray(np.isin(held, own).any(axis=1))
        part = _part(spelled.get(text, text), has, int(words.counts[own].sum()), words.documents)
        if part is not None and has.mean() > least:
            yield part


def _part(text: str, has: NDArray[np.bool_], everywhere: int, documents: int) -> _Part | None:
    words, share = frozenset(map(str.lower, _WORD.findall(text))), float(has.mean())
    says_nothing = opens(text) or is_stop_word(text)
    if says_nothing or not any(word[0].isalpha() and len(word) > 1 for word in words):
        return None
    if documents >= 2 / _SHARE and share < _RARER * everywhere / documents:
        return None
    # a word that hardly any other document has tells a person little
    known = everywhere / (1 + everywhere)
    rarity = float(np.log((1 + documents) / (1 + everywhere)))
    return _Part(text, words, has, share * max(rarity, 0.0) * known * (_PHRASE if len(words) > 1 else 1.0))
