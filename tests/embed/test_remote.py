"""An embedder behind an OpenAI-compatible endpoint; the endpoint here is a stand-in in this process."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from penchant import EmbedderError, EndpointError
from penchant.testing import HashingEmbedder, check_embedder

pytest.importorskip("httpx")
pytest.importorskip("tenacity")

from penchant.embed import load_embedder
from penchant.embed.remote import RemoteEmbedder


class StandIn(ThreadingHTTPServer):
    """Answers like /v1/embeddings, with a hashing embedder behind it; `script` holds answers to give first."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[dict] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class Answer(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append({**body, "path": self.path, "authorization": self.headers.get("Authorization")})
        if self.server.script:
            status, headers, content = self.server.script.pop(0)
        else:
            vectors = HashingEmbedder(16).encode(body["input"]) * 3
            rows = [{"index": n, "embedding": vector.tolist()} for n, vector in enumerate(vectors)]
            status, headers, content = 200, {}, json.dumps({"data": rows[::-1]}).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint(monkeypatch):
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr("penchant.endpoint._FIRST_WAIT", 0.01)
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


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
    endpoint.script = [(503, {}, b""), (429, {"Retry-After": "0.02"}, b""), (500, {}, b"")]
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
    endpoint.script = [answer]
    with pytest.raises(EndpointError, match=message):
        RemoteEmbedder(endpoint.url, "m")
    assert len(endpoint.requests) == 1


def test_it_gives_up_after_some_attempts(endpoint):
    endpoint.script = [(503, {}, b"")] * 9
    with pytest.raises(EndpointError, match="HTTP 503"):
        RemoteEmbedder(endpoint.url, "m", attempts=3)
    assert len(endpoint.requests) == 3


def test_an_endpoint_that_is_not_there(monkeypatch):
    monkeypatch.setattr("penchant.endpoint._FIRST_WAIT", 0.01)
    with pytest.raises(EndpointError, match="did not answer"):
        RemoteEmbedder("http://127.0.0.1:9/v1", "m", attempts=2)
