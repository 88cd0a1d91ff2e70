"""Where a document stands and why: the same scores, places and evidence as in the list, and what was left
out."""

from __future__ import annotations

import numpy as np
import pytest

from penchant import Click, Document, Engine, UnknownDocument
from penchant.data.simulated import simulate


@pytest.fixture(scope="module")
def engine() -> Engine:
    community = simulate(seed=1, users=60, titles_per_topic=20)
    made = Engine("corpus", index="exact")
    made.add([*community.documents, Document("hidden", "Sourdough at night", hidden=True)])
    made.add([Document("over", "Sourdough of last year", expires_at=1.0)])
    made.observe(community.clicks)
    return made


def reader(engine: Engine) -> str:
    return max(engine.user_ids(), key=lambda user: len(engine.user(user).seen))


def test_places_are_those_of_the_list_by_all_evidence(engine):
    user = reader(engine)
    found = engine.recommend(user, 30, personal=0.0, explain="full")
    scores = [each.score for each in found]
    ranked = {each.document.id: place for place, each in enumerate(found, 1)}
    for each in found[:12]:
        why = engine.why(user, each.document.id)
        assert why.rank - ranked[each.document.id] >= 0, "repeats of a story stand later in the list"
        assert why.score == pytest.approx(each.score, abs=1e-5)
        assert why.left_out is None
        assert why.chance == pytest.approx(each.chance, abs=1e-6)
        assert why.evidence == each.evidence
        assert why.reasons == each.reasons
    assert scores == sorted(scores, reverse=True)


def test_what_the_first_has_more_of_adds_up_to_what_it_is_ahead_by(engine):
    user = reader(engine)
    last = engine.recommend(user, 12, personal=0.0)[-1]
    why = engine.why(user, last.document.id)
    assert why.rank > 1
    assert why.first is not None
    assert why.first.document.id == engine.recommend(user, 1, personal=0.0)[0].document.id
    assert why.first.by == pytest.approx(engine.why(user, why.first.document.id).score - why.score, abs=1e-3)
    gained = sum(each.weight for each in why.first.evidence)
    assert gained >= why.first.by - 0.05 * 8, "what it has less of is not told"
    assert engine.why(user, why.first.document.id).first is None


def test_chances_are_those_of_one_click_among_the_candidates(engine):
    user = reader(engine)
    found = engine.recommend(user, 2_000, personal=0.0)
    chances = np.array([each.chance for each in found])
    assert chances.sum() == pytest.approx(1.0, abs=1e-3)
    logs = np.log(chances[:20]) - [each.score for each in found[:20]]
    assert np.ptp(logs) < 1e-2


def test_why_a_document_is_not_shown(engine):
    user = reader(engine)
    assert engine.why(user, engine.user(user).seen[-1]).left_out == "read"
    assert engine.why(user, "hidden").left_out == "hidden"
    assert engine.why(user, "over").left_out == "expired"
    shown = engine.recommend(user, 1)[0].document.id
    engine.dismiss(user, shown)
    assert engine.why(user, shown).left_out == "dismissed"
    with pytest.raises(UnknownDocument, match="nothing"):
        engine.why(user, "nothing")


def test_a_stranger_is_told_what_others_read(engine):
    first, second = engine.recommend("nobody", 2)
    assert engine.why("nobody", first.document.id).rank == 1
    why = engine.why("nobody", second.document.id)
    assert (why.rank, why.chance, why.evidence, why.interests) == (2, None, (), ())
    assert why.reasons == second.reasons


def test_by_units_alone():
    engine = Engine("corpus", index="exact", settings=__import__("penchant").Settings.paper())
    community = simulate(seed=1, users=10, titles_per_topic=10)
    engine.add(community.documents)
    engine.observe([Click("ana", community.documents[n].id, float(n)) for n in range(4)])
    for place, each in enumerate(engine.recommend("ana", 5), 1):
        why = engine.why("ana", each.document.id)
        assert (why.rank, why.reasons) == (place, each.reasons)
        assert why.score == pytest.approx(each.score, abs=1e-5)
