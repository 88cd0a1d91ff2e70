"""How many of KLUE's people, places and organisations are key terms, with how many terms, how fast?

Beside it: the terms from joining adjacent nouns with their parts (the measured baseline), and kiwipiepy alone, which is the limit of
the speed.
"""

from __future__ import annotations

import gzip
import re
import time

from measuring import DATA, heading
from penchant.text.korean import _analyser, korean_terms

_MARKED = re.compile(r"<([^<>]*?):(PS|LC|OG|DT|TI|QT)>")


def main() -> None:
    """Print the table."""
    heading("Korean key terms", "korean/klue_ner_dev, 5,000 sentences", "kiwipiepy", seed=None)
    lines = gzip.open(DATA / "korean" / "klue_ner_dev.tsv.gz", "rt", encoding="utf-8").read().splitlines()
    marked = [line.split("\t", 1)[1] for line in lines if line.startswith("## klue")]
    sentences = [_MARKED.sub(r"\1", line) for line in marked]
    names = [[name for name, tag in _MARKED.findall(line) if tag in ("PS", "LC", "OG")] for line in marked]
    analyse = _analyser()
    assert analyse is not None
    analyse("warm")
    limit = _rate(analyse, sentences)
    print(f"{'method':<28}{'found':>8}{'terms':>8}{'sentences/s':>13}{'of kiwipiepy':>14}")
    print(f"{'kiwipiepy alone':<28}{'':>8}{'':>8}{limit:>13.0f}{1:>14.2f}")
    for name, method in (
        ("adjacent nouns and parts", lambda text: _baseline(text, analyse)),
        ("key_terms", korean_terms),
    ):
        rate = _rate(method, sentences)
        found = [set(method(sentence)) for sentence in sentences]
        hits = sum(
            entity in terms for terms, entities in zip(found, names, strict=True) for entity in entities
        )
        share, count = hits / sum(map(len, names)), sum(map(len, found)) / len(found)
        print(f"{name:<28}{share:>8.3f}{count:>8.1f}{rate:>13.0f}{rate / limit:>14.2f}")


def _rate(method, sentences) -> float:
    started = time.perf_counter()
    for sentence in sentences:
        method(sentence)
    return len(sentences) / (time.perf_counter() - started)


def _baseline(text, analyse) -> list[str]:
    """Nouns, and nouns that touch, joined."""
    found, begin, end = [], -1, -1
    for tag, start, stop in analyse(text):
        if tag in ("NNG", "NNP", "SL", "SN"):
            found.append(text[start:stop])
            begin = begin if start == end else start
            end = stop
            found.append(text[begin:end])
    return found


if __name__ == "__main__":
    main()
