"""Interests in words, before the training: of each reader's own Interest Units, or of the typical reader of
each group, by a language model or as the titles that were read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from penchant.errors import InvalidQuery
from penchant.towers.snapshot import Snapshot
from penchant.train.chat import Chat
from penchant.train.eimf.affinity import Rows, typical
from penchant.train.eimf.prompts import MOST, interests_in, prompt_of
from penchant.train.eimf.semantics import Explicit
from penchant.train.sequences import Piece
from penchant.types import StageProgress, Vectors, quiet
from penchant.whole import written_whole

Source = Literal["units", "random units", "titles", "random titles", "llm"]
"""``random``: those of others, to tell whether it matters whose they are."""
Encode = Callable[[Sequence[str]], Vectors]
_AT_ONCE = 512
_ANSWER_TOKENS = 200


@dataclass(frozen=True)
class Words:
    """Where interests in words come from."""

    source: Source = "units"
    encode: Encode | None = None
    """Texts -> embeddings, of the embedder of the documents; titles and language models need it."""
    chat: Chat | None = None
    """``llm`` needs it."""
    share: float = 0.03
    """Of the readers, who are typical."""
    agree: Callable[[str], bool] = lambda _: True
    """Estimate of what the language model costs -> whether to go on."""


def explicit(
    taken: Snapshot,
    learned: Sequence[Piece],
    words: Words,
    folder: Path,
    *,
    history: int,
    seed: int = 0,
    report: StageProgress = quiet,
    say: Callable[[str], None] = lambda _: None,
) -> Explicit:
    """Readers' interests in words. Called again with the same folder it gives what it gave.

    Args:
        learned: what may be known of each reader; who is not among them has no interests.
        history: documents of a reader that are read, the latest.
        say: hears how many answers could not be read.

    Raises:
        InvalidQuery: the source needs what is not given.
        EndpointError: the language model does not answer; what was answered is kept.
    """
    path = folder / f"interests by {words.source}.npz"
    if path.exists():
        with np.load(path) as file:
            return Explicit(file["vectors"], file["ends"], file["group_of"])
    if words.source in ("units", "random units"):
        found = _of_units(taken, learned, None if words.source == "units" else seed)
    else:
        found = _of_typical(taken, learned, words, history, seed, report, say)
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        np.savez(file, **found._asdict())
    return found


def _of_units(taken: Snapshot, learned: Sequence[Piece], shuffled: int | None) -> Explicit:
    """Each reader a group. Of those who are held out nothing is told: their units know the answer.

    Args:
        shuffled: a seed, by which each reader gets the units of another.
    """
    if not taken.units:
        raise InvalidQuery("the snapshot has no Interest Units: take one with them")
    units = [taken.units[piece.reader] for piece in learned]
    if shuffled is not None:
        units = [units[place] for place in np.random.default_rng(shuffled).permutation(len(units)).tolist()]
    return _grouped(units, np.array([piece.reader for piece in learned]), len(taken.read))


def _of_typical(
    taken: Snapshot,
    learned: Sequence[Piece],
    words: Words,
    history: int,
    seed: int,
    report: StageProgress,
    say: Callable[[str], None],
) -> Explicit:
    if words.encode is None or not taken.titles:
        raise InvalidQuery(f"interests by {words.source!r} need titles and an embedder")
    latest = [piece.rows[-history:] for piece in learned]
    texts = [", ".join(taken.titles[row] for row in rows.tolist()) for rows in latest]
    parts = []
    for start in range(0, len(texts), _AT_ONCE):
        part = texts[start : start + _AT_ONCE]
        parts.append(words.encode(part))
        report("readers' texts", len(part), len(texts))
    is_like = typical(np.concatenate(parts), words.share, seed=seed, report=report)
    exemplars, place = np.unique(is_like, return_inverse=True)
    say(f"{len(exemplars):,} readers are typical of {len(learned):,}")
    told = _told(taken, [latest[row] for row in exemplars.tolist()], words, report, say)
    if words.source == "random titles":
        told = [told[row] for row in np.random.default_rng(seed).permutation(len(told)).tolist()]
    group_of = np.full(len(taken.read), -1, np.int64)
    group_of[[piece.reader for piece in learned]] = place
    found = _grouped(told, np.arange(len(told)), len(told))
    return found._replace(group_of=np.where(group_of >= 0, found.group_of[group_of], -1))


def _told(
    taken: Snapshot, read: Sequence[Rows], words: Words, report: StageProgress, say: Callable[[str], None]
) -> list[Vectors]:
    """The embeddings of the interests of typical readers."""
    if words.source != "llm":
        return [taken.embeddings[rows[-MOST:]] for rows in read]
    if words.chat is None or words.encode is None:
        raise InvalidQuery("interests by 'llm' need an endpoint, for example qwen3@http://127.0.0.1:8000/v1")
    prompts = [prompt_of([(taken.titles[row], taken.ids[row]) for row in rows.tolist()]) for rows in read]
    _agreed(prompts, words.chat, words.agree)
    found, unreadable = [], 0
    for rows, prompt in zip(read, prompts, strict=True):
        interests = words.chat.answer(
            prompt, taken.ids[int(rows[-1])], lambda said: interests_in(said) or None
        )
        report("typical readers asked about", 1, len(read))
        unreadable += not interests
        found.append(words.encode(interests) if interests else taken.embeddings[rows[-MOST:]])
    if unreadable:
        say(f"{unreadable:,} answers could not be read; the titles stand for these readers' interests")
    return found


def _agreed(prompts: Sequence[str], chat: Chat, agree: Callable[[str], bool]) -> None:
    """Raises InvalidQuery where what is not paid yet is not agreed to."""
    requests, tokens = chat.unpaid(prompts, _ANSWER_TOKENS)
    if requests and not agree(f"{requests:,} requests to {chat.model}, some {tokens:,.0f} tokens."):
        raise InvalidQuery("nothing was asked: the estimate was not agreed to")


def _grouped(vectors: Sequence[Vectors], members: Rows, readers: int) -> Explicit:
    """Each member the group of its own interests, where it has any."""
    some = [place for place, own in enumerate(vectors) if len(own)]
    if not some:
        raise InvalidQuery("no reader has interests in words: there are no clicks to learn from")
    ends = np.cumsum([0, *(len(vectors[place]) for place in some)], dtype=np.int64)
    group_of = np.full(readers, -1, np.int64)
    group_of[members[some]] = np.arange(len(some))
    return Explicit(np.concatenate([vectors[place] for place in some]).astype(np.float32), ends, group_of)
