"""The whole flow of a question, on one screen.

reader -> candidates from all sources -> filters -> evidence -> one score -> what is shown -> reasons
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from penchant.memory.readers import Rows
from penchant.memory.trails import Trail
from penchant.rank import blend as blending
from penchant.rank import choosing, explanation, exploring, places, retrieval, wishes
from penchant.rank.asked import Asked, ask
from penchant.rank.blend import Blend, Matrix
from penchant.rank.candidates import Candidates, looked_up
from penchant.rank.evidence import Telling, Told, measure
from penchant.rank.explanation import MARGIN, reasons
from penchant.rank.feedback import dismissed_like, shown_before
from penchant.rank.known import Known
from penchant.rank.retrieval import Query
from penchant.rank.sources import CandidateSource, proposed
from penchant.rank.sources.given import Given
from penchant.types import Recommendation, Source, User

_LOOKED_THROUGH = 3
"""Multiple of k of the best that is looked through for repeats."""
_DIVERSE_AMONG = 10


class Weighed(NamedTuple):
    """Candidates with what speaks for and against them."""

    candidates: Candidates
    names: list[str]
    """Of the columns of evidence."""
    evidence: Matrix
    """Shape (candidates, columns)."""
    beside: Mapping[str, Matrix]
    """What is added to the blend's score: kind -> values, shape (candidates,)."""
    scores: NDArray[np.float32]
    own: NDArray[np.float32]
    """The scores by the evidence that knows the reader alone."""


def recommend(
    known: Known,
    blend: Blend,
    user_id: str,
    user: User,
    trail: Trail,
    query: Query,
    sources: Sequence[Source | CandidateSource] = (),
) -> list[Recommendation]:
    """The k best documents for a reader with units, best first, ties by document id; of each story one.

    Args:
        sources: rankings from elsewhere, or candidate sources beside the usual ones.
    """
    asked = ask(known, user_id, user, trail, query.at, every_unit=True)
    beside = [Given(source) if isinstance(source, Source) else source for source in sources]
    random = exploring.generator(user_id, user.steps, len(user.shown), query.at)
    if query.explore:
        beside.append(exploring.Unread(random))
    rows = candidates(asked, query, beside)
    weighed = weigh(asked, blend, rows, [source for source in beside if isinstance(source, Given)])
    if not query.explore:
        return recommendations(asked, blend, weighed, chosen(asked, weighed, query), query)
    lists = [chosen(asked, each, query) for each in explored(asked, blend, weighed, query.explore, random)]
    times = Counter(position for each in lists for position, _ in each)
    found = recommendations(asked, blend, weighed, lists[0], query)
    return [
        msgspec.structs.replace(each, propensity=times[position] / len(lists))
        for each, (position, _) in zip(found, lists[0], strict=True)
    ]


def explored(
    asked: Asked, blend: Blend, weighed: Weighed, explore: float, random: np.random.Generator
) -> list[Weighed]:
    """The candidates by scores that are drawn from what is not known; see `penchant.rank.exploring`."""
    rows, known = weighed.candidates.rows, asked.known
    tried = exploring.tried(known.trails.counts(rows).astype(np.float64), known.impressions(rows))
    beside = np.sum(list(weighed.beside.values()), axis=0)[:, None]
    drawn = exploring.drawn_scores(
        blend,
        weighed.names,
        weighed.evidence,
        tried,
        known.settings,
        explore,
        np.random.default_rng(random.integers(2**31)),
    )
    scores, own = (each + beside for each in drawn)
    return [
        weighed._replace(scores=scores[:, n].astype(np.float32), own=own[:, n].astype(np.float32))
        for n in range(scores.shape[1])
    ]


def score(
    known: Known, blend: Blend, user_id: str, user: User, trail: Trail, rows: Rows, at: float
) -> NDArray[np.float32]:
    """The scores that `recommend` ranks by."""
    return weigh(ask(known, user_id, user, trail, at), blend, rows).scores


def candidates(asked: Asked, query: Query, sources: Sequence[CandidateSource]) -> Rows:
    """What the sources propose and the filters pass; where fewer than k do, the nearest documents however far
    away."""
    known, units = asked.known, asked.reader.units
    dismissed, _ = _when(asked, asked.user.dismissed)
    query = msgspec.structs.replace(query, excluded=[*query.excluded, *dismissed.tolist()])
    rows = proposed(asked, sources)
    rows = rows[retrieval.passes(known.documents, rows, query)]
    if len(rows) >= query.k:
        return rows
    if not len(units):
        every = known.documents.rows()
        every = every[retrieval.passes(known.documents, every, query)]
        return np.union1d(rows, known.documents.by_popularity(every, query.k))
    count = known.settings.candidates_per_unit
    return np.union1d(rows, retrieval.candidates(known.index, known.documents, units, query, count))


