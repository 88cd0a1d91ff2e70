"""Cold documents: what an id-based peer has not seen stands for the most similar document that it has (IRA,
section 3.1.2)."""

from __future__ import annotations

import numpy as np

from penchant.lab.cases import Trial
from penchant.lab.log import Rows
from penchant.lab.peers.exchange import Round
from penchant.types import Vectors

_AT_ONCE = 1_024


class StandIns:
    """The stand-ins of each training, worked out once for all peers that are trained at the same moment."""

    def __init__(self, vectors: Vectors) -> None:
        self.vectors = vectors
        """Of the documents' titles, shape (documents, dimension)."""
        self._known: dict[tuple[Trial, Round], Rows] = {}

    def of(self, trial: Trial, part: Round) -> Rows:
        """For each document, itself; for a candidate without a click in the training, the most similar one
        that has some."""
        if (trial, part) not in self._known:
            self._known[trial, part] = self._worked_out(trial, part)
        return self._known[trial, part]

    def _worked_out(self, trial: Trial, part: Round) -> Rows:
        known = np.arange(len(self.vectors), dtype=np.int32)
        seen = np.unique(trial.training.documents[: part.trained])
        asked = np.zeros(len(self.vectors), bool)
        for case in trial.cases[part.first : part.last]:
            asked[case.candidates] = True
        asked[seen] = False
        cold = np.flatnonzero(asked)
        if len(seen):
            vectors = self.vectors[seen]
            for start in range(0, len(cold), _AT_ONCE):
                some = cold[start : start + _AT_ONCE]
                known[some] = seen[(self.vectors[some] @ vectors.T).argmax(axis=1)]
        return known
