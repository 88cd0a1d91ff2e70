"""The commands as a user types them, each a real process or the real application."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import weakref
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penchant import Document, Engine, Settings
from penchant.cli import app
from penchant.cli.console import noting_interruptions, progress_bars
from penchant.data.files import write_rows
from penchant.data.simulated import simulate
from penchant.errors import InvalidSettings
from penchant.rank.evidence import start_of
from penchant.testing import HashingEmbedder
from penchant.text import key_terms
from waiting import until

runner = CliRunner()


def run(*arguments: object, code: int = 0) -> str:
    result = runner.invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    community = simulate(0, users=40)
    write_rows(folder / "documents.jsonl", community.documents)
    write_rows(folder / "clicks.jsonl", community.clicks)
    return folder


@pytest.fixture(scope="module")
def state(files) -> Path:
    built = json.loads(run("build", files / "state", *log_of(files), "--json"))
    assert built["documents"] == 1280
    assert built["users"] == 40
    return files / "state"


def log_of(files: Path) -> tuple[object, ...]:
    return "--documents", files / "documents.jsonl", "--clicks", files / "clicks.jsonl"


def test_build_again_changes_nothing_and_says_what_was_learned(state, files):
    before = run("export", state)
    again = json.loads(run("build", state, *log_of(files), "--json"))
    assert again["learned before"] == again["clicks"] > 0
    assert run("export", state) == before


def test_interests(state):
    table = run("interests", state, "reader-001")
    assert "Interests of reader-001" in table
    units = json.loads(run("interests", state, "reader-001", "--json"))
    assert units
    assert set(units[0]) == {
        "key",
        "name",
        "headline",
        "title",
        "terms",
        "size",
        "updated_at",
        "documents",
        "text",
    }
    assert "no interests yet" in run("interests", state, "nobody")


def test_recommend_with_reasons_and_filters(state):
    assert "because" in run("recommend", state, "reader-001")
    found = json.loads(run("recommend", state, "reader-001", "-k", 5, "--where", "language=ko", "--json"))
    assert len(found) == 5
    assert {each["document"]["attributes"]["language"] for each in found} == {"ko"}
    by_interest = json.loads(run("recommend", state, "reader-001", "--scorer", "sum", "--json"))
    assert {"kind", "interest", "size", "text", "key"} == set(by_interest[0]["because"])
    assert by_interest[0]["reasons"][0]["kind"] == "interest"
    popular = json.loads(run("recommend", state, "nobody", "--json"))
    assert "popular" in popular[0]["because"]
    assert "Nothing passes" in run("recommend", state, "nobody", "--where", "language=fr")
    assert len(json.loads(run("recommend", state, "nobody", "--where", "language=en,ko", "--json"))) == 10


def test_times_are_seconds_or_dates(state):
    found = [
        run("recommend", state, "reader-001", "--published-after", after, "--at", at, "--json")
        for after, at in (("1738324800", "1740744000"), ("2025-01-31T12:00:00", "2025-02-28T12:00:00"))
    ]
    assert found[0] == found[1]
    assert len(json.loads(found[0])) == 10
    assert "or a time such as" in run("recommend", state, "reader-001", "--at", "yesterday", code=2)


def test_why(state):
    found = json.loads(run("recommend", state, "reader-001", "--json"))[0]
    document = found["document"]["id"]
    value = json.loads(run("why", state, "reader-001", document, "--json"))
    assert value["score"] == pytest.approx(found["score"], abs=1e-3)
    assert found["reasons"][0]["words"]
    full = json.loads(run("recommend", state, "reader-001", "--explain", "full", "--json"))[0]
    assert full["evidence"]
    assert full["reasons"] == found["reasons"]
    assert "use reasons or full" in run("recommend", state, "reader-001", "--explain", "all", code=1)
    assert "score" in run("why", state, "reader-001", document)
    assert "unknown document 'zz'" in run("why", state, "reader-001", "zz", code=1)


def test_blend_shows_sets_and_resets(state, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(state, copy)
    before = json.loads(run("blend", copy, "--json"))
    assert "freshness" in run("blend", copy)
    assert json.loads(run("blend", copy, "--set", "age=-3.5", "--json"))["age"] == -3.5
    assert json.loads(run("blend", copy, "--json")) == before | {"age": -3.5}
    assert json.loads(run("blend", copy, "--reset", "--json"))["age"] == start_of("age")
    assert "is no weight" in run("blend", copy, "--set", "age", code=1)
    assert "unknown evidence 'agee'" in run("blend", copy, "--set", "agee=1", code=1)


def test_a_wish_is_kept_listed_and_taken_back(state, tmp_path):
    copy = tmp_path / "state"
    shutil.copytree(state, copy)
    assert "no wishes" in run("wish", copy, "reader-001")
    assert "sees more about “vector search”" in run("wish", copy, "reader-001", "vector search")
    run("wish", copy, "reader-001", "coffee", "--less")
    assert run("wish", copy, "reader-001").splitlines() == ["more about vector search", "less about coffee"]
    assert "you asked for more about" in " ".join(run("recommend", copy, "reader-001").split())
    assert "taken back" in run("wish", copy, "reader-001", "Coffee", "--undo")
    assert "was no wish" in run("wish", copy, "reader-001", "coffee", "--undo")


def test_a_dismissed_document_is_not_recommended(state, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(state, copy)
    first = json.loads(run("recommend", copy, "reader-001", "--json"))[0]["document"]["id"]
    run("dismiss", copy, "reader-001", first)
    assert first not in {
        one["document"]["id"] for one in json.loads(run("recommend", copy, "reader-001", "--json"))
    }


def test_search(state):
    found = json.loads(run("search", state, "sourdough bread", "-k", 3, "--json"))
    assert all("bread" in each["document"]["title"].lower() for each in found)
    assert "Nearest to" in run("search", state, "캠핑")


def test_info(state):
    info = json.loads(run("info", state, "--json"))
    assert info["documents"] == 1280
    assert info["embedder"].startswith("corpus-")
    assert "documents" in run("info", state)


def test_calibrate_shows_both_distributions_and_names_a_threshold(files):
    picture = run("calibrate", *log_of(files), "--pairs", 500)
    assert "random pairs" in picture
    assert "clicked in a row" in picture
    assert "proposed threshold" in picture
    value = json.loads(run("calibrate", *log_of(files), "--pairs", 500, "--json"))
    assert 0 < value["proposed"] < 1
    assert value["neighbours_above"] > 0.01
    assert sum(value["random_share"]) == pytest.approx(1, abs=1e-3)
    assert value == json.loads(run("calibrate", *log_of(files), "--pairs", 500, "--json"))


def test_observe_learns_a_file_once(state, files, tmp_path):
    copy = tmp_path / "state"
    run("export", state, tmp_path / "export.jsonl")
    run("import", copy, tmp_path / "export.jsonl")
    (tmp_path / "more.csv").write_text("user_id,document_id,at\nnewcomer,d0001,1740000000\n")
    assert (
        json.loads(run("observe", copy, "--clicks", tmp_path / "more.csv", "--json"))["learned before"] == 0
    )
    assert (
        json.loads(run("observe", copy, "--clicks", tmp_path / "more.csv", "--json"))["learned before"] == 1
    )
    assert len(json.loads(run("interests", copy, "newcomer", "--json"))) == 1
    assert "is forgotten" in run("forget", copy, "newcomer")
    assert "Nothing was kept" in run("forget", copy, "newcomer")


def test_export_and_import_move_a_state(state, tmp_path):
    run("export", state, tmp_path / "export.jsonl")
    run("import", tmp_path / "copy", tmp_path / "export.jsonl")
    assert run("export", tmp_path / "copy") == run("export", state)
    assert run("recommend", tmp_path / "copy", "reader-002", "--json") == run(
        "recommend", state, "reader-002", "--json"
    )
    run("export", state, tmp_path / "bare.jsonl", "--no-vectors")
    assert (tmp_path / "bare.jsonl").stat().st_size < (tmp_path / "export.jsonl").stat().st_size
    run("import", tmp_path / "again", tmp_path / "bare.jsonl")
    with Engine.open(state) as engine, Engine.open(tmp_path / "again") as again:
        assert [*engine.store.documents()] == [*again.store.documents()]
        for user_id in engine.user_ids():
            for unit, anew in zip(engine.units(user_id), again.units(user_id), strict=True):
                assert unit.documents == anew.documents
                assert unit.embedding == pytest.approx(anew.embedding, abs=2e-3), "the mean of its documents"
                assert unit.closeness == pytest.approx(anew.closeness, abs=2e-3)
    assert "holds documents already" in run("import", tmp_path / "copy", tmp_path / "export.jsonl", code=1)


def test_a_damaged_export_is_told_and_leaves_an_empty_state(state, tmp_path):
    lines = run("export", state).splitlines()
    (tmp_path / "bad.jsonl").write_text("\n".join([*lines[:5], lines[5][: len(lines[5]) // 2]]))
    assert "bad.jsonl, line 6" in run("import", tmp_path / "copy", tmp_path / "bad.jsonl", code=1)
    (tmp_path / "good.jsonl").write_text("\n".join(lines))
    run("import", tmp_path / "copy", tmp_path / "good.jsonl")


def test_reembed_moves_a_state_without_clicks(tmp_path, documents):
    with Engine.open(tmp_path / "state", HashingEmbedder(), settings=Settings(threshold=0.4)) as engine:
        engine.add([*documents, Document("d6", "bread and search")])
        engine.observe(
            [
                __import__("penchant").Click("ana", name, float(at))
                for at, name in enumerate(["d1", "d2", "d3"])
            ]
        )
        engine.recommend("ana")
        texts = [unit.text for unit in engine.units("ana")]
    assert "texts embedded with corpus-" in run("reembed", tmp_path / "state", "--embedder", "corpus")
    with Engine.open(tmp_path / "state") as engine:
        assert engine.embedder.name.startswith("corpus-")
        assert [unit.text for unit in engine.units("ana")] == texts
        for unit in engine.units("ana"):
            titles = [engine.document(name).title for name in unit.documents]
            mean = engine.embedder.encode(titles).mean(axis=0)
            assert unit.closeness * unit.embedding == pytest.approx(mean, abs=2e-3)
        assert engine.search("rye bread crumb", 1)[0].document.id == "d4"


def test_what_of_a_document_is_embedded_is_kept_and_moved(tmp_path, documents):
    """By `reembed` alone: a state never holds vectors of both kinds."""
    with Engine.open(
        tmp_path / "state", HashingEmbedder(), settings=Settings(document_text="title and terms")
    ) as engine:
        engine.add(documents)
        text = " ".join([documents[0].title, *key_terms(documents[0].title)])
        assert engine.search(text, 1)[0].score == pytest.approx(1, abs=1e-2)
    with pytest.raises(InvalidSettings, match="reembed --document-text"):
        Engine.open(tmp_path / "state", HashingEmbedder(), settings=Settings())
    run("reembed", tmp_path / "state", "--embedder", "corpus", "--document-text", "title")
    with Engine.open(tmp_path / "state") as engine:
        assert engine.settings.document_text == "title"
        assert engine.search(documents[0].title, 1)[0].score == pytest.approx(1, abs=1e-2)


def test_import_git(tmp_path):
    repository = tmp_path / "project"
    git = ["git", "-C", str(repository), "-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    subprocess.run(["git", "init", "-q", str(repository)], check=True)
    for subject in ("Add a parser", 'Fix "quoted" names\twith tabs', "Überarbeite die Doku"):
        subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", subject, "-m", "A body."], check=True)
    output = run("import", "git", repository, "--out", tmp_path / "log")
    assert "3 changes by 1 authors" in output
    assert "penchant build state" in output
    run("build", tmp_path / "state", *log_of(tmp_path / "log"))
    units = json.loads(run("interests", tmp_path / "state", "ana@example.org", "--json"))
    assert {unit["title"] for unit in units} >= {"Überarbeite die Doku"}
    assert "not a git repository" in run("import", "git", tmp_path, "--out", tmp_path / "x", code=1)


def test_the_demo_keeps_its_state_where_it_is_told(tmp_path):
    output = run("demo", "--state", tmp_path / "demo")
    for words in (
        "simulated",
        "week by week",
        "Interests now",
        "What to show next, and why",
        "On your own data",
        "The simulated state is kept",
    ):
        assert words in output
    assert len(output.splitlines()) <= 60
    assert "1,280" in run("info", tmp_path / "demo")
    assert "exists: name a new directory" in run("demo", "--state", tmp_path / "demo", code=1)


def test_a_bad_row_stops_or_is_skipped(files, tmp_path):
    clicks = tmp_path / "clicks.csv"
    clicks.write_text("user_id,document_id,at\nana,d0001,5\nana,zz,6\n")
    log = ("--documents", files / "documents.jsonl", "--clicks", clicks)
    assert "line 3: user 'ana' clicked the unknown document 'zz'" in run(
        "build", tmp_path / "state", *log, code=1
    )
    assert not (tmp_path / "state").exists()
    output = run("build", tmp_path / "state", *log, "--on-error", "skip")
    assert "skipped" in output
    assert json.loads(run("info", tmp_path / "state", "--json"))["users"] == 1


def test_settings_given_to_build_are_kept(files, tmp_path):
    run(
        "build",
        tmp_path / "state",
        *log_of(files),
        "--threshold",
        0.15,
        "--kinds",
        "view, like",
        "--index",
        "exact",
    )
    assert json.loads(run("info", tmp_path / "state", "--json"))["settings"] == {
        "threshold": 0.15,
        "kinds": ["view", "like"],
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("info", "nowhere"), "there is no state in nowhere"),
        (("build", "s", "--documents", "a.csv", "--clicks", "b.csv"), "a.csv: No such file"),
        (
            ("calibrate", "--documents", "a.csv", "--clicks", "b.csv", "--document-column", "title"),
            "write FIELD=COLUMN",
        ),
        (("import", "nowhere", "nothing.jsonl"), "there is no file nothing.jsonl"),
    ],
)
def test_mistakes_are_told_in_one_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    output = run(*arguments, code=1)
    assert message in output
    assert output.startswith("penchant: ")
    assert len(output.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_condition_that_makes_no_sense(state):
    assert "write NAME=VALUE" in run("recommend", state, "nobody", "--where", "language", code=1)


def test_interrupting_a_build_leaves_a_state_that_opens_and_goes_on(tmp_path):
    community = simulate(0, users=400)  # long enough to be in the middle of it
    write_rows(tmp_path / "documents.jsonl", community.documents)
    write_rows(tmp_path / "clicks.jsonl", community.clicks)
    command = [
        sys.executable,
        "-m",
        "penchant",
        "build",
        str(tmp_path / "state"),
        *map(str, log_of(tmp_path)),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    until((tmp_path / "state" / "state.db").exists)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130, errors
    assert "the same command goes on from there" in errors
    assert "Traceback" not in errors
    subprocess.run(command, check=True, capture_output=True)
    assert json.loads(run("info", tmp_path / "state", "--json"))["users"] == 400


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_python_drops_is_raised_when_progress_is_next_reported():
    class Thing:
        pass

    with noting_interruptions(), progress_bars() as report:
        thing = Thing()
        _reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
        del thing  # what the callback raises is ignored
        with pytest.raises(KeyboardInterrupt):
            report("documents", 1, 2)
    with noting_interruptions(), progress_bars() as report:
        report("documents", 1, 2)  # the next command was not interrupted
