"""Clicks of many requests are learned together; each request is answered for its own."""

from __future__ import annotations

import asyncio

import pytest

from conftest import TITLES
from penchant import Click, Document, Engine, Settings, UnknownDocument
from penchant.errors import StateFull
from penchant.serve.problems import Problem
from penchant.serve.sharing import SharedEngine
from penchant.testing import HashingEmbedder


class Counting(HashingEmbedder):
    """Counts how often it is asked, and is slow, as a transformer is."""

    calls = 0

    def encode(self, texts):
        import time

        type(self).calls += 1
        time.sleep(0.02)
        return super().encode(texts)


def shared(waiting: int = 50_000, embedder=None) -> SharedEngine:
    engine = Engine(embedder or HashingEmbedder(), index="exact", settings=Settings(unit_rule="text"))
    engine.add([Document(name, title) for name, title in TITLES.items()])
    return SharedEngine(engine, 2, waiting)


def test_clicks_of_many_requests_are_embedded_together():
    async def run() -> None:
        sharing = shared(embedder=Counting())
        batches: list[int] = []
        sharing.batches = batches.append
        Counting.calls = 0
        changes = await asyncio.gather(
            *(sharing.observe([Click(f"u{n}", "d1", float(n))]) for n in range(100))
        )
        assert [change.user_id for (change,) in changes] == [f"u{n}" for n in range(100)]
        assert len(batches) <= 3
        assert sum(batches) == 100
        assert Counting.calls <= 3
        await sharing.close()

    asyncio.run(run())


def test_a_bad_request_fails_alone():
    async def run() -> None:
        sharing = shared()
        requests = [sharing.observe([Click("ana", name, 1.0)]) for name in ("d1", "nothing", "d3")]
        good, bad, other = await asyncio.gather(*requests, return_exceptions=True)
        assert good[0].action == other[0].action == "created"
        assert isinstance(bad, UnknownDocument)
        await sharing.close()

    asyncio.run(run())


def test_a_failure_of_the_store_is_the_answer_to_each_request(monkeypatch):
    async def run() -> None:
        sharing = shared()

        def full(parts):
            raise StateFull("no room left")

        monkeypatch.setattr(sharing.engine.store, "commit", full)
        answers = await asyncio.gather(
            *(sharing.observe([Click(f"u{n}", "d1", 1.0)]) for n in range(5)), return_exceptions=True
        )
        assert all(isinstance(answer, StateFull) for answer in answers)
        monkeypatch.undo()
        assert (await sharing.observe([Click("u0", "d1", 1.0)]))[0].action == "created"
        await sharing.close()

    asyncio.run(run())


def test_a_line_that_is_too_long_is_refused():
    async def run() -> None:
        sharing = shared(waiting=10, embedder=Counting())
        many = [Click(f"u{n}", "d1", 1.0) for n in range(8)]
        answers = await asyncio.gather(*(sharing.observe(many) for _ in range(4)), return_exceptions=True)
        assert [isinstance(answer, Problem) for answer in answers] == [False, True, True, True] or sum(
            isinstance(a, Problem) for a in answers
        ) >= 2
        await sharing.close()

    asyncio.run(run())


def test_what_was_asked_first_is_done_first():
    async def run() -> None:
        sharing = shared()
        adding = asyncio.create_task(
            sharing.change(lambda engine: engine.add([Document("new", "something new")]))
        )
        await asyncio.sleep(0)
        (change,) = await sharing.observe([Click("ana", "new", 1.0)])
        assert change.action == "created"
        await adding
        await sharing.close()

    asyncio.run(run())


def test_a_client_that_went_away_harms_nobody():
    async def run() -> None:
        sharing = shared(embedder=Counting())
        gone = asyncio.create_task(sharing.observe([Click("ana", "d1", 1.0)]))
        stays = asyncio.create_task(sharing.observe([Click("bob", "d1", 1.0)]))
        await asyncio.sleep(0.005)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        assert (await stays)[0].action == "created"
        assert sharing.engine.units("ana"), "what was taken on is learned all the same"
        await sharing.close()

    asyncio.run(run())
