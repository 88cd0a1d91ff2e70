"""What the routes share: the engine, the settings, the experiment, what happened lately, the community."""

from __future__ import annotations

import asyncio
import gc
import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter, time
from typing import Generic, TypeVar

from penchant.checks import EARLIEST_CLOCK
from penchant.engine import Engine
from penchant.errors import PenchantError
from penchant.serve.bodies import Map, Report
from penchant.serve.config import Config, Variant
from penchant.serve.experiment import ExposureLog, variant_of
from penchant.serve.metrics import Metrics
from penchant.serve.overview import Readers, interests_map, look
from penchant.serve.problems import Problem
from penchant.serve.sharing import SharedEngine
from penchant.types import Change, Click, Document

T = TypeVar("T")
Clock = Callable[[], float]

_LATELY = 30
_MINUTES = 60
_REST = 50
"""A slow answer is computed again after this multiple of the time that it took."""
_LEAST_REST = 15.0


class Service:
    """One running service. The clock is read here and in the routes, and nowhere below."""

    def __init__(self, engine: Engine, config: Config, directory: Path | None, clock: Clock = time) -> None:
        self.config = config
        self.directory = directory
        self.clock = clock
        self.metrics = Metrics()
        self.shared = SharedEngine(engine, config.threads, config.waiting_clicks)
        self.shared.batches = self.metrics.batch.observe
        self.lately = Lately(clock)
        self.exposures = (
            ExposureLog(directory, config.experiment) if config.experiment and directory else None
        )
        self.ready = False
        self.failed: Callable[[PenchantError], None] = _raise
        """Called when the state cannot be loaded."""
        self._readers: Renewed[Readers] = Renewed(clock)
        self._map: Renewed[Map] = Renewed(clock)
        self._users = (0.0, 0)
        self._unsaved = 0
        self._saving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Load everything, so that the first question is answered as fast as the next ones."""
        try:
            await self.shared.change(Engine.warm_up)
            # what stays is not looked through for garbage again and again: with 200,000 documents
            # that takes 170 ms each time
            gc.freeze()
            self.ready = True
        except PenchantError as error:
            self.failed(error)

    async def close(self) -> None:
        """Finish what is waiting, keep it, and let go of the state."""
        self.ready = False
        await self.shared.close()
        if self.exposures is not None:
            self.exposures.flush()

    def check_ready(self) -> None:
        """Raises Problem until everything is loaded."""
        if not self.ready:
            raise Problem(503, "the state is being loaded: ask again in a moment")

    def now(self) -> float:
        """The time for what is asked; 0 where the times of the state are positions."""
        latest = self.shared.engine.latest_at
        return 0.0 if 0 < latest < EARLIEST_CLOCK else self.clock()

    def variant(self, user_id: str) -> tuple[str | None, Variant]:
        """The variant of the running experiment that a user is in."""
        experiment = self.config.experiment
        return (None, Variant()) if experiment is None else variant_of(experiment, user_id)

    def exposed(self, user_id: str, variant: str | None) -> None:
        """A user was shown recommendations."""
        if self.exposures is not None and variant is not None:
            self.exposures.exposed(user_id, variant, self.clock())

    def experiments(self) -> list[Report]:
        """How the variants of the running experiment do; nothing before anybody was shown anything."""
        experiment = self.config.experiment
        if experiment is None or self.exposures is None:
            return []
        from penchant.serve.ab import report  # its statistics take a moment to load

        found = self.exposures.all()
        shares = {name: variant.share for name, variant in experiment.variants.items()}
        return report(found, shares) if found else []

    def learned(self, changes: Sequence[Change]) -> None:
        """Count what clicks did."""
        for action, count in Counter(change.action for change in changes).items():
            self.metrics.clicks.labels(action).inc(count)
        fresh = [change for change in changes if change.action != "ignored"]
        self.lately.learned(fresh)
        if self.exposures is not None:
            self.exposures.clicked(change.user_id for change in fresh)

    async def observe(self, clicks: Sequence[Click]) -> list[Change]:
        """Learn clicks; they are on disk when this returns."""
        changes = await self.shared.observe(clicks)
        self.learned(changes)
        return changes

    async def put_documents(self, documents: Sequence[Document]) -> None:
        """Add documents; they are on disk when this returns. Now and then the index is saved, too."""
        await self.shared.change(lambda engine: engine.add(documents))
        self._unsaved += len(documents)
        if self._unsaved >= self.config.save_index_after:
            self._unsaved = 0
            self._saving = asyncio.create_task(self.shared.change(Engine.save_index))

    async def users(self) -> int:
        """The number of users, as it was some seconds ago."""
        at, count = self._users
        if self.clock() - at > 10:
            count = await self.shared.ask(lambda engine: engine.user_count())
            self._users = self.clock(), count
        return count

    async def readers(self) -> Readers:
        """What a sample of the readers cares about, as it was a moment ago."""
        return await self._readers.get(lambda: look(self.shared.engine))

    async def map(self) -> Map:
        """The map of interests, as it was a moment ago."""
        readers = await self.readers()
        return await self._map.get(lambda: interests_map(readers.units, readers.looked_at, self.clock()))


class Renewed(Generic[T]):
    """What takes long to make, made again when it is asked for after a while: the longer it took, the longer
    the while."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._making: asyncio.Task[T] | None = None
        self._again_at = math.inf

    async def get(self, make: Callable[[], T]) -> T:
        """What was made last. Who stops waiting does not stop the making."""
        if (
            self._making is None
            or self._clock() >= self._again_at
            or (self._making.done() and self._making.exception())
        ):
            self._again_at = math.inf
            self._making = asyncio.create_task(self._made(make))
        return await asyncio.shield(self._making)

    async def _made(self, make: Callable[[], T]) -> T:
        started = perf_counter()
        made = await asyncio.to_thread(make)
        self._again_at = self._clock() + max(_LEAST_REST, _REST * (perf_counter() - started))
        return made


def _raise(error: PenchantError) -> None:
    raise error


class Lately:
    """The latest changes, and how many clicks were learned in each of the last minutes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changes: deque[Change] = deque(maxlen=_LATELY)
        self._by_minute: dict[int, int] = {}

    def learned(self, changes: Sequence[Change]) -> None:
        """Take note of changes."""
        minute = int(self._clock() // 60)
        self._by_minute[minute] = self._by_minute.get(minute, 0) + len(changes)
        for old in [known for known in self._by_minute if known <= minute - _MINUTES]:
            del self._by_minute[old]
        self._changes.extend(changes[-_LATELY:])

    def forget(self, user_id: str) -> None:
        """Forget what a user did."""
        kept = [change for change in self._changes if change.user_id != user_id]
        self._changes.clear()
        self._changes.extend(kept)

    def changes(self) -> list[Change]:
        """The newest first."""
        return list(reversed(self._changes))

    def by_minute(self) -> list[int]:
        """Clicks of each of the last 60 minutes, the current one last."""
        minute = int(self._clock() // 60)
        return [self._by_minute.get(minute - back, 0) for back in range(_MINUTES - 1, -1, -1)]
