"""The simulated community: the same every time, and its truth can be found again in the units."""

from __future__ import annotations

from collections import Counter

from penchant import Click, Engine
from penchant.cli.demo import clicks_of_week, most_changing_reader
from penchant.data.simulated import BEGIN, WEEK, simulate
from penchant.data.topics import TOPICS


def test_the_same_seed_gives_the_same_community():
    assert simulate(7, users=20) == simulate(7, users=20)
    assert simulate(7, users=20) != simulate(8, users=20)


def test_it_is_a_few_hundred_readers_and_some_thousand_titles_in_two_languages():
    community = simulate()
    assert len(community.truth) == 300
    assert len(community.documents) == len({document.title for document in community.documents}) == 1_280
    assert {document.attributes["language"] for document in community.documents} == {"en", "ko"}
    assert len({topic.name for topic in TOPICS}) == 16


def test_nothing_is_clicked_before_it_is_published_or_outside_of_its_reader_s_topics():
    community = simulate(users=50)
    published = {document.id: document.published_at for document in community.documents}
    assert all(published[click.document_id] <= click.at for click in community.clicks)
    for click in community.clicks:
        week = int((click.at - BEGIN) // WEEK)
        assert community.topic_of[click.document_id] in community.truth[click.user_id][week]
    assert sum(len(clicks_of_week(community.clicks, week)) for week in range(community.weeks)) == len(
        community.clicks
    )


def test_units_are_of_one_topic_and_topics_drift():
    community = simulate(users=80)
    engine = Engine("corpus", index="exact")
    engine.add(community.documents)
    engine.observe(community.clicks)
    pure = []
    for user_id in community.truth:
        for unit in engine.units(user_id):
            topics = Counter(community.topic_of[name] for name in unit.documents)
            pure.append(max(topics.values()) / topics.total())
    assert sum(pure) / len(pure) > 0.85
    assert any(set(weeks[0]) != set(weeks[-1]) for weeks in community.truth.values())
    assert most_changing_reader(community) in community.truth


def test_a_click_on_a_topic_new_to_the_reader_shows_in_the_very_next_answer():
    """The latest interest has a place of its own, whatever the community reads."""
    community = simulate(users=120)
    engine = Engine("corpus", index="exact")
    engine.add(community.documents)
    engine.observe(community.clicks)
    shown = {0.0: 0, 0.3: 0}
    for number, user_id in enumerate(sorted(community.truth)[:60]):
        known = {
            community.topic_of[click.document_id] for click in community.clicks if click.user_id == user_id
        }
        new = sorted({topic.name for topic in TOPICS} - known)
        topic = new[number % len(new)]
        of_it = [document.id for document in community.documents if community.topic_of[document.id] == topic]
        click = Click(user_id, of_it[-1 - number % 20], at=engine.latest_at + 1)
        for personal in shown:
            found = engine.recommend(user_id, 12, personal=personal, as_if=[click])
            shown[personal] += topic in {community.topic_of[one.document.id] for one in found}
    assert shown[0.3] >= 54 > 30 > shown[0.0]
