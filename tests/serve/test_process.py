"""`penchant serve` as a process: started, used, told to stop, killed, out of disk."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from conftest import TITLES
from penchant import Document, Engine, Settings
from penchant.engine.about import MODEL
from penchant.serve.client import Client, ServiceError
from penchant.store import Changes
from penchant.testing import HashingEmbedder
from waiting import until

KILLS = int(os.environ.get("PENCHANT_KILLS", "8"))
"""A thorough run asks for 200."""
LOAD_SECONDS = float(os.environ.get("PENCHANT_LOAD_SECONDS", "16"))
DOCUMENTS = [{"id": name, "title": title} for name, title in TITLES.items()]


def learned(engine: Engine) -> int:
    return sum(user.steps for user in engine.store.users(engine.user_ids()).values())


def test_told_to_stop_it_finishes_what_it_has(processes, tmp_path):
    service = processes()
    service.http.put("/documents", json=DOCUMENTS)
    service.http.get("/search?q=bread")  # which makes the index
    accepted: list[int] = []

    def send() -> None:
        client = Client(service.url, tries=1)
        number = 0
        try:
            while True:
                client.observe(
                    [
                        {"user_id": "ana", "document_id": "d1", "at": number, "id": f"{number}-{n}"}
                        for n in range(20)
                    ]
                )
                accepted.append(20)
                number += 1
        except ServiceError:
            client.close()

    sender = threading.Thread(target=send)
    sender.start()
    until(lambda: len(accepted) > 2)
    service.stop()
    sender.join()
    assert accepted
    with Engine.open(tmp_path / "state") as engine:
        assert learned(engine) >= sum(accepted)
        assert learned(engine) <= sum(accepted) + 20
    assert list((tmp_path / "state").glob("index-*.usearch")), "the index was saved, so that it is back soon"
    assert "Traceback" not in service.log()


def test_killed_at_any_moment_no_click_is_lost_and_none_counts_twice(processes, tmp_path):
    """Each time the client goes on where it was not answered, with the same ids; a batch in flight may or may not be there."""
    moments = random.Random(5)
    sent, number = 0, 0
    unanswered: list[dict] | None = None
    for kill in range(KILLS):
        service = processes()
        if kill == 0:
            service.http.put("/documents", json=DOCUMENTS)
        client = Client(service.url, tries=1)
        threading.Timer(moments.uniform(0.01, 0.25), service.process.kill).start()
        try:
            while True:
                if unanswered is None:
                    users = [moments.randrange(6) for _ in range(5)]
                    unanswered = [{"user_id": f"u{u}", "document_id": f"d{moments.randrange(5) + 1}", "at": number, "id": f"{number}-{n}"} for n, u in enumerate(users)]  # fmt: skip
                client.observe(unanswered)
                sent += len(unanswered)
                number += 1
                unanswered = None
        except ServiceError:
            pass
        client.close()
        service.kill()
    with Engine.open(tmp_path / "state") as engine:
        assert sent > 0
        assert sent <= learned(engine) <= sent + 5


def test_a_backup_of_a_running_state_opens(processes, tmp_path):
    service = processes()
    service.http.put("/documents", json=DOCUMENTS)
    stop = threading.Event()

    def click() -> None:
        number = 0
        while not stop.is_set():
            service.http.post(
                "/clicks", json={"user_id": "ana", "document_id": "d1", "at": number, "id": str(number)}
            )
            number += 1

    clicking = threading.Thread(target=click)
    clicking.start()
    try:
        for name in ("a", "b"):
            command = [
                sys.executable,
                "-m",
                "penchant",
                "backup",
                str(tmp_path / "state"),
                str(tmp_path / name),
            ]
            subprocess.run(command, check=True, capture_output=True)
    finally:
        stop.set()
        clicking.join()
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 1
    assert "never written over" in again.stderr
    subprocess.run(
        [sys.executable, "-m", "penchant", "restore", str(tmp_path / "a"), str(tmp_path / "copy")], check=True
    )
    with Engine.open(tmp_path / "copy") as copy, Engine.open(tmp_path / "state", read_only=True) as now:
        assert 0 < learned(copy) <= learned(now)
        assert [unit.title for unit in copy.units("ana")] == [TITLES["d1"]]
    broken = tmp_path / "broken"
    data = (tmp_path / "a").read_bytes()
    broken.write_bytes(data[:8_192] + b"\xff" * 8_192 + data[16_384:])
    result = subprocess.run(
        [sys.executable, "-m", "penchant", "restore", str(broken), str(tmp_path / "no")],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "damaged" in result.stderr
    assert not (tmp_path / "no").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of two megabytes."""
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(mount)], capture_output=True
    ).returncode:
        pytest.skip("no right to mount a small file system")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def test_a_full_disk_is_told_and_nothing_is_lost(processes, small_disk):
    service = processes("small/state")
    service.http.put("/documents", json=DOCUMENTS)
    sent, status = 0, 200
    for number in range(20_000):
        body = [
            {"user_id": f"u{number}-{n}", "document_id": "d1", "at": number, "id": f"{number}-{n}"}
            for n in range(20)
        ]
        answer = service.http.post("/clicks", json=body)
        status = answer.status_code
        if status != 200:
            break
        sent += 20
    assert status == 507
    assert answer.headers["content-type"] == "application/problem+json"
    assert "no room left" in answer.json()["detail"]
    assert service.http.get("/users/u0-0/recommendations").status_code == 200, "it still answers"
    service.kill()
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    service = processes("small/state")
    assert service.http.post("/clicks", json=body).status_code == 200
    service.stop()
    with Engine.open(small_disk / "state") as engine:
        assert learned(engine) == sent + 20


