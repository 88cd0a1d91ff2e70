"""The one place where the service is put together: engine, settings, routes, the page."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import time
from typing import Any

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

import penchant
from penchant.engine import Engine
from penchant.errors import PenchantError
from penchant.serve.config import Config
from penchant.serve.edge import Edge, keep_slashes
from penchant.serve.pages import PAGES
from penchant.serve.problems import HANDLERS, SAFE_HEADERS
from penchant.serve.routes import ROUTES
from penchant.serve.service import Clock, Service
from penchant.serve.training import seconds_of, train_now_and_then

log = logging.getLogger("penchant.serve")

_FLUSH_SECONDS = 2.0


def make_app(
    engine: Engine,
    config: Config,
    directory: Path | None = None,
    clock: Clock = time,
    failed: Callable[[PenchantError], None] | None = None,
) -> Any:
    """The service as an ASGI application. It lets go of the engine when it shuts down.

    Args:
        directory: that of the state, where an experiment's log goes.
        clock: Unix seconds.
        failed: called when the state cannot be loaded.
    """
    service = Service(engine, config, directory, clock)
    service.failed = failed or service.failed
    app = Litestar(
        route_handlers=[*ROUTES, *PAGES],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        middleware=[Edge(config, service.metrics, service.check_ready, clock)],
        exception_handlers=HANDLERS,
        lifespan=[lambda _: _running(service)],
        cors_config=CORSConfig(allow_origins=list(config.cors_origins)) if config.cors_origins else None,
        openapi_config=_schema(),
        request_max_body_size=config.max_body_bytes,
        response_headers=SAFE_HEADERS,
        logging_config=None,
    )
    return keep_slashes(app)


@asynccontextmanager
async def _running(service: Service) -> AsyncIterator[None]:
    starting = asyncio.create_task(service.start())
    beside = [asyncio.create_task(_flush(service)), asyncio.create_task(_train(service, starting))]
    try:
        yield
    finally:
        for each in beside:
            each.cancel()
        await asyncio.wait([starting, *beside])
        await service.close()


async def _flush(service: Service) -> None:
    """Write the experiment's log every now and then."""
    while service.exposures is not None:
        await asyncio.sleep(_FLUSH_SECONDS)
        try:
            await asyncio.to_thread(service.exposures.flush)
        except Exception:  # a full disk must not end the service; what was gathered meanwhile is lost
            log.exception("the experiment's log cannot be written")


async def _train(service: Service, starting: asyncio.Task[None]) -> None:
    """Train a tower every now and then, where the settings say so."""
    config, directory = service.config, service.directory
    if config.train_every and directory is not None:
        await asyncio.wait([starting])
        await train_now_and_then(
            service.shared.engine, directory, seconds_of(config.train_every), config.tower
        )


def _schema() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="penchant",
        version=penchant.__version__,
        description=(
            "Interest Units for every reader, and recommendations by meaning, with each click and "
            "no retraining."
        ),
        path="/schema",
        render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        components=Components(security_schemes={"bearer": SecurityScheme(type="http", scheme="bearer")}),
        use_handler_docstrings=True,
    )
