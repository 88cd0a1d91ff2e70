"""What does it gain that clicks teach the blend, and what could they spoil?

On validation users, whom no test asks, MiniLM, seed 0, one thread: by the weights of the start and no learning; the same with a
weight for what readers had read before ("read after the like"), which starts at 0; and learned from clicks, sure of the start to
several degrees. Beside each the difference to the first, 95 % by bootstrap over cases.

    python benchmarks/learning.py pydev deskdrop beauty
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
from pathlib import Path
from types import MappingProxyType

import numpy as np

from measuring import DATA, heading
from penchant.lab.blend_method import BlendedUnits
from penchant.lab.datasets import Source
from penchant.lab.metrics import measure
from penchant.lab.outcomes import ask
from penchant.lab.protocols import Rules
from penchant.lab.run import Plan, prepare
from penchant.lab.statistics import interval
from penchant.lab.units_method import Variant
from penchant.lab.weights import validation
from penchant.rank.blend import all_weights
from penchant.rank.evidence.readers import Readers
from penchant.settings import Settings

CACHE = Path(os.environ.get("PENCHANT_CACHE", "~/.cache/penchant/lab")).expanduser()
LIKE = "read after the like"
MEASURES = ("Recall@20", "NDCG@20", "HR@5", "HR@20")
START = Readers.columns
IDEAS = (
    ("the start", False, 0.0, 100.0),
    (f"the start, {LIKE} 0.9", False, 0.9, 100.0),
    *(
        (f"learned, precision {precision:g}", True, 0.0, precision)
        for precision in (10.0, 30.0, 100.0, 300.0)
    ),
)
"""(name, whether clicks teach, the weight of LIKE before, the precision of the start)."""


def main() -> None:
    """Print a table for each data set."""
    heading("## What learning gains\n", "validation users of " + ", ".join(sys.argv[1:]))
    for name in sys.argv[1:] or ["pydev"]:
        told(name)


def told(name: str) -> None:
    setting = prepare(
        Plan(Source(name, home=DATA), "full", embedder="minilm", rules=Rules()),
        CACHE,
        lambda *_: None,
        lambda _: None,
    )
    trial = validation(setting)
    first: dict[str, np.ndarray] = {}
    print(f"\n### {name}: {len(trial.cases):,} cases\n")
    for idea, learns, weight, precision in IDEAS:
        Readers.columns = MappingProxyType({**START, LIKE: weight})
        users, variant = trial.users(), Variant(Settings(blend_precision=precision))
        method = BlendedUnits(
            setting.log, setting.vectors, setting.texts, users, setting.documents, variant, learns=learns
        )
        method.prepare(trial)
        found = measure(
            trial, ask(method, trial, (setting.log, setting.vectors, setting.texts, setting.documents)).ranks
        )
        first = first or found
        cells = []
        for each in (each for each in MEASURES if each in found):
            low, high = interval(found[each] - first[each], np.ones_like(found[each]), by_case=False, seed=0)
            cells.append(f"{each} {found[each].mean():.4f} ({low:+.4f} to {high:+.4f})")
        weights = all_weights(method._blend)
        print(
            f"- {idea}: {', '.join(cells)}; {method._blend.learned} lessons; {LIKE} {weights[LIKE]:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
