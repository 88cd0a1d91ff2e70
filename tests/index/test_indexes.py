"""One suite for all indexes, and what each has of its own."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import InvalidQuery, Settings
from penchant.index import make_index
from penchant.testing import check_index
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
