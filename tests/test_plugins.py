"""Stores, indexes and embedders that another package adds by entry points."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from penchant import Document, Engine, InvalidQuery, plugins
from penchant.embed import load_embedder
from penchant.index import make_index
from penchant.index.exact import ExactIndex
from penchant.settings import Settings
from penchant.store import directory_of, open_store, store_exists
from penchant.store.memory import MemoryStore
from penchant.testing import HashingEmbedder

OPENED = {}


def opened(url: str, *, read_only: bool = False):
    """A store of another package: all in memory, but known by its URL."""
    return OPENED.setdefault(url, MemoryStore())


def plain_index(dimension: int, settings: Settings):
    return ExactIndex(dimension)


def plain_embedder(*, api_key=None, batch_size=None):
    return HashingEmbedder(name="plain")


@pytest.fixture(autouse=True)
def _a_package_is_installed(monkeypatch):
    sys.modules["a_package_of_parts"] = sys.modules[__name__]
    points = EntryPoints(
        [
            EntryPoint("kept", "a_package_of_parts:opened", "penchant.stores"),
            EntryPoint("plain", "a_package_of_parts:plain_index", "penchant.indexes"),
            EntryPoint("plain", "a_package_of_parts:plain_embedder", "penchant.embedders"),
        ]
    )
    monkeypatch.setattr(plugins, "_found", lambda group: points.select(group=group))
    yield
    del sys.modules["a_package_of_parts"]


def test_an_engine_is_made_of_parts_of_another_package():
    with Engine.open("kept://somewhere", "plain", "plain") as engine:
        engine.add([Document("d1", "fast cosine search")])
    with Engine.open("kept://somewhere") as again:
        assert (again.embedder.name, len(again)) == ("plain", 1)
        assert again.about.index == "plain"
        assert again.search("fast search", 1)[0].document.id == "d1"


def test_what_nobody_adds_is_told_with_what_there_is():
    with pytest.raises(InvalidQuery, match="unknown store other://: installed packages add kept"):
        open_store("other://somewhere")
    with pytest.raises(InvalidQuery, match="unknown index 'faiss': use 'usearch' or 'exact'"):
        make_index("faiss", 3, Settings())
    assert isinstance(make_index("plain", 3, Settings()), ExactIndex)
    assert load_embedder("plain").name == "plain"


def test_a_path_is_no_url(tmp_path):
    assert (directory_of(tmp_path), directory_of("kept://x")) == (tmp_path, None)
    assert not store_exists(tmp_path)
    assert store_exists("kept://x")
