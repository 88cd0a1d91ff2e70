"""Long work on a state, in steps that are each kept: what a killed job has done stays done, and the same call
goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from multiprocessing import get_context
from pathlib import Path

from penchant.engine import Engine
from penchant.engine.about import sites_of
from penchant.errors import InvalidQuery
from penchant.garbage import no_garbage_collection
from penchant.rank.scorers import BLEND
from penchant.text import key_terms_ahead
from penchant.text.sites import Sites
from penchant.types import Click, Document, StageProgress, quiet

_DOCUMENTS = 4_096
_CLICKS = 8_192
_CLICKS_BY_MEAN = 131_072
"""Where no text is embedded. They take seconds, and each user that they touch is written once."""
_TEACHING = 3_000
_TEACHING_AT_ONCE = 250
"""The last 3,000 clicks of a log, a third of it at most, teach the blend as well. A step of them is less than
a second of work."""
_MANY_TITLES = 5_000
"""Titles from which a process of its own for their key terms is worth its start."""


def add_documents(engine: Engine, documents: Sequence[Document], report: StageProgress = quiet) -> None:
    """Add documents in steps. In a new state the ``corpus`` embedder is trained on all of them."""
    if not documents:
        raise InvalidQuery("there are no documents to add")
    if engine.about is None:
        report("embedder", 0, 1)
        engine.fit([document.title for document in documents])
        report("embedder", 1, 1)
    with no_garbage_collection():
        for start in range(0, len(documents), _DOCUMENTS):
            step = documents[start : start + _DOCUMENTS]
            engine.add(step, progress=lambda done: report("documents", done, len(documents)))


def observe_log(engine: Engine, clicks: Sequence[Click], name: str, report: StageProgress = quiet) -> int:
    """Learn a click log in the order of its times, in steps; a log of the same name is gone on with where it
    was left.

    Returns how many clicks had been learned before.
    """
    ordered = sorted(clicks, key=lambda click: click.at)
    before = _observe_long(engine, ordered, len(ordered) - _teaching(engine, ordered), name, report)
    _observe_teaching(engine, ordered, name, report)
    return before


def _teaching(engine: Engine, clicks: Sequence[Click]) -> int:
    """How many clicks at the end of a log teach the blend."""
    learns = engine.settings.scorer == BLEND and engine.settings.blend_learns
    return min(_TEACHING, len(clicks) // 3) if learns else 0


def _observe_long(
    engine: Engine, ordered: Sequence[Click], end: int, name: str, report: StageProgress
) -> int:
    """Learn the clicks before that position in large steps; returns how many had been learned before."""
    before = engine.checkpoint(name)
    report("clicks", before, len(ordered))
    by_mean = engine.settings.unit_rule == "mean"
    size = _CLICKS_BY_MEAN if by_mean else _CLICKS
    with no_garbage_collection() if by_mean else nullcontext():
        for start in range(before, end, size):
            step = ordered[start : min(start + size, end)]
            engine.observe(
                step,
                checkpoint=(name, start + len(step)),
                progress=lambda done: report("clicks", done, len(ordered)),
                tell=False,
                teach=False,
            )
    return before


def _observe_teaching(engine: Engine, ordered: Sequence[Click], name: str, report: StageProgress) -> None:
    """Learn the clicks that are left in small steps, so that they teach the blend, too."""
    for start in range(engine.checkpoint(name), len(ordered), _TEACHING_AT_ONCE):
        step = ordered[start : start + _TEACHING_AT_ONCE]
        engine.observe(step, checkpoint=(name, start + len(step)), tell=False)
        report("clicks", len(step), len(ordered))


def build_state(
    engine: Engine,
    documents: Sequence[Document],
    clicks: Sequence[Click],
    name: str,
    directory: Path,
    report: StageProgress = quiet,
) -> int:
    """Documents and a click log into the state of that directory, with two processes at work where there is
    much to do.

    Returns how many clicks had been learned before.
    """
    clicked = {click.document_id for click in clicks}
    every = [document.title for document in documents]
    sites = Sites(engine.about.sites) if engine.about else sites_of(engine.settings, every)
    titles = [sites.bare(document.title) for document in documents if document.id in clicked]
    with key_terms_ahead(titles) if len(titles) >= _MANY_TITLES else nullcontext():
        add_documents(engine, documents, report)
        ordered = sorted(clicks, key=lambda click: click.at)
        with _index_built_beside(directory):
            before = _observe_long(engine, ordered, len(ordered) - _teaching(engine, ordered), name, report)
            with engine.comparing_all():
                _observe_teaching(engine, ordered, name, report)
            report("index", 0, 1)
    report("index", 1, 1)
    return before


@contextmanager
def _index_built_beside(directory: Path) -> Iterator[None]:
    """Build and save the index of a state in a process of its own while the caller learns, which does not
    wait for it.

    Should that process end early, nothing is lost: the index is built when it is first needed.
    """
    building = get_context("spawn").Process(target=_build_index, args=(directory,), daemon=True)
    building.start()
    try:
        yield
        building.join()
    finally:
        building.terminate()
        building.join()


def _build_index(directory: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption is the parent's, who ends this process
    with Engine.open(directory, read_only=True) as engine:
        engine.save_index()
