"""What readers read, in order, as batches to train on; pure, in numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery

Rows = NDArray[np.int64]
FEWEST = 50
"""Readers with two documents or more without which a tower is not worth training."""
_POOL = 50
"""Batches whose sequences are sorted by length together."""
_ASKED = 5
"""The last documents of a reader who is held out are the question: a fifth, and so many at most."""


@dataclass(frozen=True, eq=False)
class Sequences:
    """Documents, and what each reader read of them."""

    ids: Sequence[str]
    embeddings: NDArray[np.float32]
    """Shape (documents, dimension)."""
    read: Sequence[Rows]
    """For each reader rows of documents, the latest at the end, each once."""
    lots: NDArray[np.uint32]
    """Of each reader: the lowest are held out; see `penchant.towers.snapshot`."""


class Question(NamedTuple):
    """A reader who is held out."""

    known: Rows
    asked: Rows


class Batch(NamedTuple):
    """Sequences side by side, padded on the right."""

    rows: Rows
    """Shape (sequences, places)."""
    lengths: Rows
    """Shape (sequences,)."""
    targets: Rows
    """What came after each place, the next first, shape (sequences, places, targets); -1 where there is
    none."""


def held_out(given: Sequences, share: float, most: int) -> tuple[list[Rows], list[Question]]:
    """(what is learned, readers held out): of some readers the last documents are the question, and the
    others are learned.

    Whoever is held out once is held out again, whatever came since: so an older tower can be asked too.

    Raises:
        InvalidQuery: there are too few readers.
    """
    read = given.read
    enough = [place for place, rows in enumerate(read) if len(rows) >= 2]
    if len(enough) < FEWEST:
        raise InvalidQuery(
            f"{len(enough)} readers clicked two documents or more, and a tower needs {FEWEST}: "
            "go on with `penchant observe`"
        )
    # of those who read much the question is known best
    able = [place for place in enough if len(read[place]) >= 5] or enough
    count = min(max(1, round(share * len(enough))), most, len(able))
    drawn = set(np.array(able)[np.argsort(given.lots[able], kind="stable")[:count]].tolist())
    learned, questions = [], []
    for place in enough:
        rows = read[place]
        if place in drawn:
            cut = len(rows) - min(_ASKED, max(1, len(rows) // 5))
            questions.append(Question(rows[:cut], rows[cut:]))
            rows = rows[:cut]
        if len(rows) >= 2:
            learned.append(rows)
    return learned, questions


def pieces(read: Sequence[Rows], history: int) -> list[Rows]:
    """Sequences of at most `history` documents and the one after them: longer ones are cut, the last piece
    whole, so that every document but a reader's first is once what came next."""
    found = []
    for rows in read:
        end = len(rows)
        while end > 1:
            found.append(rows[max(0, end - history - 1) : end])
            end -= history
    return found


def groups_of(found: Sequence[Rows], size: int, seed: Sequence[int]) -> Iterator[list[Rows]]:
    """All pieces in a random order, so many at once, those of one group about equally long."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(found))
    lengths = np.array([len(rows) for rows in found])
    groups = []
    for start in range(0, len(order), size * _POOL):
        pool = order[start : start + size * _POOL]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        groups += [pool[at : at + size] for at in range(0, len(pool), size)]
    for group in random.permutation(len(groups)).tolist():
        yield [found[place] for place in groups[group].tolist()]


class CutBatch(NamedTuple):
    """Histories side by side, and what their readers went on to, both padded on the right."""

    rows: Rows
    """Shape (sequences, places)."""
    lengths: Rows
    targets: Rows
    """Shape (sequences, targets)."""
    target_lengths: Rows


def cut_in_two(
    sequences: Sequence[Rows], history: int, targets: int, random: np.random.Generator
) -> CutBatch:
    """Each sequence cut at a random place: what is before it is the history, what is after it the targets.

    Source: Jia et al., 2024, section 3.3, which cuts all at one time; here, with no clock, each at its own.
    """
    cuts = [int(random.integers(1, len(rows))) for rows in sequences]
    before = [rows[max(0, cut - history) : cut] for rows, cut in zip(sequences, cuts, strict=True)]
    after = [rows[cut : cut + targets] for rows, cut in zip(sequences, cuts, strict=True)]
    return CutBatch(*side_by_side(before), *side_by_side(after))


def side_by_side(sequences: Sequence[Rows]) -> tuple[Rows, Rows]:
    """(sequences padded on the right with 0, their lengths)."""
    lengths = np.array([len(rows) for rows in sequences])
    padded = np.zeros((len(sequences), int(lengths.max())), np.int64)
    for place, rows in enumerate(sequences):
        padded[place, : len(rows)] = rows
    return padded, lengths


def batch(sequences: Sequence[Rows], targets: int) -> Batch:
    """Sequences of two documents or more side by side; their last documents are targets only."""
    lengths = np.array([len(rows) - 1 for rows in sequences])
    shape = (len(sequences), int(lengths.max()))
    rows, after = np.zeros(shape, np.int64), np.full((*shape, targets), -1, np.int64)
    for place, own in enumerate(sequences):
        rows[place, : lengths[place]] = own[:-1]
        for step in range(targets):
            later = own[1 + step :]
            after[place, : len(later), step] = later
    return Batch(rows, lengths, after)
