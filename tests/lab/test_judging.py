"""A language model as judge: prompts that hold what is known, answers in all shapes, both orders, the verdict;
and the command against a stand-in for an endpoint."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from penchant.cli.main import app
from penchant.data.files import write_rows
from penchant.data.simulated import simulate
from penchant.lab.judging import (
    Judged,
    Profile,
    better_in,
    pairwise_prompt,
    pointwise_prompt,
    score_in,
    turned,
    verdict,
)
from standin import standing_in

PROFILE = Profile([("rye, bread", 4), ("vector search", 1)], ["A loaf a day"])


def test_prompts_hold_the_profile_and_the_lists_in_order():
    prompt = pairwise_prompt(PROFILE, ["One", "Two"], ["Three"])
    for line in ("- rye, bread (4 read)", "- A loaf a day", "List A:\n1. One\n2. Two", "List B:\n1. Three"):
        assert line in prompt
    assert "1. Three" in pointwise_prompt(PROFILE, ["Three"])
    assert "- none yet" in pointwise_prompt(Profile([], []), ["Three"])


@pytest.mark.parametrize(
    ("answer", "better"),
    [
        ('{"better": "A"}', "first"),
        ('Sure! ```json\n{"better": " b "}\n```', "second"),
        ('{"why": "x"} {"better": "Equal"}', "equal"),
        ('{"better": "C"}', None),
        ('{"better": 1}', None),
        ("A", None),
        ("{broken", None),
    ],
)
def test_answers_are_read_or_are_none(answer, better):
    assert better_in(answer) == better


@given(st.text())
def test_whatever_is_answered_is_read(answer):
    assert better_in(answer) in ("first", "second", "equal", None)
    assert score_in(answer) in (1, 2, 3, 4, 5, None)


def test_what_counts_is_what_is_said_in_both_orders():
    found = verdict(
        [
            Judged("first", "first", 5, 2),
            Judged("first", "second", 4, 4),
            Judged("second", "second", 1, None),
            Judged("equal", None, 3, 3),
        ]
    )
    assert (found.readers, found.first_wins, found.second_wins, found.equal) == (4, 1, 1, 2)
    assert found.share == 0.5
    assert found.agreement == pytest.approx(2 / 3)
    assert (found.first_score, found.second_score, found.unreadable) == (3.25, 3.0, 2)
    assert turned("first") == "second"
    assert verdict([]).readers == 0


def judging(body: dict) -> bytes:
    """Prefers the list with more about camping, and where both have the same the first: as models do."""
    prompt = body["messages"][0]["content"]
    if "List A" in prompt:
        one, other = (part.count("amp") for part in prompt.split("List A:")[1].split("List B:"))
        said = {"better": "A" if one >= other else "B"}
    else:
        said = {"score": 1 + min(4, prompt.split("recommendations:")[1].count("amp"))}
    return json.dumps({"choices": [{"message": {"content": f"I say {json.dumps(said)}"}}]}).encode()


def test_the_command_asks_once_and_says_who_is_better(tmp_path):
    with standing_in(judging) as server:
        community = simulate(0, users=40, titles_per_topic=15)
        write_rows(tmp_path / "demo" / "documents.jsonl", community.documents)
        write_rows(tmp_path / "demo" / "clicks.jsonl", community.clicks)
        arguments = [
            "lab", "judge", "--data", str(tmp_path / "demo"), "--methods", "blend,ItemPop", "--protocol", "full",
            "--users", "20", "--embedder", "corpus", "--readers", "6", "--endpoint", f"judge@{server.url}",
            "--yes", "--cache", str(tmp_path),
        ]  # fmt: skip
        said = CliRunner().invoke(app, arguments)
        assert said.exit_code == 0, said.output
        assert re.search(r"6 readers: blend suits \d better, ItemPop \d; \d neither", said.output)
        assert len(server.requests) == 24
        again = CliRunner().invoke(app, [*arguments, "--json"])
        assert len(server.requests) == 24, "what was answered is not asked again"
        value = json.loads(again.stdout)
        assert value["readers"] == value["first_wins"] + value["second_wins"] + value["equal"] == 6
        refused = CliRunner().invoke(
            app, [*[each for each in arguments if each != "--yes"], "--seed", "1"], input="n\n"
        )
        assert refused.exit_code == 1
        assert "was not agreed to" in refused.output
        three = CliRunner().invoke(app, [*arguments[:5], "blend,ItemPop,BM25", *arguments[6:]])
        assert three.exit_code == 1
        assert "judge compares two methods, not 3" in three.output
