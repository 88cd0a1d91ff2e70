"""How does the threshold shape the interests of readers with 30 to 120 documents?

    python benchmarks/thresholds.py corpus
    python benchmarks/thresholds.py minilm

Too high, and nearly every click is an interest of its own, soon let go; too low, and all clicks are one interest. What to look at: units of at least
five documents, the share of the history in the largest unit, and the share that is still in any unit.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from measuring import heading, read
from penchant import Engine, Settings
from penchant.embed.kept import new_embedder

READERS = 25
THRESHOLDS = {"corpus": (0.1, 0.15, 0.2, 0.25, 0.35), "minilm": (0.3, 0.35, 0.4, 0.45, 0.5, 0.6)}


def main(name: str) -> None:
    """Print the table."""
    heading(f"Thresholds for {name}", "deskdrop, pydev, beauty", seed=None)
    print(f"{'data':<10}{'tau':>6}{'units':>8}{'big units':>11}{'in the largest':>16}{'in any':>8}")
    for data in ("deskdrop", "pydev", "beauty"):
        documents, clicks = read(data)
        sizes = Counter(user for user, _ in {(click.user_id, click.document_id) for click in clicks})
        readers = [user for user, size in sorted(sizes.items()) if 30 <= size <= 120][:READERS]
        own = [click for click in clicks if click.user_id in readers]
        clicked = {click.document_id for click in own}
        embedder = new_embedder(name, [document.title for document in documents])
        for threshold in THRESHOLDS[name]:
            engine = Engine(embedder, index="exact", settings=Settings(threshold=threshold))
            engine.add([document for document in documents if document.id in clicked])
            engine.observe(own)
            units = [engine.units(reader) for reader in readers]
            big = np.mean([sum(unit.size >= 5 for unit in each) for each in units])
            largest = np.mean(
                [
                    max(unit.size for unit in each) / sizes[reader]
                    for each, reader in zip(units, readers, strict=True)
                ]
            )
            held = np.mean(
                [
                    len({document for unit in each for document in unit.documents}) / sizes[reader]
                    for each, reader in zip(units, readers, strict=True)
                ]
            )
            print(
                f"{data:<10}{threshold:>6.2f}{np.mean([*map(len, units)]):>8.1f}{big:>11.2f}{largest:>16.2f}{held:>8.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1])
