"""design.md's rules once more, written to be read and not to be fast: what the package is compared with.

It shares no code with the package beyond the key terms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from penchant.text import key_terms


@dataclass
class ReferenceUnit:
    documents: dict[str, int] = field(default_factory=dict)  # id -> number of the click that brought it
    counts: dict[str, int] = field(default_factory=dict)
    last_seen: dict[str, int] = field(default_factory=dict)
    title: str = ""
    updated_at: float = -math.inf
    title_click: int = 0
    changed: int = 0
    vector: list[float] = field(default_factory=list)

    def terms(self):
        return sorted(self.counts.items(), key=lambda item: (-item[1], -self.last_seen[item[0]], item[0]))

    def text(self, terms_in_text=10):
        return " ".join([self.title, *(term for term, _ in self.terms()[:terms_in_text])])


class Reference:
    def __init__(
        self,
        embedder,
        threshold,
        big_size=5,
        keep_big=10,
        keep_small=10,
        terms_in_text=10,
        candidates=100,
        terms_kept=100,
    ):
        self.embedder, self.threshold = embedder, threshold
        self.big_size, self.keep_big, self.keep_small = big_size, keep_big, keep_small
        self.terms_in_text, self.candidates, self.terms_kept = terms_in_text, candidates, terms_kept
        self.titles, self.vectors = {}, {}
        self.users, self.clicks, self.seen = {}, {}, {}

    def add(self, document_id, title):
        self.titles[document_id] = title
        self.vectors[document_id] = self._embed(title)

    def observe(self, clicks):
        """(user, document, at), in any order: learned in the order of their times."""
        for user, document, at in sorted(clicks, key=lambda click: click[2]):
            self._learn(user, document, at)

    def _learn(self, user, document, at):
        number = self.clicks[user] = self.clicks.get(user, 0) + 1
        self.seen.setdefault(user, set()).add(document)
        units = self.users.setdefault(user, [])
        relevant = [unit for unit in units if cosine(unit.vector, self.vectors[document]) >= self.threshold]
        merged = ReferenceUnit(changed=number)
        for unit in relevant:
            for name, first in unit.documents.items():
                merged.documents[name] = min(first, merged.documents.get(name, first))
            for term, count in unit.counts.items():
                merged.counts[term] = merged.counts.get(term, 0) + count
                merged.last_seen[term] = max(unit.last_seen[term], merged.last_seen.get(term, 0))
            if (unit.updated_at, unit.title_click) > (merged.updated_at, merged.title_click):
                merged.title, merged.updated_at, merged.title_click = (
                    unit.title,
                    unit.updated_at,
                    unit.title_click,
                )
        if document not in merged.documents:
            merged.documents[document] = number
            for term in key_terms(self.titles[document]):
                merged.counts[term] = merged.counts.get(term, 0) + 1
                merged.last_seen[term] = number
        merged.counts = dict(merged.terms()[: self.terms_kept])
        if (at, number) > (merged.updated_at, merged.title_click):
            merged.title, merged.updated_at, merged.title_click = self.titles[document], at, number
        merged.vector = [float(np.float16(number)) for number in self._embed(merged.text(self.terms_in_text))]
        units = [unit for unit in units if unit not in relevant] + [merged]
        big = [unit for unit in units if len(unit.documents) >= self.big_size]
        small = [unit for unit in units if len(unit.documents) < self.big_size]
        self.users[user] = self._latest(big, self.keep_big) + self._latest(small, self.keep_small)

    def units(self, user):
        return self._latest(self.users.get(user, []), None)

    def _latest(self, units, limit):
        ordered = sorted(units, key=lambda unit: (unit.updated_at, unit.changed), reverse=True)
        return ordered if limit is None else ordered[:limit]

    def scores(self, user):
        return {
            document: sum(cosine(unit.vector, vector) for unit in self.users[user])
            for document, vector in self.vectors.items()
        }

    def recommend(self, user, k):
        """Where fewer than k of the candidates pass, the number of candidates is made four times as large."""
        scores, count = self.scores(user), self.candidates
        while True:
            found = set()
            for unit in self.users[user]:
                nearest = sorted(
                    self.vectors, key=lambda name: (-round(cosine(unit.vector, self.vectors[name]), 6), name)
                )
                found.update(nearest[:count])
            passing = found - self.seen[user]
            if len(passing) >= k or count >= len(self.vectors):
                return sorted(passing, key=lambda name: (-round(scores[name], 5), name))[:k]
            count *= 4

    def _embed(self, text):
        return [float(number) for number in self.embedder.encode([text])[0]]


def cosine(left, right):
    return math.fsum(a * b for a, b in zip(left, right, strict=True))
