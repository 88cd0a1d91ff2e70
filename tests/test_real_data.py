"""A real community, end to end: the command as it is typed, and the reference beside it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from penchant import Engine, Settings
from penchant.cli import app
from penchant.data.files import Problems, read_clicks, read_documents
from reference import Reference
from units.test_rules import referenced, shown


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    from conftest import DATA

    if not DATA.is_dir():
        pytest.skip(f"no real data in {DATA}: set PENCHANT_DATA to run this test")
    state = tmp_path_factory.mktemp("real") / "state"
    folder = DATA / "deskdrop"
    files = ["--documents", f"{folder}/documents.tsv.gz", "--clicks", f"{folder}/clicks.tsv.gz"]
    result = CliRunner().invoke(app, ["build", str(state), *files, "--embedder", "corpus", "--json"])
    assert result.exit_code == 0, result.output
    summary = json.loads(result.output)
    assert (summary["documents"], summary["users"], summary["clicks"]) == (2_987, 1_895, 72_312)
    return state


def test_a_state_of_real_readers_is_bounded_and_answers(state):
    with Engine.open(state, read_only=True) as engine:
        users = engine.user_ids()
        assert len(users) == 1_895
        for user in users[::40]:
            units = engine.units(user)
            assert 1 <= len(units) <= 20
            assert all(unit.size >= len(unit.documents) > 0 for unit in units)
            found = engine.recommend(user, 10)
            assert len(found) == 10
            assert not {each.document.id for each in found} & {
                name for unit in units for name in unit.documents
            }


def test_real_readers_have_the_units_of_the_reference(state, data):
    """Repeated events, merges and prunes of real histories, by an implementation that shares nothing but the terms."""
    problems = Problems("stop")
    documents = list(read_documents(data / "deskdrop" / "documents.tsv.gz", {}, problems))
    clicks = list(read_clicks(data / "deskdrop" / "clicks.tsv.gz", {}, problems, lambda _: True))
    chosen = {"3609194402293569455", "3302556033962996625", "-108842214936804958", "2416280733544962613"}
    with Engine.open(state, read_only=True) as built:
        embedder = built.embedder
    with Engine(embedder, index="exact", settings=Settings.paper()) as engine:
        engine.add(documents)
        engine.observe([click for click in clicks if click.user_id in chosen])
        reference = Reference(embedder, engine.threshold)
        for document in documents:
            reference.add(document.id, document.title)
        own = [(click.user_id, click.document_id, click.at) for click in clicks if click.user_id in chosen]
        assert len(own) > 1_000
        reference.observe(own)
        for user in chosen:
            assert shown(engine.units(user)) == referenced(reference, user)
