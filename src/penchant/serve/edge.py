"""What happens around every request: who asks and may they, how often, how long; one line in the log, one
count in the metrics.

Nothing of a user is logged: a line names the route, not the path.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable
from time import perf_counter, time
from typing import Any
from urllib.parse import unquote

from litestar import Request
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from penchant.serve.config import Config, Token
from penchant.serve.metrics import Metrics
from penchant.serve.problems import Problem, of_problem

log = logging.getLogger("penchant.serve")

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_SLASH = "\udc2f"
"""Stands for a slash inside an id, in a path. No text that is decoded holds it, and no id: see
`penchant.checks`."""
_BODIES = frozenset({"application/json", "application/x-ndjson", "application/ndjson"})


class Edge(ASGIMiddleware):
    """See the module."""

    scopes = (ScopeType.HTTP,)

    def __init__(
        self,
        config: Config,
        metrics: Metrics,
        check_ready: Callable[[], None],
        clock: Callable[[], float] = time,
    ) -> None:
        self._config = config
        self._check_ready = check_ready
        self._metrics = metrics
        self._tokens = {token.digest: token for token in config.tokens}
        self._hosts = set(config.allowed_hosts) or (set() if config.tokens else {*_LOOPBACK, config.host})
        self._buckets = {token.name: Bucket(config.requests_per_second, clock) for token in config.tokens}

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        assert scope["type"] == ScopeType.HTTP
        started = perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        token = None
        try:
            try:
                self._check_host(scope)
                token = self._allowed(scope)
                _check_body(scope)
                if "scope" in scope["route_handler"].opt and "early" not in scope["route_handler"].opt:
                    self._check_ready()
                async with asyncio.timeout(
                    scope["route_handler"].opt.get("timeout", self._config.timeout_seconds)
                ):
                    await next_app(scope, receive, watched)
            except TimeoutError:
                raise Problem(
                    503, f"no answer within {self._config.timeout_seconds:g} seconds: ask again"
                ) from None
        except Problem as error:
            request: Request[Any, Any, Any] = Request(scope)
            await of_problem(request, error).to_asgi_response(app=None, request=request)(
                scope, receive, watched
            )
        finally:
            self._note(scope, status, perf_counter() - started, token)

    def _check_host(self, scope: HTTPScope) -> None:
        """A page elsewhere whose name was made to point here must not reach a service that asks for no
        token."""
        host = _header(scope, b"host")
        name = host.rpartition(":")[0] if ":" in host.rpartition("]")[2] else host
        if self._hosts and name not in self._hosts:
            raise Problem(421, f"this service does not answer for the host {name!r}: add it to allowed_hosts")

    def _allowed(self, scope: HTTPScope) -> Token | None:
        """The token of the request; None where none is needed."""
        wanted = scope["route_handler"].opt.get("scope")
        if wanted is None or not self._tokens:
            return None
        kind, _, secret = _header(scope, b"authorization").partition(" ")
        token = (
            self._tokens.get(hashlib.sha256(secret.strip().encode()).hexdigest())
            if kind.lower() == "bearer"
            else None
        )
        if token is None:
            raise Problem(
                401, "send the header `Authorization: Bearer SECRET`", headers={"WWW-Authenticate": "Bearer"}
            )
        if wanted not in token.scopes:
            raise Problem(403, f"token {token.name!r} has not the scope {wanted!r}")
        wait = self._buckets[token.name].wait()
        if wait:
            raise Problem(
                429,
                f"more than {self._config.requests_per_second:g} requests a second",
                headers={"Retry-After": str(wait)},
            )
        return token

    def _note(self, scope: HTTPScope, status: int, seconds: float, token: Token | None) -> None:
        method, route, variant = (
            scope["method"],
            scope.get("path_template", ""),
            scope["state"].get("variant", ""),
        )
        self._metrics.requests.labels(method, route, status, variant).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        if self._config.log == "requests" or status >= 500:
            line = {"method": method, "route": route, "status": status, "ms": round(1_000 * seconds, 2)}
            line |= {"token": token.name} if token else {}
            line |= {"variant": variant} if variant else {}
            log.info(json.dumps(line))


class Bucket:
    """Requests a second, and as many at once (a token bucket)."""

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._left = max(1.0, rate)
        self._at = clock()

    def wait(self) -> int:
        """Seconds until the next request is welcome; 0: this one is."""
        if not self._rate:
            return 0
        now = self._clock()
        self._left = min(max(1.0, self._rate), self._left + max(0.0, now - self._at) * self._rate)
        self._at = now
        if self._left >= 1:
            self._left -= 1
            return 0
        return max(1, round((1 - self._left) / self._rate))


def keep_slashes(app: Any) -> Any:
    """An id may hold a slash, which is sent as ``%2F``: such a slash does not part the path."""

    async def kept(scope: Any, receive: Any, send: Any) -> None:
        raw = scope.get("raw_path", b"")
        if scope["type"] == "http" and b"%" in raw:
            parts = raw.partition(b"?")[0].decode("ascii", "replace").split("/")
            decoded = [unquote(part, errors="surrogateescape") for part in parts]
            scope = {**scope, "path": "/".join(part.replace("/", _SLASH) for part in decoded)}
        await app(scope, receive, send)

    return kept


def id_of(segment: str) -> str:
    """The id that a segment of a path stands for."""
    return segment.replace(_SLASH, "/")


def _header(scope: HTTPScope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _check_body(scope: HTTPScope) -> None:
    """A form of another site can send text, but no JSON."""
    if scope["method"] in ("POST", "PUT", "PATCH") and scope["route_handler"].opt.get("scope") is not None:
        kind = _header(scope, b"content-type").partition(";")[0].strip().lower()
        if kind not in _BODIES:
            raise Problem(
                415,
                f"the body is {kind or 'of no type'}: send application/json, or application/x-ndjson to a "
                "stream",
            )
