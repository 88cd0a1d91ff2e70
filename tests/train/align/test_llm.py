"""A language model as a judge; the endpoint here is a stand-in in this process."""

from __future__ import annotations

import json
import time

import pytest

pytest.importorskip("httpx")
pytest.importorskip("tenacity")

from penchant import EndpointError
from penchant.errors import InvalidQuery
from penchant.train.align.examples import AlignQuery, Candidate, Judgement
from penchant.train.align.judges.llm import LanguageModelJudge, agreement, numbers_in, usual_prompt
from penchant.train.chat import LEDGER, Chat
from penchant.types import quiet
from standin import standing_in

QUERIES = [AlignQuery("q1", "bread baking"), AlignQuery("q2", "빵 만들기")]
CANDIDATES = [
    Candidate(query.id, f"d{n}", title)
    for query in QUERIES
    for n, title in enumerate(("sourdough", "rust", "rye"))
]


def said(content: object) -> bytes:
    """A chat completion."""
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    return json.dumps({"choices": [{"message": {"content": content}}], "usage": usage}).encode()


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setattr("penchant.embed.endpoint._FIRST_WAIT", 0.01)
    with standing_in(lambda _: said('Of these: {"relevant": [1, 3]}')) as server:
        yield server


def judge(endpoint, folder, *, prompt=None, report=quiet, **options) -> list[Judgement]:
    with Chat("m", endpoint.url, folder, **options) as chat:
        return list(LanguageModelJudge(chat, prompt=prompt, report=report).judge(QUERIES, CANDIDATES))


def test_all_candidates_of_a_query_are_judged_in_one_request(endpoint, tmp_path):
    found = judge(endpoint, tmp_path)
    assert [(each.query_id, each.document_id, each.relevant) for each in found[:3]] == [
        ("q1", "d0", True),
        ("q1", "d1", False),
        ("q1", "d2", True),
    ]
    assert len(endpoint.requests) == 2
    assert "[2] rust" in endpoint.requests[0]["messages"][0]["content"]
    assert "관심사" in endpoint.requests[1]["messages"][0]["content"]


def test_nothing_is_asked_twice(endpoint, tmp_path):
    first = judge(endpoint, tmp_path)
    assert judge(endpoint, tmp_path) == first
    assert len(endpoint.requests) == 2
    assert len((tmp_path / LEDGER).read_text().splitlines()) == 2


def test_a_run_that_ended_half_way_goes_on(endpoint, tmp_path):
    endpoint.script = [(200, {}, said('{"relevant": []}'), 0.0), (401, {}, b"", 0.0)]
    with pytest.raises(EndpointError, match="refused"):
        judge(endpoint, tmp_path)
    ledger = tmp_path / LEDGER
    ledger.write_bytes(ledger.read_bytes() + b'{"key": "cut sho')
    found = judge(endpoint, tmp_path)
    assert not any(each.relevant for each in found[:3])
    assert len(endpoint.requests) == 3


def test_a_busy_endpoint_is_waited_for_as_long_as_it_says(endpoint, tmp_path):
    endpoint.script = [(429, {"Retry-After": "0.3"}, b"", 0.0), (503, {}, b"", 0.0)]
    begun = time.monotonic()
    assert len(judge(endpoint, tmp_path)) == 6
    assert len(endpoint.requests) == 4
    assert time.monotonic() - begun >= 0.3  # the least that was asked for, not a speed


def test_a_time_out_is_tried_again_and_at_last_told(endpoint, tmp_path):
    endpoint.script = [(200, {}, said("{}"), 0.5)]
    assert len(judge(endpoint, tmp_path, timeout=0.2)) == 6
    endpoint.script = [(200, {}, said("{}"), 0.5)] * 2
    with pytest.raises(EndpointError, match="did not answer"):
        judge(endpoint, tmp_path / "other", timeout=0.1, attempts=2)


@pytest.mark.parametrize(
    "answer", ["I cannot help with that.", '{"relevant": "all"}', '{"relevant": [9]}', None, "{"]
)
def test_a_query_whose_answers_cannot_be_read_is_asked_again_and_then_passed_over(endpoint, tmp_path, answer):
    told = []
    endpoint.script = [(200, {}, said(answer), 0.0)] * 3
    found = judge(endpoint, tmp_path, report=lambda stage, done, of: told.append(stage))
    assert {each.query_id for each in found} == {"q2"}
    assert told.count("unreadable answers") == 1
    assert len(endpoint.requests) == 4


