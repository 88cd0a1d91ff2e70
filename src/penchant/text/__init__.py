"""Key terms of titles and the contextual text of Interest Units.

`key_terms` is a pure function of the title: what a unit knows never depends on what else was added.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from html import unescape

from penchant.text.ahead import Ahead, Terms
from penchant.text.korean import korean_terms
from penchant.text.ngrams import ngram_terms
from penchant.text.scripts import stretches
from penchant.text.words import words_terms
from penchant.types import Attribute

_FIELDS = 6
_CUTTERS = {"korean": korean_terms, "ideographic": ngram_terms, "spaced": words_terms}


def key_terms(title: str) -> list[str]:
    """The named entities and content terms of a title, each once, in the order in which they appear.

    The script decides how: Korean by morphemes (extra ``korean``; without it, by spaces, which is said once),
    Chinese, Japanese and the like by pairs of characters, everything else by words.

    Examples:
        >>> key_terms("How Stack Overflow runs Python 3.11 on x86_64")
        ['Stack Overflow', 'runs', 'Python 3.11', 'x86_64']
    """
    found = _ahead.find(title)
    return list(_cached_terms(title) if found is None else found)


_ahead = Ahead()


@contextmanager
def key_terms_ahead(titles: Sequence[str]) -> Iterator[None]:
    """Inside, another process finds the key terms of the titles, while this one does something else."""
    with _ahead.looking(titles, _terms_of_all):
        yield


def _terms_of_all(titles: Sequence[str]) -> list[Terms]:
    return [_terms(title) for title in titles]


@lru_cache(maxsize=65_536)
def _cached_terms(title: str) -> Terms:
    return _terms(title)


def _terms(title: str) -> Terms:
    return tuple(
        dict.fromkeys(term for script, text in stretches(unescape(title)) for term in _CUTTERS[script](text))
    )


def document_text(title: str, what: str, attributes: Mapping[str, Attribute]) -> str:
    """What a document's vector is computed from: ``"title"``; ``"title and terms"``, which counts what it is
    about twice; or ``"title and attributes"``, the template of LEARN's code.

    Examples:
        >>> document_text("Red tea", "title and attributes", {"brand": "Lin", "grams": 50})
        'Title: Red tea. Brand: Lin. Grams: 50'
    """
    if what == "title and terms":
        return contextual_text(title, [(term, 1) for term in key_terms(title)])
    if what == "title and attributes" and attributes:
        fields = [("title", title), *attributes.items()][:_FIELDS]
        return ". ".join(f"{name[:1].upper()}{name[1:]}: {value}" for name, value in fields)
    return title


def contextual_text(title: str, terms: Sequence[tuple[str, int]]) -> str:
    """The title and the terms, joined by spaces (IRA, section 2.1): what a unit's embedding is computed
    from."""
    return " ".join([title, *(term for term, _ in terms)])
