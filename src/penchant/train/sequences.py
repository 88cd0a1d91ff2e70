"""What readers read, in order, as batches to train on; pure, in numpy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.towers.snapshot import Snapshot

Rows = NDArray[np.int64]
FEWEST = 50
"""Readers with two documents or more without which a tower is not worth training."""
_POOL = 50
"""Batches whose sequences are sorted by length together."""
_ASKED = 5
"""The last documents of a reader who is held out are the question: a fifth, and so many at most."""


class Question(NamedTuple):
    """A reader who is held out."""

    known: Rows
    asked: Rows


class Piece(NamedTuple):
    """What a reader read, or a part of it."""

    reader: int
    rows: Rows


class Batch(NamedTuple):
    """Sequences side by side, padded on the right."""

    rows: Rows
    """Shape (sequences, places)."""
    lengths: Rows
    """Shape (sequences,)."""
    targets: Rows
    """What came after each place, the next first, shape (sequences, places, targets); -1 where there is none.
    Or after the whole, shape (sequences, 1, targets)."""
    readers: Rows
    """Whose each sequence is."""
    clicks: int
    """Of which the sequences are made."""
    masked: NDArray[np.bool_] | None = None
    """Places that have to be guessed: their targets are what they hold. Shape (sequences, places)."""


def held_out(given: Snapshot, share: float, most: int) -> tuple[list[Piece], list[Question]]:
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
            learned.append(Piece(place, rows))
    return learned, questions


def pieces(read: Sequence[Piece], history: int) -> list[Piece]:
    """Sequences of at most `history` documents and the one after them: longer ones are cut, the last piece
    whole, so that every document but a reader's first is once what came next."""
    found = []
    for reader, rows in read:
        end = len(rows)
        while end > 1:
            found.append(Piece(reader, rows[max(0, end - history - 1) : end]))
            end -= history
    return found


def groups_of(found: Sequence[Piece], size: int, seed: Sequence[int]) -> Iterator[list[Piece]]:
    """All pieces in a random order, so many at once, those of one group about equally long."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(found))
    lengths = np.array([len(piece.rows) for piece in found])
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


def cut_in_two(found: Sequence[Piece], history: int, targets: int, random: np.random.Generator) -> CutBatch:
    """Each sequence cut at a random place: what is before it is the history, what is after it the targets.

    Source: Jia et al., 2024, section 3.3, which cuts all at one time; here, with no clock, each at its own.
    """
    sequences = [piece.rows for piece in found]
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


def after_every_place(found: Sequence[Piece], targets: int) -> Batch:
    """Sequences of two documents or more side by side; their last documents are targets only."""
    lengths = np.array([len(piece.rows) - 1 for piece in found])
    shape = (len(found), int(lengths.max()))
    rows, after = np.zeros(shape, np.int64), np.full((*shape, targets), -1, np.int64)
    for place, piece in enumerate(found):
        rows[place, : lengths[place]] = piece.rows[:-1]
        for step in range(targets):
            later = piece.rows[1 + step :]
            after[place, : len(later), step] = later
    return Batch(rows, lengths, after, _readers(found), int(lengths.sum() + len(found)))


def beginnings(found: Sequence[Piece], targets: int) -> Batch:
    """Every beginning of every sequence side by side, and what came after it: for what reads wholes."""
    cuts = [(piece, end) for piece in found for end in range(1, len(piece.rows))]
    return _cut(cuts, max(len(piece.rows) for piece in found), targets)._replace(
        clicks=sum(len(piece.rows) for piece in found)
    )


def after_one_place(
    found: Sequence[Piece], history: int, targets: int, earliest: int, random: np.random.Generator
) -> Batch:
    """Each sequence until a random place, which has as many documents before it where there are so many, and
    what came after.

    Source: Cen et al., "Controllable multi-interest framework for recommendation", KDD 2020, as its code does
    it.
    """
    cuts = []
    for piece in found:
        least = min(earliest, len(piece.rows) - 1)
        cuts.append((piece, int(random.integers(least, len(piece.rows)))))
    return _cut(cuts, history, targets)


def with_masks(found: Sequence[Piece], history: int, share: float, random: np.random.Generator) -> Batch:
    """The last documents of each sequence, with places to be guessed: a share of them by chance, at the least
    the last, as it is when a question is asked.

    Source: Sun et al., "BERT4Rec", CIKM 2019, section 3.6.
    """
    rows, lengths = side_by_side([piece.rows[-history - 1 :] for piece in found])
    places = np.arange(rows.shape[1])
    masked = (random.random(rows.shape) < share) & (places < lengths[:, None])
    masked |= ~masked.any(axis=1, keepdims=True) & (places == lengths[:, None] - 1)
    targets = np.where(masked, rows, -1)[:, :, None]
    return Batch(rows, lengths, targets, _readers(found), int(lengths.sum()), masked)


def _cut(cuts: Sequence[tuple[Piece, int]], history: int, targets: int) -> Batch:
    rows, lengths = side_by_side([piece.rows[max(0, end - history) : end] for piece, end in cuts])
    after = np.full((len(cuts), 1, targets), -1, np.int64)
    for place, (piece, end) in enumerate(cuts):
        later = piece.rows[end : end + targets]
        after[place, 0, : len(later)] = later
    return Batch(rows, lengths, after, _readers([piece for piece, _ in cuts]), int(lengths.sum() + len(cuts)))


def _readers(found: Sequence[Piece]) -> Rows:
    return np.array([piece.reader for piece in found], np.int64)
