"""Loading what is otherwise loaded when it is first needed."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from penchant.engine.state import State
from penchant.rank.scorers import BLEND


def warmed_up(state: State) -> None:
    """Load documents, index, embedder, and the compiled code that a state's questions need."""
    if state.about is None:
        return
    assert state.tower is None or state.tower.tower.name
    with ThreadPoolExecutor(2) as threads:  # reading the index does not need the interpreter
        loading: list[Future[object]] = [
            threads.submit(lambda: state.index),
            threads.submit(lambda: state.texts.encode(["warm-up"])),
        ]
        assert state.trails is not None
        if state.settings.scorer == BLEND:
            from penchant.index import halves_kernel
            from penchant.memory import traits_kernel
            from penchant.rank import tally

            for compiled in (tally, traits_kernel, halves_kernel):
                compiled.warm_up()
        for each in loading:
            each.result()
