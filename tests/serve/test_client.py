"""The client, blocking and asynchronous: the same answers, and retries that are safe."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from conftest import TITLES
from penchant import Click, Document
from penchant.serve.client import AsyncClient, Client, ServiceError

MINE = [{"name": "mine", "ranking": ["d5"], "weight": 9.0}]


def flaky(fail: list[object]):
    """A stand-in for the service that fails as listed before it answers."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        failure = fail.pop(0) if fail else None
        if isinstance(failure, Exception):
            raise failure
        if isinstance(failure, int):
            return httpx.Response(
                failure, json={"detail": "as asked", "status": failure}, headers={"Retry-After": "0"}
            )
        return httpx.Response(200, json={"accepted": 2, "ignored": 0, "changes": None, "units": []})

    return httpx.MockTransport(answer), seen


def with_transport(client, transport):
    client._http._transport = transport
    client._http._mounts = {}
    return client


CLICKS = [{"user_id": "ana", "document_id": "d1"}, Click("ana", "d2", 5.0, id="mine")]


def test_a_repeated_request_repeats_the_ids(monkeypatch):
    transport, seen = flaky([httpx.ConnectError("down"), 503, 429, httpx.ReadTimeout("slow")])
    client = with_transport(Client(tries=5), transport)
    assert client.observe(CLICKS)["accepted"] == 2
    bodies = [json.loads(request.content) for request in seen]
    assert len(bodies) == 5
    assert all(body == bodies[0] for body in bodies)
    assert bodies[0][1]["id"] == "mine"
    assert len(bodies[0][0]["id"]) == 32


def test_what_was_refused_is_not_repeated():
    transport, seen = flaky([422])
    with pytest.raises(ServiceError, match="as asked") as error:
        with_transport(Client(), transport).observe(CLICKS)
    assert error.value.status == 422
    assert len(seen) == 1


def test_after_the_last_try_the_failure_is_told():
    transport, seen = flaky([httpx.ConnectError("refused")] * 9)
    with pytest.raises(ServiceError, match="does not answer: ConnectError refused"):
        with_transport(Client(tries=3), transport).units("ana")
    assert len(seen) == 3


def test_the_asynchronous_client_repeats_alike():
    async def run() -> int:
        transport, seen = flaky([503, httpx.ConnectError("down")])
        async with with_transport(AsyncClient(), transport) as client:
            await client.observe(CLICKS)
        return len({request.content for request in seen}) * 10 + len(seen)

    assert asyncio.run(run()) == 13


def test_both_clients_speak_with_a_real_service(processes):
    url = processes().url
    documents = [Document(name, title) for name, title in TITLES.items()]
    with Client(url) as client:
        assert client.ready()
        assert client.add(documents) == 5
        assert client.observe([Click("ana", "d1", 1.0)], changes=True)["changes"][0]["action"] == "created"
        blocking = [client.units("ana"), client.recommend("ana", 2, explain=False), client.recommend("ana", 2, sources=MINE), client.score("ana", ["d2"]), client.similar("d1", 2), client.search("bread", 1)]  # fmt: skip
        blocking += [client.what_if("ana", ["d3"], k=2, explain="full"), client.why("ana", "d2"), client.history("ana"), client.users("a"), client.document("d1"), client.blend()]  # fmt: skip
        assert client.users("a") == ["ana"]
        assert blocking[6]["recommendations"][0]["evidence"]
        assert client.export("ana")["clicks_learned"] == 1

        async def same() -> list:
            async with AsyncClient(url) as other:
                assert await other.ready()
                assert await other.add(documents) == 5
                found = [await other.units("ana"), await other.recommend("ana", 2, explain=False), await other.recommend("ana", 2, sources=MINE), await other.score("ana", ["d2"]), await other.similar("d1", 2), await other.search("bread", 1)]  # fmt: skip
                return [*found, await other.what_if("ana", ["d3"], k=2, explain="full"), await other.why("ana", "d2"), await other.history("ana"), await other.users("a"), await other.document("d1"), await other.blend()]  # fmt: skip

        assert asyncio.run(same()) == blocking
        assert client.remove("d5") is True
        assert client.remove("d5") is False
        assert client.forget("ana") is True
        with pytest.raises(ServiceError, match="404"):
            client.export("ana")
    assert not Client("http://127.0.0.1:9").ready()
