"""A tower in a state: adopted at once, for new documents and clicks too, and never an error of a question."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from penchant import Click, Document, Engine
from penchant.engine import towers
from penchant.engine.towers import TOWER
from penchant.errors import StateFull, StateReadOnly, TowerMismatch
from penchant.store import Changes
from penchant.testing import HashingEmbedder, MeanTower
from penchant.towers.sequential import SequentialTower
from towers.test_sequential import TRAINED, Shape

DIMENSION = 64
NOW = 1_700_000_000.0


class Opposite(MeanTower):
    """Holds it most likely that a reader goes on to the opposite of what was read."""

    name = "opposite"

    def users(self, histories):
        return [-vectors for vectors in super().users(histories)]


def kept_tower(seed: int = 0, ids: Sequence[str] = ()) -> SequentialTower:
    """One that can be kept: no layers, so that a reader is the norm of the last document's input."""
    random = np.random.default_rng(seed)
    weights = {
        "text.weight": random.standard_normal((8, DIMENSION)).astype(np.float32),
        "norm.weight": np.ones(8, np.float32),
        "norm.bias": np.zeros(8, np.float32),
    }
    if ids:
        weights["ids.weight"] = random.standard_normal((len(ids), 8)).astype(np.float32)
    return SequentialTower(Shape("toy", "hashing", 1, 5, TRAINED, scale=9.0), weights, ids)


def community(path: Path | None = None) -> Engine:
    made = Engine(HashingEmbedder(), index="exact")
    if path is not None:
        made = Engine.open(path, HashingEmbedder(), index="exact")
    made.add(
        Document(f"{topic}{n}", f"{topic} story{n}")
        for topic in ("bread", "chess", "trail")
        for n in range(30)
    )
    made.observe(
        [Click(f"u{n % 9}", f"{('bread', 'chess', 'trail')[n % 3]}{n % 30}", NOW + n) for n in range(90)],
        teach=False,
    )
    return made


def taste(engine: Engine, user: str = "u0") -> dict[str, float]:
    """Document -> what taste adds, of those recommended where it does."""
    return {
        each.document.id: evidence.weight
        for each in engine.recommend(user, 30, explain="full")
        for evidence in each.evidence
        if evidence.kind == "taste"
    }


def test_a_tower_speaks_from_the_next_question_on_and_can_be_dropped():
    with community() as engine:
        engine.blend.set({"gone on to": 1.0})
        before = engine.score("u0", ["bread5", "chess5"])
        assert not taste(engine)
        assert engine.towers.adopt(Opposite("hashing", DIMENSION)) == "opposite-1"
        after = engine.score("u0", ["bread5", "chess5"])
        assert after[1] - after[0] > before[1] - before[0]
        assert taste(engine)
        words = [reason.words for each in engine.recommend("u0", 5) for reason in each.reasons]
        assert any("went on to this from" in each or "a model of the readers" in each for each in words)
        assert engine.towers.drop()
        assert np.array_equal(engine.score("u0", ["bread5", "chess5"]), before)
        assert not engine.towers.drop()


def test_it_proposes_documents_that_nothing_else_does():
    with Engine(HashingEmbedder(), index="exact") as engine:
        engine.add([Document(f"old{n}", f"filler{n} words{n}") for n in range(900)])
        engine.add([Document("opposite", "bread crumb")])
        engine.add([Document(f"new{n}", f"other{n} terms{n}", published_at=NOW) for n in range(200)])
        engine.observe([Click("ana", "old5", NOW)])
        target = engine.store.vectors([900])[0]

        class Fixed(MeanTower):
            def users(self, histories):
                return [50 * target[None] for _ in histories]

        engine.blend.set({"gone on to": 1.0})
        assert "opposite" not in [each.document.id for each in engine.recommend("ana", 20)]
        engine.towers.adopt(Fixed("hashing", DIMENSION))
        assert engine.recommend("ana", 1, personal=0)[0].document.id == "opposite"


def test_a_click_and_a_document_count_at_once():
    with community() as engine:
        engine.towers.adopt(MeanTower("hashing", DIMENSION))
        engine.blend.set({"gone on to": 5.0})
        engine.add([Document("fresh", "bread crumb crust")])
        one = engine.score("u0", ["fresh", "trail3"])
        engine.observe([Click("u0", f"trail{n}", NOW + 1_000 + n) for n in range(5, 15)], teach=False)
        two = engine.score("u0", ["fresh", "trail3"])
        assert two[1] - two[0] > one[1] - one[0] + 1
        engine.remove(["fresh"])
        engine.add([Document("trail3", "bread crumb crust")])  # another title
        three = engine.score("u0", ["trail3"])
        assert three[0] < two[1]
        engine.recommend("u0", 20)


