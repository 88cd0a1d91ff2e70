"""A tower as it is served: documents and readers, of every form; the file it is kept in."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.errors import TowerDamaged
from penchant.testing import MeanTower, check_tower
from penchant.towers import History
from penchant.towers.artefact import load_tower, save_tower
from penchant.towers.sequential import SequentialTower, Shape, Trained, padded
from penchant.vectors import unit_length

CONTENT, WIDTH, HISTORY = 12, 8, 5
TRAINED = Trained(
    documents=3, readers=60, clicks=200, latest_at=9.0, epochs=2, recall=0.2, held_out=3, seed=0
)


def tower(items: str = "input", similarity: str = "dot", *, ids: bool = True, head: int | None = None):
    random = np.random.default_rng(0)

    def drawn(*shape: int) -> np.ndarray:
        return (0.3 * random.standard_normal(shape)).astype(np.float32)

    weights = {"text.weight": drawn(WIDTH, CONTENT), "places.weight": drawn(HISTORY, WIDTH)}
    for name, shape in {
        "norm_attended.weight": (WIDTH,), "norm_attended.bias": (WIDTH,),
        "attended.weight": (3 * WIDTH, WIDTH), "attended.bias": (3 * WIDTH,),
        "joined.weight": (WIDTH, WIDTH), "joined.bias": (WIDTH,),
        "norm_wide.weight": (WIDTH,), "norm_wide.bias": (WIDTH,),
        "wide.weight": (WIDTH, WIDTH), "wide.bias": (WIDTH,),
        "narrow.weight": (WIDTH, WIDTH), "narrow.bias": (WIDTH,),
    }.items():  # fmt: skip
        weights[f"blocks.0.{name}"] = drawn(*shape)
    weights |= {"norm.weight": drawn(WIDTH), "norm.bias": drawn(WIDTH)}
    if ids:
        weights["ids.weight"] = drawn(3, WIDTH)
    if items == "content":
        head = CONTENT
    if head:
        weights |= {"head.weight": drawn(head, WIDTH), "head.bias": drawn(head)}
    shape = Shape("toy", "hashing", 2, HISTORY, TRAINED, items=items, similarity=similarity, scale=2.0)
    return SequentialTower(shape, weights, ["a", "é", "c"] if ids else [])


def some(count: int, seed: int = 1) -> np.ndarray:
    return unit_length(np.random.default_rng(seed).standard_normal((count, CONTENT)).astype(np.float32))


FORMS = [
    ("input", "dot", True, None),
    ("input", "cosine", False, None),
    ("encoded", "cosine", False, 6),
    ("encoded", "dot", True, 6),
    ("content", "cosine", False, None),
]


@pytest.mark.parametrize(("items", "similarity", "ids", "head"), FORMS)
def test_every_form_keeps_the_contract(items, similarity, ids, head):
    check_tower(tower(items, similarity, ids=ids, head=head), CONTENT)


def test_a_tower_of_ones_own_keeps_the_contract():
    check_tower(MeanTower("hashing", CONTENT), CONTENT)


def test_a_document_with_a_vector_of_its_own_differs_from_a_new_one_of_the_same_text():
    made, same = tower(), some(1).repeat(2, axis=0)
    own, new = made.documents(["a", "new"], same)
    assert not np.allclose(own, new, atol=1e-3)
    assert made.trained(["new", "c", "a"]).tolist() == [False, True, True]


def test_the_order_of_a_history_counts():
    made, read = tower(), some(3)
    one, other = made.users([History(["a", "é", "c"], read), History(["é", "a", "c"], read[[1, 0, 2]])])
    assert not np.allclose(one, other, atol=1e-3)


def test_padding_to_length_one_keeps_the_order_of_products():
    plain = np.random.default_rng(0).standard_normal((50, 6)).astype(np.float32)
    longest = float(np.linalg.norm(plain, axis=1).max())
    vectors, reader = padded(plain, longest), plain[7] * longest
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert np.allclose(vectors @ np.append(reader, 0), plain @ plain[7], atol=1e-3)
    longer = padded(3 * plain, longest)
    assert np.allclose(np.linalg.norm(longer, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(("items", "similarity", "ids", "head"), FORMS)
def test_what_was_saved_answers_the_same(tmp_path, items, similarity, ids, head):
    made, read = tower(items, similarity, ids=ids, head=head), some(4)
    save_tower(made, tmp_path / "tower.safetensors")
    again = load_tower(tmp_path / "tower.safetensors")
    assert again.shape == made.shape
    assert list(again.ids) == list(made.ids)
    history = History(["a", "x", "é", "c"], read)
    assert np.array_equal(made.users([history])[0], again.users([history])[0])
    assert np.array_equal(made.documents(history.ids, read), again.documents(history.ids, read))


def test_a_file_cut_short_anywhere_is_told(tmp_path):
    path = tmp_path / "tower.safetensors"
    save_tower(tower(), path)
    whole = path.read_bytes()
    for length in (0, 4, len(whole) // 3, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(TowerDamaged, match="penchant train STATE --tower"):
            load_tower(path)
    with pytest.raises(TowerDamaged):
        load_tower(tmp_path / "none.safetensors")


def test_a_file_of_something_else_is_told(tmp_path):
    from safetensors.numpy import save_file

    save_file({"x": np.zeros(3, np.float32)}, tmp_path / "other.safetensors")
    with pytest.raises(TowerDamaged):
        load_tower(tmp_path / "other.safetensors")


def test_a_full_disk_leaves_the_older_file(tmp_path, monkeypatch):
    path = tmp_path / "tower.safetensors"
    save_tower(tower(), path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        save_tower(tower(ids=False), path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["tower.safetensors"]
