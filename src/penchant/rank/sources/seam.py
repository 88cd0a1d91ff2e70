"""What a source of candidates is: the seam where another one goes, one file each."""

from __future__ import annotations

from typing import Protocol

from penchant.memory.readers import Rows
from penchant.rank.asked import Asked


class CandidateSource(Protocol):
    """What proposes documents that may be worth showing to a reader; filters and weights come later."""

    def candidates(self, asked: Asked) -> Rows:
        """Rows of documents, in no order; some may come more than once."""
