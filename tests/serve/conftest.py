"""A service in this process, and one in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from litestar.testing import TestClient

from conftest import TITLES
from penchant import Document, Engine
from penchant.serve.app import make_app
from penchant.serve.config import Config
from penchant.testing import HashingEmbedder
from waiting import until

NOW = 1_750_000_000.0
LOCAL = {"allowed_hosts": ("testserver.local",)}


@pytest.fixture
def serving() -> Iterator[Callable[..., TestClient]]:
    """Make a service over five documents; settings as of `Config`."""
    open_: list[TestClient] = []

    def make(
        engine: Engine | None = None,
        directory: Path | None = None,
        clock=lambda: NOW,
        ready: bool = True,
        **settings: object,
    ) -> TestClient:
        if engine is None:
            engine = Engine(HashingEmbedder(), index="exact")
            engine.add([Document(name, title) for name, title in TITLES.items()])
        client = TestClient(
            make_app(engine, Config(**{**LOCAL, **settings}), directory, clock), raise_server_exceptions=False
        )
        client.__enter__()
        open_.append(client)
        if ready:
            until(lambda: client.get("/health/ready").status_code == 200)
        return client

    yield make
    for client in open_:
        client.__exit__(None, None, None)


@pytest.fixture
def service(serving) -> TestClient:
    return serving()


class Process:
    """`penchant serve` as people run it."""

    def __init__(self, state: Path, *options: str, **variables: str) -> None:
        command = [sys.executable, "-m", "penchant", "serve", str(state), "--port", "0", *options]
        environment = {**os.environ, **variables}
        self.errors = state.with_name(f"{state.name}.errors")
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert " at http" in line, (line, self.log())
        self.url = line.split(" at ")[1].split(" ")[0].rstrip("/")
        self.http = httpx.Client(base_url=self.url, timeout=30)
        until(lambda: self.http.get("/health/ready").status_code == 200)

    def log(self) -> str:
        return self.errors.read_text()

    def kill(self) -> None:
        self.process.kill()
        self._ended()

    def stop(self) -> int:
        self.process.terminate()
        return self._ended()

    def _ended(self) -> int:
        self.http.close()
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def processes(tmp_path) -> Iterator[Callable[..., Process]]:
    """Start services over directories under tmp_path; they are killed in the end."""
    started: list[Process] = []

    def start(name: str = "state", *options: str, **variables: str) -> Process:
        started.append(Process(tmp_path / name, *options, **variables))
        return started[-1]

    yield start
    for process in started:
        if process.process.poll() is None:
            process.kill()
