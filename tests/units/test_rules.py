"""Algorithm 1: each rule of the design, and all of them against the plain reference."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import Click, Document, Engine, InterestUnit, Settings
from penchant.testing import HashingEmbedder
from penchant.text import contextual_text
from penchant.types import User
from penchant.units.rules import Clicked, absorb, by_recency, merge, prune
from reference import Reference

WORDS = ["alpha", "beta", "gamma", "delta", "omega", "sigma"]
titles = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
catalogues = st.lists(titles, min_size=3, max_size=14)
ordinary = Settings()


def clicked(document_id: str, title: str, at: float, vector: np.ndarray | None = None) -> Clicked:
    return Clicked(
        document_id, title, tuple(title.split()), np.zeros(4, np.float32) if vector is None else vector, at
    )


def grow(*clicks: tuple[str, str, float], settings: Settings = ordinary) -> InterestUnit:
    """One unit of clicks that all belong together."""
    units: list[InterestUnit] = []
    for step, (document_id, title, at) in enumerate(clicks, 1):
        units = [merge(units, clicked(document_id, title, at), step, settings, contextual_text)]
    return units[0]


def test_a_click_that_no_unit_is_relevant_to_makes_a_new_unit():
    unit = grow(("d1", "fast search", 5.0))
    assert (unit.title, unit.terms, unit.size, unit.updated_at) == (
        "fast search",
        (("fast", 1), ("search", 1)),
        1,
        5.0,
    )
    assert unit.documents == ("d1",)
    assert unit.text == "fast search fast search"


def test_all_relevant_units_merge_with_the_document_into_one():
    left, right = grow(("d1", "a b", 1.0)), grow(("d2", "b c", 2.0))
    unit = merge([left, right], clicked("d3", "c d", 3.0), 3, ordinary, contextual_text)
    assert unit.size == 3
    assert dict(unit.terms) == {"a": 1, "b": 2, "c": 2, "d": 1}
    assert set(unit.documents) == {"d1", "d2", "d3"}
    assert unit.title == "c d"


def test_a_second_click_on_a_document_adds_no_size_and_no_terms_but_moves_the_title():
    before = grow(("d1", "a b", 1.0), ("d2", "c", 2.0))
    after = merge([before], clicked("d1", "a b", 3.0), 3, ordinary, contextual_text)
    assert (after.size, after.documents) == (2, ("d1", "d2"))
    assert after.terms == before.terms
    assert after.term_steps == before.term_steps
    assert (after.title, after.updated_at) == ("a b", 3.0)


def test_a_document_of_two_merging_units_counts_once_in_size_and_keeps_its_first_place():
    left, right = grow(("d1", "a", 1.0), ("d2", "b", 2.0)), grow(("d3", "c", 1.0), ("d1", "a", 5.0))
    unit = merge([left, right], clicked("d4", "d", 6.0), 6, ordinary, contextual_text)
    assert unit.size == 4
    assert sorted(unit.documents) == ["d1", "d2", "d3", "d4"]
    assert dict(unit.terms)["a"] == 2, "term counts are summed over units"


def test_a_late_click_never_moves_the_title_or_the_time_back():
    unit = grow(("d1", "new", 10.0), ("d2", "old", 3.0))
    assert (unit.title, unit.updated_at, unit.size) == ("new", 10.0, 2)


def test_of_clicks_at_the_same_time_the_one_given_last_gives_the_title():
    assert grow(("d1", "first", 7.0), ("d2", "second", 7.0)).title == "second"


def test_terms_are_ordered_by_count_then_by_recency_then_alphabetically():
    unit = grow(("d1", "x a b", 1.0), ("d2", "x", 2.0), ("d3", "c", 3.0))
    assert unit.terms == (("x", 2), ("c", 1), ("a", 1), ("b", 1))


def test_recency_of_terms_follows_the_order_of_learning_not_of_time():
    unit = grow(("d1", "a", 10.0), ("d2", "b", 3.0))
    assert [term for term, _ in unit.terms] == ["b", "a"]


def test_the_contextual_text_is_the_title_and_as_many_terms_as_the_settings_say():
    unit = grow(("d1", "a b c", 1.0), settings=Settings(terms_in_text=2))
    assert unit.text == "a b c a b"
    assert grow(("d1", "a b c", 1.0), settings=Settings(terms_in_text=None)).text == "a b c a b c"
    assert grow(("d1", "a b c", 1.0), settings=Settings(terms_in_text=0)).text == "a b c"


def test_what_is_kept_of_a_unit_is_bounded_and_its_size_still_counts():
    settings = Settings(terms_kept=3, documents_kept=2)
    unit = grow(*[(f"d{n}", f"w{n}", float(n)) for n in range(9)], settings=settings)
    assert unit.documents == ("d7", "d8")
    assert [term for term, _ in unit.terms] == ["w8", "w7", "w6"]
    assert unit.size == 9


def sized(size: int, updated_at: float, changed: int = 0) -> InterestUnit:
    return InterestUnit("", (), size, updated_at, (), "", changed_step=changed)


@pytest.mark.parametrize(
    ("limit", "kept"),
    [(0, []), (1, [4.0]), (2, [3.0, 4.0]), (4, [1.0, 2.0, 3.0, 4.0]), (None, [1.0, 2.0, 3.0, 4.0])],
)
def test_of_big_units_the_most_recently_updated_are_kept(limit, kept):
    units = [sized(5, at) for at in (1.0, 2.0, 3.0, 4.0)]
    assert [unit.updated_at for unit in prune(units, Settings(keep_big=limit))[0]] == kept


@pytest.mark.parametrize(
    ("limit", "kept"), [(0, []), (1, [4.0]), (3, [2.0, 3.0, 4.0]), (None, [1.0, 2.0, 3.0, 4.0])]
)
def test_of_small_units_the_most_recently_updated_are_kept(limit, kept):
    units = [sized(4, at) for at in (1.0, 2.0, 3.0, 4.0)]
    assert [unit.updated_at for unit in prune(units, Settings(keep_small=limit))[0]] == kept


def test_big_and_small_units_do_not_compete():
    units = [sized(5, 1.0), sized(4, 2.0), sized(9, 3.0), sized(1, 4.0)]
    kept, pruned = prune(units, Settings(keep_big=1, keep_small=1))
    assert [unit.updated_at for unit in kept] == [3.0, 4.0]
    assert [unit.updated_at for unit in pruned] == [1.0, 2.0]


def test_between_units_of_the_same_time_the_one_changed_last_stays():
    units = [sized(1, 5.0, changed=2), sized(1, 5.0, changed=9), sized(1, 5.0, changed=4)]
    assert [unit.changed_step for unit in prune(units, Settings(keep_small=2))[0]] == [9, 4]


def test_a_late_click_can_make_a_unit_that_is_pruned_at_once():
    units = tuple(sized(1, 10.0 + n, n) for n in range(3))
    units = tuple(msgspec.structs.replace(unit, embedding=np.zeros(4, np.float32)) for unit in units)
    step = absorb(User(units, 3), clicked("late", "late", 1.0), 0.5, Settings(keep_small=3), contextual_text)
    assert step.units == units
    assert step.pruned == (step.changed,)


def history(
    generator: np.random.Generator, catalogue: list[str], users: int = 3, length: int = 40
) -> list[tuple[str, str, float]]:
    return [
        (
            f"u{generator.integers(users)}",
            f"d{generator.integers(len(catalogue))}",
            float(generator.integers(0, 30)),
        )
        for _ in range(length)
    ]


def shown(units) -> list[tuple]:
    return [(unit.title, unit.terms, unit.size, unit.updated_at, unit.documents, unit.text) for unit in units]


def referenced(reference: Reference, user: str) -> list[tuple]:
    return [
        (unit.title, tuple(unit.terms()), len(unit.documents), unit.updated_at,
         tuple(sorted(unit.documents, key=unit.documents.get)), unit.text(reference.terms_in_text))
        for unit in reference.units(user)
    ]  # fmt: skip


limits = st.one_of(st.none(), st.integers(0, 3))


@settings(max_examples=150)
@given(
    catalogues,
    st.integers(0, 10**6),
    st.sampled_from([0.2, 0.45, 0.7]),
    limits,
    limits,
    st.integers(1, 4),
    st.integers(1, 12),
    st.sampled_from([2, 4, 100]),
)
def test_units_recommendations_and_scores_are_those_of_the_reference(
    catalogue, seed, threshold, keep_big, keep_small, big, candidates, kept
):
    """Random logs in random order, cut into calls at random: late clicks, ties, repeated clicks, every limit."""
    generator = np.random.default_rng(seed)
    embedder = HashingEmbedder(dimension=24, threshold=threshold)
    chosen = Settings(
        keep_big=keep_big,
        keep_small=keep_small,
        big_size=big,
        candidates_per_unit=candidates,
        terms_kept=kept,
        unit_rule="text",
        scorer="sum",
    )
    engine = Engine(embedder, index="exact", settings=chosen)
    reference = Reference(
        embedder, threshold, big, keep_big, keep_small, candidates=candidates, terms_kept=kept
    )
    engine.add([Document(f"d{n}", title) for n, title in enumerate(catalogue)])
    for n, title in enumerate(catalogue):
        reference.add(f"d{n}", title)
    clicks = history(generator, catalogue)
    while clicks:
        cut = int(generator.integers(1, len(clicks) + 1))
        engine.observe([Click(*click) for click in clicks[:cut]])
        reference.observe(clicks[:cut])
        clicks = clicks[cut:]
    for user in sorted(reference.users):
        assert shown(engine.units(user)) == referenced(reference, user)
        if reference.users[user]:
            expected = reference.scores(user)
            assert engine.score(user, list(expected)) == pytest.approx(list(expected.values()), abs=1e-5)
            found = engine.recommend(user, 4)
            assert [each.document.id for each in found] == reference.recommend(user, 4)
            assert [each.score for each in found] == pytest.approx(
                [expected[each.document.id] for each in found], abs=1e-5
            )


def averages_of(documents: list[str], other: list[str], vectors: dict[str, np.ndarray]) -> float:
    """The mean cosine of all pairs, one of each."""
    return float(np.mean([vectors[one] @ vectors[two] for one in documents for two in other]))


@settings(max_examples=150)
@given(catalogues, st.integers(0, 10**6), st.sampled_from([0.213, 0.451, 0.707]))
def test_documents_of_a_unit_are_alike_on_average(catalogue, seed, threshold):
    """Units by their means are those of a plain reference that compares every pair of documents."""
    generator = np.random.default_rng(seed)
    embedder = HashingEmbedder(dimension=24)
    vectors = {f"d{n}": vector.astype(np.float64) for n, vector in enumerate(embedder.encode(catalogue))}
    chosen = Settings(threshold=threshold, keep_big=None, keep_small=None, unit_precision="float32")
    engine = Engine(embedder, index="exact", settings=chosen)
    engine.add([Document(f"d{n}", title) for n, title in enumerate(catalogue)])
    expected: list[list[str]] = []
    for at, (_, document, _) in enumerate(history(generator, catalogue, users=1)):
        engine.observe([Click("ana", document, float(at))])
        holding = [unit for unit in expected if document in unit]
        if holding:
            expected.remove(holding[0])
            expected.append(holding[0])
        else:
            joined = [document]
            for unit in sorted(expected, key=lambda unit: -averages_of([document], unit, vectors)):
                links = averages_of([document], unit, vectors), averages_of(joined, unit, vectors)
                if min(links) >= threshold:
                    joined = [*unit, *joined]
                    expected.remove(unit)
            expected.append(joined)
    units = engine.units("ana")
    assert [sorted(unit.documents) for unit in units] == [sorted(unit) for unit in expected[::-1]]
    for unit in units:
        mean = np.mean([vectors[name] for name in unit.documents], axis=0)
        assert unit.closeness * unit.embedding == pytest.approx(mean, abs=1e-5)


def test_one_link_is_not_enough_for_units_to_merge():
    """Bridges: a text that is like both of two that have nothing in common."""
    catalogue = [Document("windows", "windows server"), Document("broken", "broken glass")]
    bridge = Document("bridge", "broken windows")
    for rule, merged in (("text", 1), ("mean", 2)):
        engine = Engine(
            HashingEmbedder(256, 0.4), index="exact", settings=Settings(unit_rule=rule, threshold=0.4)
        )
        engine.add([*catalogue, bridge])
        engine.observe([Click("ana", name, at) for at, name in enumerate(["windows", "broken", "bridge"])])
        assert len(engine.units("ana")) == merged, rule


@settings(max_examples=60)
@given(catalogues, st.integers(0, 10**6))
def test_clicks_in_order_give_the_same_however_they_are_cut_into_calls(catalogue, seed):
    generator = np.random.default_rng(seed)
    clicks = [Click(*click) for click in sorted(history(generator, catalogue), key=lambda click: click[2])]
    whole, cut = (Engine(HashingEmbedder(24, 0.45), index="exact") for _ in range(2))
    for engine in (whole, cut):
        engine.add([Document(f"d{n}", title) for n, title in enumerate(catalogue)])
    changes = whole.observe(clicks)
    pieces = []
    for click in clicks:
        pieces += cut.observe([click])
    assert changes == pieces
    for user in whole.user_ids():
        assert shown(whole.units(user)) == shown(cut.units(user))
        assert [unit.embedding.tolist() for unit in whole.units(user)] == [
            unit.embedding.tolist() for unit in cut.units(user)
        ]
    assert [each.document.id for each in whole.recommend("new", 9)] == [
        each.document.id for each in cut.recommend("new", 9)
    ]


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_what_is_kept_of_a_user_is_bounded_whatever_the_history(seed):
    chosen = Settings(keep_big=2, keep_small=2, terms_kept=4, documents_kept=3, seen_kept=5, big_size=2)
    engine = Engine(HashingEmbedder(8, 0.3), index="exact", settings=chosen)
    engine.add([Document(f"d{n}", f"{WORDS[n % 6]} w{n} v{n}") for n in range(40)])
    generator = np.random.default_rng(seed)
    engine.observe([Click("u0", f"d{generator.integers(40)}", float(at)) for at in range(120)])
    user = engine.store.users(["u0"])["u0"]
    assert len(user.units) <= 4
    assert len(user.seen) == 5
    assert all(len(unit.terms) <= 4 and len(unit.documents) <= 3 for unit in user.units)


def test_a_change_says_what_the_click_did(engine):
    first, second, third = engine.observe(
        [Click("ana", "d1", 1.0), Click("ana", "d3", 2.0), Click("ana", "d2", 3.0)]
    )
    assert (first.action, second.action, third.action) == ("created", "created", "reinforced")
    assert third.merged == ("fast cosine search fast cosine search",) or third.merged == (first.unit,)
    assert third.unit.startswith("fast vector search")


def test_a_change_tells_merged_and_pruned_units():
    chosen = Settings(keep_small=2, unit_rule="text")
    engine = Engine(HashingEmbedder(256, 0.4), index="exact", settings=chosen)
    engine.add(
        [
            Document("a", "one two"),
            Document("b", "three four"),
            Document("ab", "one two three four"),
            Document("c", "x"),
            Document("d", "y"),
        ]
    )
    actions = engine.observe([Click("u", name, at) for at, name in enumerate(["a", "b", "ab", "c", "d"])])
    assert [change.action for change in actions] == ["created", "created", "merged", "created", "created"]
    assert len(actions[2].merged) == 2
    assert [len(change.pruned) for change in actions] == [0, 0, 0, 0, 1]
    assert actions[4].pruned == (actions[2].unit,)


def test_units_come_most_recently_updated_first():
    units = [sized(1, 1.0, 1), sized(1, 3.0, 2), sized(1, 3.0, 3)]
    assert [unit.changed_step for unit in by_recency(units)] == [3, 2, 1]
