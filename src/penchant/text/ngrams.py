"""Key terms of scripts that put no spaces between words and that no analyser of ours reads: pairs of
characters.

Chinese, Japanese, Thai and others. A stretch of katakana, or any stretch of at most three characters, is kept
whole.
"""

from __future__ import annotations

import re

_PART = re.compile(
    r"(?P<whole>[\u30a0-\u30ff\uff66-\uff9f]{2,})|(?P<kana>[\u3040-\u309f]+)|(?P<other>[^\u3040-\u30ff\uff66-\uff9f]+)"
)


def ngram_terms(stretch: str) -> list[str]:
    """The key terms of a stretch of such a script, in order; hiragana alone is grammar and gives none."""
    terms: list[str] = []
    for part in _PART.finditer(stretch):
        text = part.group()
        if part.lastgroup == "whole" or (part.lastgroup == "other" and len(text) <= 3):
            terms.append(text)
        elif part.lastgroup == "other":
            terms.extend(text[position : position + 2] for position in range(len(text) - 1))
    return terms
