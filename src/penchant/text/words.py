"""Key terms of titles in languages that put spaces between words.

Kept whole: names of several words (Stack Overflow), code identifiers (np.array, --no-deps, read_csv()), model
numbers (gtx-1080, x86_64), a name with its version (Python 3.11), hashtags and mentions. Dropped: stop words,
numbers, dates, addresses of pages, single letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
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
_QUANTITY = re.compile(
    r"\d+(?:[.,]\d+)*-?(?:st|nd|rd|th|s|k|m|mm|cm|ml|kg|g|mg|oz|lb|lbs|fl|ct|pcs|x|h|am|pm)$", re.IGNORECASE
)
_UNITS = frozenset(
    "oz ounce ounces fl fluid ml kg lb lbs mg percent inch inches pack count cm mm pcs".split()
)
_WORDS_REMEMBERED = 16_384
"""Some 10 MB."""
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


def opens(word: str) -> bool:
    """Whether a word mostly opens titles, and says little of what they are about."""
    return word.lower() in _OPENERS


class _Word(NamedTuple):
    """What is known of a token by its text alone. Titles of a community share most of their words."""

    text: str
    plain: str
    """See `_plain`."""
    is_capitalised: bool
    is_unit: bool
    is_quantity: bool
    """A number with its unit in one word: 50ml."""
    is_connective: bool
    is_opener: bool


class _Token(NamedTuple):
    """A word, a number or an identifier, where it stands in a title."""

    kind: str
    """The name of the group of `_TOKEN`."""
    word: _Word
    start: int
    end: int


class _Title(NamedTuple):
    """A title cut into tokens, with what the rules need to know of it."""

    text: str
    tokens: list[_Token]
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
        if len(run) > 1 and (
            sum(token.word.is_capitalised for token in run) <= longest or _names_a_version(run)
        ):
            terms.append(text[run[0].start : run[-1].end])
        else:
            terms.extend(_as_term(title, token) for token in run if _says_something(title, token))
    return terms


def _read(text: str) -> _Title:
    tokens = _without_quantities(
        [_token(found) for found in _TOKEN.finditer(text) if found.lastgroup != "address"]
    )
    words = [token.word for token in tokens if token.kind == "word"]
    stops = stop_words([word.plain for word in words])
    telling = [word for word in words if word.plain not in stops]
    is_headline = len(telling) > 3 and sum(word.is_capitalised for word in telling) >= 0.75 * len(telling)
    is_shouted = len(telling) > 1 and sum(word.text.isupper() for word in telling) >= 0.5 * len(telling)
    return _Title(text, tokens, stops, is_headline, is_shouted)


def _token(found: re.Match[str]) -> _Token:
    kind = found.lastgroup or ""
    start, end = found.span()
    return _Token(kind, _word(found.group(), kind), start, end)


@lru_cache(_WORDS_REMEMBERED)
def _word(text: str, kind: str) -> _Word:
    plain = _plain(text)
    return _Word(
        text=text,
        plain=plain,
        is_capitalised=kind in ("word", "code") and text != text.lower() and text[0].isalpha(),
        is_unit=plain in _UNITS,
        is_quantity=bool(_QUANTITY.match(text)),
        is_connective=text in _CONNECTIVES,
        is_opener=plain in _OPENERS,
    )


def _without_quantities(tokens: list[_Token]) -> list[_Token]:
    """The tokens without "0.5 fl oz" and the like: a number and the units after it."""
    kept: list[_Token] = []
    in_quantity = False
    for token in tokens:
        if token.word.is_unit and kept and kept[-1].kind == "number":
            kept.pop()
            in_quantity = True
        elif not (token.word.is_unit and in_quantity):
            kept.append(token)
            in_quantity = token.word.is_quantity
    return kept


def _runs(title: _Title) -> Iterator[list[_Token]]:
    """All tokens, those together that may form a name: capitalised words one space apart, connectives between
    them."""
    run: list[_Token] = []
    for position, token in enumerate(title.tokens):
        if run and run[0].word.is_capitalised and _continues(title, run, token, position):
            run.append(token)
            continue
        if run:
            yield run
        run = [token]
    if run:
        yield run


def _continues(title: _Title, run: list[_Token], token: _Token, position: int) -> bool:
    """Whether a token, the one at that position, goes on with the name that a run has begun."""
    last = run[-1]
    if not _one_space_apart(title, last, token) or not _may_name(title, run[0]):
        return False
    if last.word.is_connective:
        return _may_name(title, token)
    if not last.word.is_capitalised:
        return False
    if token.kind == "number":
        return bool(_VERSION.match(token.word.text)) and not _YEAR.match(token.word.text)
    if token.word.is_connective:
        following = title.tokens[position + 1 : position + 2]
        return any(_one_space_apart(title, token, other) and _may_name(title, other) for other in following)
    return _may_name(title, token)


def _one_space_apart(title: _Title, left: _Token, right: _Token) -> bool:
    return title.text[left.end : right.start] == " "


def _may_name(title: _Title, token: _Token) -> bool:
    """Whether a token may be a word of a name.

    Inside an ordinary sentence a capital is enough, also on a stop word (The Beatles, São Paulo).
    """
    if not token.word.is_capitalised:
        return False
    before = title.text[: token.start]
    opens = not before.rstrip("\"'“‘([ ") or before.rstrip()[-1:] in ".:!?|"
    if opens and token.word.is_opener:
        return False
    return not _is_stop(title, token.word) or not (opens or title.is_headline or len(token.word.text) == 1)


def _is_stop(title: _Title, word: _Word) -> bool:
    """A stop word; not an acronym that is spelled like one (IT, US), where others are not in capitals too."""
    if word.plain not in title.stops:
        return False
    return not (len(word.text) > 1 and word.text.isupper()) or title.is_headline or title.is_shouted


def _names_a_version(run: list[_Token]) -> bool:
    return len(run) == 2 and run[1].kind == "number"


def _says_something(title: _Title, token: _Token) -> bool:
    word = token.word
    if token.kind == "number" or word.is_quantity:
        return False
    return token.kind == "code" or not (len(word.text) == 1 or _is_stop(title, word) or word.is_connective)


def _as_term(title: _Title, token: _Token) -> str:
    """As written, or lower-case where the capital is only that of a title."""
    word = token.word
    if word.plain == word.text and token.kind != "code":
        return word.text
    if token.kind == "code" or (
        re.search(r"\w[A-Z]", word.text) and not (title.is_shouted and word.text.isupper())
    ):
        return re.sub(r"['’]s$", "", word.text.strip("`"))
    return word.plain


def _plain(term: str) -> str:
    """Lower-case, without backticks and possessives."""
    term = term.strip("`").casefold().replace("’", "'")
    return term.removesuffix("'s") if " " not in term and term not in ("it's", "let's") else term
