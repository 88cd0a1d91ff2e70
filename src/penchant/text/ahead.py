"""Key terms of many titles, found by another process while this one does something else.

Key terms are a pure function of a title: where they were found makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal

Terms = tuple[str, ...]
_PART = 8_192


class Ahead:
    """What another process finds, part by part. Whoever asks for what is not there yet waits for it."""

    def __init__(self) -> None:
        self._parts: dict[str, Future[list[Terms]]] = {}
        self._place: dict[str, int] = {}

    def find(self, title: str) -> Terms | None:
        """The key terms of a title; None where nobody was asked for them."""
        part = self._parts.get(title)
        if part is None:
            return None
        with suppress(BrokenProcessPool):  # a process that was killed is no loss
            return part.result()[self._place[title]]
        return None

    @contextmanager
    def looking(
        self, titles: Sequence[str], terms_of: Callable[[Sequence[str]], list[Terms]]
    ) -> Iterator[None]:
        """Inside, another process finds the key terms of the titles.

        Args:
            terms_of: a function of a module, which the process imports.
        """
        distinct = list(dict.fromkeys(titles))
        # an interruption is the parent's, who ends the process
        with ProcessPoolExecutor(
            1, get_context("spawn"), initializer=signal, initargs=(SIGINT, SIG_IGN)
        ) as pool:
            for start in range(0, len(distinct), _PART):
                titles = distinct[start : start + _PART]
                part = pool.submit(terms_of, titles)
                self._parts.update(dict.fromkeys(titles, part))
                self._place.update(zip(titles, range(len(titles)), strict=True))
            try:
                yield
            finally:
                self._parts, self._place = {}, {}
                pool.shutdown(wait=True, cancel_futures=True)
