"""Does exploring pay, where the truth is known? And do off-policy estimates tell what another policy would earn?

    python benchmarks/exploration.py 10000

A simulated shop: 300 readers with topics, 640 documents, each with a worth of its own that no title tells. A reader
who is shown five documents clicks at most one, by a multinomial logit of topic and worth that no engine knows. After
a third of the impressions 40 new documents come, five of them much better than their titles. Each policy starts from
the same 2,000 clicks, then sees so many impressions and learns from its own clicks alone, told with propensities.

Without times nothing tells which documents are new; with times freshness does.

Regret: expected clicks an impression that the best five documents would have earned more. Found: impressions until
the good new documents were clicked three times each, on average; those never found count as the whole time.

Off-policy: from the impressions of the policy that explores most, and their propensities, what the greedy list of
the same moment would have earned; beside what it would earn in truth.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from typing import NamedTuple

import numpy as np

from measuring import heading
from penchant import Click, Document, Engine
from penchant.data.simulated import Community, simulate
from penchant.lab.off_policy import Logged, doubly_robust, ips, snips

POLICIES = (0.0, 0.1, 0.3, 1.0)
K = 5
NOTHING = 4.0
"""What it takes a document to be clicked beside nothing, as a logarithm."""
TOPIC, WORTH, BETTER = 3.0, 1.0, 2.5
FIRST, OPENED, GAP = 2_000, 1.7e9, 60.0
"""Clicks before the first impression, when the shop opened, and seconds between two impressions."""
NEW, GOOD = 40, 5
ENOUGH = 3


class Shop(NamedTuple):
    """What is true."""

    community: Community
    documents: list[Document]
    new: list[Document]
    worth: dict[str, float]
    readers: list[str]
    taste: np.ndarray
    """Of each reader for each document, shape (readers, documents), as a logarithm of odds."""
    place: dict[str, int]


class Ran(NamedTuple):
    """What a policy did."""

    clicks: float
    regret: float
    found: float
    logged: Logged
    expected: np.ndarray
    greedy: float
    """Expected clicks of a list of the greedy policy of the same moments, in truth."""
    of_greedy: float
    """What the model of `doubly_robust` expects of such a list."""


def main(impressions: int) -> None:
    """Print a row for each policy, and the estimates."""
    heading("## Exploration\n", f"simulated, {impressions:,} impressions", seed=0)
    print("| documents | explore | clicks an impression | regret an impression | impressions until found |")
    print("|---|--:|--:|--:|--:|")
    shop = opened()
    for times in ("without times", "with times"):
        for explore in POLICIES:
            ran = run(shop, explore, impressions, dated=times == "with times")
            told = f"{ran.clicks:.4f} | {ran.regret:.4f} | {ran.found:,.0f}"
            print(f"| {times} | {explore:g} | {told} |", flush=True)
    print("\n| clicks of a greedy list, told from what was explored | |\n|---|--:|")
    print(f"| in truth | {ran.greedy:.4f} |")
    print(f"| as many as were clicked | {ran.logged.clicked.sum() / ran.logged.lists:.4f} |")
    print(f"| inverse propensities | {ips(ran.logged):.4f} |")
    print(f"| self-normalised | {snips(ran.logged, K):.4f} |")
    print(f"| doubly robust | {doubly_robust(ran.logged, ran.expected, ran.of_greedy):.4f} |")


def opened() -> Shop:
    """The shop before anybody is shown anything."""
    community, random = simulate(0, titles_per_topic=42), np.random.default_rng(0)
    order = random.permutation(len(community.documents))
    some = [community.documents[place] for place in order[: 640 + NEW].tolist()]
    documents, new = some[:640], some[640:]
    worth = {each.id: float(WORTH * random.standard_normal()) for each in some}
    worth.update({each.id: BETTER for each in new[:GOOD]})
    readers = sorted(community.truth)
    shares = np.array(
        [
            [community.truth[reader][-1].get(community.topic_of[each.id], 0.0) for each in some]
            for reader in readers
        ]
    )
    taste = TOPIC * np.sqrt(shares) + np.array([worth[each.id] for each in some])
    return Shop(community, documents, new, worth, readers, taste, {each.id: n for n, each in enumerate(some)})


def chances(taste: np.ndarray) -> np.ndarray:
    """The chance of a click on each of some documents side by side."""
    odds = np.exp(taste - NOTHING)
    return odds / (1.0 + odds.sum())


def run(shop: Shop, explore: float, impressions: int, *, dated: bool) -> Ran:
    """A policy from the first clicks to the last impression."""
    random = np.random.default_rng(1)
    clicks = regret = greedy_worth = of_greedy = 0.0
    shown_of: list[tuple[float, float, float, float]] = []
    found = {each.id: 0 for each in shop.new[:GOOD]}
    found_at = dict.fromkeys(found, float(impressions))
    with Engine("corpus", index="exact") as engine:
        engine.add(
            [Document(each.id, each.title, published_at=OPENED if dated else None) for each in shop.documents]
        )
        engine.observe(first_clicks(shop), tell=False)
        there = np.zeros(len(shop.place), bool)
        there[[shop.place[each.id] for each in shop.documents]] = True
        for step in range(impressions):
            at = OPENED + GAP * (FIRST + step)
            if step == impressions // 3:
                engine.add(
                    [Document(each.id, each.title, published_at=at if dated else None) for each in shop.new]
                )
                there[:] = True
            reader = int(random.integers(len(shop.readers)))
            name, taste = shop.readers[reader], shop.taste[reader]
            listed = engine.recommend(
                name, K, explore=explore, personal=0.0, explain=False, at=at, exclude_seen=False
            )
            ids = [each.document.id for each in listed]
            own = chances(taste[[shop.place[each] for each in ids]])
            best = np.sort(chances(np.sort(taste[there])[-K:])).sum()
            regret += best - own.sum()
            drawn = random.random()
            place = int(np.searchsorted(np.cumsum(own), drawn))
            clicked = ids[place] if place < len(ids) else None
            clicks += clicked is not None
            if explore == POLICIES[-1]:
                greedy = engine.recommend(name, K, personal=0.0, explain=False, at=at, exclude_seen=False)
                wanted = {each.document.id: each.chance or 0.0 for each in greedy}
                greedy_worth += chances(taste[[shop.place[each] for each in wanted]]).sum()
                of_greedy += sum(wanted.values())
                shown_of += [
                    (each.propensity or 1.0, float(each.document.id == clicked), float(each.document.id in wanted),
                     wanted.get(each.document.id, 0.0))
                    for each in listed
                ]  # fmt: skip
            engine.shown(name, ids, [each.propensity or 1.0 for each in listed])
            if clicked is not None:
                engine.observe([Click(name, clicked, at)], tell=False)
                if clicked in found:
                    found[clicked] += 1
                    if found[clicked] == ENOUGH:
                        found_at[clicked] = step
    columns = np.array(shown_of).T if shown_of else np.zeros((4, 0))
    logged = Logged(impressions, *columns[:3])
    begun = impressions // 3
    return Ran(clicks / impressions, regret / impressions, float(np.mean([max(at - begun, 0) for at in found_at.values()])),
               logged, columns[3], greedy_worth / impressions, of_greedy / impressions)  # fmt: skip


def first_clicks(shop: Shop) -> list[Click]:
    """What readers clicked before, by what they like among twenty documents drawn by chance."""
    random = np.random.default_rng(2)
    found = []
    for step in range(FIRST):
        reader = int(random.integers(len(shop.readers)))
        places = random.choice(len(shop.documents), 20, replace=False)
        odds = np.exp(shop.taste[reader][places])
        chosen = int(random.choice(places, p=odds / odds.sum()))
        found.append(Click(shop.readers[reader], shop.documents[chosen].id, OPENED + GAP * step))
    return found


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
