"""Claims as sentences for a person, in the languages of the page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from penchant.errors import InvalidQuery

Language = Literal["en", "ko"]
Explain = Literal[True, False, "full"]
"""Whether a recommendation has reasons; ``full``: and all that was weighed."""
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Claim(NamedTuple):
    """What can be said of a document and a reader, and is true."""

    name: str
    """See `CLAIMS`."""
    facts: dict[str, str | int | list[str]]


class Sentence(NamedTuple):
    """A claim in one language, with the places of its facts."""

    one: str
    """Where its ``count`` is 1, or it has none."""
    many: str = ""


CLAIMS: Mapping[str, Mapping[Language, Sentence]] = MappingProxyType(
    {
        "interest": {
            "en": Sentence("close to your interest “{name}”"),
            "ko": Sentence("관심사 “{name}”에 가깝습니다"),
        },
        "words": {
            "en": Sentence("shares {terms} with “{title}”, which you read"),
            "ko": Sentence("읽으신 “{title}”와(과) {terms}을(를) 함께 다룹니다"),
        },
        "attribute": {
            "en": Sentence("", "{name} {value}, as {count} of the last {of} that you read"),
            "ko": Sentence("", "최근에 읽으신 {of}개 중 {count}개와 같은 {name} {value}"),
        },
        "published now": {
            "en": Sentence("published within the hour"),
            "ko": Sentence("한 시간 안에 발행되었습니다"),
        },
        "published hours ago": {
            "en": Sentence("published an hour ago", "published {count} hours ago"),
            "ko": Sentence("한 시간 전에 발행되었습니다", "{count}시간 전에 발행되었습니다"),
        },
        "published days ago": {
            "en": Sentence("published a day ago", "published {count} days ago"),
            "ko": Sentence("하루 전에 발행되었습니다", "{count}일 전에 발행되었습니다"),
        },
        "read in the last day": {
            "en": Sentence("", "{count} others read it in the last day"),
            "ko": Sentence("", "지난 하루 동안 다른 독자 {count}명이 읽었습니다"),
        },
        "read in the last week": {
            "en": Sentence("", "{count} others read it in the last week"),
            "ko": Sentence("", "지난 한 주 동안 다른 독자 {count}명이 읽었습니다"),
        },
        "readers": {
            "en": Sentence("", "read by {count} readers"),
            "ko": Sentence("", "독자 {count}명이 읽었습니다"),
        },
        "readers of the same": {
            "en": Sentence(
                "a reader of “{title}”, which you read, read it too",
                "{count} readers of “{title}”, which you read, read it too",
            ),
            "ko": Sentence(
                "읽으신 “{title}”의 독자 한 명이 이것도 읽었습니다",
                "읽으신 “{title}”의 독자 {count}명이 이것도 읽었습니다",
            ),
        },
        "went on": {
            "en": Sentence(
                "a reader went on to this from “{title}”, which you read",
                "{count} readers went on to this from “{title}”, which you read",
            ),
            "ko": Sentence(
                "읽으신 “{title}”에 이어 독자 한 명이 이것을 읽었습니다",
                "읽으신 “{title}”에 이어 독자 {count}명이 이것을 읽었습니다",
            ),
        },
        "expected": {
            "en": Sentence("what a model of the readers expects after what you read"),
            "ko": Sentence("독자들에게서 배운 모델이 다음으로 예상합니다"),
        },
        "wish": {
            "en": Sentence("you asked for more about “{text}”"),
            "ko": Sentence("“{text}”에 관해 더 보고 싶다고 하셨습니다"),
        },
        "source": {
            "en": Sentence("recommended by {name}"),
            "ko": Sentence("{name}의 추천"),
        },
    }
)
"""What evidence claims. A kind of evidence of your own may claim ``own``, with its sentence as ``words``."""


def check_language(language: str) -> Language:
    """Raises InvalidQuery where the language is not spoken."""
    if language not in LANGUAGES:
        raise InvalidQuery(f"unknown language {language!r}: use {', '.join(LANGUAGES)}")
    return language


def sentence(claim: Claim, language: Language) -> str:
    """A claim for a person.

    Examples:
        >>> sentence(Claim("published days ago", {"count": 1}), "en")
        'published a day ago'
    """
    if claim.name not in CLAIMS:
        return str(claim.facts.get("words", claim.name))
    said = CLAIMS[claim.name][language]
    text = said.many if said.many and claim.facts.get("count") != 1 else said.one
    return text.format(**{name: _told(value) for name, value in claim.facts.items()})


def _told(value: str | int | list[str]) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else ", ".join(f"“{each}”" for each in value)
