"""What a language model is asked about a typical reader, and how its answer is read.

Source: Qiao et al., 2024, section 3.2.2 and figure 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

MOST = 20
"""Interests of a reader."""
_JSON = re.compile(r"[\[{].*[\]}]", re.S)
_LINE = re.compile(r"^\s*[\"']?(?:interest\s*)?\d+[\"']?\s*[.:)]\s*(.+?)\s*$", re.I | re.M)


def prompt_of(documents: Sequence[tuple[str, str]]) -> str:
    """The prompt for a reader of these (title, id), in order.

    Examples:
        >>> print(prompt_of([("Red tea", "b1"), ("Teapot", "b7")]).splitlines()[1])
        [Red tea (b1)][Teapot (b7)]
    """
    listed = "".join(f"[{title} ({name})]" for title, name in documents)
    return (
        f"The user's historical click sequence is as follows:\n{listed}\n"
        "please infer the user's interest preference and output it in the format of JSON, such as interest "
        "sequence number: interest content;"
    )


def interests_in(answer: str) -> list[str]:
    """The interests of an answer, each once, at most 20: of a JSON object or list, also with text around it,
    or of numbered lines; none where it is something else.

    Examples:
        >>> interests_in('Sure: {"1": "black tea", "2": "tea pots", "3": "black tea"}')
        ['black tea', 'tea pots']
        >>> interests_in("1: black tea")
        ['black tea']
        >>> interests_in("I cannot say.")
        []
    """
    found = _JSON.search(answer)
    try:
        texts = list(_texts(msgspec.json.decode(found.group()))) if found else []
    except msgspec.DecodeError:
        texts = []
    texts = texts or [line.strip(" \"',;") for line in _LINE.findall(answer)]
    return list(dict.fromkeys(text for text in texts if text))[:MOST]


def _texts(value: Any) -> Iterable[str]:
    """All texts in what JSON holds; of numbers and keys nothing is taken."""
    if isinstance(value, str):
        yield " ".join(value.split())
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
