"""Who is shown: shares of exposure by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Document
from penchant.lab.cases import Case, Trial
from penchant.lab.fairness import exposure, gini
from penchant.lab.log import Clicks, Log
from penchant.lab.outcomes import Outcome

DAY = 86_400.0
NOW = 1_700_000_000.0


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_gini_is_that_of_all_pairs(counts):
    values = np.array(counts)
    pairs = np.abs(values[:, None] - values[None]).sum() / (2 * len(values) ** 2 * max(values.mean(), 1e-12))
    assert gini(values) == pytest.approx(pairs, abs=1e-9)


def log(channels: bool) -> Log:
    documents = [
        Document(
            f"d{n}",
            f"title {n}",
            published_at=NOW - n * 3 * DAY,
            attributes={"channel": "ab"[n % 2]} if channels else {},
        )
        for n in range(5)
    ]
    clicks = Clicks(np.array([0, 1, 0, 1], np.int32), np.array([4, 4, 3, 0], np.int32), np.full(4, NOW - DAY))
    return Log("toy", documents, ["u", "v"], clicks, True)


def outcome(shown: list[list[int]]) -> Outcome:
    ranks = np.zeros(len(shown))
    return Outcome(ranks, np.array(shown, np.int32), {})


def trial(questions: int) -> Trial:
    nothing = np.zeros(0, np.int32)
    cases = [Case(0, NOW, 4, nothing, nothing) for _ in range(questions)]
    return Trial("full", log(True).clicks, cases, ["HR@5"])


def test_shares_by_hand():
    found = exposure(trial(2), log(True), np.array([1, 0, 0, 1, 2]), {"m": outcome([[0, 4], [4, -1]])})["m"]
    assert found["Gini@20"] == pytest.approx(gini(np.array([1, 0, 0, 0, 2])))
    assert found["Gini of channels@20"] == pytest.approx(0.5), "all of channel a"
    assert found["Long tail@20"] == pytest.approx(1 / 3), "document 4 is the fifth read most"
    assert found["New@20"] == pytest.approx(1 / 3), "document 0 alone was published in that week"


def test_what_cannot_be_told_is_not():
    found = exposure(trial(1), log(False), np.array([1, 0, 0, 1, 2]), {"m": outcome([[0, 1]])})["m"]
    assert found["Gini of channels@20"] is None
