"""Key terms of titles with Korean letters: nouns and names, by morphemes (kiwipiepy, the extra ``korean``).

Nouns that touch are one term (서울시청). A name is also joined with the name, or the one noun, that
follows it after a space (두산 베어스, 타흐리르 광장), and stands for itself where a noun is glued to it
(한국시리즈: 한국). What is written in Latin letters follows the rules for words.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from penchant.text.scripts import has_hangul
from penchant.text.words import words_terms

_NOUNS = frozenset(("NNG", "NNP", "SL", "SH", "SN", "W_SERIAL", "XPN"))
_LONGEST_NAME = 4
_LETTERS_ALONE = re.compile(r"[\u1100-\u11ff\u3130-\u318f]+")
"""What stands for laughter and tears (ㅋㅋ, ㅠㅠ)."""
_LATIN = re.compile(r"[A-Za-z\u00c0-\u02ff]")
_STOP_NOUNS = frozenset(
    """
    가운데 가지 각각 결과 경우 계획 과정 관계자 관련 구체 그간 그것 그날 그동안 그때 기간 기준 기타
    끝 나머지 날짜 내년 내용 내일 누구 다음 당시 당초 대부분 대상 대신 대해 덕분 도중 동안 등등
    때문 마련 마지막 마찬가지 매년 매일 모두 모습 모양 무엇 문제 바탕 반면 방법 방식 방안 방침 번째
    부분 분야 사실 사이 사항 사람 상태 상황 생각 설명 소식 수준 순간 시각 시간 시기 시작 시점 실제
    아래 아침 앞서 양쪽 어디 어제 얘기 여기 여러분 역시 연속 예정 오늘 오전 오후 올해 요즘 우리
    우선 위해 위치 의견 이거 이것 이곳 이날 이때 이번 이상 이야기 이유 이전 이제 이하 이후 인근
    일대 일부 일행 입장 자기 자리 자신 자체 작년 저녁 전날 전체 정도 정말 제공 제외 조금 존재 종류
    주변 주장 중간 중심 지금 지난달 지난번 지난주 지난해 지역 진행 진짜 차례 차원 처음 최고 최근
    최초 추가 측면 통해 평소 필요 하나 하루 한편 함께 해당 현재 확인 후반 활용
    """.split()
)
"""Nouns that place, count or point, and are hardly ever what a title is about."""


class _Noun(NamedTuple):
    """Nouns that touch each other: one term. The positions are those in the title."""

    start: int
    end: int
    tags: tuple[str, ...]
    bounds: tuple[int, ...]
    """Where each of its morphemes ends."""

    @property
    def is_name(self) -> bool:
        return "NNP" in self.tags


def korean_terms(title: str) -> list[str]:
    """The key terms of a title, in the order in which they appear.

    Without kiwipiepy the title is cut at its spaces, and a warning says so once.
    """
    analyse = _analyser()
    if analyse is None:
        return [_without_particle(term) for term in words_terms(title)]
    nouns = list(_nouns(analyse(title)))
    found = [(start, title[start:end]) for start, end in _spans(title, nouns)]
    if _LATIN.search(title):
        found += [(title.find(term), term) for term in words_terms(_only_latin(title, nouns))]
        found.sort(key=lambda place_and_term: place_and_term[0])
    return [term for _, term in found]


def _nouns(morphemes: list[tuple[str, int, int]]) -> Iterator[_Noun]:
    """The nouns of (tag, start, end), those that touch together."""
    open_noun: _Noun | None = None
    for tag, start, end in morphemes:
        if tag not in _NOUNS:
            continue
        if open_noun is not None and open_noun.end == start:
            open_noun = _Noun(open_noun.start, end, (*open_noun.tags, tag), (*open_noun.bounds, end))
            continue
        if open_noun is not None:
            yield open_noun
        open_noun = _Noun(start, end, (tag,), (end,))
    if open_noun is not None:
        yield open_noun


def _spans(title: str, nouns: list[_Noun]) -> Iterator[tuple[int, int]]:
    for position, noun in enumerate(nouns):
        if _is_term(title, noun):
            yield noun.start, noun.end
        if noun.is_name:
            yield from _name_before_noun(noun)
            yield from _joined_names(title, nouns, position)


def _is_term(title: str, noun: _Noun) -> bool:
    text = title[noun.start : noun.end]
    if _LETTERS_ALONE.fullmatch(text) or noun.tags == ("XPN",):
        return False
    if not noun.is_name and not has_hangul(text):
        return noun.tags == ("SH",) or (noun.tags == ("SL",) and len(text) == 1 and text.isupper())
    return noun.is_name or (len(text) > 1 and text not in _STOP_NOUNS)


def _name_before_noun(noun: _Noun) -> Iterator[tuple[int, int]]:
    """한국시리즈: 한국."""
    for tag, following, end in zip(noun.tags, noun.tags[1:], noun.bounds, strict=False):
        if tag == "NNP" and following != "NNP":
            yield noun.start, end
            return


def _joined_names(title: str, nouns: list[_Noun], position: int) -> Iterator[tuple[int, int]]:
    """두산 베어스 (as many names as follow one another), 타흐리르 광장 (a name and the one noun after it)."""
    if (
        position > 0
        and nouns[position - 1].is_name
        and _one_space_apart(title, nouns[position - 1], nouns[position])
    ):
        return
    last = position
    while (
        last + 1 < len(nouns)
        and _one_space_apart(title, nouns[last], nouns[last + 1])
        and nouns[last + 1].is_name
    ):
        last += 1
    if position < last < position + _LONGEST_NAME:
        yield nouns[position].start, nouns[last].end
    if last == position and last + 1 < len(nouns):
        noun = nouns[last + 1]
        if _one_space_apart(title, nouns[last], noun) and noun.tags == ("NNG",) and _is_term(title, noun):
            yield nouns[last].start, noun.end


def _one_space_apart(title: str, left: _Noun, right: _Noun) -> bool:
    return left.end + 1 == right.start and title[left.end] == " "


def _only_latin(title: str, nouns: list[_Noun]) -> str:
    """The title with its Korean, and the Latin letters glued to it (LG전자), blanked out; of the same
    length."""
    letters = list(re.sub(r"[^\x00-\u02ff\u2010-\u2027]", "|", title))
    for noun in nouns:
        if has_hangul(title[noun.start : noun.end]):
            letters[noun.start : noun.end] = "|" * (noun.end - noun.start)
    return "".join(letters)


_PARTICLE = re.compile(r"(?<=[가-힣]{2})(?:에서|으로|에게|까지|부터|이라|라고|처럼|보다|[은는을를의])$")


def _without_particle(word: str) -> str:
    return _PARTICLE.sub("", word)


@lru_cache(maxsize=1)
def _analyser() -> Callable[[str], list[tuple[str, int, int]]] | None:
    """Title -> (tag, start, end) of its morphemes; None where kiwipiepy is not installed."""
    try:
        from kiwipiepy import Kiwi
    except ImportError:
        warnings.warn(
            "Korean titles are cut at spaces because kiwipiepy is not installed: pip install "
            "'penchant[korean]'",
            stacklevel=2,
        )
        return None
    kiwi = Kiwi(num_workers=1)

    def analyse(title: str) -> list[tuple[str, int, int]]:
        return [(token.tag, token.start, token.end) for token in kiwi.tokenize(title)]

    return analyse
