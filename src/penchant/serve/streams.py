"""NDJSON of any length: read line by line, kept in parts, so that neither memory nor a failure late in it is
a worry."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request

from penchant.errors import InputError, PenchantError
from penchant.serve.problems import Problem
from penchant.serve.service import Service

T = TypeVar("T")

_PART_BYTES = 1_000_000
"""Bytes of lines after which a part is kept as well, so that progress is steady."""


async def put_stream(
    request: Request[Any, Any, Any],
    service: Service,
    kind: type[T],
    keep: Callable[[list[T]], Awaitable[Any]],
) -> int:
    """Decode each line and hand them on in parts; returns how many were kept.

    Raises:
        Problem: with the line that is wrong, and how many were kept before. A part is kept whole or not at
            all.
    """
    decode = msgspec.json.Decoder(kind).decode
    part: list[T] = []
    size = accepted = number = 0

    async def keep_part() -> None:
        nonlocal part, size, accepted
        try:
            await keep(part)
        except InputError as error:
            raise Problem(
                422, f"lines {number - len(part) + 1} to {number}: {error}", accepted=accepted
            ) from error
        except PenchantError as error:
            error.args = (f"{error} ({accepted:,} lines were kept)",)
            raise
        accepted += len(part)
        part, size = [], 0

    async for line in _lines(request, service.config.max_body_bytes):
        number += 1
        if not line.strip():
            continue
        try:
            part.append(decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if part:
                number -= 1
                await keep_part()
                number += 1
            raise Problem(422, f"line {number}: {error}", accepted=accepted) from error
        size += len(line)
        if len(part) >= service.config.max_batch or size >= _PART_BYTES:
            await keep_part()
    if part:
        await keep_part()
    return accepted


async def _lines(request: Request[Any, Any, Any], longest: int) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in request.stream():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        if len(rest) > longest:
            raise Problem(413, f"a line is longer than {longest:,} bytes")
    if rest:
        yield rest
