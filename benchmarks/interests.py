"""Are Interest Units interests? What the rule of units and its threshold make of readers' histories.

    python benchmarks/interests.py minilm demo pydev
    python benchmarks/interests.py corpus deskdrop --show

120 readers with 30 to 200 documents of each community (of `demo` all 58 such readers), and of each their whole
history, in order. `text` is the paper's rule at the embedder's threshold. `mean` is ours, at the cosine that so
many random pairs of documents reach; 12 % is what we take.

In threes: how many of a reader's last 100 documents are in units of three and more. Topic: B-cubed precision, recall
and F1 of the pairs that are in one unit, where the topic of documents is known: in `demo` the simulated one, in
`pydev` the project. A document in no unit is alone. Next: how often the next click falls into a unit, and how
often a random document does. With `--show` five readers' units by `mean`, as a person would read them.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from measuring import heading, read
from penchant import Engine, Settings
from penchant.data.simulated import simulate
from penchant.embed.chance import community_threshold, sampled
from penchant.embed.kept import new_embedder
from penchant.embed.texts import TextEmbedder
from penchant.text import key_terms
from penchant.types import Click, Document, User
from penchant.units.rules import Clicked, relevant
from penchant.units.waves import learn

READERS = 120
CHANCES = (0.05, 0.12, 0.2)
WARM = 10
LAST = 100
SHOWN = 5


@dataclass(frozen=True)
class Community:
    """What is read, and by whom."""

    documents: Sequence[Document]
    topic_of: Mapping[str, str]
    logs: Mapping[str, Sequence[str]]
    """Reader -> ids of documents in the order of their first click."""


def main(embedder: str, names: Sequence[str]) -> None:
    """Print a row for each community, rule and threshold."""
    heading(f"## Interests, {embedder}\n", ", ".join(names))
    print("| data | rule | tau | units | in threes | precision | recall | F1 | next | random |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for name in names:
        community = read_community(name)
        texts = TextEmbedder(new_embedder(embedder, [document.title for document in community.documents]))
        known = known_documents(community, texts)
        some = np.stack([known[place].vector for place in sampled(len(known))])
        own = texts.embedder.threshold
        rules = {"text": (Settings.paper(), own)} | {
            f"mean, {chance:.0%}": (Settings(), community_threshold(some, own, chance=chance))
            for chance in CHANCES
        }
        for label, (settings, threshold) in rules.items():
            print(f"| {name} | {label} | {threshold:.2f} | {measured(community, known, texts, settings, threshold)} |",
                  flush=True)  # fmt: skip


def read_community(name: str) -> Community:
    """The readers who are looked at, drawn by chance."""
    if name == "demo":
        made = simulate()
        documents, clicks, topic_of = made.documents, made.clicks, made.topic_of
    else:
        documents, clicks = read(name)
        topic_of = {each.id: str(each.attributes["channel"]) for each in documents if each.attributes}
    logs: dict[str, dict[str, None]] = {}
    for click in sorted(clicks, key=lambda click: click.at):
        logs.setdefault(click.user_id, {})[click.document_id] = None
    readers = sorted(user for user, log in logs.items() if 30 <= len(log) <= 200)
    chosen = np.random.default_rng(0).permutation(len(readers))[:READERS]
    return Community(
        documents, topic_of, {readers[place]: list(logs[readers[place]]) for place in chosen.tolist()}
    )


def known_documents(community: Community, texts: TextEmbedder) -> list[Clicked]:
    """The documents that are read, and 4,000 others at most, with their vectors."""
    read_ids = {document for log in community.logs.values() for document in log}
    further = [community.documents[place] for place in sampled(len(community.documents))]
    chosen = {each.id: each for each in [*(d for d in community.documents if d.id in read_ids), *further]}
    vectors = texts.encode([document.title for document in chosen.values()])
    return [
        Clicked(each.id, each.title, tuple(key_terms(each.title)), vector, 0.0)
        for each, vector in zip(chosen.values(), vectors, strict=True)
    ]


def measured(
    community: Community, known: Sequence[Clicked], texts: TextEmbedder, settings: Settings, threshold: float
) -> str:
    """The columns from `units` on."""
    by_id = {document.document_id: document for document in known}
    generator = np.random.default_rng(1)
    users = {reader: User() for reader in community.logs}
    hits: list[tuple[bool, bool]] = []
    for place in range(max(map(len, community.logs.values()))):
        going = {reader: by_id[log[place]] for reader, log in community.logs.items() if place < len(log)}
        for reader, clicked in going.items():
            other = known[int(generator.integers(len(known)))]
            if place >= WARM:
                units = users[reader].units
                hits.append(
                    (
                        bool(relevant(units, clicked, threshold, settings)),
                        bool(relevant(units, other, threshold, settings)),
                    )
                )
        users.update(learn(users, list(going.items()), texts.encode, threshold, settings)[0])
    threes, pairs = [], []
    for reader, log in community.logs.items():
        unit_of = {document: n for n, unit in enumerate(users[reader].units) for document in unit.documents}
        size = {n: len(unit.documents) for n, unit in enumerate(users[reader].units)}
        last = log[-LAST:]
        threes.append(np.mean([size.get(unit_of.get(document, -1), 0) >= 3 for document in last]))
        if community.topic_of:
            topics = [community.topic_of[document] for document in last]
            pairs.append(b_cubed([unit_of.get(document, -1 - n) for n, document in enumerate(last)], topics))
    units = np.mean([len(user.units) for user in users.values()])
    told = " | | " if not pairs else "{:.2f} | {:.2f} | {:.2f}".format(*agreement(pairs))
    following, random = np.mean(hits, axis=0)
    return f"{units:.1f} | {np.mean(threes):.2f} | {told} | {following:.2f} | {random:.2f}"


def b_cubed(units: Sequence[int], topics: Sequence[str]) -> tuple[float, float]:
    """Precision and recall of a reader's documents that are in one unit (Bagga and Baldwin, 1998)."""
    together = np.equal.outer(units, units)
    alike = np.equal.outer(topics, topics)
    both = (together & alike).sum(axis=1)
    return float((both / together.sum(axis=1)).mean()), float((both / alike.sum(axis=1)).mean())


def agreement(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float]:
    """(precision, recall, F1), means over readers."""
    precision, recall = np.mean(pairs, axis=0)
    return precision, recall, 2 * precision * recall / (precision + recall)


def show(embedder: str, name: str) -> None:
    """Print five readers' interests with the last titles of each."""
    community = read_community(name)
    engine = Engine(embedder, index="exact")
    engine.add(community.documents)
    for reader in list(community.logs)[:SHOWN]:
        log = community.logs[reader]
        engine.observe([Click(reader, document, float(at)) for at, document in enumerate(log)])
        print(f"\n{reader}: {len(log)} documents")
        for unit in sorted(engine.units(reader), key=lambda unit: -unit.size)[:6]:
            print(f"  {unit.name} ({unit.size})")
            for document in unit.documents[-4:]:
                print(f"      {engine.document(document).title[:90]}")


if __name__ == "__main__":
    chosen = [name for name in sys.argv[2:] if not name.startswith("--")]
    if "--show" in sys.argv:
        for each in chosen:
            show(sys.argv[1], each)
    else:
        main(sys.argv[1], chosen)
