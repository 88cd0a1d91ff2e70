"""From documents and a judge to a fine-tuned embedder in a folder: each step leaves a file, and is not done
twice."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from penchant.embed import Embedder
from penchant.errors import InvalidQuery
from penchant.train.align.candidates import find_candidates
from penchant.train.align.examples import (
    CANDIDATES,
    JUDGEMENTS,
    QUERIES,
    AlignQuery,
    Candidate,
    JudgedList,
    Judgement,
    judged_lists,
    read_lines,
    write_lines,
)
from penchant.train.align.models import aligned, mixed, model_of, plan_for
from penchant.train.align.report import write_card, write_picture
from penchant.train.align.training import Curve, Plan, train, weights_of
from penchant.types import Document, StageProgress, quiet
from penchant.whole import written_whole

EMBEDDER = "embedder"
"""The folder of the result, in the folder of the work."""
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True)
class Judged:
    """What a judge said."""

    queries: Sequence[AlignQuery]
    candidates: Sequence[Candidate]
    judgements: Sequence[Judgement]

    def lists(self) -> dict[str, JudgedList]:
        """See `penchant.train.align.examples.judged_lists`."""
        return judged_lists(self.queries, self.candidates, self.judgements)


Judge = Callable[[Sequence[AlignQuery], Sequence[Candidate]], Iterable[Judgement]]
"""Says of candidates whether they are relevant, as they come."""


def collect(
    folder: Path,
    queries: Sequence[AlignQuery],
    documents: Sequence[Document],
    embedder: Embedder,
    judge: Judge,
    report: StageProgress = quiet,
) -> Judged:
    """Queries, candidates and judgements in the files of a folder; what is there is taken as it is, edited or
    not."""

    def find(asked: Sequence[AlignQuery]) -> list[Candidate]:
        texts = len(asked) + len(documents)
        return find_candidates(
            asked, documents, embedder, progress=lambda done: report("candidates", done, texts)
        )

    return keep(folder, queries, find, judge)


def keep(
    folder: Path,
    queries: Iterable[AlignQuery],
    find: Callable[[Sequence[AlignQuery]], Iterable[Candidate]],
    judge: Judge,
) -> Judged:
    """What each step gives, in its file of a folder; a step whose file is there is not done."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = _kept(folder / QUERIES, AlignQuery, lambda: queries)
    candidates = _kept(folder / CANDIDATES, Candidate, lambda: find(asked))
    judgements = _kept(folder / JUDGEMENTS, Judgement, lambda: judge(asked, candidates))
    return Judged(asked, candidates, judgements)


def align(
    name: str,
    embedder: Embedder,
    lists: dict[str, JudgedList],
    titles: Sequence[str],
    folder: Path,
    *,
    plan: Plan | None = None,
    share: float = 1.0,
    told: str = "",
    report: StageProgress = quiet,
) -> tuple[Embedder, Curve]:
    """Train an embedder on judged lists, and save it with its threshold, its card and a picture of its
    training.

    Called again after a kill with the same arguments, it goes on from where it was.

    Args:
        name: by which the embedder was asked for.
        titles: of the documents, from which the threshold follows.
        plan: None: the usual one for that kind of embedder.
        share: of what was learned is kept, see `penchant.train.align.models.mixed`.
        told: what it was trained on, for the card.

    Raises:
        InvalidQuery: the folder holds an embedder that was taught otherwise.
    """
    plan = plan or plan_for(embedder)
    model = model_of(name, embedder, plan.part)
    before = weights_of(model)
    work = _begun(folder, [embedder.name, lists, plan, share])
    steps = 0

    def stepped(done: int, of: int) -> None:
        nonlocal steps
        report("training", max(0, done - steps), of)
        steps = done

    curve = train(model, embedder.threshold, lists, plan, work, stepped)
    mixed(model, before, share)
    made = aligned(name, model, embedder, titles, folder / EMBEDDER)
    write_picture(curve, folder / "training.png")
    write_card(folder / EMBEDDER / "README.md", embedder, made, curve, plan, len(lists), share, told)
    return made, curve


def _begun(folder: Path, taught: Sequence[object]) -> Path:
    """The folder for checkpoints; those of a training that was taught otherwise are deleted.

    A state knows a model by its folder, so an embedder there is never replaced by another.
    """
    work, digest = folder / "training", hashlib.sha256(repr(taught).encode()).hexdigest()
    written = work / "taught.txt"
    if not written.exists() or written.read_text() != digest:
        if (folder / EMBEDDER).exists():
            raise InvalidQuery(
                f"{folder / EMBEDDER} was made from other judgements or settings, and a state may use it: "
                "choose another folder, or delete it"
            )
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        with written_whole(written) as file:
            file.write(digest.encode())
    return work


def _kept(path: Path, kind: type[T], make: Callable[[], Iterable[T]]) -> list[T]:
    if not path.exists():
        write_lines(path, make())
    return list(read_lines(path, kind))