def test_what_was_adopted_is_there_after_opening_again(tmp_path):
    with community(tmp_path / "state") as engine:
        name = engine.towers.adopt(kept_tower(ids=["bread1", "chess2"]))
        engine.blend.set({"gone on to": 1.0, "unknown to the tower": -3.0})
        expected = engine.score("u1", ["bread1", "bread2", "chess2"])
    with Engine.open(tmp_path / "state", HashingEmbedder(), read_only=True) as engine:
        assert np.allclose(engine.score("u1", ["bread1", "bread2", "chess2"]), expected, atol=1e-4)
        (told,) = engine.towers.all()
        assert (told.name, told.in_use, told.problem) == (name, True, "")
        assert told.trained == TRAINED
        with pytest.raises(StateReadOnly):
            engine.towers.drop()
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        engine.add([Document("later", "bread later")])
        engine.score("u1", ["later"])
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        assert np.isfinite(engine.score("u1", ["later"])).all()


def test_the_index_of_its_vectors_is_kept_beside_it(tmp_path):
    with Engine.open(tmp_path / "state", HashingEmbedder(), index="usearch") as engine:
        engine.add(Document(f"d{n}", f"title{n} words{n}") for n in range(50))
        engine.observe([Click("ana", "d1", NOW)])
        engine.towers.adopt(kept_tower())
        files = {each.name for each in (tmp_path / "state" / "towers" / "toy-1").iterdir()}
        assert files == {"tower.safetensors", "index-int8-1.usearch", "index-int8-1.usearch.vectors"}
        expected = engine.score("ana", ["d2", "d3"])
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        assert np.array_equal(engine.score("ana", ["d2", "d3"]), expected)


def test_two_are_kept_the_one_in_use_and_the_one_before(tmp_path):
    with community(tmp_path / "state") as engine:
        names = [engine.towers.adopt(kept_tower(seed)) for seed in range(4)]
        assert names == ["toy-1", "toy-2", "toy-3", "toy-4"]
        assert [(told.name, told.in_use) for told in engine.towers.all()] == [
            ("toy-4", True),
            ("toy-3", False),
        ]


def test_a_tower_of_another_embedder_is_refused_and_nothing_is_left(tmp_path):
    with community(tmp_path / "state") as engine:
        engine.towers.adopt(kept_tower())
        other = kept_tower()
        other.embedder = "another"
        with pytest.raises(
            TowerMismatch, match="reads vectors of 'another', and the state has those of 'hashing'"
        ):
            engine.towers.adopt(other)
        assert [told.name for told in engine.towers.all()] == ["toy-1"]
        assert [each.name for each in (tmp_path / "state" / "towers").iterdir()] == ["toy-1"]


@pytest.mark.parametrize("damage", ["cut", "gone", "nonsense", "folder gone"])
def test_a_damaged_tower_is_told_and_questions_are_answered_without_it(tmp_path, damage, caplog):
    with community(tmp_path / "state") as engine:
        without = engine.score("u1", ["bread1", "bread2"])
        engine.towers.adopt(kept_tower())
    file = tmp_path / "state" / "towers" / "toy-1" / "tower.safetensors"
    if damage == "folder gone":
        shutil.rmtree(file.parent)
    elif damage == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:40] if damage == "cut" else b"nonsense")
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        assert np.array_equal(engine.score("u1", ["bread1", "bread2"]), without)
        assert len(engine.recommend("u1", 5)) == 5
        assert engine.towers.in_use is None
        (told,) = engine.towers.all()
        assert not told.in_use
        assert "penchant train STATE --tower" in told.problem
        engine.towers.adopt(kept_tower())
        assert engine.towers.all()[0].in_use
    assert "questions are answered without it" in caplog.text


def test_a_tower_of_the_embedder_before_is_silent_after_a_move(tmp_path):
    with community(tmp_path / "state") as engine:
        engine.towers.adopt(kept_tower())
        about = engine.store.fact("about")
        engine.store.commit([Changes(facts={"about": about.replace(b'"hashing"', b'"moved"')})])
    with Engine.open(tmp_path / "state", HashingEmbedder(name="moved")) as engine:
        assert len(engine.recommend("u1", 5)) == 5
        assert "reads vectors of 'hashing'" in engine.towers.all()[0].problem


def test_a_full_disk_leaves_the_tower_before(tmp_path, monkeypatch):
    with community(tmp_path / "state") as engine:
        engine.towers.adopt(kept_tower())
        expected = engine.score("u1", ["bread1", "bread2"])

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("pathlib.Path.replace", full)
            with pytest.raises(StateFull, match="No space"):
                engine.towers.adopt(kept_tower(1))
        assert np.array_equal(engine.score("u1", ["bread1", "bread2"]), expected)
        assert [told.name for told in engine.towers.all()] == ["toy-1"]
        assert engine.store.fact(TOWER) == b"toy-1"


