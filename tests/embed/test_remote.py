"""An embedder behind an OpenAI-compatible endpoint; the endpoint here is a stand-in in this process."""

from __future__ import annotations

import json

import numpy as np
import pytest

from penchant import EmbedderError, EndpointError
from penchant.testing import HashingEmbedder, check_embedder
from standin import standing_in

pytest.importorskip("httpx")
pytest.importorskip("tenacity")

from penchant.embed import load_embedder
from penchant.embed.remote import RemoteEmbedder


def embeddings(body: dict) -> bytes:
    vectors = HashingEmbedder(16).encode(body["input"]) * 3
    rows = [{"index": n, "embedding": vector.tolist()} for n, vector in enumerate(vectors)]
    return json.dumps({"data": rows[::-1]}).encode()


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setattr("penchant.embed.endpoint._FIRST_WAIT", 0.01)
    with standing_in(embeddings) as server:
        yield server


def test_it_keeps_the_contract_and_sends_batches_with_the_key(endpoint):
    with RemoteEmbedder(endpoint.url, "m", api_key="secret", batch_size=2) as embedder:
        check_embedder(embedder)
        endpoint.requests.clear()
        vectors = embedder.encode(["a", "b", "c"])
    assert [request["input"] for request in endpoint.requests] == [["a", "b"], ["c"]]
    assert endpoint.requests[0]["authorization"] == "Bearer secret"
    assert endpoint.requests[0]["path"] == "/v1/embeddings"
    assert np.allclose(vectors, HashingEmbedder(16).encode(["a", "b", "c"]), atol=1e-6)


def test_it_is_loaded_by_name(endpoint):
    with load_embedder(f"remote:some/model@{endpoint.url}") as embedder:
        assert embedder.dimension == 16
        assert embedder.name == f"remote:some/model@{endpoint.url}"
    with pytest.raises(EmbedderError, match="write remote:MODEL@URL"):
        load_embedder("remote:nothing")


def test_a_busy_endpoint_is_tried_again(endpoint):
    endpoint.script = [(503, {}, b"", 0.0), (429, {"Retry-After": "0.02"}, b"", 0.0), (500, {}, b"", 0.0)]
    with RemoteEmbedder(endpoint.url, "m") as embedder:
        assert embedder.dimension == 16
    assert len(endpoint.requests) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((401, {}, b"no such key"), "HTTP 401: no such key"),
        ((200, {}, b"not json"), "something else than 1 embeddings"),
        ((200, {}, b'{"data": []}'), "something else than 1 embeddings"),
        ((200, {}, b'{"data": [{"index": 0}]}'), "something else than 1 embeddings"),
    ],
)
def test_a_useless_answer_is_told_at_once(endpoint, answer, message):
    endpoint.script = [(*answer, 0.0)]
    with pytest.raises(EndpointError, match=message):
        RemoteEmbedder(endpoint.url, "m")
    assert len(endpoint.requests) == 1


def test_it_gives_up_after_some_attempts(endpoint):
    endpoint.script = [(503, {}, b"", 0.0)] * 9
    with pytest.raises(EndpointError, match="HTTP 503"):
        RemoteEmbedder(endpoint.url, "m", attempts=3)
    assert len(endpoint.requests) == 3


def test_an_endpoint_that_is_not_there(monkeypatch):
    monkeypatch.setattr("penchant.embed.endpoint._FIRST_WAIT", 0.01)
    with pytest.raises(EndpointError, match="did not answer"):
        RemoteEmbedder("http://127.0.0.1:9/v1", "m", attempts=2)
