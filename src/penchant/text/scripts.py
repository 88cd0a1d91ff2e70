"""Which script a stretch of text is written in, and so how it is cut into terms."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

Script = Literal["korean", "ideographic", "spaced"]

_HANGUL = r"\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f"
_IDEOGRAPHIC = (
    r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Han, kana
    r"\uff66-\uff9f\U00020000-\U0003ffff"
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
)
_STRETCH = re.compile(rf"(?P<ideographic>[{_IDEOGRAPHIC}]+)|(?P<spaced>[^{_IDEOGRAPHIC}]+)")
_KOREAN = re.compile(rf"[{_HANGUL}]")


def has_hangul(text: str) -> bool:
    """Whether any Korean letter occurs."""
    return bool(_KOREAN.search(text))


def stretches(title: str) -> Iterator[tuple[Script, str]]:
    """The title in stretches of one script; a title with Korean letters goes whole to the Korean analyser."""
    if has_hangul(title):
        yield "korean", title
        return
    for match in _STRETCH.finditer(title):
        yield "ideographic" if match.lastgroup == "ideographic" else "spaced", match.group()