def test_a_disk_that_becomes_read_only_is_told(serving, tmp_path):
    engine = Engine.open(tmp_path / "state", HashingEmbedder())
    service = serving(engine)
    service.put("/documents", json=DOCUMENTS)
    assert service.post("/clicks", json={"user_id": "ana", "document_id": "d1"}).status_code == 200
    engine.store._connection.execute(
        "PRAGMA query_only = 1"
    )  # SQLite's own failure of a database that may not be written
    answer = service.post("/clicks", json={"user_id": "ana", "document_id": "d3"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert service.put("/documents", json={"id": "n", "title": "new"}).status_code == 503
    assert service.get("/users/ana/units").json()["units"][0]["documents"] == ["d1"]
    assert service.get("/users/ana/recommendations").status_code == 200
    engine.store._connection.execute("PRAGMA query_only = 0")
    assert service.post("/clicks", json={"user_id": "ana", "document_id": "d3"}).status_code == 200


def test_memory_stays_flat_under_mixed_load(processes, tmp_path):
    """After a quarter of the time caches are as full as this load makes them; then nothing may grow.

    What the settings bound is bounded low, so that a quarter of an hour fills it.
    """
    titles = [f"{word} {thing}" for word in ("fast", "slow", "old", "new") for thing in TITLES.values()]
    bounded = Settings(users_cached=100, texts_cached=500, searches_cached=2_000, click_ids_kept=5_000)
    with Engine.open(tmp_path / "state", settings=bounded) as engine:
        engine.add([Document(f"d{n}", title) for n, title in enumerate(titles)])
    service = processes(PENCHANT_LOG="errors")
    draw = random.Random(2)
    marks = []
    begin = time.monotonic()
    while (passed := time.monotonic() - begin) < LOAD_SECONDS:
        user = f"u{draw.randrange(40)}"
        body = [
            {"user_id": user, "document_id": f"d{draw.randrange(len(titles))}", "id": str(draw.random())}
            for _ in range(5)
        ]
        assert service.http.post("/clicks", json=body).status_code == 200
        for path in (
            f"/users/{user}/recommendations",
            f"/users/{user}/units",
            "/search?q=fast+bread",
            "/overview",
            "/nothing",
        ):
            assert service.http.get(path).status_code in (200, 404)
        if draw.random() < 0.05:
            service.http.get(f"/users/{user}/history")
            service.http.put(
                "/documents", json={"id": f"d{draw.randrange(len(titles))}", "title": draw.choice(titles)}
            )
            service.http.delete(f"/users/u{draw.randrange(40)}")
        if passed > LOAD_SECONDS / 4:
            marks.append(resident(service.process.pid))
    third = len(marks) // 3
    before, after = sorted(marks[:third])[third // 2], sorted(marks[-third:])[third // 2]
    assert after <= 1.05 * before, f"from {before / 1e6:.1f} to {after / 1e6:.1f} MB"


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class TestStart:
    def refused(self, *arguments: str, **variables: str) -> str:
        command = [sys.executable, "-m", "penchant", "serve", *arguments]
        result = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **variables}, timeout=60
        )
        assert result.returncode == 1, result.stdout + result.stderr
        assert "Traceback" not in result.stderr
        return result.stderr

    def test_a_port_that_is_taken_is_told(self, processes, tmp_path):
        port = processes("a").url.rpartition(":")[2]
        assert f"port {port}" in self.refused(str(tmp_path / "b"), "--port", port)

    def test_a_state_that_is_served_already_is_told(self, processes, tmp_path):
        processes("a")
        assert "another process" in self.refused(str(tmp_path / "a"), "--port", "0")

    def test_a_state_that_cannot_be_loaded_ends_the_service(self, tmp_path):
        with Engine.open(tmp_path / "state") as engine:
            engine.add([Document("d1", "a title")])

            engine.store.commit([Changes(facts={MODEL: b"broken"})])
        assert "damaged" in self.refused(str(tmp_path / "state"), "--port", "0")

    def test_an_open_address_without_a_token_is_refused(self, tmp_path):
        assert "give it a token" in self.refused(str(tmp_path / "state"), "--host", "0.0.0.0")
        assert not (tmp_path / "state").exists()
