"""How requests share one engine: questions side by side in some threads, changes one after the other in
another.

Clicks that arrive while others are being learned wait, and are then learned together: one batch for the
embedder, one sync of the disk, whatever the number of requests. A request is answered when its own clicks are
on disk.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from penchant.engine import Engine
from penchant.errors import InputError
from penchant.serve.problems import Problem
from penchant.types import Change, Click

T = TypeVar("T")

_BATCH = 2_000
"""Clicks learned together at most, so that nobody waits long for others."""
Waiting = tuple[Sequence[Click], "asyncio.Future[list[Change]]"]


class SharedEngine:
    """An engine behind an event loop."""

    def __init__(self, engine: Engine, threads: int, waiting_clicks: int) -> None:
        self.engine = engine
        self.batches: Callable[[int], None] = lambda _: None
        """Called with the number of clicks of each batch."""
        self._asking = ThreadPoolExecutor(threads, thread_name_prefix="ask")
        self._changing = ThreadPoolExecutor(1, thread_name_prefix="change")
        self.clicks_waiting = 0
        """How many clicks are in line."""
        self._waiting: deque[Waiting] = deque()
        self._most_waiting = waiting_clicks
        self._learning: asyncio.Task[None] | None = None

    async def ask(self, question: Callable[[Engine], T]) -> T:
        """The answer to a question."""
        return await asyncio.get_running_loop().run_in_executor(self._asking, question, self.engine)

    async def change(self, action: Callable[[Engine], T]) -> T:
        """Change something, after all that was asked for before."""
        return await asyncio.shield(
            asyncio.get_running_loop().run_in_executor(self._changing, action, self.engine)
        )

    async def observe(self, clicks: Sequence[Click]) -> list[Change]:
        """Learn clicks, together with those of other requests. They are on disk when this returns.

        Raises:
            InputError: nothing of this request was learned.
            Problem: too many clicks wait already.
        """
        if self._waiting and self.clicks_waiting + len(clicks) > self._most_waiting:
            raise Problem(
                503,
                f"{self.clicks_waiting:,} clicks wait to be learned already: send these again in a moment",
            )
        future: asyncio.Future[list[Change]] = asyncio.get_running_loop().create_future()
        self._waiting.append((clicks, future))
        self.clicks_waiting += len(clicks)
        if self._learning is None or self._learning.done():
            self._learning = asyncio.create_task(self._learn())
        return await future

    async def close(self) -> None:
        """Learn what waits, then let go of the threads and the engine."""
        if self._learning is not None:
            await self._learning
        await self.change(Engine.close)
        self._changing.shutdown()
        self._asking.shutdown()

    async def _learn(self) -> None:
        while self._waiting:
            batch = self._next_batch()
            calls = [clicks for clicks, _ in batch]
            answers = await self.change(partial(_observe, requests=calls))
            self.batches(sum(len(clicks) for clicks, _ in batch))
            for (_, future), answer in zip(batch, answers, strict=True):
                if future.done():  # its client went away
                    continue
                if isinstance(answer, BaseException):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)

    def _next_batch(self) -> list[Waiting]:
        batch = [self._waiting.popleft()]
        count = len(batch[0][0])
        while self._waiting and count + len(self._waiting[0][0]) <= _BATCH:
            count += len(self._waiting[0][0])
            batch.append(self._waiting.popleft())
        self.clicks_waiting -= count
        return batch


def _observe(engine: Engine, requests: Sequence[Sequence[Click]]) -> list[list[Change] | Exception]:
    """Learn the clicks of several requests in one batch; a request that cannot be learned fails alone."""
    answers: list[list[Change] | Exception] = [[] for _ in requests]
    good = []
    for position, clicks in enumerate(requests):
        try:
            engine.check(clicks)
            good.append(position)
        except InputError as error:
            answers[position] = error
    try:
        changes = iter(
            engine.observe([click for position in good for click in requests[position]]) if good else ()
        )
        for position in good:
            answers[position] = [next(changes) for _ in requests[position]]
    except Exception as error:  # noqa: BLE001 (whatever went wrong is the answer to each of these requests)
        for position in good:
            answers[position] = error
    return answers
