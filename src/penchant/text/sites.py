"""What a site puts at the end of its titles, " - CIO" or " | IDG Now!", and titles without it.

It says where a text stands and not what it is about; two texts of one site would be alike for its sake.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

_SEPARATOR = re.compile(r"\s+(?:[-–—|·•»*]|::)\s+")
_WORD = re.compile(r"\w+")
_FEWEST = 3
"""Titles that end so."""
_SHARE = 0.7
"""Of the titles that have these words, those that end with them. Colours of a shop stand in the middle,
too."""
_MOST_WORDS = 5
_ROUNDS = 3
"""Some titles end with a site and the name of its publisher."""


class Sites:
    """The names of a community's sites.

    Examples:
        >>> titles = ["Why we moved - CIO", "Cheaper clouds - CIO", "Patch now - CIO", "A lipstick - Red"]
        >>> sites = Sites.of(titles)
        >>> sites.names
        ('CIO',)
        >>> [sites.bare(title) for title in titles[2:]]
        ['Patch now', 'A lipstick - Red']
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = tuple(sorted(names))
        self._names = frozenset(self.names)

    @classmethod
    def of(cls, titles: Sequence[str]) -> Sites:
        """Those that titles of a community tell: an ending of a few words without digits, after a dash or
        the like, that three titles have and that hardly ever stands elsewhere."""
        sites, left = cls(), list(titles)
        for _ in range(_ROUNDS):
            found = _endings(left)
            if not found:
                break
            sites = cls({*sites.names, *found})
            left = [sites.bare(title) for title in left]
        return sites

    def bare(self, title: str) -> str:
        """The title without the names of sites at its end."""
        if not self._names:
            return title
        while (cut := _cut(title)) is not None and title[cut[1] :].strip() in self._names:
            title = title[: cut[0]]
        return title


def _cut(title: str) -> tuple[int, int] | None:
    """(the end of what stands before the last separator, the beginning of what stands after it)."""
    spans = [found.span() for found in _SEPARATOR.finditer(title)]
    return spans[-1] if spans and spans[-1][0] > 0 else None


def _endings(titles: Sequence[str]) -> list[str]:
    cuts = [_cut(title) for title in titles]
    ends = Counter(title[cut[1] :].strip() for title, cut in zip(titles, cuts, strict=True) if cut)
    often = {end: count for end, count in ends.items() if count >= _FEWEST and _could_be(end)}
    if not often:
        return []
    words = {end: tuple(_WORD.findall(end.lower())) for end in often}
    by_first: defaultdict[str, list[str]] = defaultdict(list)
    for end, own in words.items():
        by_first[own[0]].append(end)
    having = Counter(end for title in titles for end in set(_having(title, words, by_first)))
    return [end for end, count in often.items() if count >= _SHARE * having[end]]


def _could_be(end: str) -> bool:
    words = _WORD.findall(end)
    return 0 < len(words) <= _MOST_WORDS and not any(char.isdigit() for char in end)


def _having(
    title: str, words: Mapping[str, tuple[str, ...]], by_first: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    """The endings whose words stand anywhere in a title."""
    own = tuple(_WORD.findall(title.lower()))
    for place, word in enumerate(own):
        for end in by_first.get(word, ()):
            if own[place : place + len(words[end])] == words[end]:
                yield end
