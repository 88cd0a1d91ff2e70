"""The public face: what is learned, what is asked, and what is refused."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import penchant as pc
from conftest import TITLES
from penchant import Click, Document, Engine, InvalidQuery, Settings, UnknownDocument
from penchant.testing import HashingEmbedder


def ids(found) -> list[str]:
    return [each.document.id for each in found]


def test_recommendations_say_because_of_what(engine):
    engine.observe([Click("ana", "d1", 1.0), Click("ana", "d3", 2.0)], teach=False)
    found = engine.recommend("ana", 2, scorer="sum")
    assert set(ids(found)) == {"d2", "d4"}
    because = {each.document.id: each.because.title for each in found}
    assert because == {"d2": "fast cosine search", "d4": "sourdough bread crumb"}
    words = {each.reasons[0].words for each in found}
    assert {each.because.name for each in found} == set(because.values())
    assert words == {f"close to your interest “{title}”" for title in because.values()}
    assert found[0].score >= found[1].score


def test_scores_are_those_that_recommend_ranks_by(engine):
    engine.observe([Click("ana", "d1", 1.0), Click("ana", "d3", 2.0)])
    for scorer in ("sum", "max"):
        found = engine.recommend("ana", 5, exclude_seen=False, scorer=scorer)
        assert engine.score("ana", ids(found), scorer=scorer).tolist() == [each.score for each in found]
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


def test_the_sum_scorer_adds_cosines(engine):
    engine.observe([Click("ana", "d1", 1.0), Click("ana", "d3", 2.0)])
    expected = sum(near.likeness for near in engine.why("ana", "d5").interests)
    assert engine.score("ana", ["d5"], scorer="sum")[0] == pytest.approx(expected, abs=1e-6)


def test_equal_scores_come_in_the_order_of_ids():
    engine = Engine(HashingEmbedder(), index="exact", settings=Settings(candidates_per_unit=3, scorer="sum"))
    engine.add([Document(f"d{n}", "same title") for n in (5, 3, 9, 1, 7)] + [Document("x", "other words")])
    engine.observe([Click("ana", "x", 1.0)])
    assert ids(engine.recommend("ana", 2)) == ["d1", "d3"]


def test_what_was_clicked_is_left_out_unless_asked_for(engine):
    engine.observe([Click("ana", "d1", 1.0)])
    assert "d1" not in ids(engine.recommend("ana"))
    assert ids(engine.recommend("ana", exclude_seen=False))[0] == "d1"


def test_a_user_without_units_gets_what_is_popular_of_late(engine):
    half_life = engine.settings.popularity_half_life
    engine.observe(
        [Click(f"u{n}", "d3", 0.0) for n in range(3)]
        + [Click(f"u{n}", "d4", 2 * half_life) for n in range(2)]
    )
    found = engine.recommend("new", 3)
    assert ids(found)[:2] == ["d4", "d3"]
    assert isinstance(found[0].because, pc.Popular)
    assert found[0].because.clicks == pytest.approx(2.0)
    assert found[1].score == pytest.approx(0.75)
    assert engine.score("new", ["d3", "d4", "d1"]).tolist() == pytest.approx([0.75, 2.0, 0.0])
    assert found[2].score == 0.0


def test_one_reader_counts_once_for_popularity(engine):
    engine.observe(
        [Click("ana", "d3", float(at)) for at in range(9)] + [Click("bob", "d4", 1.0), Click("cy", "d4", 2.0)]
    )
    assert ids(engine.recommend("new", 1)) == ["d4"]


def test_hidden_and_expired_documents_are_gone_in_the_very_next_answer(engine):
    engine.observe([Click("ana", "d1", 100.0)])
    assert "d2" in ids(engine.recommend("ana"))
    engine.add([Document("d2", "fast vector search", hidden=True)])
    for found in (
        engine.recommend("ana"),
        engine.recommend("new"),
        engine.search("fast vector search"),
        engine.similar("d1"),
    ):
        assert "d2" not in ids(found)
    engine.add([Document("d2", "fast vector search", expires_at=150.0)])
    assert "d2" in ids(engine.recommend("ana"))
    assert "d2" in ids(engine.recommend("ana", at=149.9))
    assert "d2" not in ids(engine.recommend("ana", at=150.0))
    engine.observe([Click("bob", "d5", 200.0)])
    assert "d2" not in ids(engine.recommend("ana")), "the latest time in the data is now 200"
    assert "d2" not in ids(engine.recommend("new"))


def test_where_filters_on_attributes():
    engine = Engine(HashingEmbedder(), index="exact")
    engine.add(
        [
            Document("a", "x one", attributes={"channel": "db", "price": 5, "new": True}),
            Document("b", "x two", attributes={"channel": "ai", "price": 10.0}),
            Document("c", "x three"),
            Document("q", "x four"),
        ]
    )
    engine.observe([Click("ana", "q", 1.0)])

    def passing(where) -> set[str]:
        assert set(ids(engine.recommend("new", where=where))) - {"q"} == set(
            ids(engine.recommend("ana", where=where))
        )
        return set(ids(engine.recommend("ana", where=where)))

    assert passing({"channel": "db"}) == {"a"}
    assert passing({"channel": ["db", "ai"]}) == {"a", "b"}
    assert passing({"price": {"min": 6}}) == {"b"}
    assert passing({"price": {"max": 10, "min": 5}}) == {"a", "b"}
    assert passing({"channel": ["db", "ai"], "price": {"max": 9}}) == {"a"}
    assert passing({"new": True}) == {"a"}
    assert passing({"new": 1}) == set()
    assert passing({"channel": {"min": 3}}) == set()
    assert passing({"nothing": "x"}) == set()
    assert passing({}) == {"a", "b", "c"}


@pytest.mark.parametrize("index", ["exact", "usearch"])
def test_the_search_widens_until_enough_pass_or_there_are_no_more(index):
    engine = Engine(HashingEmbedder(), index=index, settings=Settings(candidates_per_unit=3))
    engine.add([Document(f"n{n}", f"near word{n}", attributes={"far": False}) for n in range(200)])
    engine.add([Document(f"f{n}", f"other thing{n}", attributes={"far": True}) for n in range(7)])
    engine.add([Document("q", "near")])
    engine.observe([Click("ana", "q", 1.0)])
    assert len(engine.recommend("ana", 50)) == 50
    assert set(ids(engine.recommend("ana", 5, where={"far": True}))) <= {f"f{n}" for n in range(7)}
    assert len(engine.recommend("ana", 5, where={"far": True})) == 5
    assert len(engine.recommend("ana", 50, where={"far": True})) == 7
    assert len(engine.recommend("ana", 999)) == 207


def test_published_after():
    engine = Engine(HashingEmbedder(), index="exact")
    engine.add(
        [
            Document("old", "x a", published_at=10.0),
            Document("new", "x b", published_at=20.0),
            Document("none", "x c"),
        ]
    )
    assert ids(engine.recommend("u", published_after=15.0)) == ["new"]
    assert set(ids(engine.recommend("u"))) == {"old", "new", "none"}
    assert ids(engine.recommend("u"))[:2] == ["new", "old"], "nobody clicked: the newest first"


def test_similar_and_search(engine):
    assert ids(engine.similar("d3", 1)) == ["d4"]
    assert ids(engine.search("rye bread", 1)) == ["d4"]
    assert engine.search("rye bread crumb", 1)[0].score == pytest.approx(1.0, abs=1e-5)
    assert engine.search("rye bread", 1)[0].because is None


def test_a_late_click_counts_for_the_interests(engine):
    engine.observe([Click("ana", "d1", 10.0)])
    engine.observe([Click("ana", "d3", 5.0)])
    assert [unit.title for unit in engine.units("ana")] == ["fast cosine search", "sourdough bread crumb"]
    assert engine.latest_at == 10.0


def test_a_click_whose_id_was_seen_before_changes_nothing(engine):
    first = engine.observe([Click("ana", "d1", 1.0, id="c1"), Click("ana", "d3", 2.0, id="c1")])
    assert [change.action for change in first] == ["created", "ignored"]
    again = engine.observe([Click("bob", "d3", 3.0, id="c1")])
    assert again[0].action == "ignored"
    assert engine.units("bob") == []
    assert engine.latest_at == 1.0


def test_so_many_click_ids_are_remembered():
    engine = Engine(HashingEmbedder(), index="exact", settings=Settings(click_ids_kept=2))
    engine.add([Document("d", "title")])
    for name in ("c1", "c2", "c3"):
        engine.observe([Click("ana", "d", 1.0, id=name)])
    actions = [engine.observe([Click("ana", "d", 2.0, id=name)])[0].action for name in ("c3", "c2", "c1")]
    assert actions == ["ignored", "ignored", "reinforced"]


def test_only_the_kinds_that_count_are_learned(documents):
    engine = Engine(HashingEmbedder(), index="exact", settings=Settings(kinds=("like",)))
    engine.add(documents)
    changes = engine.observe(
        [Click("a", "d1", 1.0, "view"), Click("a", "d2", 2.0, "like"), Click("a", "d3", 3.0)]
    )
    assert [change.action for change in changes] == ["ignored", "created", "created"]


def test_forget_leaves_nothing_of_a_user(engine):
    engine.observe([Click("ana", "d1", 1.0)])
    assert engine.forget("ana") is True
    assert engine.units("ana") == []
    assert engine.user_ids() == []
    assert engine.forget("ana") is False
    assert "d1" in ids(engine.recommend("ana"))


def test_remove_takes_documents_out_and_units_keep_what_they_learned(engine):
    engine.observe([Click("ana", "d1", 1.0)])
    engine.remove(["d2", "d1"])
    assert len(engine) == 3
    assert "d2" not in ids(engine.recommend("ana"))
    assert engine.units("ana")[0].documents == ("d1",)
    with pytest.raises(pc.UnknownDocument, match="'d2'"):
        engine.score("ana", ["d2"])
    engine.add([Document("d2", "back again")])
    assert "d2" in ids(engine.recommend("ana"))


def test_remove_is_whole_or_not_at_all(engine):
    with pytest.raises(pc.UnknownDocument, match="unknown document 'zz'"):
        engine.remove(["d1", "zz"])
    assert "d1" in engine
    with pytest.raises(pc.InvalidQuery, match=r"write \['d1'\]"):
        engine.remove("d1")


def test_adding_a_document_again_is_an_update_and_the_last_one_given_counts(engine):
    engine.add([Document("d5", "no longer this"), Document("d5", "rye bread baking", attributes={"a": 1})])
    assert len(engine) == 5
    assert engine.document("d5").attributes == {"a": 1}
    assert ids(engine.search("rye bread baking", 1)) == ["d5"]


def test_only_new_titles_are_embedded():
    class Counting(HashingEmbedder):
        calls = 0

        def encode(self, texts):
            self.calls += len(texts)
            return super().encode(texts)

    embedder = Counting()
    engine = Engine(embedder, index="exact")
    engine.add([Document("a", "one"), Document("b", "two")])
    engine.add([Document("a", "one", hidden=True), Document("b", "two")])
    assert embedder.calls == 2


def test_an_empty_engine_answers():
    engine = Engine("corpus")
    assert engine.recommend("ana") == []
    assert engine.units("ana") == []
    assert engine.search("anything") == []
    assert engine.observe([]) == []
    assert len(engine) == 0
    assert engine.score("ana", []).tolist() == []
    with pytest.raises(pc.InvalidQuery, match="no documents yet"):
        _ = engine.embedder


UNUSABLE_CLICKS = [
    (
        Click("ana", "zz", 1.0),
        pc.UnknownDocument,
        "user 'ana' on the unknown document 'zz': add the document first",
    ),
    (Click("ana", "d1", math.nan), pc.InvalidClick, "at .* is nan"),
    (Click("ana", "d1", math.inf), pc.InvalidClick, "at .* is inf"),
    (Click("ana", "d1", -1.0), pc.InvalidClick, "0 or later"),
    (Click("ana", "d1", 1_700_000_000_000.0), pc.InvalidClick, "milliseconds: divide by 1,000"),
    (Click("ana", "d1", "yesterday"), pc.InvalidClick, "use a number"),
    (Click("ana", "d1", True), pc.InvalidClick, "use a number"),
    (Click("", "d1", 1.0), pc.InvalidClick, "user id of a click is empty"),
    (Click(7, "d1", 1.0), pc.InvalidClick, "of type int: use text"),
    (Click("a\0", "d1", 1.0), pc.InvalidClick, "NUL character at position 1"),
    (Click("a\ud800", "d1", 1.0), pc.InvalidClick, "lone surrogate at position 1"),
    (Click("x" * 2_000, "d1", 1.0), pc.InvalidClick, "2,000 characters"),
]


@pytest.mark.parametrize(("click", "failure", "message"), UNUSABLE_CLICKS)
def test_a_click_that_cannot_be_learned_is_told_and_the_rest_of_the_call_is_not_half_done(
    engine, click, failure, message
):
    with pytest.raises(failure, match=message):
        engine.observe([Click("bob", "d1", 1.0, id="good"), click])
    assert engine.user_ids() == []
    assert engine.latest_at == 0.0
    assert engine.observe([Click("bob", "d1", 1.0, id="good")])[0].action == "created"


UNUSABLE_DOCUMENTS = [
    (Document("d", ""), "title of document 'd' is empty"),
    (Document("d", " \n"), "title of document 'd' is empty"),
    (Document("d", "x" * 1_000_000), "1,000,000 characters, at most 20,000"),
    (Document("d", "a\0b"), "NUL character at position 1"),
    (Document("d", "a\udc80"), "lone surrogate at position 1"),
    (Document("", "t"), "document id is empty"),
    (Document(None, "t"), "of type NoneType"),
    (Document("d", "t", published_at=math.nan), "published_at of document 'd' is nan"),
    (Document("d", "t", expires_at=1.7e12), "milliseconds"),
    (Document("d", "t", hidden="no"), "hidden of document 'd'"),
    (Document("d", "t", attributes={"a": None}), "attribute 'a' of document 'd' is None"),
    (Document("d", "t", attributes={"a": math.inf}), "finite number"),
    (Document("d", "t", attributes={"a\0": 1}), "NUL"),
]


@pytest.mark.parametrize(("document", "message"), UNUSABLE_DOCUMENTS)
def test_a_document_that_cannot_be_added_is_told_and_nothing_is_added(engine, document, message):
    with pytest.raises(pc.InvalidDocument, match=message):
        engine.add([Document("good", "a good title"), document])
    assert "good" not in engine


def test_titles_of_many_scripts_and_ten_thousand_characters_are_fine(engine):
    strange = [
        "<script>alert(1)</script>",
        "مرحبا بالعالم",
        "日本語",
        "🏕️ camping",
        "word " * 2_000,
        "[bold]x[/bold]",
    ]
    engine.add([Document(f"s{n}", title) for n, title in enumerate(strange)])
    engine.observe([Click("ana", f"s{n}", float(n)) for n in range(len(strange))])
    assert len(engine.recommend("ana")) == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k is 0"),
        ({"k": 2.5}, "k is 2.5"),
        ({"k": True}, "k is True"),
        ({"scorer": "best"}, "unknown scorer 'best': use one of blend, max, soft, sum"),
        ({"where": {"a": {"above": 3}}}, "a range is"),
        ({"where": {"a": None}}, r"where\['a'\] is None"),
        ({"published_after": math.nan}, "published_after is nan"),
        ({"at": -1}, "at is -1"),
        ({"at": 1.7e12}, "milliseconds"),
    ],
)
def test_a_question_that_makes_no_sense_is_told(engine, arguments, message):
    engine.observe([Click("ana", "d1", 1.0)])
    for user in ("ana", "new"):
        with pytest.raises(pc.InvalidQuery, match=message):
            engine.recommend(user, **arguments)


def test_a_user_id_that_cannot_be_one_is_told(engine):
    for user in (7, None, "a\0", "\ud800"):
        for ask in (engine.units, engine.recommend, engine.forget, lambda user: engine.score(user, ["d1"])):
            with pytest.raises(pc.InvalidQuery, match="user id"):
                ask(user)


def test_searching_for_nothing_is_told(engine):
    for text in ("", "  ", "a\0"):
        with pytest.raises(pc.InvalidQuery):
            engine.search(text)


@pytest.mark.parametrize(
    "values",
    [
        {"threshold": 1.5},
        {"keep_big": -1},
        {"big_size": 0},
        {"candidates_per_unit": 0},
        {"popularity_half_life": 0},
        {"click_ids_kept": -1},
    ],
)
def test_settings_out_of_range_are_told(values):
    with pytest.raises(pc.InvalidSettings, match=next(iter(values))):
        Settings(**values)


def test_asking_leaves_no_trace(engine):
    engine.observe([Click("ana", "d1", 1.0)])
    before = [unit.embedding.tolist() for unit in engine.units("ana")]
    for _ in range(3):
        engine.recommend("ana")
        engine.recommend("nobody")
        engine.search("bread")
    assert [unit.embedding.tolist() for unit in engine.units("ana")] == before
    assert engine.user_ids() == ["ana"]


def test_a_state_is_the_same_when_it_is_opened_again(tmp_path, documents):
    embedder = HashingEmbedder()
    with Engine.open(tmp_path / "state", embedder, settings=Settings(threshold=0.4, keep_small=3)) as engine:
        engine.add(documents)
        engine.observe([Click("ana", name, float(at)) for at, name in enumerate(["d1", "d2", "d3", "d1"])])
        units, found = engine.units("ana"), engine.recommend("ana")
        popular = engine.recommend("new")
    with Engine.open(tmp_path / "state", embedder) as engine:
        assert engine.settings == Settings(threshold=0.4, keep_small=3)
        assert [(u.text, u.size, u.embedding.tolist()) for u in engine.units("ana")] == [
            (u.text, u.size, u.embedding.tolist()) for u in units
        ]
        assert [(each.document, each.score) for each in engine.recommend("ana")] == [
            (each.document, each.score) for each in found
        ]
        assert ids(engine.recommend("new")) == ids(popular)
        assert engine.latest_at == 3.0


def test_another_embedder_is_refused(tmp_path, documents):
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        engine.add(documents)
    for other in (HashingEmbedder(name="other"), HashingEmbedder(dimension=8), "minilm", "corpus"):
        with pytest.raises(pc.EmbedderMismatch, match="penchant reembed"):
            Engine.open(tmp_path / "state", other)
    Engine.open(tmp_path / "state", HashingEmbedder()).close()


def test_the_corpus_embedder_is_saved_with_the_state(tmp_path, documents):
    with Engine.open(tmp_path / "state", "corpus") as engine:
        engine.add(documents)
        name, vector = engine.embedder.name, engine.embedder.encode(["fast bread"])
    for again in ("corpus", None, name):
        with Engine.open(tmp_path / "state", again) as engine:
            assert np.array_equal(engine.embedder.encode(["fast bread"]), vector)
            assert engine.embedder.name == name


def test_fit_before_documents_come_in_parts(documents):
    engine = Engine("corpus")
    engine.fit([document.title for document in documents])
    name = engine.embedder.name
    engine.add(documents[:2])
    engine.add(documents[2:])
    assert engine.embedder.name == name
    with pytest.raises(pc.InvalidQuery, match="reembed"):
        engine.fit(["more"])


def test_checkpoints_are_kept_with_the_clicks(tmp_path, documents):
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        engine.add(documents)
        assert engine.checkpoint("log") == 0
        engine.observe([Click("ana", "d1", 1.0)], checkpoint=("log", 1))
        with pytest.raises(pc.InvalidClick):
            engine.observe([Click("ana", "d1", -1.0)], checkpoint=("log", 2))
    with Engine.open(tmp_path / "state") as engine:
        assert engine.checkpoint("log") == 1


def test_few_users_are_held_in_memory(tmp_path, documents):
    with Engine.open(tmp_path / "state", HashingEmbedder(), settings=Settings(users_cached=3)) as engine:
        engine.add(documents)
        engine.observe([Click(f"u{n}", "d1", float(n)) for n in range(20)])
        assert len(engine._state.users) == 3
        assert all(len(engine.units(f"u{n}")) == 1 for n in range(20))


def test_progress_adds_up(documents):
    done: list[int] = []
    engine = Engine(HashingEmbedder(), index="exact")
    engine.add(documents, progress=done.append)
    engine.add([*documents, Document("d1", "changed")], progress=done.append)
    assert sum(done) == 10
    done.clear()
    engine.observe(
        [Click("a", "d1", 1.0, id="1"), Click("a", "d1", 1.0, id="1"), Click("b", "d2", 1.0)],
        progress=done.append,
    )
    assert sum(done) == 3


class TestHypotheticalClicks:
    def test_as_if_answers_as_though_the_click_had_been_learned_and_keeps_nothing(self, engine):
        engine.observe([Click("ana", "d1", 1.0)])
        click = Click("ana", "d3", 2.0)
        imagined = [(u.text, u.size) for u in engine.units("ana", as_if=[click])]
        shown = [r.document.id for r in engine.recommend("ana", as_if=[click], scorer="sum")]
        (foretold,) = engine.observe([click], dry_run=True)
        assert [u.title for u in engine.units("ana")] == [TITLES["d1"]]
        assert [foretold] == engine.observe([click])
        assert imagined == [(u.text, u.size) for u in engine.units("ana")]
        assert shown == [r.document.id for r in engine.recommend("ana", scorer="sum")]

    def test_a_dry_run_passes_over_what_would_be_passed_over(self, engine):
        engine.observe([Click("ana", "d1", 1.0, id="1")])
        again, new = engine.observe([Click("ana", "d1", 2.0, id="1"), Click("ana", "d3", 2.0)], dry_run=True)
        assert (again.action, new.action) == ("ignored", "created")

    def test_as_if_takes_the_clicks_of_one_user(self, engine):
        with pytest.raises(InvalidQuery, match="other users"):
            engine.units("ana", as_if=[Click("bob", "d1", 1.0)])
        with pytest.raises(UnknownDocument, match="nothing-like-it"):
            engine.units("ana", as_if=[Click("ana", "nothing-like-it", 1.0)])


class TestHistory:
    @given(st.lists(st.tuples(st.sampled_from(sorted(TITLES)), st.integers(0, 20)), max_size=30))
    def test_a_replayed_history_ends_in_the_units_that_there_are(self, clicks):
        with Engine(HashingEmbedder(), index="exact") as engine:
            engine.add([Document(name, title) for name, title in TITLES.items()])
            for document, at in clicks:
                engine.observe([Click("ana", document, float(at))])
            moments = engine.history("ana")
            assert [(m.change.document_id, m.change.at) for m in moments] == [
                (d, float(at)) for d, at in clicks
            ]
            units = engine.units("ana")
            assert {u.changed_step for u in units} == {
                u.changed_step for u in (moments[-1].units if moments else ())
            }
            assert {u.text for u in units} == {u.text for u in (moments[-1].units if moments else ())}

    def test_a_history_is_bounded_and_outlives_the_documents(self, documents):
        with Engine(HashingEmbedder(), index="exact", settings=Settings(history_kept=3)) as engine:
            engine.add(documents)
            engine.observe([Click("ana", f"d{n}", float(n)) for n in (1, 2, 3, 4, 5)])
            engine.remove(["d4"])
            assert [m.change.document_id for m in engine.history("ana")] == ["d3", "d5"]
            assert engine.history("nobody") == []


class TestDiversity:
    def test_without_it_the_order_is_that_of_the_scores(self, engine):
        engine.observe([Click("ana", "d1", 1.0), Click("ana", "d3", 2.0)])
        plain = engine.recommend("ana", 3, exclude_seen=False)
        assert [r.document.id for r in engine.recommend("ana", 3, exclude_seen=False, diversity=0.0)] == [
            r.document.id for r in plain
        ]

    def test_with_much_of_it_the_second_is_unlike_the_first(self, engine):
        engine.observe([Click("ana", "d1", 1.0)])
        best = engine.recommend("ana", 2, exclude_seen=False)
        assert [r.document.id for r in best] == ["d1", "d2"]
        diverse = engine.recommend("ana", 2, exclude_seen=False, diversity=0.9)
        assert diverse[0].document.id == "d1"
        assert diverse[1].document.id != "d2"

    @pytest.mark.parametrize("value", [-0.1, 1.1, "much", True])
    def test_a_diversity_that_makes_no_sense_is_refused(self, engine, value):
        with pytest.raises(InvalidQuery, match="diversity"):
            engine.recommend("ana", diversity=value)


def test_threads_may_ask_while_others_write(tmp_path):
    """Whatever is answered is a whole state: no error, no document that is not there, every own click in the next answer."""
    wrong: list[str] = []
    with Engine.open(tmp_path / "state", HashingEmbedder(), settings=Settings(users_cached=2)) as engine:
        engine.add([Document(f"d{n}", f"title {n % 7} word{n}") for n in range(100)])
        done = threading.Event()

        def ask() -> None:
            while not done.is_set():
                try:
                    for user in range(4):
                        engine.recommend(f"u{user}", 5)
                        engine.units(f"u{user}")
                    engine.search("title 3", 5)
                except Exception as error:  # noqa: BLE001
                    wrong.append(repr(error))
                    return

        def change() -> None:
            for n in range(100, 260):
                engine.add([Document(f"d{n}", f"title {n % 7} word{n}")])
                if n % 10 == 0:
                    engine.remove([f"d{n - 50}"])

        def click(user: int) -> None:
            for n in range(40):
                engine.observe([Click(f"u{user}", f"d{n % 30}", float(n))])
                if max(unit.updated_at for unit in engine.units(f"u{user}")) != n:
                    wrong.append(f"u{user} does not see click {n}")

        askers = [threading.Thread(target=ask) for _ in range(3)]
        writers = [
            threading.Thread(target=change),
            *(threading.Thread(target=click, args=(user,)) for user in range(4)),
        ]
        for thread in (*askers, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        done.set()
        for thread in askers:
            thread.join()
        assert wrong == []
        assert sum(user.steps for user in engine.store.users(engine.user_ids()).values()) == 160


def test_what_is_loaded_late_is_loaded_while_another_thread_changes_the_state(tmp_path):
    """Whoever asks first makes it, under the lock of those who change: neither may wait for the other."""
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        engine.add([Document("d0", "a title"), Document("d1", "another")])
        engine.observe([Click("ana", "d0", 1.0)])
    with Engine.open(tmp_path / "state", HashingEmbedder()) as engine:
        state = engine._state
        with state.changing:
            asking = threading.Thread(target=lambda: engine.recommend("ana", 1), daemon=True)
            asking.start()
            asking.join(0.3)
            assert len(state.trails.trail("ana")) == 1
            assert len(state.index) == 2
        asking.join(30)
        assert not asking.is_alive()


class TestShortlists:
    """What is remembered of a user's candidates never shows in an answer, except in how soon it comes."""

    @given(st.data())
    def test_an_answer_is_the_beginning_of_a_longer_one_whatever_was_asked_before(self, data):
        words = ["fast", "cosine", "bread", "trail", "vector", "crumb"]
        documents = [
            Document(
                f"d{n}",
                f"{words[n % 6]} {words[n * 7 % 5]} {n % 9}",
                hidden=n % 11 == 0,
                attributes={"shelf": n % 3},
            )
            for n in range(70)
        ]
        with Engine(HashingEmbedder(), index=data.draw(st.sampled_from(["exact", "usearch"]))) as engine:
            engine.add(documents)
            engine.observe(
                [
                    Click("ana", f"d{n}", float(n))
                    for n in data.draw(st.lists(st.integers(0, 69), min_size=1, max_size=6))
                ]
            )
            for _ in range(4):
                where = data.draw(st.sampled_from([None, {"shelf": 1}, {"shelf": [0, 2]}, {"shelf": 9}]))
                seen, scorer = data.draw(st.booleans()), data.draw(st.sampled_from(["sum", "max"]))
                k = data.draw(st.integers(1, 30))
                asked = {"where": where, "exclude_seen": seen, "scorer": scorer}
                assert (
                    ids(engine.recommend("ana", k, **asked)) == ids(engine.recommend("ana", 100, **asked))[:k]
                )

    @pytest.mark.parametrize("index", ["exact", "usearch"])
    def test_a_document_that_comes_or_goes_is_seen_at_once(self, documents, index):
        with Engine(HashingEmbedder(), index=index) as engine:
            engine.add(documents)
            engine.observe([Click("ana", "d1", 1.0)])
            assert ids(engine.recommend("ana", 1)) == ["d2"]
            engine.add([Document("better", "fast cosine search")])
            assert ids(engine.recommend("ana", 1)) == ["better"]
            engine.add([Document("better", "rye bread")])
            assert ids(engine.recommend("ana", 1)) == ["d2"]
            engine.remove(["d2"])
            assert "d2" not in ids(engine.recommend("ana", 5))
            engine.add([Document("d3", TITLES["d3"], hidden=True)])
            assert "d3" not in ids(engine.recommend("ana", 5))


def test_a_named_embedder_needs_no_documents(small_model):
    with Engine(small_model, index="exact") as engine:
        assert engine.embedder.dimension == 32
        assert engine.threshold == engine.embedder.threshold
    with Engine(index="exact") as engine, pytest.raises(InvalidQuery, match="there are no documents yet"):
        _ = engine.embedder


def test_attributes_can_be_part_of_what_is_embedded():
    """LEARN's template; another value is another text, and other settings do not look at attributes."""

    def similarity(what: str, brand: str) -> float:
        with Engine(HashingEmbedder(), index="exact", settings=Settings(document_text=what)) as engine:
            engine.add(
                [Document("tea", "red tea", attributes={"brand": "Lin"}), Document("pot", "Lin pottery")]
            )
            engine.add([Document("tea", "red tea", attributes={"brand": brand})])
            (found,) = (each.score for each in engine.similar("pot", 1))
            return found

    assert similarity("title", "Lin") == similarity("title", "Okakura")
    assert similarity("title and attributes", "Lin") > similarity("title and attributes", "Okakura")
