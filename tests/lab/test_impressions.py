"""What was shown side by side: ranked, measured, and learned from."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from penchant import Click, Document, InvalidQuery, InvalidRow
from penchant.lab.cases import check_no_leak
from penchant.lab.datasets import Source, read_log
from penchant.lab.impressions import auc, impressions
from penchant.lab.log import Log, make_log
from penchant.lab.metrics import measure
from penchant.lab.outcomes import ask
from penchant.lab.protocols import Rules
from penchant.types import Shown

DOCUMENTS = [Document(f"d{n}", f"title {n}") for n in range(8)]
CLICKS = [Click("a", "d0", 0.0), Click("a", "d1", 1.0), Click("b", "d2", 0.0)]


def made(*shown: Shown, clicks=CLICKS) -> Log:
    return make_log("made", DOCUMENTS, clicks, shown)


class ByNumber:
    """A stand-in: later documents first."""

    def learn(self, clicks) -> None:
        pass

    def score(self, user, candidates, at):
        return candidates.astype(float)


def values(log: Log) -> dict[str, np.ndarray]:
    trial = impressions(log)
    check_no_leak(trial)
    outcome = ask(ByNumber(), trial, ())
    return measure(trial, outcome.ranks, outcome.scores_of(trial))


def test_measures_of_impressions_are_those_of_their_definition():
    found = values(
        made(
            Shown("a", {"d3": False, "d4": True, "d5": False}),  # ranked d5 d4 d3
            Shown("a", {"d6": False, "d7": True}),
            Shown("b", {"d3": True, "d4": True, "d7": False}),  # d7 d4 d3
        )
    )
    assert found["AUC"].tolist() == [0.5, 1.0, 0.0]
    assert found["MRR"].tolist() == [0.5, 1.0, 0.5]
    # of all that a was shown: clicked 4 and 7, passed over 3, 5 and 6
    of_a, of_b = (1 + 3) / 6, 0.0
    assert found["UAUC"].mean() == pytest.approx((of_a + of_b) / 2)
    assert found["WUAUC"].mean() == pytest.approx((2 * of_a + of_b) / 3)


def test_what_was_read_before_is_no_candidate_and_what_tells_nothing_no_question():
    log = made(
        Shown("a", {"d1": True, "d3": False}),
        Shown("b", {"d1": True, "d3": False}),
        Shown("b", {"d4": False}),
    )
    trial = impressions(log)
    assert [log.user_ids[case.user] for case in trial.cases] == ["b"]


def test_where_there_is_a_clock_only_what_came_before_is_known():
    start = 1.7e9
    clicks = [Click("a", f"d{n}", start + n) for n in range(4)]
    trial = impressions(made(Shown("a", {"d2": True, "d5": False}, start + 2), clicks=clicks))
    assert [case.learned for case in trial.cases] == [2]


def test_auc_counts_pairs_and_ties_half():
    trial = impressions(made(Shown("a", {"d3": True, "d4": True, "d5": False, "d6": False})))
    assert auc(trial, np.array([1.0, 4.0])).tolist() == [0.5]
    assert auc(trial, np.array([2.5, 2.5])).tolist() == [0.5]
    assert auc(trial, np.array([1.0, 2.0])).tolist() == [1.0]


def test_a_log_that_does_not_say_what_was_shown_is_refused():
    with pytest.raises(InvalidQuery, match=r"impressions\.\*"):
        impressions(made())


def written(folder: Path, shown: str) -> Path:
    (folder / "documents.tsv").write_text(
        "document_id\ttitle\n" + "".join(f"d{n}\ttitle {n}\n" for n in range(8))
    )
    with gzip.open(folder / "de.impressions.tsv.gz", "wt") as file:
        file.write("impression_id\tuser_id\thistory\tshown\n" + shown)
    return folder


def test_a_folder_with_impressions_is_read(tmp_path):
    log, _ = read_log(Source(str(written(tmp_path, "1\ta\td0 d1 gone\td3:0 d4:1\n2\tb\t\td3:1 d4:0\n"))))
    assert [
        (log.user_ids[u], int(d)) for u, d in zip(log.clicks.users, log.clicks.documents, strict=True)
    ] == [
        ("a", 0),
        ("a", 1),
    ]
    (one,) = log.impressions
    assert (one.shown.tolist(), one.clicked.tolist()) == ([3, 4], [4])


@pytest.mark.parametrize("shown", ["d3 d4:1", "d3:2 d4:1", ":1:x"])
def test_an_odd_impression_is_named_with_its_line(tmp_path, shown):
    with pytest.raises(InvalidRow, match=r"line 2.*d1:0 d2:1"):
        read_log(Source(str(written(tmp_path, f"1\ta\td0\t{shown}\n"))))


def test_clicks_further_down_count_more_where_what_stood_first_was_seen_more():
    first = Shown("a", {"d4": True, "d3": False})  # ranked as it should be
    third = Shown("a", {"d6": False, "d7": False, "d5": True})  # ranked d7 d6 d5
    log = made(first, third)
    plain, debiased = impressions(log), impressions(log, Rules(position_bias=1.0))
    outcome = ask(ByNumber(), plain, ())
    assert measure(plain, outcome.ranks, outcome.scores_of(plain))["AUC"].mean() == pytest.approx(1 / 2)
    found = measure(debiased, outcome.ranks, outcome.scores_of(debiased))
    assert found["AUC"].mean() == pytest.approx((1 * 1 + 3 * 0) / (1 + 3))
    assert found["UAUC"].tolist() == measure(plain, outcome.ranks, outcome.scores_of(plain))["UAUC"].tolist()
    assert "Of what stood first 50.0% was clicked, of what stood last 100.0%" in plain.told
    assert "weighed by the inverse propensity" in debiased.told
    assert "weighed" not in plain.told
