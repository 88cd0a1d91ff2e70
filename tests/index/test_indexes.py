"""One suite for all indexes, and what each has of its own."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import Document, Engine, InvalidQuery, Settings
from penchant.index import make_index
from penchant.index.exact import ExactIndex
from penchant.index.halves import Halves
from penchant.index.remembering import RememberingIndex
from penchant.testing import HashingEmbedder, check_index
from penchant.vectors import unit_length


@pytest.mark.parametrize(("kind", "precision"), [("exact", "bf16"), ("usearch", "bf16"), ("usearch", "int8")])
def test_every_index_keeps_the_contract(kind, precision, tmp_path):
    check_index(lambda dimension: make_index(kind, dimension, Settings(index_precision=precision)), tmp_path)


def test_the_exact_index_adds_what_ties_with_the_last():
    index = make_index("exact", 2, Settings())
    east, north = [1.0, 0.0], [0.0, 1.0]
    index.add(np.arange(6), np.array([east, north, east, north, east, north], np.float32))
    (found,) = index.search(np.array([east], np.float32), 2)
    assert sorted(found.tolist()) == [0, 2, 4]


def test_equal_vectors_get_equal_cosines_wherever_they_stand():
    generator = np.random.default_rng(0)
    for rows in (7, 64, 129):
        vectors = unit_length(generator.standard_normal((rows, 33)).astype(np.float32))
        vectors[:] = vectors[0]
        index = make_index("exact", 33, Settings())
        index.add(np.arange(rows), vectors)
        assert len(index.search(vectors[:1], 1)[0]) == rows


def test_the_same_input_gives_the_same_graph():
    vectors = unit_length(np.random.default_rng(1).standard_normal((3_000, 24)).astype(np.float32))
    graphs = [make_index("usearch", 24, Settings()) for _ in range(2)]
    for graph in graphs:
        graph.add(np.arange(3_000), vectors)
    left, right = (graph.search(vectors[:50], 20) for graph in graphs)
    assert all(a.tolist() == b.tolist() for a, b in zip(left, right, strict=True))


def test_an_unknown_index_is_told():
    with pytest.raises(InvalidQuery, match="use 'usearch' or 'exact'"):
        make_index("faiss", 4, Settings())


def test_vectors_come_back_from_a_file_and_more_can_be_put(tmp_path):
    vectors = unit_length(np.random.default_rng(2).standard_normal((100, 12)).astype(np.float32))
    kept = Halves(12)
    kept.put(np.arange(80), vectors[:80])
    kept.save(tmp_path / "vectors", 80)
    loaded = Halves(12)
    loaded.load(tmp_path / "vectors")
    before = (tmp_path / "vectors").read_bytes()
    loaded.put(np.array([3, 85, 99]), vectors[[4, 85, 99]])
    assert np.allclose(loaded.get(np.array([2, 3, 79, 85, 99])), vectors[[2, 4, 79, 85, 99]], atol=1e-2)
    assert np.array_equal(loaded.get(np.array([7])), kept.get(np.array([7])))
    assert np.allclose(np.linalg.norm(loaded.get(np.array([2, 3, 99])), axis=1), 1, atol=1e-6)
    assert (tmp_path / "vectors").read_bytes() == before, "what is put stays in memory until it is saved"
    with pytest.raises(ValueError, match="shape"):
        Halves(13).load(tmp_path / "vectors")


def test_the_nearest_of_a_coarse_graph_are_chosen_by_finer_vectors():
    """Vectors that int8 cannot tell apart come in the order of their true cosines."""
    generator = np.random.default_rng(3)
    centre = generator.standard_normal(32)
    vectors = unit_length((centre + 0.1 * generator.standard_normal((400, 32))).astype(np.float32))
    index = make_index("usearch", 32, Settings(index_precision="int8"))
    index.add(np.arange(400), vectors)
    (found,) = index.search(vectors[:1], 20)
    best = np.argsort(-(vectors @ vectors[0]))[:20]
    assert len(set(found.tolist()) & set(best.tolist())) >= 18


@pytest.mark.parametrize("seed", range(20))
def test_what_is_remembered_is_what_would_be_found_now(seed):
    """Documents come, change and go between questions that are asked again and again."""
    generator = np.random.default_rng(seed)
    remembering, plain = RememberingIndex(ExactIndex(8), 40), ExactIndex(8)
    questions = unit_length(generator.standard_normal((12, 8)).astype(np.float32))
    present: list[int] = []
    for _ in range(120):
        act = generator.integers(4)
        if act == 0 or len(present) < 5:
            keys = np.array(sorted({int(key) for key in generator.integers(400, size=3)}))
            vectors = unit_length(generator.standard_normal((len(keys), 8)).astype(np.float32))
            for index in (remembering, plain):
                index.add(keys, vectors)
            present = sorted({*present, *keys.tolist()})
        elif act == 1 and len(present) > 8:
            gone = generator.choice(present, 2, replace=False)
            for index in (remembering, plain):
                index.remove(gone)
            present = [key for key in present if key not in gone]
        asked = questions[generator.choice(12, 3, replace=False)]
        count = int(generator.choice([3, 10, 500]))
        found, expected = remembering.search(asked, count), plain.search(asked, count)
        assert [sorted(one.tolist()) for one in found] == [sorted(one.tolist()) for one in expected]


def test_a_question_is_looked_up_once_while_documents_come():
    class Counting(ExactIndex):
        asked = 0

        def search(self, vectors, count):
            self.asked += len(vectors)
            return super().search(vectors, count)

    vectors = unit_length(np.random.default_rng(4).standard_normal((3_000, 16)).astype(np.float32))
    inner = Counting(16)
    index = RememberingIndex(inner, 100)
    index.add(np.arange(1_000), vectors[:1_000])
    for number in range(1_000, 1_900, 10):
        index.add(np.arange(number, number + 10), vectors[number : number + 10])
        index.search(vectors[:5], 20)
    assert inner.asked == 5
    index.add(np.arange(1_900, 3_000), vectors[1_900:])
    index.search(vectors[:5], 20)
    assert inner.asked == 10, "after many changes everything is looked up again"


def test_a_saved_index_stays_while_another_kind_is_used_and_only_the_newest_is_kept(tmp_path, documents):
    def files() -> list[str]:
        return sorted(path.name for path in tmp_path.glob("index-*"))

    with Engine.open(tmp_path, HashingEmbedder(), "usearch") as engine:
        engine.add(documents)
        engine.save_index()
    assert len(files()) == 2
    before = files()
    (tmp_path / "index-int8-0.usearch.vectors").write_bytes(b"what a crash between two files has left")
    with Engine.open(tmp_path, HashingEmbedder(), "exact") as engine:
        engine.search("fast")
    assert set(before) <= set(files())
    with Engine.open(tmp_path, HashingEmbedder(), "usearch") as engine:
        engine.add([Document("more", "one more title")])
        engine.search("fast")
    assert len(files()) == 2
    assert not set(before) & set(files())
