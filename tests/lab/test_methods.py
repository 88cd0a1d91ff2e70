"""Each light method beside a plain definition of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant import Engine, InvalidQuery, Settings
from penchant.lab import protocols, registry
from penchant.lab.blend_method import documents_of
from penchant.lab.log import Clicks, Log
from penchant.lab.methods import (
    BM25,
    LiveItemKNN,
    MeanVector,
    NearestClicked,
    Newest,
    Popular,
    Trending,
)
from penchant.lab.outcomes import ask
from penchant.lab.protocols import Rules
from penchant.lab.registry import Given
from penchant.lab.studies import largest, most_recent, terms_only, title_only
from penchant.lab.texts import RememberedTexts
from penchant.lab.units_method import InterestUnits, Variant
from penchant.testing import HashingEmbedder
from penchant.types import Click

ALL = np.arange(160, dtype=np.int32)


@pytest.fixture
def texts() -> RememberedTexts:
    return RememberedTexts(HashingEmbedder())


def history(log: Log, user: int) -> list[int]:
    return log.clicks.documents[log.clicks.of_user[user]].tolist()


def test_itempop_counts_users(log):
    method = Popular(log)
    method.learn(log.clicks)
    assert method.score(0, ALL, 0.0).tolist() == np.bincount(log.clicks.documents, minlength=160).tolist()


def test_itempop_can_count_some_users_alone(log):
    method = Popular(log, among=[3, 4])
    method.learn(log.clicks)
    assert method.score(0, ALL, 0.0).sum() == len(history(log, 3)) + len(history(log, 4))


def test_newest_takes_what_is_published_later_for_just_published(log):
    at = float(np.sort(log.published)[100])
    scores = Newest(log).score(0, ALL, at)
    assert scores.max() == at
    assert (scores == at).sum() == (log.published >= at).sum()


def test_a_click_counts_half_after_the_half_life(log):
    method = Trending(log, half_life=100.0)
    two = Clicks(
        np.array([0, 1, 2], np.int32), np.array([5, 6, 6], np.int32), np.array([1e9, 1e9 - 100, 1e9 - 100])
    )
    method.learn(two)
    five, six, none = method.score(0, np.array([5, 6, 7], np.int32), 1e9)
    assert five == pytest.approx(six)
    assert none < five


def test_the_mean_vector_and_the_last_ones(log, vectors):
    for last in (None, 10, 1):
        method = MeanVector(vectors, last)
        method.learn(log.clicks)
        rows = history(log, 7)[-(last or 10**6) :]
        assert method.score(7, ALL, 0.0) == pytest.approx(vectors @ vectors[rows].sum(axis=0), abs=1e-4)


def test_the_nearest_document_clicked(log, vectors):
    method = NearestClicked(vectors)
    method.learn(log.clicks)
    assert method.score(7, ALL, 0.0) == pytest.approx(
        (vectors @ vectors[history(log, 7)].T).max(axis=1), abs=1e-5
    )
    assert not method.score(999, ALL, 0.0).any()


def test_live_item_knn_is_the_weighted_cosine_over_shared_readers(log):
    method = LiveItemKNN(log)
    method.learn(log.clicks)
    readers = np.zeros((160, len(log.user_ids)))
    readers[log.clicks.documents, log.clicks.users] = 1.0
    counts = readers.sum(axis=1)
    cosine = readers @ readers.T / np.sqrt(np.outer(np.maximum(counts, 1), np.maximum(counts, 1)))
    np.fill_diagonal(cosine, 0.0)  # a document is no neighbour of its own
    mine = history(log, 7)
    weights = 0.9 ** np.arange(len(mine))[::-1]
    assert method.score(7, ALL, 0.0) == pytest.approx(cosine[:, mine] @ weights, abs=1e-9)


def test_live_item_knn_learns_the_same_click_by_click(log):
    whole, pieces = LiveItemKNN(log), LiveItemKNN(log)
    whole.learn(log.clicks)
    for position in range(len(log.clicks)):
        pieces.learn(log.clicks[position : position + 1])
    assert np.array_equal(whole.score(7, ALL, 0.0), pieces.score(7, ALL, 0.0))


def test_bm25_is_that_of_the_library(log):
    import bm25s

    method = BM25(log.titles)
    method.learn(log.clicks)
    tokens = bm25s.tokenize(log.titles, stopwords=None, return_ids=False, show_progress=False)
    library = bm25s.BM25()
    library.index(tokens, show_progress=False)
    query = [token for row in history(log, 7) for token in tokens[row]]
    assert method.score(7, ALL, 0.0) == pytest.approx(library.get_scores(query), rel=1e-4)


@pytest.mark.parametrize("scorer", ["sum", "max"])
def test_units_score_as_the_engine_does(log, texts, scorer):
    vectors = texts.encode(log.titles)
    method = InterestUnits(log, vectors, texts, [2, 9], Variant(scorer=scorer))
    method.learn(log.clicks[:300])
    method.learn(log.clicks[300:])
    with Engine(HashingEmbedder(), index="exact", settings=Settings(scorer=scorer)) as engine:
        engine.add(log.documents)
        engine.observe(
            Click(log.user_ids[u], log.documents[d].id, at)
            for u, d, at in zip(log.clicks.users, log.clicks.documents, log.clicks.at.tolist(), strict=True)
        )
        for user in (2, 9):
            name = log.user_ids[user]
            assert [unit.text for unit in engine.units(name)] == [
                unit.text
                for unit in sorted(
                    method.of(user).units, key=lambda unit: (-unit.updated_at, -unit.changed_step)
                )
            ]
            assert np.array_equal(
                method.score(user, ALL, 0.0), engine.score(name, [d.id for d in log.documents])
            )


def test_preparing_learns_nothing_but_embeds_everything(log, texts):
    trial = protocols.live(log)
    method = InterestUnits(log, texts.encode(log.titles), texts, trial.users())
    method.prepare(trial)
    assert method.of(trial.users()[0]).units == ()
    before = texts.embedded
    ask(method, trial, shared=(log, log.documents, texts))
    assert texts.embedded == before


def test_only_documents_near_a_unit_are_candidates_where_the_number_is_limited(log, texts):
    vectors = texts.encode(log.titles)
    every, few = (InterestUnits(log, vectors, texts, [2], Variant(retrieved=limit)) for limit in (None, 5))
    for method in (every, few):
        method.learn(log.clicks)
    scores, cut = every.score(2, ALL, 0.0), few.score(2, ALL, 0.0)
    inside = cut == scores
    assert 5 <= inside.sum() < len(ALL)
    assert cut[~inside].max() < scores.min()


def test_pruning_and_text_rules_of_the_studies(log, texts):
    vectors = texts.encode(log.titles)
    settings = Settings(threshold=0.99)
    user = int(np.bincount(log.clicks.users).argmax())
    for rule in (most_recent, largest):
        method = InterestUnits(log, vectors, texts, [user], Variant(settings, prune_rule=rule))
        method.learn(log.clicks)
        assert len(method.of(user).units) == 20
    assert title_only("T", [("a", 2)]) == "T"
    assert (terms_only("T", [("a", 2), ("b", 1)]), terms_only("T", [])) == ("a b", "T")


def test_every_light_method_gives_one_finite_number_a_candidate_and_asking_changes_nothing(log, texts):
    trial = protocols.live(log)
    given = Given(log, trial, texts.encode(log.titles), texts, documents_of(log))
    for name in registry.GROUPS["light"]:
        method = registry.make(name, given)
        method.learn(trial.training[:400])
        at = float(trial.training.at[400])
        first = np.array(method.score(1, ALL, at))
        assert first.shape == ALL.shape
        assert np.isfinite(first).all(), name
        method.score(2, ALL, at)
        assert np.array_equal(method.score(1, ALL, at), first), name


def test_what_makes_no_sense_is_not_asked_and_says_why(log, clockless, vectors):
    trial = protocols.full(clockless, Rules())
    assert registry.why_not("newest first", clockless, trial) == "the log has positions and no clock"
    assert registry.why_not("ItemKNN live", log, protocols.full(log)) is not None
    assert registry.why_not("ItemKNN live", log, protocols.live(log)) is None
    assert registry.why_not("mean vector", clockless, trial) is None


def test_names_and_groups():
    assert registry.chosen(["BPR", "ItemPop", "BPR"]) == ["ItemPop", "BPR"]
    assert set(registry.chosen(["light"])) < set(registry.chosen(["cheap"])) < set(registry.chosen(["all"]))
    with pytest.raises(InvalidQuery, match="unknown method 'ItemPopp'"):
        registry.chosen(["ItemPopp"])


def test_texts_are_embedded_once_and_kept_in_a_file(tmp_path):
    first = RememberedTexts(HashingEmbedder(), tmp_path / "v.db")
    vectors = first.encode(["bread", "rye", "bread"])
    assert first.embedded == 2
    again = RememberedTexts(HashingEmbedder(), tmp_path / "v.db")
    assert np.array_equal(again.encode(["bread", "rye", "bread"]), vectors)
    assert again.embedded == 0


def test_a_method_sees_no_click_after_the_question(log):
    """The log of what was learned and asked, from a method that only writes it down."""

    class Spy:
        def __init__(self) -> None:
            self.learned: list[tuple[int, int]] = []
            self.asked: list[tuple[int, int]] = []

        def learn(self, clicks: Clicks) -> None:
            self.learned += zip(clicks.users.tolist(), clicks.documents.tolist(), strict=True)

        def score(self, user, candidates, at):
            self.asked.append((user, len(self.learned)))
            return np.zeros(len(candidates))

    for trial in (protocols.full(log), protocols.live(log), replace(protocols.leave_one_out(log))):
        spy = Spy()
        ask(spy, trial, shared=())
        for case, (user, known) in zip(trial.cases, spy.asked, strict=True):
            assert (user, known) == (case.user, case.learned)
            assert not {(case.user, document) for document in case.relevant.tolist()} & set(
                spy.learned[:known]
            )