def weigh(asked: Asked, blend: Blend, rows: Rows, sources: Sequence[Given] = ()) -> Weighed:
    """The score of each row: the blend of all evidence, what the reader did not want, and what sources
    add."""
    found = looked_up(asked, rows)
    names, evidence = measure(asked, found)
    dismissed, since_dismissed = _when(asked, asked.user.dismissed)
    unwanted = asked.known.index.vectors(dismissed)
    beside = {
        "dismissed": dismissed_like(asked.reader.units, found.vectors, unwanted, since_dismissed),
        "shown": shown_before(rows, *_when(asked, [entry[:2] for entry in asked.user.shown])),
    }
    if asked.user.wishes:
        beside[wishes.KIND] = asked.wished.gains(found.vectors)
    beside |= {f"source {source.name}": np.array(source.gains(asked, rows)) for source in sources}
    more = sum(beside.values())
    scores = (blending.scores(blend, names, evidence) + more).astype(np.float32)
    own = (blending.personal_scores(blend, names, evidence) + more).astype(np.float32)
    return Weighed(found, names, evidence, beside, scores, own)


def chosen(asked: Asked, weighed: Weighed, query: Query) -> list[tuple[int, bool]]:
    """(position, whether it is one of the reader's own places) of what is shown: the best, or the best
    compromise with being unlike each other, repeats last."""
    vectors, ids = weighed.candidates.vectors, asked.known.documents.ids(weighed.candidates.rows)
    most = _LOOKED_THROUGH * query.k
    if query.diversity:
        best = choosing.top(weighed.scores, ids, _DIVERSE_AMONG * query.k)
        picked = choosing.diverse(weighed.scores[best], vectors[best], most, query.diversity)
        best = [best[place] for place in picked]
    else:
        best = choosing.top(weighed.scores, ids, most)
    listed = [(position, False) for position in best]
    if query.personal:
        own = choosing.top(weighed.own, ids, most)
        listed = in_places(best, own, weighed.own, asked, weighed.candidates, query.personal, query.k)
    positions = [position for position, _ in listed]
    published_at = weighed.candidates.facts.published_at[positions]
    firsts = choosing.without(choosing.repeats(vectors[positions], published_at), query.k)
    behind = sorted(set(range(len(listed))) - set(firsts))
    return [listed[place] for place in (firsts + behind)[: query.k]]


def in_places(
    best: Sequence[int],
    own: Sequence[int],
    suits: NDArray[np.floating],
    asked: Asked,
    candidates: Candidates,
    personal: float,
    k: int,
) -> list[tuple[int, bool]]:
    """What the blend puts first and what suits this reader, each in its places; see `penchant.rank.places`.

    Args:
        best: positions of candidates in the order of the blend.
        own: in the order of the evidence that knows the reader alone.
        suits: the scores by that evidence, of all candidates.
    """
    reader, wished = asked.reader, asked.wished
    if len(reader.units):
        latest = places.of_latest(candidates.of_units, suits)
        if latest is not None and latest not in own:
            own = [*own, latest]
        of_own = np.hstack([candidates.of_units[own], wished.cosines(candidates.vectors[own])])
        unit_of = dict(zip(own, of_own.argmax(axis=1).tolist(), strict=True))
        shares = places.shares_of(reader.sizes, reader.settings.decay, [wishes.SIZE] * len(wished.more))
        own = places.in_proportion(own, unit_of, shares, math.ceil(k * personal))
    return places.interleaved(best, own, personal, len(best))


def recommendations(
    asked: Asked, blend: Blend, weighed: Weighed, chosen: Sequence[tuple[int, bool]], query: Query
) -> list[Recommendation]:
    """What is shown; explained, with the reasons, and the unit that speaks most for each document where
    interests speak for it."""
    rows, documents = weighed.candidates.rows, asked.known.documents
    chances = choosing.chances(weighed.scores)
    found = [
        Recommendation(
            documents.at_row(int(rows[place])),
            float(weighed.scores[place]),
            personal=is_own,
            chance=round(float(chances[place]), 6),
        )
        for place, is_own in chosen
    ]
    if not query.explain or not found:
        return found
    shown = [place for place, _ in chosen]
    parts = blending.contributions(blend, weighed.names, weighed.evidence, shown)
    parts.update((kind, values[shown]) for kind, values in weighed.beside.items())
    nearest = [0] * len(shown)
    if asked.units:
        nearest = choosing.speaks_most(asked.reader.units, weighed.candidates.vectors[shown])
    weights = zip(*(values.tolist() for values in parts.values()), strict=True)
    explained, telling = [], Telling(asked, weighed.candidates, shown)
    for nth, (each, unit, own) in enumerate(zip(found, nearest, weights, strict=True)):
        by_kind = dict(zip(parts, own, strict=True))
        why = reasons(by_kind, Told(telling, nth, unit), query.language)
        explained.append(
            msgspec.structs.replace(
                each,
                because=telling.unit(unit) if by_kind["interest"] >= MARGIN else None,
                reasons=why,
                evidence=explanation.weighed(by_kind) if query.explain == "full" else (),
            )
        )
    return explained


def _when(asked: Asked, entries: Sequence[tuple[str, int]]) -> tuple[Rows, NDArray[np.float64]]:
    """(rows of the documents that are still there, how many clicks ago each entry was)."""
    documents, steps = asked.known.documents, asked.user.steps
    there = [(documents.row(name), steps - step) for name, step in entries if name in documents]
    return np.array([row for row, _ in there], np.int64), np.array(
        [clicks for _, clicks in there], np.float64
    )
