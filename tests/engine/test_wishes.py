"""What readers ask for in words: answered at once, durable, taken back, forgotten."""

from __future__ import annotations

from io import BytesIO

import pytest

from penchant import Click, Document, Engine, InvalidQuery
from penchant.data.reembed import reembed
from penchant.data.transfer import export_state, import_state
from penchant.store.memory import MemoryStore
from penchant.testing import HashingEmbedder

AT = 1_700_000_000.0
TOPICS = {
    "search": "vector index cosine query recall",
    "bread": "rye sourdough crumb oven flour",
    "bikes": "folding bicycle brake wheel saddle",
}


def documents() -> list[Document]:
    """Twelve documents of each topic, those of a later number newer."""
    made = []
    for number in range(12):
        for topic, words in TOPICS.items():
            some = words.split()[number % 3 : number % 3 + 3]
            made.append(Document(f"{topic}{number}", f"{topic} {' '.join(some)} {number}", AT + number))
    return made


@pytest.fixture
def engine():
    with Engine(HashingEmbedder(threshold=0.3), index="exact") as made:
        made.add(documents())
        made.observe(
            [Click(f"r{n}", f"bread{n}", AT + n) for n in range(8)] + [Click("ana", "search1", AT + 9)]
        )
        yield made


def topics(found) -> list[str]:
    return [each.document.id.rstrip("0123456789") for each in found]


def test_somebody_without_clicks_has_personal_answers_by_a_wish(engine):
    assert topics(engine.recommend("new", 4)).count("bikes") < 2
    engine.wishes.add("new", "folding bicycle")
    found = engine.recommend("new", 4)
    assert topics(found) == ["bikes"] * 4
    assert found[0].because is None
    assert [(reason.claim, reason.facts) for reason in found[0].reasons][:1] == [
        ("wish", {"text": "folding bicycle"})
    ]
    assert found[0].reasons[0].words == "you asked for more about “folding bicycle”"
    korean = engine.recommend("new", 1, language="ko")[0].reasons[0].words
    assert korean == "“folding bicycle”에 관해 더 보고 싶다고 하셨습니다"
    scores = engine.score("new", ["bikes0", "bread0"])
    assert scores[0] > scores[1] + 1
    assert len(engine.recommend("new", 30)) == 30, "places that no wish fills go to what is popular"


def test_more_and_less_beside_interests_and_taking_back(engine):
    before = [each.document.id for each in engine.recommend("ana", 10)]
    engine.wishes.add("ana", "folding bicycle")
    more = engine.recommend("ana", 10)
    assert topics(more)[:6].count("bikes") >= 2
    assert topics(more).count("search") >= 1
    engine.wishes.add("ana", "Folding Bicycle", "less")
    assert [(wish.text, wish.want) for wish in engine.wishes.of("ana")] == [("Folding Bicycle", "less")]
    assert "bikes" not in topics(engine.recommend("ana", 10))
    assert engine.wishes.remove("ana", " folding bicycle ")
    assert not engine.wishes.remove("ana", "folding bicycle")
    assert [each.document.id for each in engine.recommend("ana", 10)] == before


def test_a_wish_is_told_of_documents_that_are_about_it_alone(engine):
    engine.wishes.add("ana", "folding bicycle")
    for each in engine.recommend("ana", 36, explain="full"):
        told = "wish" in {reason.claim for reason in each.reasons}
        assert told <= ("bikes" in each.document.id)
        if told:
            assert {one.kind: one.weight for one in each.evidence}["wish"] > 0


def test_clicks_and_what_if_keep_wishes(engine):
    engine.wishes.add("ana", "folding bicycle")
    imagined = engine.recommend("ana", 6, as_if=[Click("ana", "bread3", AT + 20)])
    assert "bikes" in topics(imagined)
    engine.observe([Click("ana", "bread3", AT + 20)])
    assert len(engine.wishes.of("ana")) == 1
    engine.forget("ana")
    assert engine.wishes.of("ana") == ()


def test_the_scorers_of_units_alone_know_no_wishes(engine):
    before = [each.document.id for each in engine.recommend("ana", 5, scorer="sum")]
    engine.wishes.add("ana", "folding bicycle")
    assert [each.document.id for each in engine.recommend("ana", 5, scorer="sum")] == before


@pytest.mark.parametrize(
    ("text", "want", "says"),
    [(" ", "more", "empty"), ("bread", "none", "'more' or 'less'"), (3, "more", "text")],
)
def test_what_is_no_wish_is_refused(engine, text, want, says):
    with pytest.raises(InvalidQuery, match=says):
        engine.wishes.add("ana", text, want)
    assert engine.wishes.of("ana") == ()


def test_they_are_bounded(engine):
    for number in range(50):
        engine.wishes.add("ana", f"wish {number}")
    with pytest.raises(InvalidQuery, match="50 wishes: take one back"):
        engine.wishes.add("ana", "one more")
    engine.wishes.add("ana", "wish 3", "less")
    assert len(engine.wishes.of("ana")) == 50


def test_an_empty_state_has_nothing_to_wish_for():
    with pytest.raises(InvalidQuery, match="add some first"):
        Engine(HashingEmbedder(), index="exact").wishes.add("ana", "bread")


def test_questions_of_readers_without_wishes_load_no_embedder(tmp_path):
    with Engine.open(tmp_path / "state", "corpus", "exact") as engine:
        engine.add(documents())
        engine.observe([Click("ana", "search1", AT)])
    with Engine.open(tmp_path / "state", read_only=True) as engine:
        assert engine.recommend("ana", 3)
        assert engine.units("ana")[0].name
        assert engine._state._texts is None


def test_they_survive_reopening_export_and_another_embedder(tmp_path):
    with Engine.open(tmp_path / "state", "corpus", "exact") as engine:
        engine.add(documents())
        engine.observe([Click("ana", "search1", AT)])
        engine.wishes.add("ana", "folding bicycle", "less")
        engine.wishes.add("new", "rye sourdough")
        found = [each.document.id for each in engine.recommend("new", 5)]
    with Engine.open(tmp_path / "state") as engine:
        assert [(wish.text, wish.want) for wish in engine.wishes.of("ana")] == [("folding bicycle", "less")]
        assert [each.document.id for each in engine.recommend("new", 5)] == found
    for vectors in (True, False):
        kept, copied = BytesIO(), MemoryStore()
        with Engine.open(tmp_path / "state", read_only=True) as engine:
            export_state(engine.store, kept, vectors=vectors)
        kept.seek(0)
        import_state(copied, kept)
        with Engine(store=copied, index="exact") as copy:
            assert [each.document.id for each in copy.recommend("new", 5)] == found
    reembed(copied, HashingEmbedder())
    with Engine(HashingEmbedder(), store=copied, index="exact") as moved:
        (wish,) = moved.wishes.of("new")
        assert len(wish.embedding) == HashingEmbedder().dimension
        assert topics(moved.recommend("new", 3)) == ["bread"] * 3
