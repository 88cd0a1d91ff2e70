"""What all readers care about: a map of interests in two dimensions, and the interests of a document's
readers.

Made from a sample of the readers, the same ones each time. It says what people care about, never who does.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from zlib import crc32

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.engine import Engine
from penchant.serve.bodies import Cared, Map, MapGroup, MapPoint, Trend
from penchant.types import InterestUnit, User, Vectors

READERS = 2_000
INTERESTS = 1_000
"""On the map: the largest ones."""
_TERMS = 12
_GROUP_TERMS = 4
_TREND_TERMS = 5
"""Of each interest, the first."""
_FEWEST_READERS = 3
_LEAST_SHARE = 0.2
_MOST_GROUPS = 16
_FEW = 8
"""With fewer interests there is nothing to project."""


class Readers(msgspec.Struct, frozen=True, eq=False):
    """What was seen of a sample of the readers."""

    units: Sequence[InterestUnit]
    """The largest of their interests."""
    looked_at: int
    trends: tuple[Trend, ...]
    """What they care about of late, more than before."""
    holders: Mapping[str, tuple[tuple[str, ...], ...]]
    """document id -> the first terms of each reader's interest that holds it."""

    def cared(self, document_id: str) -> Cared:
        """The interests of a document's readers, all together."""
        interests = self.holders.get(document_id, ())
        counts = Counter(term for terms in interests for term in terms)
        return Cared(
            sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_TERMS],
            len(interests),
            self.looked_at,
        )


def look(engine: Engine) -> Readers:
    """Look at a sample of the readers."""
    sample = sorted(engine.user_ids(), key=lambda user_id: (crc32(user_id.encode()), user_id))[:READERS]
    users: dict[str, User] = {}
    for start in range(0, len(sample), 100):
        users.update(engine.users(sample[start : start + 100]))
    units = [unit for name in sample if name in users for unit in users[name].units]
    largest = sorted(units, key=lambda unit: (-unit.size, unit.title))[:INTERESTS]
    half_life = engine.settings.popularity_half_life
    return Readers(largest, len(users), trends(list(users.values()), half_life), _holders(units))


def trends(users: Sequence[User], lately: float) -> tuple[Trend, ...]:
    """The terms of interests that grew in the last so many seconds, by how many more readers have them than
    such interests have at all. A fifth of the interests counts as of late, at the least.

    Examples:
        >>> unit = InterestUnit("T", (("bread", 2),), 2, 100.0, ("d1", "d2"), "T bread")
        >>> trends([User((unit,)), User((unit,)), User((unit,))], 50.0)
        (Trend(term='bread', readers=3, before=3),)
    """
    times = [unit.updated_at for user in users for unit in user.units]
    since = min(max(times) - lately, float(np.quantile(times, 1 - _LEAST_SHARE))) if times else 0.0
    now, ever = Counter[str](), Counter[str]()
    active = 0
    for user in users:
        grown = [unit for unit in user.units if unit.updated_at >= since]
        now.update({term for unit in grown for term, _ in unit.terms[:_TREND_TERMS]})
        ever.update({term for unit in user.units for term, _ in unit.terms[:_TREND_TERMS]})
        active += bool(grown)
    usual = {term: ever[term] * active / max(1, len(users)) for term in now}
    worth = {
        term: count * math.log(count / usual[term])
        for term, count in now.items()
        if count >= _FEWEST_READERS and count >= usual[term]
    }
    best = sorted(worth, key=lambda term: (-worth[term], -now[term], term))[:_TERMS]
    return tuple(Trend(term, now[term], ever[term]) for term in best)


def _holders(units: Sequence[InterestUnit]) -> dict[str, tuple[tuple[str, ...], ...]]:
    holders: defaultdict[str, list[tuple[str, ...]]] = defaultdict(list)
    for unit in units:
        terms = tuple(term for term, _ in unit.terms[:_TERMS])
        for document_id in unit.documents:
            holders[document_id].append(terms)
    return {document_id: tuple(found) for document_id, found in holders.items()}


def interests_map(units: Sequence[InterestUnit], readers: int, at: float) -> Map:
    """Interests as points, near where their embeddings are near (t-SNE; van der Maaten and Hinton, 2008), in
    groups (k-means)."""
    if not units:
        return Map([], [], readers, at)
    from threadpoolctl import threadpool_limits

    vectors = np.stack([unit.embedding for unit in units])
    with threadpool_limits(
        1
    ):  # OpenMP threads wait for each other: 11 s of processor time instead of 2 on a busy machine
        places, groups = _places(vectors), _groups(vectors)
    points = [
        MapPoint(round(float(x), 4), round(float(y), 4), unit.title, unit.size, int(group))
        for unit, (x, y), group in zip(units, places, groups, strict=True)
    ]
    return Map(points, _described(units, places, groups), readers, at)


def _places(vectors: Vectors) -> NDArray[np.float64]:
    """Two numbers from 0 to 1 for each vector."""
    if len(vectors) < _FEW:
        angles = np.arange(len(vectors)) * 2 * math.pi / len(vectors)
        return 0.5 + 0.4 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    places = TSNE(init="pca", perplexity=perplexity, max_iter=500, random_state=0).fit_transform(vectors)
    low, high = places.min(axis=0), places.max(axis=0)
    return np.asarray((places - low) / np.where(high > low, high - low, 1.0), np.float64)


def _groups(vectors: Vectors) -> NDArray[np.int64]:
    count = min(_MOST_GROUPS, max(1, len(vectors) // 12))
    if count == 1:
        return np.zeros(len(vectors), np.int64)
    from sklearn.cluster import KMeans

    return np.asarray(KMeans(count, n_init=3, random_state=0).fit_predict(vectors), np.int64)


def _described(
    units: Sequence[InterestUnit], places: NDArray[np.float64], groups: NDArray[np.int64]
) -> list[MapGroup]:
    """Each group at its middle, with the terms that are frequent in it and rare elsewhere."""
    everywhere = Counter(term for unit in units for term, _ in unit.terms[:_TERMS])
    described = []
    for group in range(int(groups.max()) + 1):
        own = np.flatnonzero(groups == group).tolist()
        here = Counter(term for position in own for term, _ in units[position].terms[:_TERMS])
        best = sorted(here, key=lambda term: (-(here[term] ** 2) / everywhere[term], term))[:_GROUP_TERMS]
        x, y = np.median(places[own], axis=0)
        described.append(MapGroup(round(float(x), 4), round(float(y), 4), best, len(own)))
    return described
