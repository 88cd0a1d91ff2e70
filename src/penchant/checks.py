"""What a document, a click and a title must be: every value from outside is checked before anything
changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from penchant.errors import InputError, InvalidClick, InvalidDocument, InvalidQuery
from penchant.types import Click, Document

MAX_TITLE = 20_000
"""Characters. A title is a line, not a text; what is longer is most likely a wrong column."""
MAX_ID = 1_000
"""Characters."""
EARLIEST_CLOCK = 1e8
"""Unix seconds, March 1973. Where all times are earlier, they are positions and no clock."""
LATEST_SECOND = 1e11
"""The year 5138. A larger time is in milliseconds."""

Failure = Callable[[str], InputError]


def check_document(document: Document) -> None:
    """Raises InvalidDocument, with the id and the remedy, unless the document can be added."""
    if (
        _is_plain_id(document.id)
        and _is_plain(document.title)
        and 0 < len(document.title.strip()) <= len(document.title) <= MAX_TITLE
        and (document.published_at is None or _is_plain_time(document.published_at))
        and (document.expires_at is None or _is_plain_time(document.expires_at))
        and document.hidden is False
        and all(_is_plain(name) and _is_plain(value) for name, value in document.attributes.items())
    ):
        return
    _check_id(document.id, "document id", InvalidDocument)
    name = f"document {document.id!r}"
    _check_text(document.title, f"title of {name}", InvalidDocument)
    if not document.title.strip():
        raise InvalidDocument(
            f"title of {name} is empty: give it a title, penchant works by what titles mean"
        )
    if len(document.title) > MAX_TITLE:
        raise InvalidDocument(
            f"title of {name} has {len(document.title):,} characters, at most {MAX_TITLE:,} are accepted: "
            "give the title alone, not the text"
        )
    for field in ("published_at", "expires_at"):
        if getattr(document, field) is not None:
            check_time(getattr(document, field), f"{field} of {name}", InvalidDocument)
    if not isinstance(document.hidden, bool):
        raise InvalidDocument(f"hidden of {name} is {document.hidden!r}: use True or False")
    for key, value in document.attributes.items():
        _check_text(key, f"name of an attribute of {name}", InvalidDocument)
        if isinstance(value, str):
            _check_text(value, f"attribute {key!r} of {name}", InvalidDocument)
        elif not isinstance(value, bool | int | float) or not math.isfinite(value):
            raise InvalidDocument(
                f"attribute {key!r} of {name} is {value!r}: use text, a finite number, True or False"
            )


def check_ids(document_ids: Sequence[str]) -> None:
    """Raises InvalidQuery where one id was given instead of a list."""
    if isinstance(document_ids, str):
        raise InvalidQuery(
            f"{document_ids!r} is one document id where a list is asked for: write [{document_ids!r}]"
        )


def check_click(click: Click) -> None:
    """Raises InvalidClick, with the reader and the document, unless the click can be learned."""
    if (
        _is_plain_id(click.user_id)
        and _is_plain_id(click.document_id)
        and _is_plain_time(click.at)
        and (click.kind is None or _is_plain(click.kind))
        and (click.id is None or _is_plain(click.id))
    ):
        return
    _check_id(click.user_id, "user id of a click", InvalidClick)
    _check_id(click.document_id, f"document id of a click of user {click.user_id!r}", InvalidClick)
    name = f"click of user {click.user_id!r} on document {click.document_id!r}"
    check_time(click.at, f"at of the {name}", InvalidClick)
    for field in ("kind", "id"):
        if getattr(click, field) is not None:
            _check_text(getattr(click, field), f"{field} of the {name}", InvalidClick)


def check_time(value: Any, what: str, failure: Failure) -> None:
    """Raises unless the value can be a time in Unix seconds (or a position)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise failure(f"{what} is {value!r}: use a number, in Unix seconds")
    if value < 0:
        raise failure(f"{what} is {value}: use Unix seconds, 0 or later")
    if value > LATEST_SECOND:
        raise failure(f"{what} is {value:.0f}, which looks like milliseconds: divide by 1,000")


def check_user(user_id: str) -> None:
    """Raises InvalidQuery unless there can be a user of that id."""
    _check_text(user_id, "user id", InvalidQuery)


def check_query(text: str) -> None:
    """Raises InvalidQuery unless the text can be searched for."""
    _check_text(text, "the text to search for", InvalidQuery)
    if not text.strip():
        raise InvalidQuery("the text to search for is empty: give some words")


def _is_plain(value: Any) -> bool:
    """Whether a value is surely text as it should be. It may be right without: this is what spares nearly all
    the questions."""
    return type(value) is str and value.isprintable()


def _is_plain_id(value: Any) -> bool:
    return type(value) is str and 0 < len(value) <= MAX_ID and value.isprintable()


def _is_plain_time(value: Any) -> bool:
    return type(value) is float and 0 <= value <= LATEST_SECOND


def _check_id(value: Any, what: str, failure: Failure) -> None:
    _check_text(value, what, failure)
    if not value:
        raise failure(f"{what} is empty: give each its own")
    if len(value) > MAX_ID:
        raise failure(
            f"{what} has {len(value):,} characters, at most {MAX_ID:,} are accepted: {value[:40]!r}..."
        )


def _check_text(value: Any, what: str, failure: Failure) -> None:
    if not isinstance(value, str):
        raise failure(f"{what} is {value!r}, of type {type(value).__name__}: use text")
    if "\0" in value:
        raise failure(f"{what} holds a NUL character at position {value.index(chr(0))}: remove it")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise failure(
            f"{what} holds a lone surrogate at position {error.start}, which no file or database can keep: "
            "decode the text with errors='replace'"
        ) from None


def checked_propensities(given: Sequence[float] | None, count: int) -> Sequence[float]:
    """The chance of each of some documents that it was shown; 1 where nothing is said.

    Raises:
        InvalidQuery: there is not one for each, above 0 and at most 1.
    """
    if given is None:
        return [1.0] * count
    if len(given) != count:
        raise InvalidQuery(f"{len(given)} propensities for {count} documents: give one each")
    for value in given:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise InvalidQuery(f"a propensity is {value!r}: use a number above 0 and at most 1")
    return given
