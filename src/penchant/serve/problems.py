"""Errors as problem details (RFC 9457): one table from what went wrong to a status."""

from __future__ import annotations

import logging
from typing import Any

from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from penchant.errors import (
    EmbedderError,
    EndpointError,
    InputError,
    PenchantError,
    StateFull,
    StateLocked,
    StateReadOnly,
    UnknownDocument,
)

log = logging.getLogger("penchant.serve")

MEDIA_TYPE = "application/problem+json"
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
}
"""Of every answer: a browser runs only what the service itself serves."""
STATUS: tuple[tuple[type[PenchantError], int], ...] = (
    (InputError, 422),
    (StateFull, 507),
    (StateReadOnly, 503),
    (StateLocked, 503),
    (EndpointError, 503),
    (EmbedderError, 503),
)
"""The first that fits; anything else is 500."""
TITLES = {
    400: "Bad request",
    401: "A token is needed",
    403: "The token may not do this",
    404: "Not found",
    405: "Method not allowed",
    413: "Too large",
    415: "Unsupported media type",
    421: "Wrong host",
    422: "Not usable",
    429: "Too many requests",
    500: "A fault of the service",
    503: "Not possible now",
    507: "No room left",
}


class Problem(Exception):
    """A request that cannot be answered as asked."""

    def __init__(
        self, status: int, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers
        self.more = more


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response[Any]:
    """A response that says what was wrong."""
    about = {
        "type": "about:blank",
        "title": TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        **more,
    }
    headers = {**SAFE_HEADERS, **(headers or {})}
    if status == 503:
        headers.setdefault("Retry-After", "1")
    return Response(about, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def of_penchant(request: Request[Any, Any, Any], error: PenchantError) -> Response[Any]:
    """What penchant refused, or could not do."""
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    if isinstance(error, UnknownDocument) and "document_id" in request.path_params:
        status = 404
    return problem(status, str(error))


def of_problem(request: Request[Any, Any, Any], error: Problem) -> Response[Any]:  # noqa: ARG001 (litestar's signature)
    """What a route refused."""
    return problem(error.status, error.detail, error.headers, **error.more)


def of_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:  # noqa: ARG001
    """What litestar refused: an unknown path, a body of the wrong shape."""
    detail = error.detail
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        detail = (
            "; ".join(f"{each.get('key', 'body')}: {each.get('message', '')}" for each in error.extra)
            or detail
        )
    headers = {
        key: value for key, value in (error.headers or {}).items() if key.lower() in ("allow", "retry-after")
    }
    return problem(error.status_code, detail, headers)


def of_anything(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:  # noqa: ARG001
    """A fault of ours: told in the log, not to the client."""
    log.exception("a fault of the service", exc_info=error)
    return problem(500, "the service failed; what went wrong is in its log")


HANDLERS: dict[Any, Any] = {
    PenchantError: of_penchant,
    Problem: of_problem,
    HTTPException: of_http,
    Exception: of_anything,
}
