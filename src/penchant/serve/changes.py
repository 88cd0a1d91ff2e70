"""The routes that change something, one function a route."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Request, delete, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from penchant.serve.bodies import (
    Accepted,
    Forgotten,
    Learned,
    NewClick,
    NotWanted,
    Shown,
    WishFor,
    WishList,
    to_click,
)
from penchant.serve.edge import id_of
from penchant.serve.parameters import ADMIN, WRITE, Clicks, Documents, Ndjson, ServiceHere
from penchant.serve.problems import Problem
from penchant.serve.service import Service
from penchant.serve.streams import put_stream
from penchant.types import Document


@put("/documents", opt=WRITE, summary="Add documents, or replace those of the same id")
async def put_documents(data: Documents, service: ServiceHere) -> Accepted:
    """One document or a list. Only new titles are embedded. All of them are kept, or none."""
    documents = data if isinstance(data, list) else [data]
    check_count(len(documents), service.config.max_batch, "documents")
    await service.put_documents(documents)
    return Accepted(len(documents))


@put(
    "/documents/stream",
    operation_class=Ndjson,
    opt={**WRITE, "timeout": None},
    summary="Add a stream of documents",
    request_max_body_size=None,
)
async def stream_documents(request: Request[Any, Any, Any], service: ServiceHere) -> Accepted:
    """NDJSON, one document a line, of any length. It is kept in parts; an error says how many were accepted
    before it."""
    return Accepted(await put_stream(request, service, Document, service.put_documents))


@post("/clicks", opt=WRITE, status_code=200, summary="Learn clicks")
async def post_clicks(
    data: Clicks,
    service: ServiceHere,
    changes: Annotated[bool, QueryParameter(description="Whether to tell what each click did.")] = False,
) -> Learned:
    """One click or a list. Answered when they are on disk; their effect is in the very next answer.

    Give clicks an `id`, and they may be repeated.
    """
    given = data if isinstance(data, list) else [data]
    check_count(len(given), service.config.max_batch, "clicks")
    done = await service.observe([to_click(click, service.now()) for click in given])
    ignored = sum(change.action == "ignored" for change in done)
    return Learned(len(done), ignored, done if changes else None)


@post(
    "/clicks/stream",
    operation_class=Ndjson,
    opt={**WRITE, "timeout": None},
    status_code=200,
    summary="Learn a stream of clicks",
    request_max_body_size=None,
)
async def stream_clicks(request: Request[Any, Any, Any], service: ServiceHere) -> Accepted:
    """NDJSON, one click a line, of any length. It is kept in parts; an error says how many were accepted
    before it."""

    async def learn(new: list[NewClick]) -> None:
        await service.observe([to_click(click, service.now()) for click in new])

    return Accepted(await put_stream(request, service, NewClick, learn))


@delete("/documents/{document_id:str}", opt=WRITE, status_code=200, summary="Remove a document")
async def delete_document(document_id: FromPath[str], service: ServiceHere) -> Accepted:
    """Interests keep what they learned from it."""
    await service.shared.change(lambda engine: engine.remove([id_of(document_id)]))
    return Accepted(1)


@delete("/users/{user_id:str}", opt=ADMIN, status_code=200, summary="Forget a user")
async def delete_user(user_id: FromPath[str], service: ServiceHere) -> Forgotten:
    """Delete all that is kept of a user."""
    known = await service.shared.change(lambda engine: engine.forget(id_of(user_id)))
    if service.exposures is not None:
        await asyncio.to_thread(service.exposures.forget, id_of(user_id))
    service.lately.forget(id_of(user_id))
    return Forgotten(known)


@post("/users/{user_id:str}/dismissed", opt=WRITE, status_code=200, summary="A user does not want a document")
async def post_dismissed(user_id: FromPath[str], data: JSONBody[NotWanted], service: ServiceHere) -> Accepted:
    """It is not shown again for long, and its like of the same interest ranks lower, fading with clicks."""
    await service.shared.change(lambda engine: engine.dismiss(id_of(user_id), data.document_id))
    return Accepted(1)


@put("/users/{user_id:str}/wishes", opt=WRITE, summary="A user wants more about something, or less")
async def put_wish(user_id: FromPath[str], data: JSONBody[WishFor], service: ServiceHere) -> WishList:
    """It stands until it is taken back, and is in the very next answer; the same text again replaces it. A
    user without clicks has personal answers by it."""
    await service.shared.change(lambda engine: engine.wishes.add(id_of(user_id), data.text, data.want))
    return await wishes_of(user_id, service)


@delete("/users/{user_id:str}/wishes", opt=WRITE, status_code=200, summary="A user takes a wish back")
async def delete_wish(
    user_id: FromPath[str],
    service: ServiceHere,
    text: Annotated[str, QueryParameter(description="Of the wish.")],
) -> WishList:
    """Nothing is said where there was none of that text."""
    await service.shared.change(lambda engine: engine.wishes.remove(id_of(user_id), text))
    return await wishes_of(user_id, service)


async def wishes_of(user_id: str, service: Service) -> WishList:
    """The wishes of a user as they are told."""
    found = await service.shared.ask(lambda engine: engine.wishes.of(id_of(user_id)))
    return WishList([WishFor(wish.text, wish.want) for wish in found])


@post("/users/{user_id:str}/shown", opt=WRITE, status_code=200, summary="Documents were shown to a user")
async def post_shown(user_id: FromPath[str], data: JSONBody[Shown], service: ServiceHere) -> Accepted:
    """Until they are clicked they rank lower for a while, so that answers do not repeat."""
    check_count(len(data.document_ids), service.config.max_batch, "documents")
    await service.shared.change(
        lambda engine: engine.shown(id_of(user_id), data.document_ids, data.propensities)
    )
    return Accepted(len(data.document_ids))


# What is asked


def check_count(count: int, most: int, what: str) -> None:
    if count > most:
        raise Problem(413, f"{count:,} {what} in one request: send at most {most:,}, or a stream")
