"""Readers' interests in words: of their own units, of typical readers, or as a language model tells them; its
endpoint here is a stand-in in this process."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("httpx")
pytest.importorskip("tenacity")
pytest.importorskip("torch")

from penchant.errors import EndpointError, InvalidQuery
from penchant.testing import HashingEmbedder
from penchant.towers.snapshot import Snapshot, lots_of
from penchant.train.chat import Chat
from penchant.train.eimf.explicit import Words, explicit
from penchant.train.sequences import Piece
from standin import standing_in

EMBEDDER = HashingEmbedder()
TITLES = [f"{topic} {thing}" for topic in ("tea", "soap") for thing in ("cup", "pot", "dish", "box")]
READ = [np.array([0, 1, 2]), np.array([1, 0, 3]), np.array([4, 5, 6]), np.array([5, 4, 7])]


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("penchant.embed.endpoint._FIRST_WAIT", 0.01)


def taken(**changes) -> Snapshot:
    vectors = EMBEDDER.encode(TITLES)
    units = [vectors[rows[:2]] for rows in READ]
    found = Snapshot(
        "hashing", [f"d{row}" for row in range(8)], vectors, READ, lots_of("abcd"), 1.0, TITLES, units
    )
    return found._replace(**changes)


def told(folder, words: Words, learned=None, **options):
    some = [Piece(reader, rows) for reader, rows in enumerate(READ)] if learned is None else learned
    return explicit(options.pop("snapshot", taken()), some, words, folder, history=8, **options)


def said(answer: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": answer}}]}).encode()


def of(found, reader: int) -> np.ndarray:
    group = int(found.group_of[reader])
    return found.vectors[found.ends[group] : found.ends[group + 1]]


def test_units_are_each_readers_own_and_of_those_held_out_nothing_is_told(tmp_path):
    found = told(tmp_path, Words(), [Piece(0, READ[0]), Piece(2, READ[2])])
    assert found.group_of.tolist() == [0, -1, 1, -1]
    assert np.allclose(of(found, 2), taken().units[2])


def test_units_of_others_are_all_there_and_not_ones_own(tmp_path):
    found = told(tmp_path, Words("random units"), seed=2)
    own = taken().units
    given = [of(found, reader) for reader in range(4)]
    assert not all(np.allclose(mine, theirs) for mine, theirs in zip(own, given, strict=True))
    assert np.allclose(np.sort(np.concatenate(given), axis=0), np.sort(np.concatenate(own), axis=0))


def test_readers_alike_share_the_titles_of_the_typical_one(tmp_path):
    found = told(tmp_path, Words("titles", EMBEDDER.encode, share=0.5))
    groups = found.group_of.tolist()
    assert groups[0] == groups[1] != groups[2] == groups[3]
    assert len(of(found, 0)) == 3


def test_a_language_model_is_asked_about_typical_readers_alone_and_once(tmp_path):
    with standing_in(lambda _: said('{"1": "tea things"}')) as server:
        for folder in (tmp_path / "one", tmp_path / "other"):
            with Chat("m", server.url, tmp_path) as chat:
                found = told(folder, Words("llm", EMBEDDER.encode, chat, 0.5))
        assert len(server.requests) == 2
        assert "[tea cup (d0)]" in server.requests[0]["messages"][0]["content"]
    assert np.allclose(of(found, 0), EMBEDDER.encode(["tea things"]))


def test_answers_that_cannot_be_read_are_asked_for_again_and_counted(tmp_path):
    seen: list[str] = []
    with standing_in(lambda _: said("Who knows?")) as server, Chat("m", server.url, tmp_path) as chat:
        found = told(tmp_path, Words("llm", EMBEDDER.encode, chat, 0.5), say=seen.append)
        assert len(server.requests) == 6
    assert any("2 answers could not be read" in text for text in seen)
    assert len(of(found, 0)) == 3, "the titles stand for them"


def test_what_was_paid_is_kept_when_the_endpoint_fails(tmp_path):
    with standing_in(lambda _: said('{"1": "tea"}')) as server:
        server.script = [(200, {}, said('{"1": "tea"}'), 0.0), (401, {}, b"", 0.0)]
        with Chat("m", server.url, tmp_path) as chat, pytest.raises(EndpointError, match="refused"):
            told(tmp_path, Words("llm", EMBEDDER.encode, chat, 0.5))
        with Chat("m", server.url, tmp_path) as chat:
            told(tmp_path, Words("llm", EMBEDDER.encode, chat, 0.5))
        assert len(server.requests) == 3


def test_nothing_is_asked_without_consent(tmp_path):
    with standing_in(lambda _: said("{}")) as server, Chat("m", server.url, tmp_path) as chat:
        words = Words("llm", EMBEDDER.encode, chat, 0.5, agree=lambda text: "2 requests" not in text)
        with pytest.raises(InvalidQuery, match="not agreed"):
            told(tmp_path, words)
        assert not server.requests


def test_what_is_missing_is_told(tmp_path):
    with pytest.raises(InvalidQuery, match="no Interest Units"):
        told(tmp_path, Words(), snapshot=taken(units=()))
    with pytest.raises(InvalidQuery, match="titles and an embedder"):
        told(tmp_path, Words("titles"))
    with pytest.raises(InvalidQuery, match="endpoint"):
        told(tmp_path, Words("llm", EMBEDDER.encode))
    with pytest.raises(InvalidQuery, match="no reader has interests"):
        told(tmp_path, Words(), snapshot=taken(units=[np.zeros((0, 16), np.float32)] * 4))
