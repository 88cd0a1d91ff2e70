"""Whole runs on a drawn community: report, cache, comparison, search, and what the command line says."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.lab.conftest import drawn_rows
from typer.testing import CliRunner

from penchant.cli import app
from penchant.data.files import write_rows
from penchant.lab.report import read_report
from penchant.lab.studies import STUDIES
from penchant.settings import Settings

LIGHT = "units (sum),units (max),ItemPop,mean vector,maximum over history"


@pytest.fixture(scope="module")
def community(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("community")
    documents, clicks = drawn_rows()
    write_rows(folder / "documents.jsonl", documents)
    write_rows(folder / "clicks.jsonl", clicks)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


def lab(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["lab", *map(str, arguments)], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def run(community: Path, cache: Path, out: Path, *arguments: object) -> dict:
    lab("run", "--data", community, "--cache", cache, "--out", out, "--methods", LIGHT, *arguments)
    return read_report(out)


def without_times(report: dict) -> str:
    return json.dumps({key: value for key, value in report.items() if key != "cost"})


@pytest.fixture(scope="module")
def ira(community, cache, tmp_path_factory) -> tuple[dict, Path]:
    out = tmp_path_factory.mktemp("reports") / "ira"
    return run(community, cache, out, "--protocol", "ira", "--study-users", 20), out


def test_a_report_holds_every_method_with_values_and_intervals(ira):
    report, _ = ira
    assert set(report["methods"]) == set(LIGHT.split(","))
    for measures in report["methods"].values():
        assert list(measures) == ["H@5", "H@20", "H@50", "N@5", "N@20", "N@50"]
        for found in measures.values():
            low, high = found["interval"]
            assert 0 <= low <= found["value"] <= high <= 1
    assert report["methods"]["mean vector"]["H@50"]["value"] > report["methods"]["ItemPop"]["H@5"]["value"]
    assert {row["method"] for row in report["tests"]} == set(LIGHT.split(",")) - {"units (sum)"}


def test_a_report_holds_every_study_with_the_default_among_its_variants(ira):
    report, _ = ira
    assert [study["name"] for study in report["studies"]] == list(STUDIES)
    values = {study["name"]: study["variants"] for study in report["studies"]}
    for defaults in (
        (("limits", "10 big, 10 small"), ("pruning", "both (10 big, 10 small)"), ("rule", "mean"), ("scorer", "sum"),
         ("candidates", "all"), ("embedder", "corpus")),
        (("text", "both"), ("terms", "10 terms"), ("rule", "text, the paper's")),
    ):  # fmt: skip
        found = {json.dumps(values[name][label]) for name, label in defaults}
        assert len(found) == 1, "one thing is changed at a time"


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.counts: dict[str, int] = {}
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.outside += [
            value for name, value in attrs if name in ("src", "href") and value and not value.startswith("#")
        ]
        if tag not in ("meta", "link", "br", "path", "use"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_outside(ira):
    report, out = ira
    page = Page()
    page.feed((out / "report.html").read_text())
    assert page.open == []
    assert page.outside == []
    assert page.counts["svg"] == 1 + len(report["studies"])
    assert "script" not in page.counts


def test_every_table_and_figure_of_the_paper_has_its_counterpart(ira):
    text = (ira[1] / "report.md").read_text()
    for place in (
        "Table 2",
        "Table 3",
        "Figure 2, left",
        "Figure 2, right",
        "Figure 3, left",
        "Figure 3, right",
    ):
        assert place in text
    assert "one mean vector of the history" in text


def test_the_same_seed_gives_the_same_report_also_from_an_empty_cache(community, ira, tmp_path):
    first, out = ira
    again = run(community, tmp_path / "empty", tmp_path / "again", "--protocol", "ira", "--study-users", 20)
    assert without_times(again) == without_times(first)
    for name in ("by_user.npz",):
        assert (tmp_path / "again" / name).read_bytes() == (out / name).read_bytes()


def test_the_same_run_from_the_cache_is_the_same_byte_for_byte(community, cache, ira, tmp_path):
    run(community, cache, tmp_path, "--protocol", "ira", "--study-users", 20)
    for name in ("report.json", "report.md", "report.html", "by_user.npz"):
        assert (tmp_path / name).read_bytes() == (ira[1] / name).read_bytes(), name


@pytest.mark.parametrize("protocol", ["live", "full", "eimf", "leave-one-out"])
def test_every_protocol_ends_in_a_report(community, cache, tmp_path, protocol):
    report = run(community, cache, tmp_path, "--protocol", protocol, "--studies", "none")
    assert report["protocol"]["name"] == protocol
    assert set(report["methods"]) == set(LIGHT.split(","))
    assert bool(report["weeks"]) == (protocol == "live")


def test_shift_shows_a_beside_a_and_b(community, cache, tmp_path):
    documents, clicks = drawn_rows(users=80, seed=3)
    write_rows(tmp_path / "data" / "documents.jsonl", documents)
    write_rows(tmp_path / "data" / "clicks.jsonl", clicks)
    report = run(tmp_path / "data", cache, tmp_path / "out", "--protocol", "shift", "--studies", "none")
    units = report["shift"]["units"]
    assert units["A"]["users"] == units["A+B"]["users"] == sum(units["A"]["users_by_big"])
    assert units["A+B"]["big"] >= units["A"]["big"] > 0
    assert set(report["shift"]["methods"]["ItemPop"]) == {"A", "A+B"}
    assert (
        report["methods"]["ItemPop"]["H@20"]["value"] == report["shift"]["methods"]["ItemPop"]["A+B"]["H@20"]
    )


def test_quick_asks_fewer_users_and_no_studies(community, cache, tmp_path):
    report = run(community, cache, tmp_path, "--protocol", "ira", "--quick", "--users", 7)
    assert (report["protocol"]["users"], report["studies"], report["quick"]) == (7, [], True)


def test_uniform_candidates_stand_beside_the_distant_ones(ira, community, cache, tmp_path):
    beside = ira[0]["uniform"]["mean vector"]["H@20"]
    report = run(
        community, cache, tmp_path, "--protocol", "ira", "--candidates", "uniform", "--studies", "none"
    )
    assert report["methods"]["mean vector"]["H@20"]["value"] == beside
    assert report["uniform"] == {}


def test_a_report_does_not_differ_from_itself_and_other_embedders_are_told_apart(
    community, cache, ira, tmp_path
):
    found = json.loads(lab("compare", ira[1], ira[1], "--json"))
    assert found["changed"] == {}
    assert all(row["difference"] == 0 and row["p"] == 1 for row in found["rows"])
    run(community, cache, tmp_path / "few", "--protocol", "ira", "--studies", "none", "--seed", 5)
    found = json.loads(lab("compare", ira[1], tmp_path / "few", "--json"))
    assert found["changed"]["seed"] == [0, 5]
    assert "corrected for their number" in lab("compare", ira[1], tmp_path / "few")


def test_reports_of_other_questions_are_not_compared(community, cache, ira, tmp_path):
    run(community, cache, tmp_path, "--protocol", "full", "--studies", "none")
    result = CliRunner().invoke(app, ["lab", "compare", str(ira[1]), str(tmp_path)])
    assert result.exit_code == 1
    assert "compare runs of the same data and protocol" in result.output
    nothing = CliRunner().invoke(app, ["lab", "compare", str(ira[1]), str(tmp_path / "nowhere")])
    assert "holds no report" in nothing.output


def test_results_are_a_short_page_and_one_for_each_data_set(ira, tmp_path):
    (tmp_path / "alignment.md").write_text("## Alignment\n\nIt gained.\n")
    lab("results", ira[1], "--out", tmp_path / "results.md", "--more", tmp_path / "alignment.md")
    short = (tmp_path / "results.md").read_text()
    data, found = ira[0]["data"]["name"], ira[0]["methods"]
    whole = (tmp_path / "results" / f"{data}.md").read_text()
    assert (tmp_path / "results" / "alignment.md").read_text().endswith("## Alignment\n\nIt gained.\n")
    assert all("no number on this page was typed" in text for text in (short, whole))
    assert re.search(rf"\| mean vector \|.*\b{found['mean vector']['H@20']['value']:.3f}\b", whole)
    best = max(
        found["units (sum)"]["H@20"]["value"],
        *(found[f"units ({s})"]["H@20"]["value"] for s in ("max", "soft") if f"units ({s})" in found),
    )
    assert re.search(rf"\| {data} \| ira, H@20 \|.*units \(\w+\) {best:.3f}", short)
    assert f"- [{data}](results/{data}.md)" in short


def test_the_search_keeps_to_its_trials_and_the_run_takes_what_it_chose(community, cache, tmp_path):
    lab(
        "tune",
        "--data",
        community,
        "--cache",
        cache,
        "--methods",
        "units (sum)",
        "--trials",
        3,
        "--out",
        tmp_path / "t.json",
    )
    found = json.loads((tmp_path / "t.json").read_text())["methods"]["units (sum)"]
    assert len(found["trials"]) == 3
    assert found["trials"][0]["params"] == {"threshold": 0.0}  # the default comes first
    assert found["value"] == max(entry["NDCG@20"] for entry in found["trials"])
    again = tmp_path / "again.json"
    lab(
        "tune",
        "--data",
        community,
        "--cache",
        cache,
        "--methods",
        "units (sum)",
        "--trials",
        3,
        "--out",
        again,
    )
    assert again.read_bytes() == (tmp_path / "t.json").read_bytes()
    run(
        community,
        cache,
        tmp_path / "r",
        "--protocol",
        "full",
        "--studies",
        "none",
        "--tuned",
        tmp_path / "t.json",
    )
    lab("results", tmp_path / "r", "--tuned", tmp_path / "t.json", "--out", tmp_path / "results.md")
    assert re.search(r"\| units \(sum\) \| \d+ \| 3 \|", (tmp_path / "results" / "search.md").read_text())
    broken = CliRunner().invoke(
        app,
        ["lab", "run", "--data", str(community), "--out", "x", "--tuned", str(community / "clicks.jsonl")],
    )
    assert "is not what `penchant lab tune" in broken.output


def test_a_search_in_several_communities_goes_by_their_geometric_mean_one_step_from_the_default_first(
    community, cache, tmp_path
):
    other = tmp_path / "other"
    shutil.copytree(community, other)
    rows = (other / "clicks.jsonl").read_text().splitlines()
    (other / "clicks.jsonl").write_text("\n".join(rows[: len(rows) * 4 // 5]) + "\n")
    both = ("--data", community, "--data", other, "--cache", cache)
    lab("tune", *both, "--methods", "blend", "--trials", 4, "--users", 15, "--out", tmp_path / "t.json")
    trials = json.loads((tmp_path / "t.json").read_text())["methods"]["blend"]["trials"]
    for trial in trials:
        one, two = trial["communities"].values()
        assert trial["NDCG@20"] == pytest.approx((one * two) ** 0.5, abs=1e-6)
    default = trials[0]["params"]
    assert default["blend_precision"] == Settings().blend_precision
    assert [sum(value != default[key] for key, value in trial["params"].items()) for trial in trials] == [
        0,
        1,
        1,
        1,
    ]
    run(community, cache, tmp_path / "r", "--protocol", "full", "--methods", "ItemPop", "--studies", "none")
    lab("results", tmp_path / "r", "--tuned", tmp_path / "t.json", "--out", tmp_path / "results.md")
    assert re.search(r"\| threshold -0.05 \| \d\.\d+ \|", (tmp_path / "results" / "search.md").read_text())


def test_a_start_fitted_without_a_community_is_what_its_blend_begins_with(community, cache, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(community, other)
    both = ["--data", community, "--data", other, "--cache", cache]
    fits = lab("weights", *both, "--embedder", "corpus", "--leave-one-out", "--json")
    (tmp_path / "fits.json").write_text(fits)
    found = json.loads(fits)
    assert set(found["without"]) == set(found["validation"]) == {"other", community.name}
    assert found["without"]["other"] == pytest.approx(found["without"][community.name], abs=0.01), "the same"
    assert found["without"]["other"] != pytest.approx(found["weights"], abs=0.01)
    starts = []
    for name, start in (("as-shipped", []), ("unseen", ["--start", tmp_path / "fits.json"])):
        out = tmp_path / name
        lab("run", "--data", community, "--cache", cache, "--out", out, "--methods", "blend", "--protocol", "full",
            "--studies", "none", *start)  # fmt: skip
        starts.append(read_report(out)["start"])
    assert starts[0] is None
    assert set(starts[1]) <= set(found["weights"])
    assert starts[1] == {name: found["without"][community.name][name] for name in starts[1]}
    one_too_many = ["lab", "weights", *map(str, both), *["--embedder", "corpus"] * 3]
    result = CliRunner().invoke(app, one_too_many, env={"COLUMNS": "300"})
    assert result.exit_code == 1
    assert "3 embedders for 2 data sets: give one --embedder for all, or one for each --data" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--methods", "SASRecc"], "unknown method 'SASRecc': use light, cheap, all"),
        (["--studies", "tau"], "unknown study 'tau'"),
        (["--data", "nowhere"], "no data in 'nowhere'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(community, cache, tmp_path, arguments, message):
    given = [
        "lab",
        "run",
        "--data",
        str(community),
        "--cache",
        str(cache),
        "--out",
        str(tmp_path / "r"),
        "--methods",
        "ItemPop",
    ]
    result = CliRunner().invoke(app, [*given, *arguments], env={"COLUMNS": "300"})
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert not (tmp_path / "r").exists()


def test_a_killed_run_goes_on_from_what_is_done_and_ends_the_same(community, cache, ira, tmp_path):
    arguments = ["lab", "run", "--data", community, "--cache", tmp_path / "cache", "--out", tmp_path / "out", "--methods", LIGHT,
                 "--protocol", "ira", "--study-users", "20"]  # fmt: skip
    command = [sys.executable, "-m", "penchant", *map(str, arguments)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    outcomes = tmp_path / "cache" / "outcomes"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and running.poll() is None and len(list(outcomes.glob("*.npz"))) < 4:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    done = {path.name: path.stat().st_mtime_ns for path in outcomes.glob("*.npz")}
    assert done
    assert not (tmp_path / "out" / "report.json").exists()
    subprocess.run(command, check=True, capture_output=True)
    assert {name: (outcomes / name).stat().st_mtime_ns for name in done} == done
    assert without_times(read_report(tmp_path / "out")) == without_times(ira[0])
