"""The seams: a kind of evidence and a source of candidates are one file each, and nothing else has to know of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

import penchant as pc
from penchant import Engine
from penchant.cli.main import app
from penchant.lab import registry
from penchant.rank import evidence
from penchant.rank.asked import Asked
from penchant.rank.candidates import Candidates
from penchant.rank.evidence import Claim, Column, Evidence, Told
from rank.test_recommender import DOCUMENTS, NOW, busy, made


class ShortTitles(Evidence):
    """A whole kind of evidence: readers like short titles. All that there is of it is in this class."""

    kind = "brevity"
    columns: Mapping[str, float] = {"words of the title": -5.0}

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        titles = [asked.known.documents.at_row(int(row)).title for row in candidates.rows]
        return {"words of the title": np.array([len(title.split()) for title in titles], np.float64)}

    def claim(self, told: Told) -> Claim:
        return Claim("own", {"words": f"{len(told.document.title.split())} words"})


class OnlyBread:
    """A source of candidates of one's own."""

    def candidates(self, asked: Asked) -> np.ndarray:
        return np.array([asked.known.documents.row("bread4")])


@pytest.fixture
def toy(monkeypatch) -> None:
    monkeypatch.setattr(evidence, "EVIDENCE", (*evidence.EVIDENCE, ShortTitles()))


def test_a_kind_ranks_explains_is_learned_and_can_be_set(toy):
    with made() as engine:
        engine.add(
            [
                pc.Document("short", "vector", published_at=NOW),
                pc.Document("long", "vector " * 30, published_at=NOW),
            ]
        )
        busy(engine, teach=False)
        scores = engine.score("u1", ["short", "long"])
        assert scores[0] > scores[1] + 50
        (short,) = (each for each in engine.recommend("u1", 10) if each.document.id == "short")
        told = {each.kind: each.words for each in short.reasons}
        assert told["brevity"] == "1 words"
        with made() as taught:
            busy(taught)
            assert taught.blend.weights()["words of the title"] != -5.0, "clicks teach it"
        engine.blend.set({"words of the title": 0.0})
        assert engine.blend.weights()["words of the title"] == 0.0
        engine.blend.reset()
        assert engine.blend.weights()["words of the title"] == -5.0


def test_a_kind_is_in_what_the_command_line_shows(toy, tmp_path):
    from typer.testing import CliRunner

    with made(tmp_path / "state") as engine:
        busy(engine)
    result = CliRunner().invoke(app, ["blend", str(tmp_path / "state")], env={"COLUMNS": "120"})
    assert "brevity" in result.output
    assert "words of the title" in result.output


def test_without_it_a_weight_of_its_column_is_refused():
    with made() as engine, pytest.raises(pc.InvalidQuery, match="unknown evidence 'words of the title'"):
        engine.blend.set({"words of the title": 1.0})


def test_the_lab_leaves_each_kind_out():
    assert {name.removeprefix("blend without ") for name in registry.ABLATIONS} == set(evidence.kinds())


def test_a_source_of_ones_own_adds_candidates():
    with Engine(made().embedder, index="exact", settings=pc.Settings(candidates_per_unit=1)) as engine:
        engine.add(DOCUMENTS)
        engine.observe([pc.Click("ana", "db0", NOW)])
        alone = [each.document.id for each in engine.recommend("ana", 10)]
        both = [each.document.id for each in engine.recommend("ana", 10, sources=[OnlyBread()])]
        assert "bread4" in both
        assert set(alone) <= set(both)
