"""A threshold from data: how alike are random documents, and how alike are those that one reader clicks in a
row?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.embed import Embedder
from penchant.embed.chance import community_threshold, reached_by_chance, sampled
from penchant.embed.texts import TextEmbedder
from penchant.errors import InvalidQuery
from penchant.settings import UnitRule
from penchant.types import Click, Document, Progress

_BINS = 25
_PAIRS = 5_000


class Calibration(msgspec.Struct, frozen=True):
    """Two distributions of cosines, and the threshold that follows."""

    embedder: str
    current: float
    """The embedder's own threshold."""
    proposed: float
    """For the rule of units that was asked for."""
    chance: float
    """The share of random pairs that reach it."""
    random_pairs: int
    random_median: float
    neighbours: int
    neighbour_median: float
    neighbours_above: float
    """The share of neighbouring pairs that reach the proposed threshold."""
    edges: list[float]
    """Of the bins of the two histograms."""
    random_share: list[float]
    neighbour_share: list[float]


def calibrate(
    embedder: Embedder,
    documents: Sequence[Document],
    clicks: Sequence[Click],
    *,
    rule: UnitRule = "mean",
    pairs: int = _PAIRS,
    seed: int = 0,
    progress: Progress | None = None,
) -> Calibration:
    """Draw random pairs of documents, and pairs that one reader clicked one after the other, and compare
    their cosines.

    Args:
        rule: of units, see `penchant.Settings.unit_rule`.

    Raises:
        InvalidQuery: there are fewer than 20 pairs of a kind.
    """
    titles = {document.id: document.title for document in documents}
    generator = np.random.default_rng(seed)
    neighbours = _neighbours(clicks, titles)
    if len(neighbours) < 20 or len(titles) < 20:
        raise InvalidQuery(
            f"{len(titles)} documents and {len(neighbours)} pairs of clicks in a row are too few to "
            "calibrate on: "
            "20 of each are needed"
        )
    if len(neighbours) > pairs:
        neighbours = [neighbours[int(n)] for n in generator.choice(len(neighbours), pairs, replace=False)]
    ids = sorted(titles)
    draws = generator.integers(0, len(ids), (pairs, 2))
    chance = [(ids[int(a)], ids[int(b)]) for a, b in draws if titles[ids[int(a)]] != titles[ids[int(b)]]]
    texts = TextEmbedder(embedder)
    random_cosines = _cosines(texts, [(titles[a], titles[b]) for a, b in chance], progress)
    neighbour_cosines = _cosines(texts, [(titles[a], titles[b]) for a, b in neighbours], progress)
    by_text = rule == "text"
    if by_text:
        proposed = reached_by_chance(random_cosines)
    else:
        some = texts.encode([titles[ids[place]] for place in sampled(len(ids))], progress)
        proposed = community_threshold(some, embedder.threshold)
    edges = np.linspace(min(0.0, float(random_cosines.min())), 1.0, _BINS + 1)
    return Calibration(
        embedder=embedder.name,
        current=embedder.threshold,
        proposed=proposed,
        chance=round(float((random_cosines >= proposed).mean()), 4),
        random_pairs=len(chance),
        random_median=round(float(np.median(random_cosines)), 3),
        neighbours=len(neighbours),
        neighbour_median=round(float(np.median(neighbour_cosines)), 3),
        neighbours_above=round(float((neighbour_cosines >= proposed).mean()), 4),
        edges=[round(float(edge), 4) for edge in edges],
        random_share=_histogram(random_cosines, edges),
        neighbour_share=_histogram(neighbour_cosines, edges),
    )


def chance_threshold(embedder: Embedder, titles: Sequence[str], seed: int = 0) -> float:
    """The threshold by random pairs of titles alone, between 0.05 and 0.95; that of the embedder where all
    are the same."""
    draws = np.random.default_rng(seed).integers(0, len(titles), (2, _PAIRS))
    pairs = [(titles[a], titles[b]) for a, b in zip(*draws.tolist(), strict=True) if titles[a] != titles[b]]
    if not pairs:
        return embedder.threshold
    cosines = _cosines(TextEmbedder(embedder), pairs)
    return float(np.clip(reached_by_chance(cosines), 0.05, 0.95))


def _neighbours(clicks: Sequence[Click], titles: dict[str, str]) -> list[tuple[str, str]]:
    """Documents of different titles that one reader clicked in a row."""
    last: dict[str, str] = {}
    found = []
    for click in sorted(clicks, key=lambda click: click.at):
        before = last.get(click.user_id)
        if before is not None and titles[before] != titles[click.document_id]:
            found.append((before, click.document_id))
        last[click.user_id] = click.document_id
    return found


def _cosines(
    texts: TextEmbedder, pairs: Sequence[tuple[str, str]], progress: Progress | None = None
) -> NDArray[np.float32]:
    left = texts.encode([a for a, _ in pairs], progress)
    right = texts.encode([b for _, b in pairs], progress)
    return np.asarray(np.einsum("nd,nd->n", left, right), np.float32)


def _histogram(cosines: NDArray[np.float32], edges: NDArray[np.floating]) -> list[float]:
    counts, _ = np.histogram(np.clip(cosines, edges[0], edges[-1]), edges)
    return [round(float(share), 5) for share in counts / len(cosines)]
