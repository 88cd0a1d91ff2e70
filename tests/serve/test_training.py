"""A tower trained in another process while the service has the state open."""

from __future__ import annotations

import asyncio
import logging

import numpy as np
import pytest

from penchant import Click, Document, Engine
from penchant.errors import InvalidSettings, PenchantError
from penchant.serve.config import Config
from penchant.serve.training import seconds_of, train_now_and_then, trained
from waiting import until

pytest.importorskip("torch")


@pytest.fixture
def state(tmp_path):
    with Engine.open(tmp_path / "state", "corpus") as engine:
        engine.add(Document(f"s{n % 4}-{n // 4}", f"series{n % 4} letter{n}") for n in range(60))
        engine.observe(
            [
                Click(
                    f"u{reader}", f"s{reader % 4}-{reader % 5 + step}", 1_700_000_000.0 + 100 * step + reader
                )
                for reader in range(80)
                for step in range(8)
            ],
            tell=False,
        )
        yield engine, tmp_path / "state"


def test_a_tower_is_trained_while_clicks_are_learned_and_answers_then(state):
    engine, directory = state

    async def both() -> str | None:
        training = asyncio.create_task(trained(engine, directory, "learn"))
        await asyncio.sleep(0)
        await asyncio.to_thread(engine.observe, [Click("late", "s1-3", 1_700_001_000.0)])
        return await training

    assert asyncio.run(both()) == "learn-1"
    assert engine.towers.all()[0].in_use
    assert engine.towers.in_use is not None
    assert np.isfinite(engine.score("late", ["s1-4", "s2-4"])).all()
    left = sorted(each.name for each in (directory / "towers").iterdir())
    assert left == ["learn-1"]


def test_what_fails_is_told_and_the_tower_in_use_stays(state, caplog):
    engine, directory = state
    with pytest.raises(PenchantError, match="unknown tower 'nonsense': use learn"):
        asyncio.run(trained(engine, directory, "nonsense"))
    assert engine.towers.in_use is None

    async def soon() -> None:
        task = asyncio.create_task(train_now_and_then(engine, directory, 0.01, "nonsense"))
        await asyncio.to_thread(until, lambda: "no tower was trained" in caplog.text)
        task.cancel()
        await asyncio.wait([task])

    with caplog.at_level(logging.WARNING, "penchant.serve"):
        asyncio.run(soon())
    assert "unknown tower 'nonsense'" in caplog.text


def test_the_end_of_the_service_ends_a_training(state):
    engine, directory = state

    async def stopped() -> None:
        task = asyncio.create_task(train_now_and_then(engine, directory, 0.01, "learn"))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task], timeout=10)
        assert task.cancelled()

    asyncio.run(stopped())


def test_times_are_read_and_nonsense_is_told():
    assert [seconds_of(text) for text in ("6h", "90 m", "1d", "0.5s", "")] == [21_600, 5_400, 86_400, 0.5, 0]
    for text in ("6", "h", "0h", "-1h", "six hours"):
        with pytest.raises(InvalidSettings, match="for example 6h"):
            Config(train_every=text)
