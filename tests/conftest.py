"""What many tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from penchant import Document, Engine
from penchant.testing import HashingEmbedder

settings.register_profile(
    "penchant", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("penchant")
os.environ["HF_HUB_OFFLINE"] = "1"

DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[2] / "shared" / "data"))

TITLES = {
    "d1": "fast cosine search",
    "d2": "fast vector search",
    "d3": "sourdough bread crumb",
    "d4": "rye bread crumb",
    "d5": "trail running shoes",
}


SLOW = (
    "serve/test_schema",
    "serve/test_page",
    "serve/test_process",
    "embed/test_transformer",
    "lab/test_peers",
    "lab/test_run",
    "cli/test_main",
    "cli/test_towers",
    "test_real_data",
    "engine/test_crash",
    "train/align/test_training",
    "train/towers/test_job",
    "serve/test_training",
)
"""Files that start processes, train models, or kill."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Fast tests first; whole processes, models and kills last, and marked as slow."""

    def place(item: pytest.Item) -> int:
        return next((n for n, name in enumerate(SLOW, 1) if name in item.nodeid), 0)

    for item in items:
        if place(item):
            item.add_marker(pytest.mark.slow)
    items.sort(key=place)


@pytest.fixture
def data() -> Path:
    """The real data; tests that need it are skipped where it is not."""
    if not DATA.is_dir():
        pytest.skip(f"no real data in {DATA}: set PENCHANT_DATA to run this test")
    return DATA


@pytest.fixture
def documents() -> list[Document]:
    return [Document(document_id, title) for document_id, title in TITLES.items()]


@pytest.fixture
def engine(documents: list[Document]) -> Iterator[Engine]:
    """Five documents in memory, the exact index, an embedder that adds up words."""
    with Engine(HashingEmbedder(), index="exact") as engine:
        engine.add(documents)
        yield engine


@pytest.fixture(scope="session")
def small_model(tmp_path_factory) -> str:
    """A model of two layers with random weights, saved as sentence-transformers saves any model."""
    pytest.importorskip("sentence_transformers")
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{letter}" for letter in letters)]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder / "bert")
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=32)
    SentenceTransformer(modules=[transformer, Pooling(32)]).save(str(folder / "model"))
    return str(folder / "model")
