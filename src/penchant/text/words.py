"""Key terms of titles in languages that put spaces between words.

Kept whole: names of several words (Stack Overflow), code identifiers (np.array, --no-deps, read_csv()), model numbers
(gtx-1080, x86_64), a name with its version (Python 3.11), hashtags and mentions. Dropped: stop words, numbers, dates,
addresses of pages, single letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from penchant.text.stopwords import GERMAN_WORDS, stop_words

_TOKEN = re.compile(
    r"""
      (?P<address> (?:https?://|www\.)\S+ )
    | (?P<code>    [#@][^\W\d]\w*(?:-\w+)*                      # hashtag, mention
                 | `[^`\s]{2,80}`                               # in backticks
                 | (?<![\w-])--?[^\W\d][\w-]*                   # --option
                 | __\w+__ (?:\.\w+)*                           # __init__, __init__.py
                 | [^\W\d_]\w* (?:\.\w+)+ (?:\(\))?             # np.array, setup.py
                 | \w+ (?:[_/]\w+)+ (?:\(\))?                   # read_csv, tcp/ip
                 | [^\W\d]\w* \(\)                              # run()
                 | (?<!\w)(?:c|g|notepad)\+\+ (?!\w)            # c++
                 | (?<!\w)[cf]\# (?!\w)                         # c#
                 | (?<!\w)\.[^\W\d]\w+                          # .net
                 | (?=[\w-]*\d)(?=[\w-]*[^\W\d_]) \w+(?:-\w+)*  # x86, gtx-1080
      )
    | (?P<number>  v?\d+ (?:[.,:/-]\d+)* (?:%|(?<=\.\d)(?:a|b|rc|dev)\d+)? )
    | (?P<word>    [^\W\d_]+ (?:(?:['’&-]|\.(?=\w\.))[^\W\d_]+)* )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_VERSION = re.compile(r"\d{1,4}(?:\.\d+)*$")
_YEAR = re.compile(r"(?:19|20)\d\d$")
_QUANTITY = re.compile(r"\d+(?:[.,]\d+)*-?(?:st|nd|rd|th|s|k|m|mm|cm|ml|kg|g|mg|oz|lb|lbs|fl|ct|pcs|x|h|am|pm)$", re.IGNORECASE)
_UNITS = frozenset("oz ounce ounces fl fluid ml kg lb lbs mg percent inch inches pack count cm mm pcs".split())
_LONGEST_NAMES = {GERMAN_WORDS: 1}
"""Words in a name: in German every noun has a capital, so that those side by side are no name."""
_CONNECTIVES = frozenset("of de da do das dos del di van von du la".split())
_OPENERS = frozenset(
    """
    add added adding adds allow allows apply ask avoid best better bring build building bump change changed
    changes check clean clean-up cleanup close convert correct create creating delete disable document drop
    enable ensure explain expose extend fix fixed fixes fixing handle hello hide ignore implement import
    improve improved improves include increase initial install introduce introducing introduction learn
    learning limit load mark meet merge merged minor move moved old pass pin post prepare prevent raise
    refactor release remove removed removes removing rename replace report reset restore return revert rewrite
    run set setup show simplify skip small sort split start stop store support switch test tests top turn
    tweak typo understanding undo update updated updates updating upgrade version watch wrap write writing
    """.split()
)
"""Words that open a title with a capital letter and are hardly ever the first word of a name."""


class _Title(NamedTuple):
    """A title cut into tokens, with what the rules need to know of it."""

    text: str
    tokens: list[re.Match[str]]
    stops: frozenset[str]
    is_headline: bool
    """Nearly every word has a capital, so that capitals tell little about names."""
    is_shouted: bool
    """Most words are in capitals, so that they are no acronyms."""


def words_terms(text: str) -> list[str]:
    """The key terms of a title in the order in which they appear; a term may come twice.

    Names, acronyms and identifiers are as written, other words lower-case.
    """
    title = _read(text)
    longest = _LONGEST_NAMES.get(title.stops, 3 if title.is_headline else 4)
    terms: list[str] = []
    for run in _runs(title):
        if 1 < sum(_is_capitalised(token) for token in run) <= longest or _names_a_version(run):
            terms.append(text[run[0].start() : run[-1].end()])
        else:
            terms.extend(_as_term(title, token) for token in run if _says_something(title, token))
    return terms


def _read(text: str) -> _Title:
    tokens = _without_quantities([token for token in _TOKEN.finditer(text) if token.lastgroup != "address"])
    words = [token for token in tokens if token.lastgroup == "word"]
    stops = stop_words([_plain(word.group()) for word in words])
    telling = [word for word in words if _plain(word.group()) not in stops]
    is_headline = len(telling) > 3 and sum(map(_is_capitalised, telling)) >= 0.75 * len(telling)
    is_shouted = len(telling) > 1 and sum(word.group().isupper() for word in telling) >= 0.5 * len(telling)
    return _Title(text, tokens, stops, is_headline, is_shouted)


def _without_quantities(tokens: list[re.Match[str]]) -> list[re.Match[str]]:
    """The tokens without "0.5 fl oz" and the like: a number and the units after it."""
    kept: list[re.Match[str]] = []
    in_quantity = False
    for token in tokens:
        is_unit = _plain(token.group()) in _UNITS
        if is_unit and kept and kept[-1].lastgroup == "number":
            kept.pop()
            in_quantity = True
        elif not (is_unit and in_quantity):
            kept.append(token)
            in_quantity = bool(_QUANTITY.match(token.group()))
    return kept


def _runs(title: _Title) -> Iterator[list[re.Match[str]]]:
    """All tokens, those together that may form a name: capitalised words one space apart, connectives between them."""
    run: list[re.Match[str]] = []
    for position, token in enumerate(title.tokens):
        following = title.tokens[position + 1] if position + 1 < len(title.tokens) else None
        if run and _continues(title, run, token, following):
            run.append(token)
            continue
        if run:
            yield run
        run = [token]
    if run:
        yield run


def _continues(title: _Title, run: list[re.Match[str]], token: re.Match[str], following: re.Match[str] | None) -> bool:
    """Whether a token goes on with the name that a run has begun."""
    last = run[-1]
    if not _one_space_apart(title, last, token) or not _may_name(title, run[0]):
        return False
    if _is_connective(last):
        return _may_name(title, token)
    if not _is_capitalised(last):
        return False
    if token.lastgroup == "number":
        return bool(_VERSION.match(token.group())) and not _YEAR.match(token.group())
    if _is_connective(token):
        return following is not None and _one_space_apart(title, token, following) and _may_name(title, following)
    return _may_name(title, token)


def _one_space_apart(title: _Title, left: re.Match[str], right: re.Match[str]) -> bool:
    return title.text[left.end() : right.start()] == " "


def _may_name(title: _Title, token: re.Match[str]) -> bool:
    """Whether a token may be a word of a name.

    Inside an ordinary sentence a capital is enough, also on a stop word (The Beatles, São Paulo).
    """
    if not _is_capitalised(token):
        return False
    opens = not title.text[: token.start()].rstrip("\"'“‘([ ") or title.text[: token.start()].rstrip()[-1:] in ".:!?|"
    if opens and _plain(token.group()) in _OPENERS:
        return False
    return not _is_stop(title, token) or not (opens or title.is_headline or len(token.group()) == 1)


def _is_capitalised(token: re.Match[str]) -> bool:
    return token.lastgroup in ("word", "code") and token.group() != token.group().lower() and token.group()[0].isalpha()


def _is_connective(token: re.Match[str]) -> bool:
    return token.group() in _CONNECTIVES


def _is_stop(title: _Title, token: re.Match[str]) -> bool:
    """A stop word; not an acronym that is spelled like one (IT, US), where others are not in capitals too."""
    word = token.group()
    is_acronym = len(word) > 1 and word.isupper() and not title.is_headline and not title.is_shouted
    return _plain(word) in title.stops and not is_acronym


def _names_a_version(run: list[re.Match[str]]) -> bool:
    return len(run) == 2 and run[1].lastgroup == "number"


def _says_something(title: _Title, token: re.Match[str]) -> bool:
    text = token.group()
    if token.lastgroup == "number" or _QUANTITY.match(text):
        return False
    return token.lastgroup == "code" or not (len(text) == 1 or _is_stop(title, token) or _is_connective(token))


def _as_term(title: _Title, token: re.Match[str]) -> str:
    """As written, or lower-case where the capital is only that of a title."""
    word = token.group()
    if token.lastgroup == "code" or (re.search(r"\w[A-Z]", word) and not (title.is_shouted and word.isupper())):
        return re.sub(r"['’]s$", "", word.strip("`"))
    return _plain(word)


def _plain(term: str) -> str:
    """Lower-case, without backticks and possessives."""
    term = term.strip("`").casefold().replace("’", "'")
    return term.removesuffix("'s") if " " not in term and term not in ("it's", "let's") else term
