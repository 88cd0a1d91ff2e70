"""What a reader asked for in words: more of something, or less.

A wish stands until it is taken back. It is no evidence for the blend to weigh, since clicks cannot teach what
somebody asked for: what each gives and takes is fixed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.types import Vectors, Wish
from penchant.vectors import embeddings_of

KIND = "wish"
"""What the page and the API call it."""
SIZE = 5
"""In a list's own places a wish counts as an interest of so many documents, clicked just now."""
_WEIGHT = 6.0
"""What a document gains that is about what there shall be more of, and loses that is about what there shall
be less of. The score is a logarithm: 400 times as likely, as a dismissal is the other way."""


class Wished(NamedTuple):
    """The wishes of a reader side by side."""

    more: Sequence[Wish]
    less: Sequence[Wish]
    threshold: float
    """The cosine from which a text and a document are about the same."""

    def cosines(self, documents: Vectors) -> Vectors:
        """To what there shall be more of, shape (documents, wishes)."""
        return _cosines(documents, self.more)

    def gains(self, documents: Vectors) -> NDArray[np.float64]:
        """What documents gain and lose, shape (documents,): all of it from the threshold on, nothing at half
        of it or below, in between in proportion; by the wish that they suit best."""
        gains = np.zeros(len(documents))
        for wishes, most in ((self.more, _WEIGHT), (self.less, -_WEIGHT)):
            if wishes:
                nearest = _cosines(documents, wishes).max(axis=1).astype(np.float64)
                gains += most * np.clip(2 * nearest / self.threshold - 1, 0.0, 1.0)
        return gains

    def answered(self, cosines: Vectors) -> Wish | None:
        """The wish that a document is about, None where there is none.

        Args:
            cosines: of the document, see `cosines`.
        """
        if not len(cosines) or cosines.max() < self.threshold:
            return None
        return self.more[int(cosines.argmax())]


def wished(wishes: Sequence[Wish], threshold: float) -> Wished:
    """The wishes of a reader, and the cosine from which a text and a document are about the same."""
    more = [wish for wish in wishes if wish.want == "more"]
    less = [wish for wish in wishes if wish.want == "less"]
    return Wished(more, less, max(threshold, 1e-6))


def _cosines(documents: Vectors, wishes: Sequence[Wish]) -> Vectors:
    if not wishes:
        return np.zeros((len(documents), 0), np.float32)
    return np.asarray(documents @ embeddings_of(wishes).T, np.float32)
