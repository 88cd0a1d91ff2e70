"""Interest Units as a method of the lab: the product's own rules, asked through the lab's two verbs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from penchant.embed.chance import threshold_of
from penchant.lab.cases import Trial
from penchant.lab.log import Clicks, Log, Rows
from penchant.lab.methods import Scores
from penchant.lab.texts import RememberedTexts
from penchant.rank import scorers
from penchant.settings import Settings
from penchant.text import contextual_text, key_terms
from penchant.types import Progress, User, Vectors
from penchant.units.rules import Clicked, PruneRule, TextRule, by_recency, prune
from penchant.units.waves import learn
from penchant.vectors import embeddings_of


@dataclass(frozen=True)
class Variant:
    """What a study changes."""

    settings: Settings = Settings()
    scorer: str = "sum"
    text_rule: TextRule = contextual_text
    prune_rule: PruneRule = prune
    retrieved: int | None = None
    """Only this many nearest documents of each unit are candidates, as in Algorithm 2. None: rank all
    candidates."""


class InterestUnits:
    """Algorithms 1 and 2 on the users who are asked.

    Args:
        vectors: of the documents' titles, shape (documents, dimension).
        users: whose clicks are learned; a user's units depend on no one else's clicks.
    """

    def __init__(
        self,
        log: Log,
        vectors: Vectors,
        texts: RememberedTexts,
        users: Sequence[int],
        variant: Variant = Variant(),
    ) -> None:
        self._log = log
        self._vectors = vectors
        self._texts = texts
        self._asked = np.zeros(len(log.user_ids), bool)
        self._asked[list(users)] = True
        self._variant = variant
        self._users: dict[str, User] = {}
        self._terms = cache(lambda row: tuple(key_terms(log.bare_titles[row])))

    def prepare(self, trial: Trial, progress: Progress | None = None) -> None:
        """Embed every contextual text that the trial will need, in full batches. What is learned here is
        thrown away."""
        self.learn(trial.training, progress)
        self._users.clear()

    def learn(self, clicks: Clicks, progress: Progress | None = None) -> None:
        mine = clicks[self._asked[clicks.users]]
        if not len(mine):
            return
        settings = self._variant.settings
        now, _ = learn(
            self._users,
            [self._clicked(mine, position) for position in range(len(mine))],
            self._texts.encode,
            self.threshold,
            settings,
            progress,
            text_rule=self._variant.text_rule,
            prune_rule=self._variant.prune_rule,
        )
        self._users.update(now)

    @cached_property
    def threshold(self) -> float:
        """tau: that of the settings, or what their rule finds."""
        return threshold_of(self._variant.settings, self._vectors, self._texts.threshold)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        units = by_recency(self.of(user).units)
        if not units:
            return np.zeros(len(candidates), np.float32)
        vectors, documents = embeddings_of(units), self._vectors[candidates]
        scores = scorers.scorer(self._variant.scorer, self._variant.settings)(
            vectors, [unit.size for unit in units], documents
        )
        limit = self._variant.retrieved
        if limit is not None and limit < len(candidates):
            similarities = documents @ vectors.T
            cut = np.partition(similarities, len(candidates) - limit, axis=0)[len(candidates) - limit]
            scores = np.where((similarities >= cut).any(axis=1), scores, scores.min() - 1.0)
        return scores

    def of(self, user: int) -> User:
        """What is kept of a user."""
        return self._users.get(self._log.user_ids[user], User())

    def _clicked(self, clicks: Clicks, position: int) -> tuple[str, Clicked]:
        row = int(clicks.documents[position])
        document = self._log.documents[row]
        return self._log.user_ids[int(clicks.users[position])], Clicked(
            document.id, document.title, self._terms(row), self._vectors[row], float(clicks.at[position])
        )
