"""What a protocol makes of a click log: a trial, which is what may be learned and the cases in which it is
asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from penchant.errors import LeakFound
from penchant.lab.log import Clicks, Rows


@dataclass(frozen=True, eq=False)
class Case:
    """One question to every method: rank the candidates for this user, now."""

    user: int
    at: float
    """Now."""
    learned: int
    """Clicks of the trial's training that may be known when the case is ranked."""
    candidates: Rows
    """What could be shown, the relevant ones included, in the order of the log's documents."""
    relevant: Rows
    """What was clicked."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Cases in the order of what may be learned before them."""

    protocol: str
    training: Clicks
    """Every click that may be learned at all, in order."""
    cases: Sequence[Case]
    measures: Sequence[str]
    alone: bool = False
    """Each relevant document is ranked alone against the candidates that are not relevant."""
    by_case: bool = False
    """Whether a figure is a mean over cases (clicks); otherwise it is the mean over users of the mean over
    their cases."""
    prequential: bool = False
    """Test, then train: clicks are learned between cases, and trained peers are retrained from time to
    time."""
    trained_on: int | None = None
    """Clicks of the training that trained peers see; the rest is history. None: what the case
    allows."""
    group: int = 1
    """Cases in a row that are one question: the reader who clicked, and others (`whose`)."""
    was_shown: bool = False
    """The candidates were shown side by side, and may be learned from after the case (`impressions`)."""
    weights: NDArray[np.float64] | None = None
    """What each case counts, the mean is 1. None: all alike."""
    told: str = ""
    """What the protocol has to tell beside, in words."""
    population: Sequence[int] = ()
    """The users whom the protocol could ask, of whom it asks all or some."""
    segments: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Name -> which of the (case, relevant document) pairs belong to it."""
    periods: Sequence[str] = ()
    """The week of each (case, relevant document) pair, where there is a clock and the protocol is
    prequential."""

    @property
    def pairs(self) -> int:
        """How many (case, relevant document) pairs there are."""
        return sum(len(case.relevant) for case in self.cases)

    def users(self) -> list[int]:
        """The users of the cases, each once."""
        return sorted({case.user for case in self.cases})


def check_no_leak(trial: Trial) -> None:
    """Raises unless every case is asked before any of its answers may be known.

    It holds that no method sees a test click: no (user, relevant document) pair is in the training before its
    case, outside of prequential protocols none is in the training at all, what may be known never shrinks
    from case to case, and every relevant document is a candidate.

    Raises:
        LeakFound: it names the user and the document.
    """
    pairs = {
        (int(u), int(d)): n
        for n, (u, d) in enumerate(zip(trial.training.users, trial.training.documents, strict=True))
    }
    known = 0
    for case in trial.cases:
        if case.learned < known or case.learned > len(trial.training):
            raise LeakFound(
                f"a case of user {case.user} may know {case.learned} clicks after one that knew {known}"
            )
        known = case.learned
        if not np.isin(case.relevant, case.candidates).all():
            raise LeakFound(f"a document that user {case.user} clicked is no candidate of the case")
        for document in case.relevant.tolist():
            position = pairs.get((case.user, document))
            if position is not None and (not trial.prequential or position < case.learned):
                raise LeakFound(
                    f"the test click of user {case.user} on document {document} is in the training of "
                    f"{trial.protocol}"
                )