def test_a_reader_without_clicks_and_what_if_are_answered():
    with community() as engine:
        engine.towers.adopt(MeanTower("hashing", DIMENSION))
        assert engine.recommend("nobody", 3)
        before = engine.recommend("u0", 5)
        what_if = engine.recommend("nobody", 5, as_if=[Click("nobody", "trail1", NOW + 500)])
        assert what_if
        assert [each.document.id for each in engine.recommend("u0", 5)] == [
            each.document.id for each in before
        ]


def test_after_a_first_tower_clicks_teach_as_often_as_in_a_new_community():
    with community() as engine:
        old = msgspec.structs.replace(engine._state.blend, offered=1_000_000)
        engine._state.keep_blend(old)
        engine.observe([Click("u0", f"trail{n}", NOW + 500 + n) for n in range(10)])
        assert engine.blend.lessons == 0, "one in 128"
        engine.towers.adopt(MeanTower("hashing", DIMENSION))
        engine.observe([Click("u1", f"trail{n}", NOW + 600 + n) for n in range(10)])
        assert engine.blend.lessons == 10
        engine._state.keep_blend(msgspec.structs.replace(engine._state.blend, offered=1_000_001))
        engine.towers.adopt(MeanTower("hashing", DIMENSION))
        engine.observe([Click("u4", f"trail{n}", NOW + 700 + n) for n in range(10)])
        assert engine.blend.lessons == 10, "the second tower is no news"


def test_lessons_teach_what_a_tower_is_worth():
    """A tower that tells what is clicked gains weight."""
    with community() as engine:
        engine.towers.adopt(MeanTower("hashing", DIMENSION))
        engine.observe(
            [
                Click(f"u{n % 9}", f"{('bread', 'chess', 'trail')[n % 3]}{(n * 7 + 1) % 30}", NOW + 500 + n)
                for n in range(200)
            ]
        )
        assert engine.blend.lessons > 20
        assert engine.blend.weights()["gone on to"] > 0.05


def test_documents_that_change_while_a_tower_is_made_ready_are_as_they_are_then(tmp_path, monkeypatch):
    with community(tmp_path / "state") as engine:
        real, passes = towers.brought_up, []

        def meanwhile(*given: object) -> None:
            real(*given)
            passes.append(1)
            if len(passes) == 1:
                engine.add([Document("bread3", "chess opening"), Document("new", "chess ending")])
                engine.remove(["bread4"])
                raise KeyError("a document went")

        with monkeypatch.context() as patched:
            patched.setattr(towers, "brought_up", meanwhile)
            engine.towers.adopt(kept_tower())
        first = engine.score("u1", ["bread3", "new", "bread2"])
        engine.recommend("u1", 20)
        engine.towers.adopt(kept_tower())
        assert np.array_equal(engine.score("u1", ["bread3", "new", "bread2"]), first)


def test_towers_come_and_go_while_questions_are_answered_and_clicks_learned():
    with community() as engine:
        done, errors = threading.Event(), []

        def asking(user: str) -> None:
            try:
                while not done.is_set():
                    assert len(engine.recommend(user, 5)) == 5
                    assert np.isfinite(engine.score(user, ["bread1", "chess2"])).all()
            except Exception as error:  # noqa: BLE001 (whatever it is, the test has to tell)
                errors.append(error)

        threads = [threading.Thread(target=asking, args=(f"u{n}",)) for n in range(3)]
        for thread in threads:
            thread.start()
        for turn in range(12):
            engine.towers.adopt((MeanTower if turn % 2 else Opposite)("hashing", DIMENSION))
            engine.add([Document(f"turn{turn}", f"bread turn{turn}")])
            engine.observe([Click("u5", f"turn{turn}", NOW + 900 + turn)])
            if turn % 3 == 0:
                engine.towers.drop()
            if turn % 4 == 0:
                engine.remove([f"turn{turn}"])
        done.set()
        for thread in threads:
            thread.join()
        assert not errors


def test_a_snapshot_has_words_where_they_are_asked_for():
    with community() as engine:
        taken = engine.towers.snapshot(words=True)
        assert taken.titles == [engine.document(name).title for name in taken.ids]
        units = [engine.user(f"u{n}").units for n in range(9)]
        assert sorted(len(own) for own in taken.units) == sorted(map(len, units))
        every = np.concatenate(taken.units)
        assert all(
            np.isclose(every, unit.embedding, atol=1e-3).all(axis=1).any() for own in units for unit in own
        )
        plain = engine.towers.snapshot()
        assert (len(plain.titles), len(plain.units)) == (0, 0)
