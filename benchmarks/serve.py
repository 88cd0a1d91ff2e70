"""What does the service carry on this machine, with the load generator on the same cores?

    python benchmarks/serve.py --large           # 200,000 documents, 10,000 users of 20 units, corpus
    python benchmarks/serve.py --embedder minilm --documents 20000 --users 1000

Titles are those of pydev, beauty and deskdrop, and pairs of halves of them until there are enough. Users click documents at
random, the first ones more often, which makes nearly as many units as clicks; `keep_small` is 20. A user's first answer looks up all units in the
index, later ones those that a click changed.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from measuring import build, heading, large_state, percentile, row, skewed


class Service:
    """`penchant serve` as a process of its own."""

    def __init__(self, state: Path) -> None:
        started = time.perf_counter()
        command = [sys.executable, "-m", "penchant", "serve", str(state), "--port", "0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment()
        )
        line = self.process.stdout.readline()
        self.port = int(line.split(":")[2].split("/")[0])
        while self.get(http.client.HTTPConnection("127.0.0.1", self.port), "/health/ready")[0] != 200:
            time.sleep(0.01)
        self.ready_after = time.perf_counter() - started

    @staticmethod
    def get(connection: http.client.HTTPConnection, path: str) -> tuple[int, bytes]:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()

    @staticmethod
    def post(connection: http.client.HTTPConnection, path: str, body: object) -> tuple[int, bytes]:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


def environment() -> dict[str, str]:
    """One thread for numpy: the service has threads of its own."""
    import os

    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PENCHANT_LOG": "errors"}


def recommendations(
    service: Service, rate: float, seconds: float, users: int, threads: int = 8
) -> list[float]:
    """Latencies at a steady rate, from the moment a request was due: a service that falls behind shows it."""
    begin, latencies, lock = time.perf_counter() + 0.1, [], threading.Lock()
    numbers = iter(range(int(rate * seconds)))
    generator = random.Random(1)

    def ask() -> None:
        connection, own = service.connection(), []
        while True:
            with lock:
                number = next(numbers, None)
                user = generator.randrange(users)
            if number is None:
                break
            due = begin + number / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            status, _ = service.get(connection, f"/users/u{user}/recommendations?k=20")
            assert status == 200, status
            own.append(time.perf_counter() - due)
        with lock:
            latencies.extend(own)

    run_all([ask] * threads)
    return latencies


def everybody(service: Service, users: int, threads: int = 2) -> list[float]:
    """Each user's first recommendations, as fast as they come."""
    seconds: list[float] = []

    def ask(first: int) -> None:
        connection = service.connection()
        for user in range(first, users, threads):
            started = time.perf_counter()
            status, _ = service.get(connection, f"/users/u{user}/recommendations?k=20")
            assert status == 200, status
            seconds.append(time.perf_counter() - started)

    run_all([lambda first=first: ask(first) for first in range(threads)])
    return seconds


def clicks(
    service: Service, seconds: float, users: int, documents: int, batch: int = 100, threads: int = 4
) -> float:
    """Durable clicks a second in batches, as fast as they are accepted."""
    end, total, lock = time.perf_counter() + seconds, [0], threading.Lock()

    def send(seed: int) -> None:
        generator, connection = random.Random(seed), service.connection()
        while time.perf_counter() < end:
            body = [
                {
                    "user_id": f"u{generator.randrange(users)}",
                    "document_id": f"d{skewed(documents, generator)}",
                    "id": str(generator.random()),
                }
                for _ in range(batch)
            ]
            status, text = service.post(connection, "/clicks", body)
            assert status == 200, text
            with lock:
                total[0] += batch

    started = time.perf_counter()
    run_all([lambda seed=seed: send(seed) for seed in range(threads)])
    return total[0] / (time.perf_counter() - started)


def click_to_visible(
    service: Service, count: int, users: int, documents: int, pause: float = 0.05
) -> list[float]:
    """From sending a click until the user's units, asked for next, hold it."""
    connection, generator, seconds = service.connection(), random.Random(7), []
    for _ in range(count):
        user, document = f"u{generator.randrange(users)}", f"d{skewed(documents, generator)}"
        started = time.perf_counter()
        status, text = service.post(connection, "/clicks", {"user_id": user, "document_id": document})
        assert status == 200, text
        _, text = service.get(connection, f"/users/{user}/units")
        seconds.append(time.perf_counter() - started)
        assert document in {name for unit in json.loads(text)["units"] for name in unit["documents"]}
        time.sleep(pause)
    return seconds


def run_all(jobs: list) -> None:
    """Each job in a thread; a failure in one is raised."""
    failures: list[BaseException] = []

    def safely(job) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 (raised again below)
            failures.append(error)

    workers = [threading.Thread(target=safely, args=(job,)) for job in jobs]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def told(seconds: list[float]) -> str:
    """Percentiles in milliseconds."""
    return ", ".join(f"p{p} {np.percentile(seconds, p) * 1e3:.1f} ms" for p in (50, 95, 99))


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--embedder", default="corpus")
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--asked", type=int, help="so many of the users ask; default: all")
    parser.add_argument(
        "--large", action="store_true", help="a copy of the large state that the benchmarks share"
    )
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--rates", type=float, nargs="*", default=[100, 200, 400, 600])
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    heading(
        "What does the service carry, with the load generator on the same cores?",
        "see the script",
        "litestar",
        "uvicorn",
        "usearch",
    )
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        if given.large:
            shutil.copytree(large_state(), state)
        else:
            build(state, given.embedder, given.documents, given.users)
        measure(state, given)


def measure(state: Path, given: argparse.Namespace) -> None:
    is_corpus = given.embedder == "corpus"
    service = Service(state)
    row("ready after a start", f"{service.ready_after:.2f} s")
    started = time.perf_counter()
    asked = given.asked or given.users
    first = everybody(service, asked)
    row(
        "first recommendations of each user",
        f"{told(first)}; {asked / (time.perf_counter() - started):.0f}/s",
    )
    for rate in given.rates:
        clicking = threading.Thread(
            target=click_to_visible,
            args=(service, int(rate / 10 * given.seconds), asked, given.documents, 10 / rate),
        )
        clicking.start()
        latencies = recommendations(service, rate, given.seconds, asked)
        clicking.join()
        is_goal = rate == 400 and is_corpus
        row(
            f"{rate:g} recommendations/s, {rate / 10:g} clicks/s",
            told(latencies),
            "p99 <= 25 ms" if is_goal else "",
            percentile(latencies, 99) <= 25 if is_goal else None,
        )
    durable = clicks(service, given.seconds, given.users, given.documents)
    row(
        "durable clicks, batches of 100",
        f"{durable:,.0f}/s",
        ">= 3,000/s" if is_corpus else "",
        durable >= 3_000 if is_corpus else None,
    )
    reading = threading.Thread(target=lambda: recommendations(service, 100, given.seconds, asked))
    reading.start()
    visible = click_to_visible(service, int(given.seconds / 0.08), given.users, given.documents)
    reading.join()
    goal = 20 if is_corpus else 60
    row(
        "click to visible, 100 recommendations/s",
        told(visible),
        f"p99 <= {goal} ms",
        percentile(visible, 99) <= goal,
    )
    service.kill()
    again = []
    for _ in range(3):
        service = Service(state)
        again.append(service.ready_after)
        service.kill()
    row(
        "ready again after kill -9, the slowest of three",
        f"{max(again):.2f} s",
        "< 2 s" if is_corpus else "",
        max(again) < 2 if is_corpus else None,
    )


if __name__ == "__main__":
    main()
