"""Key terms found by another process are those found here."""

from __future__ import annotations

import os
import signal

from penchant.text import _terms, key_terms, key_terms_ahead
from penchant.text.ahead import Ahead

TITLES = [f"How Stack Overflow runs Python {n}" for n in range(20)] + ["두산 베어스 경기", "Fast search"]


def own_process(titles: list[str]) -> list[tuple[str, ...]]:
    return [(str(os.getpid()),) for _ in titles]


def killed(titles: list[str]) -> list[tuple[str, ...]]:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def test_they_are_the_same_and_found_by_another_process():
    ahead = Ahead()
    with ahead.looking(TITLES, own_process):
        assert ahead.find("Fast search") == ahead.find(TITLES[0])
        assert ahead.find("Fast search") != (str(os.getpid()),)
        assert ahead.find("nobody asked for this one") is None
    assert ahead.find("Fast search") is None
    with key_terms_ahead(TITLES):
        assert [key_terms(title) for title in TITLES] == [list(_terms(title)) for title in TITLES]
        assert key_terms("another one") == list(_terms("another one"))


def test_a_process_that_is_killed_is_no_loss():
    ahead = Ahead()
    with ahead.looking(TITLES, killed):
        assert ahead.find(TITLES[0]) is None
