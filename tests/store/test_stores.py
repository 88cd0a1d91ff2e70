"""One suite for all stores, and what SQLite has of its own: the lock, damage, a full disk, newer versions."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest

from penchant import (
    Click,
    Document,
    Engine,
    StateDamaged,
    StateError,
    StateFull,
    StateLocked,
    StateReadOnly,
    StateTooNew,
)
from penchant.store import Changes
from penchant.store.memory import MemoryStore
from penchant.store.sqlite import SqliteStore
from penchant.testing import HashingEmbedder, check_store


def test_the_memory_store_keeps_the_contract():
    check_store(MemoryStore)


def test_the_sqlite_store_keeps_the_contract_also_when_opened_again(tmp_path):
    check_store(lambda: SqliteStore(tmp_path / "state"))
    again = SqliteStore(tmp_path / "state")
    assert again.user_ids() == ["ana"]
    assert [document.key for document in again.documents()] == [0, 2]
    again.close()


@pytest.fixture
def state(tmp_path, documents):
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        engine.add(documents)
        engine.observe([Click("ana", "d1", 1.0)])
    return tmp_path / "state"


def test_a_second_writer_is_told_and_a_reader_is_let_in(state):
    with Engine.open(state, HashingEmbedder()) as writer:
        with pytest.raises(StateLocked, match=f"process {os.getpid()}"):
            Engine.open(state, HashingEmbedder())
        with Engine.open(state, HashingEmbedder(), read_only=True) as reader:
            assert len(reader.units("ana")) == 1
            writer.observe([Click("ana", "d3", 2.0)])
            assert len(reader.units("ana")) == 1, "a reader sees the state as it was when it was opened"
            with pytest.raises(StateReadOnly, match="opened read-only"):
                reader.observe([Click("ana", "d3", 3.0)])
        with Engine.open(state, HashingEmbedder(), read_only=True) as reader:
            assert len(reader.units("ana")) == 2
    Engine.open(state, HashingEmbedder()).close()


def test_the_lock_of_another_process_holds_until_it_ends(state):
    code = f"from penchant import Engine; e = Engine.open({str(state)!r}); print('open', flush=True); input()"
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"open\n"
    with pytest.raises(StateLocked, match=f"process {other.pid}"):
        Engine.open(state)
    other.kill()
    other.wait()
    other.stdin.close()
    other.stdout.close()
    Engine.open(state).close()


def test_a_newer_state_is_refused(state):
    connection = sqlite3.connect(state / "state.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StateTooNew, match="schema 99, this one knows 1"):
        Engine.open(state)


@pytest.mark.parametrize("damage", [b"not a database at all" * 99, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_file_that_is_no_database_is_told(state, damage):
    (state / "state.db").write_bytes(damage)
    for leftover in ("state.db-wal", "state.db-shm"):
        (state / leftover).unlink(missing_ok=True)
    with pytest.raises(StateDamaged, match="Restore a copy"):
        Engine.open(state)


def test_a_damaged_page_is_told_when_it_is_read(state):
    file = state / "state.db"
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    file.write_bytes(bytes(content))
    with pytest.raises(StateDamaged), Engine.open(state, HashingEmbedder()) as engine:
        engine.units("ana")


def test_a_record_that_cannot_be_read_is_told(state):
    connection = sqlite3.connect(state / "state.db")
    connection.execute("UPDATE users SET user = x'c1'")
    connection.commit()
    connection.close()
    with Engine.open(state, HashingEmbedder()) as engine, pytest.raises(StateDamaged):
        engine.units("ana")


def test_a_damaged_or_missing_index_is_built_again(state, caplog):
    (index,) = state.glob("*.usearch") if list(state.glob("*.usearch")) else [None]
    with Engine.open(state, HashingEmbedder()) as engine:
        expected = [each.document.id for each in engine.recommend("ana", 4)]
    (index,) = state.glob("index-*.usearch")
    index.write_bytes(b"broken")
    with Engine.open(state, HashingEmbedder()) as engine:
        assert [each.document.id for each in engine.recommend("ana", 4)] == expected
    assert "cannot be read" in caplog.text
    index.unlink()
    with Engine.open(state, HashingEmbedder()) as engine:
        assert [each.document.id for each in engine.recommend("ana", 4)] == expected


def test_an_index_that_is_behind_catches_up(state):
    with Engine.open(state, HashingEmbedder()) as engine:
        engine.recommend("ana")
    store = SqliteStore(state)
    engine = Engine(HashingEmbedder(), store=store)  # without a directory no index is saved
    engine.remove(["d2"])
    engine.add([Document("d3", "fast cosine kernels"), Document("d9", "cosine search trees")])
    store.close()
    with Engine.open(state, HashingEmbedder()) as engine:
        found = [each.document.id for each in engine.search("cosine search", 9)]
        assert set(found) == {"d1", "d3", "d4", "d5", "d9"}
        assert found[:2] == ["d9", "d1"] or found[:2] == ["d1", "d9"]
        assert engine.document("d3").title == "fast cosine kernels"


def full(store: SqliteStore) -> None:
    pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_is_told_and_nothing_of_the_call_is_kept(state):
    """SQLite's own limit of pages takes the place of a full disk: it fails in the same place with the same code."""
    with Engine.open(state, HashingEmbedder()) as engine:
        full(engine.store)
        before = engine.units("ana")
        with pytest.raises(StateFull, match="nothing of this call was kept"):
            engine.observe([Click(f"user-{n}", "d1", 5.0 + n) for n in range(500)])
        with pytest.raises(StateFull):
            engine.add([Document(f"x{n}", f"title {n} " + "word " * 99) for n in range(500)])
        assert engine.user_ids() == ["ana"]
        assert len(engine) == 5
        assert engine.latest_at == 1.0
        assert [unit.title for unit in engine.units("ana")] == [unit.title for unit in before]
        engine.store._connection.execute("PRAGMA max_page_count = 1000000")
        engine.observe([Click("bob", "d1", 9.0)])
    with Engine.open(state, HashingEmbedder()) as engine:
        assert engine.user_ids() == ["ana", "bob"]


def fill(engine: Engine) -> None:
    for n in range(10_000):
        engine.observe([Click(f"user-{n}", "d1", 5.0 + n)])


@pytest.mark.skipif(sys.platform != "linux", reason="needs a small file system of its own")
def test_a_disk_that_is_really_full(tmp_path, documents):
    mount = tmp_path / "small"
    mount.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(mount)], capture_output=True
    ).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        engine = Engine.open(mount / "state", HashingEmbedder())
        engine.add(documents)
        engine.observe([Click("ana", "d1", 1.0)])
        with pytest.raises(StateFull):
            fill(engine)
        known = engine.user_ids()
        engine.close()
        with Engine.open(mount / "state", HashingEmbedder(), read_only=True) as engine:
            assert engine.user_ids() == known
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_there_is_no_state_to_read(tmp_path):
    with pytest.raises(StateError, match="there is no state"):
        Engine.open(tmp_path / "nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StateError):
        Engine.open(tmp_path / "file" / "state")


def test_writing_to_a_read_only_store_is_told(state):
    store = SqliteStore(state, read_only=True)
    with pytest.raises(StateReadOnly):
        store.commit([Changes(facts={"a": b"1"})])
    store.close()
