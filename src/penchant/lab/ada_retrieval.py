"""Ada-Retrieval: documents are found in several rounds; each round looks at a reader anew, in the light of
what the rounds before found.

Source: Li et al., "Ada-Retrieval: an adaptive multi-round retrieval paradigm for sequential recommendations",
AAAI 2024. Under it is our SASRec; both learn by a softmax over all documents, where the paper has binary
cross-entropy with 100 documents drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.lab.log import Clicks, Log, Rows
from penchant.lab.methods import Histories, Scores
from penchant.towers.snapshot import Snapshot, lots_of
from penchant.train import require_torch
from penchant.types import Vectors

if TYPE_CHECKING:
    from penchant.lab.rounds import Rounds

ROUNDS = 5
EACH = 20
"""Documents that a round finds."""


class AdaRetrieval:
    """See the module. It is trained once, when it is first asked, on what it learned by then.

    Args:
        vectors: of the documents; only their number matters, documents are known by their ids.

    Raises:
        InvalidQuery: there are fewer documents than all rounds find.
        MissingExtra: torch is not installed.
    """

    def __init__(self, log: Log, vectors: Vectors, seed: int = 0) -> None:
        require_torch()
        if len(vectors) < 2 * ROUNDS * EACH:
            raise InvalidQuery(
                f"{len(vectors)} documents are too few for {ROUNDS} rounds of {EACH}: use a larger log"
            )
        self._log, self._vectors, self._seed = log, vectors, seed
        self._histories = Histories()
        self._rounds: Rounds | None = None
        self._documents: Any = None
        """Their vectors, once they are trained."""

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        """What an earlier round finds comes first, in its order, then the others, as the last round has
        them."""
        import torch

        from penchant.lab.rounds import trained

        if self._rounds is None:
            self._rounds = trained(self._snapshot(), self._seed)
        rows = self._histories[user]
        if not rows:
            return np.zeros(len(candidates))
        latest = np.array(rows[-self._rounds.base.plan.history :], np.int64)
        with torch.no_grad():
            if self._documents is None:
                self._documents = self._rounds.documents()
            gone = torch.ones(1, len(self._documents), dtype=torch.bool)
            gone[0, torch.as_tensor(candidates.astype(np.int64))] = False
            heard = self._rounds(
                torch.as_tensor(latest)[None], torch.tensor([len(latest)]), self._documents, gone
            )
            scores = (heard.readers[-1] @ self._documents.T)[0].numpy().astype(np.float64)
        return _in_order(scores, [found[0].numpy() for found in heard.found])[candidates]

    def _snapshot(self) -> Snapshot:
        users = [user for user in range(len(self._log.user_ids)) if self._histories[user]]
        return Snapshot(
            "ids",
            [str(row) for row in range(len(self._vectors))],
            np.zeros((len(self._vectors), 1), np.float32),
            [np.array(list(dict.fromkeys(self._histories[user])), np.int64) for user in users],
            lots_of(self._log.user_ids[user] for user in users),
            0.0,
        )


def _in_order(scores: NDArray[np.float64], found: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Scores under which what was found comes first, in its order."""
    places = np.concatenate(found)
    places = places[np.sort(np.unique(places, return_index=True)[1])]
    ordered = scores.copy()
    ordered[places] = scores.max() + np.arange(len(places), 0, -1)
    return ordered
