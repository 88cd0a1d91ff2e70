"""`penchant train --tower` and `penchant towers`: trained, taken into use, killed, and told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penchant import Click, Document, Engine
from penchant.cli import app
from standin import standing_in
from waiting import until

pytest.importorskip("torch")


def series(path: Path, readers: int = 80) -> Path:
    """A state whose readers go through one of four series in order."""
    with Engine.open(path, "corpus") as engine:
        engine.add(Document(f"s{n % 4}-{n // 4}", f"series{n % 4} letter{n}") for n in range(60))
        engine.observe(
            [
                Click(
                    f"u{reader}", f"s{reader % 4}-{reader % 5 + step}", 1_700_000_000.0 + 100 * step + reader
                )
                for reader in range(readers)
                for step in range(8)
            ],
            tell=False,
        )
    return path


@pytest.fixture
def state(tmp_path) -> Path:
    return series(tmp_path / "state")


def said(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*map(str, arguments)], env={"COLUMNS": "200"})
    assert result.exit_code == code, result.output
    return result.output


def test_a_tower_is_trained_used_shown_and_dropped(state, tmp_path):
    assert "penchant train STATE --tower learn" in said("towers", state)
    told = said("train", state, "--tower", "learn", "--epochs", 3)
    assert "epoch 1: loss" in told
    assert "learn-1 is in use" in told
    (shown,) = json.loads(said("towers", state, "--json"))
    assert shown["in_use"]
    assert shown["trained"]["readers"] == 80
    assert "learn-1" in said("towers", state)
    elsewhere = tmp_path / "tower.safetensors"
    printed = said("train", state, "--tower", "sasrec", "--epochs", 1, "--out", elsewhere, "--json")
    told = json.loads(printed[printed.index("{") :])
    assert told["adopted"] is None
    assert told["before"] == pytest.approx(shown["trained"]["recall"], abs=0.3)
    assert [each["name"] for each in json.loads(said("towers", state, "--adopt", elsewhere, "--json"))] == [
        "sasrec-2",
        "learn-1",
    ]
    dropped = json.loads(said("towers", state, "--drop", "--json"))
    assert not any(each.get("in_use") for each in dropped)


def test_a_worse_tower_is_not_taken(state):
    said("train", state, "--tower", "learn-paper", "--epochs", 2)
    before = json.loads(said("towers", state, "--json"))
    printed = said("train", state, "--tower", "sasrec", "--epochs", 1, "--json")
    told = json.loads(printed[printed.index("{") :])
    assert told["recall"] < told["before"]
    assert told["adopted"] is None
    assert json.loads(said("towers", state, "--json")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to train"),
        (["--blend", "--tower", "learn"], "say what to train"),
        (["--tower", "lerning"], "unknown tower 'lerning': use learn"),
    ],
)
def test_mistakes_are_told(state, arguments, message):
    assert message in said("train", state, *arguments, code=1)


def test_too_few_readers_are_told_and_nothing_is_left(tmp_path):
    state = series(tmp_path / "few", readers=9)
    assert "9 readers clicked two documents or more, and a tower needs 50" in said(
        "train", state, "--tower", "learn", code=1
    )
    assert "No tower was trained" in said("towers", state)
    series(tmp_path / "few", readers=80)
    assert "learn-1 is in use" in said("train", state, "--tower", "learn", "--epochs", 1)


def test_killed_in_training_the_state_opens_and_the_same_command_goes_on(state):
    command = [sys.executable, "-m", "penchant", "train", str(state), "--tower", "learn", "--epochs", "60"]
    kept = state / "towers" / "training learn" / "training.pt"
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        until(lambda: kept.exists() or running.poll() is not None)
        running.send_signal(signal.SIGKILL)
    with Engine.open(state) as engine:
        assert engine.recommend("u1", 3)
        assert engine.towers.in_use is None
    told = said("train", state, "--tower", "learn", "--epochs", 60)
    assert "epoch 1:" not in told, "it goes on where it was"
    assert "learn-1 is in use" in told
    assert not kept.parent.exists()


def test_a_tower_learns_from_interests_in_words_and_a_language_model_is_asked_once(state, tmp_path):
    pytest.importorskip("httpx")
    train = ("train", state, "--tower", "eimf", "--epochs", 2)
    assert "eimf-1 is in use" in said(*train)
    assert "needs --endpoint MODEL@URL" in said(*train, "--interests", "llm", code=1)
    answer = json.dumps({"choices": [{"message": {"content": '{"1": "letters"}'}}]}).encode()
    with standing_in(lambda _: answer) as server:
        asked = (*train, "--interests", "llm", "--endpoint", f"m@{server.url}", "--share", 0.1)
        assert "Go on?" in said(*asked, code=1)
        assert not server.requests
        told = said(*asked, "--yes", "--out", tmp_path / "eimf.safetensors")
        assert f"{len(server.requests)} readers are typical of 80" in told
        assert 4 <= len(server.requests) <= 16
