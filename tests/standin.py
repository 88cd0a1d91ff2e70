"""A stand-in for an OpenAI-compatible endpoint, in this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StandIn(ThreadingHTTPServer):
    """Answers by a function of the question; `script` holds (status, headers, content, seconds to wait) to give first."""

    def __init__(self, answer: Callable[[dict], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.script: list[tuple[int, dict[str, str], bytes, float]] = []
        self.requests: list[dict] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(
            {**body, "path": self.path, "authorization": self.headers.get("Authorization")}
        )
        script = self.server.script
        status, headers, content, seconds = (
            script.pop(0) if script else (200, {}, self.server.answer(body), 0.0)
        )
        time.sleep(seconds)
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            pass  # who asked has gone, as after a time-out

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def standing_in(answer: Callable[[dict], bytes]) -> Iterator[StandIn]:
    """The stand-in while it runs."""
    server = StandIn(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
