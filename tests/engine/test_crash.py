"""Killed at any moment: what was acknowledged is there, what was half done is not, and the same command goes on."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penchant import Engine
from penchant.data.files import write_rows
from penchant.data.simulated import simulate
from penchant.data.transfer import export_state

KILLS = int(os.environ.get("PENCHANT_KILLS", "8"))


def exported(state: Path, to: Path) -> bytes:
    with Engine.open(state, read_only=True) as engine, to.open("wb") as file:
        export_state(engine.store, file)
    return to.read_bytes()


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    community = simulate(3, users=60, titles_per_topic=120)
    write_rows(folder / "documents.jsonl", community.documents)
    write_rows(folder / "clicks.jsonl", community.clicks)
    return folder


def build(files: Path, state: Path) -> list[str]:
    """The build as a process, in many small steps, so that kills hit every part of it."""
    code = (
        "import sys, penchant.data.build\n"
        "penchant.data.build._DOCUMENTS, penchant.data.build._CLICKS = 64, 32\n"
        "from penchant.cli import app\n"
        "if __name__ == '__main__': app()"
    )
    return [
        sys.executable,
        "-c",
        code,
        "build",
        str(state),
        "--documents",
        f"{files}/documents.jsonl",
        "--clicks",
        f"{files}/clicks.jsonl",
        "--index",
        "exact",  # the graph of the other depends on where the build was cut, and what the blend learns on what it finds
    ]


def test_a_build_killed_again_and_again_ends_in_the_same_state_as_an_undisturbed_one(files, tmp_path):
    started = time.monotonic()
    subprocess.run(build(files, tmp_path / "undisturbed"), check=True, capture_output=True)
    usual = time.monotonic() - started
    moments = random.Random(0)
    kills = 0
    for _ in range(KILLS):
        process = subprocess.Popen(
            build(files, tmp_path / "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(moments.uniform(0.05, 0.7) * usual)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
        if (tmp_path / "killed" / "state.db").exists() and kills % 5 == 0:
            Engine.open(tmp_path / "killed", read_only=False).close()
    subprocess.run(build(files, tmp_path / "killed"), check=True, capture_output=True)
    assert kills > 0
    assert exported(tmp_path / "killed", tmp_path / "a") == exported(tmp_path / "undisturbed", tmp_path / "b")


WRITER = """
import sys
from penchant import Click, Document, Engine
from penchant.testing import HashingEmbedder
with Engine.open(sys.argv[1], HashingEmbedder()) as engine:
    engine.add([Document(f"d{n}", f"title {n % 7} word{n}") for n in range(50)])
    for number in range(int(sys.argv[2]), 100_000):
        engine.observe([Click(f"u{number % 5}", f"d{number % 50}", float(number), id=str(number))])
        print(number, flush=True)
"""


def test_no_acknowledged_click_is_lost_and_none_counts_twice(tmp_path):
    """A writer is killed again and again; each time it sends the last few clicks again, as a careful client does."""
    moments = random.Random(1)
    acknowledged = -1
    for _ in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "state"), str(max(0, acknowledged - 3))]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(moments.uniform(0.05, 0.4))
        process.kill()
        lines = [first, *process.stdout.read().splitlines()]
        process.stdout.close()
        process.wait()
        acknowledged = max(acknowledged, *(int(line) for line in lines if line.strip().isdigit()))
    with Engine.open(tmp_path / "state", read_only=True) as engine:
        users = engine.store.users(engine.user_ids())
        learned = sum(user.steps for user in users.values())
        assert acknowledged + 1 <= learned <= acknowledged + 2, (
            "at most the click in flight is more than was acknowledged"
        )
        assert engine.latest_at >= acknowledged
