"""What do `dismiss`, `shown`, `diversity` and a click do, where the truth is known? On the simulated community, in which every reader has topics with shares.

    python benchmarks/reactions.py

Relevance is the share that a reader gives to a document's topic in the last week: the mean over the first ten recommendations, over 100 readers.
*Dismissed*: a reader dismisses three documents of the topic that is recommended most, then goes on clicking.
*Shown*: the first ten are shown ten times, each time told to `shown`, or not.
*New topic*: clicks on a topic that is none of the reader's.
*Wished*: more about a topic by its name that is none of the reader's; less about the topic that is recommended most; more, of somebody without clicks.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from collections import Counter

import numpy as np

from measuring import heading, row
from penchant import Click, Engine
from penchant.data.simulated import Community, simulate
from penchant.data.topics import TOPICS

READERS, SHOWN = [f"reader-{number:03d}" for number in range(100)], 10


def main() -> None:
    """Print the rows."""
    heading("Reactions and diversity", "simulated, 300 readers", "usearch")
    community = simulate(0)
    for value in (0.0, 0.1, 0.3, 0.5, 0.8):
        diversity(community, value)
    repeated(community)
    dismissed(community)
    for clicks in (1, 3):
        new_topic(community, clicks)
    wished(community)


def learned(community: Community) -> Engine:
    engine = Engine("corpus", index="exact")
    engine.add(community.documents)
    engine.observe(community.clicks)
    return engine


def relevance(community: Community, user: str, ids: list[str]) -> float:
    shares = community.truth[user][-1]
    return float(np.mean([shares.get(community.topic_of[name], 0.0) for name in ids]))


def ids_of(engine: Engine, user: str, **options: float) -> list[str]:
    return [found.document.id for found in engine.recommend(user, SHOWN, **options)]


def diversity(community: Community, value: float) -> None:
    with learned(community) as engine:
        found = {user: ids_of(engine, user, diversity=value) for user in READERS}
    relevant = np.mean([relevance(community, user, ids) for user, ids in found.items()])
    covered = np.mean([len({community.topic_of[name] for name in ids} & set(community.truth[user][-1])) / len(community.truth[user][-1])
                       for user, ids in found.items()])  # fmt: skip
    row(
        f"diversity {value:g}",
        f"relevance {relevant:.3f}, of a reader's topics {covered:.0%} are among the first ten",
    )


def repeated(community: Community) -> None:
    for told in (False, True):
        with learned(community) as engine:
            different, relevant = [], []
            for user in READERS:
                seen: set[str] = set()
                for _ in range(10):
                    ids = ids_of(engine, user)
                    seen.update(ids)
                    relevant.append(relevance(community, user, ids))
                    if told:
                        engine.shown(user, ids)
                different.append(len(seen))
        label = "shown, told to the engine" if told else "shown, and not told"
        row(
            f"{label}: ten answers",
            f"{np.mean(different):.0f} different documents, relevance {np.mean(relevant):.3f}",
        )


def dismissed(community: Community) -> None:
    before, after, others_before, others_after, later = [], [], [], [], []
    with learned(community) as engine:
        for user in READERS:
            ids = ids_of(engine, user)
            topic = Counter(community.topic_of[name] for name in ids).most_common(1)[0][0]
            wrong = [name for name in ids if community.topic_of[name] == topic][:3]
            for name in wrong:
                engine.dismiss(user, name)
            now = ids_of(engine, user)
            before.append(share(community, ids, topic))
            after.append(share(community, now, topic))
            others_before.append(relevance_of_others(community, user, ids, topic))
            others_after.append(relevance_of_others(community, user, now, topic))
            liked = [
                document.id for document in community.documents if community.topic_of[document.id] == topic
            ][::2]  # of all weeks: half of them stay to be recommended
            engine.observe([Click(user, name, at=engine.latest_at + 1 + n) for n, name in enumerate(liked)])
            later.append(share(community, ids_of(engine, user), topic))
    row(
        "dismissed: share of its topic",
        f"{np.mean(before):.2f} before, {np.mean(after):.2f} after three dismissals, {np.mean(later):.2f} after 40 clicks on it",
    )
    row("dismissed: relevance of the other topics", f"{np.nanmean(others_before):.3f} before, {np.nanmean(others_after):.3f} after")  # fmt: skip


def new_topic(community: Community, clicks: int) -> None:
    """What a reader clicks whose topics were others so far: is a document of it among the first twelve?"""
    topics: dict[str, list[str]] = {}
    for document in community.documents:
        topics.setdefault(community.topic_of[document.id], []).append(document.id)
    random, shown = np.random.default_rng(0), Counter[float]()
    with learned(community) as engine:
        for number, user in enumerate(READERS):
            known = {
                community.topic_of[click.document_id] for click in community.clicks if click.user_id == user
            }
            new = sorted(set(topics) - known)[number % len(set(topics) - known)]
            clicked = random.choice(topics[new][-30:], clicks, replace=False).tolist()
            as_if = [Click(user, name, at=engine.latest_at + 1 + n) for n, name in enumerate(clicked)]
            for personal in (0.0, 0.3):
                found = engine.recommend(user, 12, personal=personal, as_if=as_if)
                shown[personal] += new in {community.topic_of[one.document.id] for one in found}
    row(
        f"clicks on a topic new to the reader: {clicks}",
        f"of it is among the first twelve for {shown[0.3]} of {len(READERS)} readers; without own places {shown[0.0]}",
    )


def wished(community: Community) -> None:
    """What the wish for a topic by its name does to the share of its topic in the first twelve."""
    topics = {topic.name: topic for topic in TOPICS}
    found: dict[str, list[float]] = {}
    with learned(community) as engine:

        def told(name: str, user: str, topic: str) -> None:
            ids = [one.document.id for one in engine.recommend(user, 12)]
            found.setdefault(name, []).append(share(community, ids, topic))

        for number, user in enumerate(READERS):
            known = {
                community.topic_of[click.document_id] for click in community.clicks if click.user_id == user
            }
            new = sorted(set(topics) - known)[number % len(set(topics) - known)]
            most = Counter(community.topic_of[name] for name in ids_of(engine, user)).most_common(1)[0][0]
            for name, who, topic, want in (("more, of a new topic", user, new, "more"), ("less, of the first topic", user, most, "less"), ("more, of a stranger", f"new {user}", new, "more")):  # fmt: skip
                word = topics[topic].words[0]
                told(f"{name}: before", who, topic)
                engine.wishes.add(who, word, want)
                told(f"{name}: after", who, topic)
                engine.wishes.remove(who, word)
    for name in ("more, of a new topic", "less, of the first topic", "more, of a stranger"):
        row(
            f"a wish for {name}",
            f"share of its topic in the first twelve {np.mean(found[f'{name}: before']):.2f} before, {np.mean(found[f'{name}: after']):.2f} after",
        )


def share(community: Community, ids: list[str], topic: str) -> float:
    return float(np.mean([community.topic_of[name] == topic for name in ids]))


def relevance_of_others(community: Community, user: str, ids: list[str], topic: str) -> float:
    rest = [name for name in ids if community.topic_of[name] != topic]
    return relevance(community, user, rest) if rest else float("nan")


if __name__ == "__main__":
    main()
