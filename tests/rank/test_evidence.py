"""Each kind of evidence by numbers worked out by hand, and in the cases in which it has to be silent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from penchant.memory.facts import BUCKETS, Facts, Smoothed, Words
from penchant.memory.trails import NO_TRAIL, Read, Trail, Trails, extended
from penchant.rank import asked, candidates, evidence
from penchant.rank.asked import Reader
from penchant.rank.evidence import attributes, freshness, interest, popularity, readers, trend, words
from penchant.rank.neighbours import MOST_READERS, Near
from penchant.rank.tally import said
from penchant.settings import Settings

NOW = 1_700_000_000.0
DAY = 86_400.0
NO_TERMS = np.full((0, 12), -1, np.int32)


def facts(rows=(), published=None, terms=None, attributes=None) -> Facts:
    rows = np.array(rows, np.int64)
    times = np.full(len(rows), np.nan) if published is None else np.array(published, np.float64)
    numbers = np.full((len(rows), 12), -1, np.int32)
    for place, some in enumerate(terms or []):
        numbers[place, : len(some)] = some
    return Facts(
        rows,
        times,
        numbers,
        {name: np.array(values, np.int32) for name, values in (attributes or {}).items()},
    )


def reader(units=(), sizes=(), reads=None, at=(), number=-1, taste=()) -> Reader:
    vectors = np.array(units, np.float32).reshape(len(units), 2)
    return Reader(
        number,
        vectors,
        np.array(sizes, np.int64),
        reads or facts(),
        np.array(at, np.float64),
        np.array(taste, np.float32),
        Settings(),
    )


def test_interest_is_a_soft_maximum_a_mean_and_the_latest():
    documents = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    found = interest.measured(reader([[1, 0], [0, 1]], [3, 1]), documents)  # the units are the axes
    weights = [math.log(4), 0.9 * math.log(2)]
    assert found["latest unit"] == pytest.approx([10, 0, 6])
    assert found["all units"][2] == pytest.approx(10 * (0.6 * weights[0] + 0.8 * weights[1]) / sum(weights))
    soft = math.log(weights[0] * math.exp(10 * (0.6 - 1)) + weights[1] * math.exp(10 * (0.8 - 1)))
    assert found["any unit"][2] == pytest.approx(soft, abs=1e-5)


def test_key_terms_count_by_rarity_and_by_how_often_they_were_read():
    counts = np.zeros(BUCKETS, np.int32)
    counts[[7, 8, 9]] = 2, 10, 1
    read = facts([0, 1], terms=[[7, 8], [7]])
    found = words.measured(
        asked.liked_terms(reader(reads=read), Words(counts, 20)), facts([2, 3], terms=[[7, 9], [9]])
    )
    expected = math.log(1 + 1 + 0.97) * math.log(20 / 2) / math.sqrt(3)
    assert found == pytest.approx([expected, 0.0], abs=1e-5)


def test_an_attribute_counts_what_was_read_of_its_value_and_a_missing_one_nothing():
    read = facts([0, 1, 2], attributes={"channel": [0, 1, 1]})
    found = attributes.measured(reader(reads=read), facts([3, 4, 5], attributes={"channel": [1, 0, -1]}))
    assert found["attribute channel"] == pytest.approx([math.log1p(19.0), math.log1p(8.1), 0.0])


def test_freshness_is_silent_without_a_clock():
    columns = freshness.measured(reader(), np.array([3.0, np.nan]), np.array([0, 1]), 5.0)
    assert all(not values.any() for values in columns.values())


def test_freshness_tells_age_and_what_came_since_the_last_visit():
    read = facts([0], published=[NOW - 3 * DAY])
    columns = freshness.measured(
        reader(reads=read, at=[NOW - DAY]),
        np.array([NOW - 3_600, NOW - 2 * DAY, np.nan]),
        np.array([0, 1, 9]),
        NOW,
    )
    assert columns["documents published since"] == pytest.approx([0, math.log(2), math.log(10)])
    assert columns["age"][:2] == pytest.approx([math.log(2), math.log(49)])
    assert columns["age"][2] == pytest.approx(math.log1p(60 * 24))
    assert columns["since the last visit"].tolist() == [1, 0, 0]
    assert columns["published beside the last read"][1] == pytest.approx(math.log1p(24))
    assert not columns["published beside it, in a session"].any()


def community() -> Trails:
    """Ana read 0 and 1; bob 0, 1 and 2; cyd 3."""
    trails = Trails()
    for user, row, at in [
        ("ana", 0, 1),
        ("bob", 0, 2),
        ("bob", 1, 3),
        ("ana", 1, 4),
        ("bob", 2, 5),
        ("cyd", 3, 6),
    ]:
        read = Read(user, row, NOW - DAY + at)
        trails.put({user: extended(trails.trail(user), [read], 100)}, [read])
    return trails


def common(trails: Trails, rows) -> dict[str, np.ndarray]:
    trail = trails.trail("ana")
    ana = reader(reads=facts(trail.rows), at=trail.at, number=trails.number("ana"))
    known = asked.neighbours_of(ana, Near(np.zeros(0, np.int64), np.zeros(0)), trails)
    of_rows, settings = trails.readers(np.array(rows), MOST_READERS), ana.settings
    heard = said(
        ana.number,
        of_rows,
        known,
        trails.entries,
        NOW,
        settings.trend_half_life,
        candidates.SHORTER,
        settings.decay_beside,
    )
    counts = trails.counts(np.array(rows))
    return {
        **trend.measured(heard, counts, NOW),
        "readers": popularity.measured(counts),
        **readers.measured(heard, counts),
    }


def test_what_readers_of_the_same_read_next_is_worth_more_than_what_strangers_read():
    found = common(community(), [2, 3])
    shared = (0.9 + 1) / math.sqrt(2) / math.sqrt(3)
    assert found["readers of the same"] == pytest.approx([math.log(shared + 0.03), math.log(0.03)])
    beside = (0.6 * 0.6 + 1.0) / math.sqrt(2)
    assert found["read next to the same"] == pytest.approx([math.log(beside + 0.03), math.log(0.03)])
    of_a_day, of_two_weeks = 0.5, 0.5 ** (1 / 14)
    assert found["clicks in a day, of 2 weeks"][0] == pytest.approx(
        math.log(of_a_day + 0.1) - math.log(of_two_weeks + 0.1), abs=1e-3
    )
    assert found["clicks in 2 weeks, of all"][0] == pytest.approx(
        math.log(of_two_weeks + 0.1) - math.log(1.1), abs=1e-3
    )


def test_a_reader_is_no_evidence_for_themselves():
    alone = Trails([("ana", Trail(np.array([0, 1]), np.array([NOW, NOW])))])
    found = common(alone, [0, 1])
    assert found["readers of the same"] == pytest.approx([math.log(0.03)] * 2)
    assert found["clicks in 2 weeks, of all"] == pytest.approx([math.log(0.1 / 1.1)] * 2)


def test_nobody_and_nothing_is_no_error():
    trails = Trails()
    assert trails.trail("nobody") is NO_TRAIL
    found = common(trails, [0, 5])
    assert all(len(set(values.tolist())) == 1 for values in found.values())
    near = asked.near_units(
        np.zeros((0, 20), np.int64), np.zeros((0, 20), np.float32), np.zeros(0, np.int64), 0.9, trails
    )
    assert not len(near.rows)


def test_taste_is_the_direction_of_what_was_read_last():
    assert asked.taste(np.array([[0, 1], [1, 0]], np.float32), 0.9) == pytest.approx(
        np.array([1, 0.9]) / math.hypot(1, 0.9)
    )
    assert not len(asked.taste(np.zeros((0, 2), np.float32), 0.9))


def test_a_document_gains_by_what_its_readers_had_read_before_and_not_without_readers():
    read = Smoothed(np.array([1]), np.array([0.9], np.float32))
    cosines = np.array([0.6, 0.8, 0.8], np.float32)
    assert readers.read_after_the_like(cosines, read) == pytest.approx([0, 10 * (0.9 - 0.8), 0])


def test_cosines_are_those_to_the_units_and_to_the_taste_where_there_are_any():
    documents = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)
    units, taste = candidates.cosines_to(reader([[0, 1]], [1], taste=[1, 0]), documents)
    assert (units.ravel().tolist(), taste.tolist()) == (documents[:, 1].tolist(), documents[:, 0].tolist())
    units, taste = candidates.cosines_to(reader(), documents)
    assert (units.shape, taste.tolist()) == ((3, 0), [0, 0, 0])


def test_every_column_has_one_kind_and_a_start():
    names = [name for each in evidence.EVIDENCE for name in each.columns]
    assert len(names) == len(set(names)) == len(evidence.columns())
    assert len(evidence.kinds()) == len(set(evidence.kinds()))
    for name in names:
        assert evidence.kind_of(name) in evidence.kinds()
        assert math.isfinite(evidence.start_of(name))
    assert (evidence.kind_of("attribute channel"), evidence.start_of("attribute channel")) == (
        "attributes",
        1.065,
    )
    assert evidence.of_column("no such column") is None
    with pytest.raises(KeyError, match="no such column"):
        evidence.kind_of("no such column")


def test_every_kind_gives_the_columns_that_it_names():
    """Asked of a whole engine, and in the order of the tuple."""
    from penchant.rank.evidence.taste import Taste
    from penchant.testing import MeanTower
    from rank.test_recommender import busy, made

    with busy(made()) as engine:
        state = engine._state
        one = asked.ask(state.known(), "u1", engine.user("u1"), state.trails.trail("u1"), NOW)
        assert Taste().measure(one, candidates.looked_up(one, state.documents.rows())) == {}, "no tower"
        engine.towers.adopt(MeanTower(engine.about.embedder, engine.about.dimension))
        known, user = state.known(), engine.user("u1")
        one = asked.ask(known, "u1", user, known.trails.trail("u1"), NOW)
        found = candidates.looked_up(one, known.documents.rows())
        for each in evidence.EVIDENCE:
            names = [
                name
                for name in each.measure(one, found)
                if not (each.family and name.startswith(each.family[0]))
            ]
            assert names == list(each.columns)
        assert evidence.measure(one, found)[1].shape == (len(engine), len(evidence.columns()) + 1)
