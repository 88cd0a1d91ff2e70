"""Run the service until it is told to stop: then it finishes what it has, keeps it, and ends."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from penchant.engine import Engine
from penchant.errors import PenchantError, ServiceFailed
from penchant.serve.app import make_app
from penchant.serve.config import Config

_SWITCH_SECONDS = 0.001
"""How long a thread may hold the interpreter while others wait: shorter than usual, so that no request waits
for several."""


def run(engine: Engine, config: Config, directory: Path | None, tell: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        tell: called with the address once it is open.
    """
    sys.setswitchinterval(_SWITCH_SECONDS)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    failures: list[PenchantError] = []

    def failed(error: PenchantError) -> None:
        failures.append(error)
        server.should_exit = True

    server = _Server(uvicorn.Config(
        make_app(engine, config, directory, failed=failed),
        host=config.host,
        port=config.port,
        access_log=False,  # it would log paths, hence users
        log_config=None,
        log_level="warning",
        server_header=False,
        lifespan="on",
        timeout_graceful_shutdown=max(1, round(config.drain_seconds)),
    ))  # fmt: skip
    server.tell = tell
    try:
        server.run()
    except SystemExit as error:  # uvicorn's way to say that the port is taken
        engine.close()
        where = f"port {config.port} of {config.host}"
        raise ServiceFailed(f"{where} cannot be opened: is another service there? Try --port") from error
    if failures:
        raise failures[0]


class _Server(uvicorn.Server):
    """Tells the address once it is open: with port 0 nobody knows it before."""

    tell: Callable[[str], None]

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started and self.servers:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self.tell(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
