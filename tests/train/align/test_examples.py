"""The steps before training: queries, candidates, judgements, lists, and their files."""

from __future__ import annotations

import gzip

import pytest

from penchant import Click, Document
from penchant.errors import InvalidQuery
from penchant.testing import HashingEmbedder
from penchant.train.align.candidates import find_candidates, in_turn
from penchant.train.align.examples import (
    RANDOM,
    AlignQuery,
    Candidate,
    JudgedList,
    Judgement,
    judged_lists,
    read_lines,
    write_lines,
)
from penchant.train.align.judges.clicks import from_clicks
from penchant.train.align.judges.file import judged, read_judgements, read_queries, with_judged
from penchant.train.align.queries import from_documents, interests

TITLES = {
    "d1": "sourdough bread recipe",
    "d2": "bread for beginners",
    "d3": "rust async runtime",
    "d4": "python packaging guide",
    "d5": "garden in spring",
    "d6": "sqlite write ahead log",
}
DOCUMENTS = [Document(name, title) for name, title in TITLES.items()]


def test_labels_are_one_and_the_terms_in_common():
    candidates = [Candidate("q", name, TITLES[name], ("bm25",)) for name in ("d1", "d2", "d4")]
    candidates.append(Candidate("q", "d5", TITLES["d5"], (RANDOM,)))
    said = [Judgement("q", "d1", relevant=True), Judgement("q", "d2", relevant=False)]
    lists = judged_lists([AlignQuery("q", "bread recipe")], candidates, said)
    assert lists == {"q": JudgedList("bread recipe", (TITLES["d1"], TITLES["d2"], TITLES["d5"]), (3, 0, 0))}


def test_a_query_without_a_relevant_document_teaches_nothing():
    assert judged_lists([AlignQuery("q", "bread")], [Candidate("q", "d3", "rust", (RANDOM,))], []) == {}


def test_candidates_come_from_both_retrievers_and_at_random():
    queries = [AlignQuery("q1", "bread"), AlignQuery("q2", TITLES["d3"])]
    found = find_candidates(queries, DOCUMENTS, HashingEmbedder(64), found=2, at_random=2)
    of_first = [candidate for candidate in found if candidate.query_id == "q1"]
    assert {candidate.document_id for candidate in of_first[:2]} <= {"d1", "d2"}
    assert [candidate.found_by for candidate in of_first[2:]] == [(RANDOM,)] * 2
    assert "d3" not in [candidate.document_id for candidate in found if candidate.query_id == "q2"], (
        "it is the query itself"
    )
    assert found == find_candidates(queries, DOCUMENTS, HashingEmbedder(64), found=2, at_random=2)
    assert in_turn([[1, 2], [2, 3], []]) == [1, 2, 3]


def test_the_next_clicks_of_a_reader_are_relevant_to_what_was_read_and_the_rest_is_not_judged():
    clicks = [Click("ana", name, float(at)) for at, name in enumerate(("d1", "d2", "d1", "d6"))]
    queries, candidates, said = from_clicks(DOCUMENTS, clicks, soon=1, at_random=1)
    pairs = {
        (next(query.text for query in queries if query.id == each.query_id), each.document_id)
        for each in said
    }
    assert pairs == {(TITLES["d1"], "d2"), (TITLES["d2"], "d6")}
    assert all(each.relevant for each in said)
    last = next(query for query in queries if query.text == TITLES["d2"])
    assert (last.group, last.before) == ("ana", (TITLES["d1"],)), "a repeated click is none"
    assert judged_lists(queries, candidates, said)[last.id].texts == (TITLES["d2"], TITLES["d1"])
    alone, _, _ = from_clicks(DOCUMENTS, clicks, soon=1, reads=1)
    assert [query.before for query in alone] == [(), ()]
    with pytest.raises(InvalidQuery, match="no reader clicked two"):
        from_clicks(DOCUMENTS, clicks[:1])


def test_of_a_reader_of_very_much_no_more_clicks_are_drawn_than_of_others():
    busy = [Click("ana", f"d{1 + place % 6}", float(place)) for place in range(6)]
    clicks = [*busy, Click("bob", "d1", 0.0), Click("bob", "d2", 1.0)]
    queries, _, _ = from_clicks(DOCUMENTS, clicks, of_each=2)
    assert sorted(query.group for query in queries) == ["ana", "ana", "bob"]
    assert len(from_clicks(DOCUMENTS, clicks)[0]) > 3


def test_queries_are_key_terms_and_what_readers_interests_say():
    clicks = [Click("ana", "d1", 1.0), Click("ana", "d2", 2.0)]
    assert interests(DOCUMENTS, clicks)[0].startswith(TITLES["d2"] + " bread")
    queries = from_documents(DOCUMENTS, clicks, 4)
    assert len(queries) == 4
    assert queries == from_documents(DOCUMENTS, clicks, 4)


def test_a_file_of_judgements_is_rows_or_qrels(tmp_path):
    (tmp_path / "r.tsv").write_text("query_id\tdocument_id\trelevance\nq1\td1\t2\nq1\td2\t0\n")
    with gzip.open(tmp_path / "r.qrels.gz", "wt") as file:
        file.write("q1 0 d1 2\nq1 0 d2 0\n")
    expected = [("q1", "d1", True), ("q1", "d2", False)]
    for name in ("r.tsv", "r.qrels.gz"):
        found = read_judgements(tmp_path / name)
        assert [(each.query_id, each.document_id, each.relevant) for each in found] == expected
    (tmp_path / "bad.qrels").write_text("q1 d1\n")
    with pytest.raises(InvalidQuery, match="four parts"):
        read_judgements(tmp_path / "bad.qrels")
    (tmp_path / "q.csv").write_text("query_id,words\nq1,bread\n")
    with pytest.raises(InvalidQuery, match="no query or text"):
        read_queries(tmp_path / "q.csv")


def test_what_a_file_does_not_list_is_not_relevant_and_what_nothing_found_is_added():
    candidates = [
        Candidate("q1", "d1", TITLES["d1"], ("bm25",)),
        Candidate("q1", "d2", TITLES["d2"], ("bm25",)),
    ]
    said = [Judgement("q1", "d2", relevant=True), Judgement("q1", "d3", relevant=True)]
    every = with_judged(candidates, said, TITLES)
    assert [(each.document_id, each.found_by) for each in every][2:] == [("d3", ("file",))]
    assert [each.relevant for each in judged(every, said)] == [False, True, True]


def test_a_step_is_kept_whole_and_can_be_edited(tmp_path):
    path = tmp_path / "queries.jsonl"
    write_lines(path, [AlignQuery("q1", "빵 만들기"), AlignQuery("q2", "rust")])
    path.write_text(path.read_text().replace("rust", "rust async"))
    assert [query.text for query in read_lines(path, AlignQuery)] == ["빵 만들기", "rust async"]
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(InvalidQuery, match="line 3"):
        list(read_lines(path, AlignQuery))
