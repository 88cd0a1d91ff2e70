"""What a language model answers is read in whatever form it comes, and never more than was said."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.train.eimf.prompts import MOST, interests_in, prompt_of

words = st.text(st.characters(categories=["L"]), min_size=1, max_size=12)


def test_a_prompt_names_each_document_with_its_id():
    prompt = prompt_of([("Red tea", "b1"), ("Teapot", "b7")])
    assert "[Red tea (b1)][Teapot (b7)]" in prompt
    assert prompt.startswith("The user's historical click sequence is as follows:")
    assert "output it in the format of JSON" in prompt


@given(st.lists(words, max_size=40))
def test_what_was_said_is_read_once_each(interests):
    expected = list(dict.fromkeys(interests))[:MOST]
    for answer in (
        json.dumps({str(number): text for number, text in enumerate(interests, 1)}),
        "Here it is:\n```json\n" + json.dumps(interests) + "\n```",
    ):
        assert interests_in(answer) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("1: black tea\n2. tea pots", ["black tea", "tea pots"]),
        ('Interest 1: "hair care",', ["hair care"]),
        ('{"interests": [{"1": "hair  care"}, {"2": "soap"}]}', ["hair care", "soap"]),
        ('{"1": 3, "2": ""}', []),
        ('{"1": "cut off', []),
        ("I cannot say.", []),
        ("", []),
    ],
)
def test_answers_of_every_kind(answer, expected):
    assert interests_in(answer) == expected


@given(st.text(max_size=200))
def test_no_answer_breaks_it(answer):
    assert len(interests_in(answer)) <= MOST