def test_the_estimate_counts_what_is_not_yet_paid(endpoint, tmp_path):
    with Chat("m", endpoint.url, tmp_path, price=1_000_000.0) as chat:
        asked = LanguageModelJudge(chat)
        assert asked.estimate(QUERIES, CANDIDATES).startswith("2 requests to m")
        list(asked.judge(QUERIES[:1], CANDIDATES))
        assert asked.estimate(QUERIES, CANDIDATES).startswith("1 requests to m")
    entry = json.loads((tmp_path / LEDGER).read_text())
    assert (entry["prompt_tokens"], entry["answer_tokens"], entry["cost"]) == (100, 10, 110.0)


def test_a_prompt_of_ones_own_has_a_place_for_query_and_documents(endpoint, tmp_path):
    (tmp_path / "p.txt").write_text("{query}: which of these?\n{documents}")
    judge(endpoint, tmp_path, prompt=tmp_path / "p.txt")
    assert endpoint.requests[0]["messages"][0]["content"].startswith(
        "bread baking: which of these?\n[1] sourdough"
    )
    (tmp_path / "p.txt").write_text("{query}")
    with pytest.raises(InvalidQuery, match=r"has no \{documents\}"):
        judge(endpoint, tmp_path, prompt=tmp_path / "p.txt")


def test_answers_are_read_with_text_around_them():
    assert numbers_in('Sure!\n```json\n{"relevant": [2, 1]}\n```', 3) == {1, 2}
    assert numbers_in('{"relevant": []}', 3) == set()
    assert numbers_in('{"relevant": [0]}', 3) is None
    assert "JSON" in usual_prompt("bread")


def test_agreement_with_a_sample_judged_by_hand():
    by_model = [Judgement("q", f"d{n}", relevant=n < 2) for n in range(4)]
    by_hand = [Judgement("q", f"d{n}", relevant=n < 1) for n in range(4)]
    assert agreement(by_model, by_hand) == {"pairs": 4, "agreement": 0.75, "kappa": 0.5}
    with pytest.raises(InvalidQuery, match="no pair"):
        agreement(by_model, [])


def test_a_language_model_teaches_an_embedder_from_the_command_line(endpoint, tmp_path):
    """Documents to an aligned embedder, with nothing but the endpoint as a judge."""
    pytest.importorskip("accelerate")
    from typer.testing import CliRunner

    from penchant.cli import app

    rows = [f"d{n}\t{first} {second} story" for n, (first, second) in enumerate(PAIRS)]
    (tmp_path / "documents.tsv").write_text("\n".join(["document_id\ttitle", *rows]) + "\n")
    (tmp_path / "sample.tsv").write_text(
        "query_id\tdocument_id\trelevance\n"
        + "".join(f"q{n}\td{m}\t1\n" for n in range(8) for m in range(30))
    )
    arguments = [
        "--judge",
        "llm",
        "--endpoint",
        f"m@{endpoint.url}",
        "--most",
        "8",
        "--epochs",
        "1",
        "--price",
        "2",
        "--yes",
    ]
    files = [
        "--documents",
        str(tmp_path / "documents.tsv"),
        "--out",
        str(tmp_path / "out"),
        "--sample",
        str(tmp_path / "sample.tsv"),
    ]
    result = CliRunner().invoke(app, ["align", "train", *files, *arguments])
    assert result.exit_code == 0, result.output
    assert "judged by hand" in result.output
    assert (tmp_path / "out" / "embedder" / "corpus.npz").exists()
    asked = len(endpoint.requests)
    assert asked == 8
    (tmp_path / "out" / "judgements.jsonl").unlink()
    assert CliRunner().invoke(app, ["align", "train", *files, *arguments]).exit_code == 0
    assert len(endpoint.requests) == asked, "all answers are in the ledger"


PAIRS = [
    (first, second)
    for first in "rust bread garden moon guitar".split()
    for second in "old new fast slow big small".split()
]
