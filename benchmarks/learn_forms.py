"""Which of the differences between LEARN's paper and `penchant train --tower learn` matter?

Beauty, MiniLM. Each form is trained on the same clicks, and asked for the last documents of the same readers, one
in twenty, whom no form learned: Recall@20 among all documents, after the best of six passes. All forms find
their targets among 2,048 documents drawn for each step. Beside: the mean vector of what the reader read.

Long: until three passes in a row are no better, as `penchant train` does; 2,000 readers are asked.

Cold: a tenth of the documents is left out of every history. Readers are asked which of these they read, given the
others, among all that were left out: no form was trained on any of them. As long as `penchant train` does.

`learn_forms.py long` and `learn_forms.py cold` print these rows alone.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from measuring import heading, read, row
from penchant import Engine
from penchant.towers.sequential import Trained
from penchant.towers.snapshot import Snapshot, lots_of
from penchant.train.sequences import Question, held_out
from penchant.train.towers.fit import MOST_HELD_OUT, fit
from penchant.train.towers.job import as_tower, scores_of
from penchant.train.towers.plan import TOWERS, Plan
from penchant.vectors import unit_length

LEARN = replace(TOWERS["learn"], width=64, wide=64, epochs=6, sampled=2_048)
PAPER = replace(TOWERS["learn-paper"], epochs=6, sampled=2_048)
FORMS: dict[str, Plan] = {
    "learn, of width 64": LEARN,
    "... by text alone": replace(LEARN, inputs="text"),
    "... by ids alone": replace(LEARN, inputs="ids"),
    "... ids never left out": replace(LEARN, ids_dropped=0.0),
    "... cosine times 20": replace(LEARN, similarity="cosine"),
    "... five targets after each place": replace(LEARN, targets=5),
    "... no vectors of places": replace(LEARN, ordered=False),
    "... width 128": replace(LEARN, width=128, wide=128),
    "learn-paper: dense, targets in order": PAPER,
    "... targets alone (variant 2)": replace(PAPER, items="alone"),
    "... embeddings as targets (variant 3)": replace(PAPER, items="content", dimension=None),
    "... softmax, inputs as targets": replace(
        PAPER, items="input", loss="softmax", targets=1, dimension=None
    ),
}

AS_IT_COMES = replace(TOWERS["learn"], held_out=0.1)
LONG: dict[str, Plan] = {
    "learn": AS_IT_COMES,
    "... products in float32": replace(AS_IT_COMES, products="float32"),
    "... no mean of the weights": replace(AS_IT_COMES, averaged=0.0),
    "... no decay": replace(AS_IT_COMES, decay=0.0),
    "... neither": replace(AS_IT_COMES, averaged=0.0, decay=0.0),
    "... width 256": replace(AS_IT_COMES, width=256, wide=256),
}


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    heading("Forms of LEARN", "beauty, minilm", "torch")
    given = sequences()
    if "cold" not in sys.argv:
        for forms in [LONG] if "long" in sys.argv else [FORMS, LONG]:
            compared(given, forms)
    if "long" not in sys.argv:
        cold(given)


def compared(given: Snapshot, forms: dict[str, Plan]) -> None:
    """The rows on documents that some readers clicked."""
    first = next(iter(forms.values()))
    _, questions = held_out(given, first.held_out, MOST_HELD_OUT)
    mean = recall_of_mean(given, questions)
    row("mean vector of what was read", f"Recall@20 {mean:.4f} of {len(questions):,} readers")
    for name, plan in forms.items():
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            fitted = fit(given, plan, Path(folder))
        seconds = (time.perf_counter() - started) / len(fitted.epochs)
        found = fitted.epochs[fitted.best - 1].recall
        row(
            name,
            f"Recall@20 {found:.4f} after pass {fitted.best}, {seconds:.0f} s a pass",
            beside=f"the mean vector: {found / mean:.2f} times",
        )


def cold(given: Snapshot) -> None:
    """The rows on documents that nobody clicked in the training."""
    left_out = np.random.default_rng(0).random(len(given.ids)) < 0.1
    known = [rows[~left_out[rows]] for rows in given.read]
    asked = [rows[left_out[rows]] for rows in given.read]
    questions = [Question(*pair) for pair in zip(known, asked, strict=True) if all(map(len, pair))]
    candidates = np.flatnonzero(left_out)
    some = [place for place, rows in enumerate(known) if len(rows)]
    learned = given._replace(read=[known[place] for place in some], lots=given.lots[some])
    mean = recall_of_mean(given, questions, candidates)
    told = f"{len(questions):,} readers, {len(candidates):,} documents"
    row("cold: mean vector", f"Recall@20 {mean:.4f} of {told}")
    for name, plan in (("text alone", replace(TOWERS["learn"], inputs="text")), ("learn", TOWERS["learn"])):
        with tempfile.TemporaryDirectory() as folder:
            fitted = fit(learned, plan, Path(folder))
        trained = Trained(0, 0, 0, 0.0, fitted.best, 0.0, 0, 0)
        tower = as_tower(fitted, plan, learned, trained)
        vectors = tower.documents(given.ids, given.embeddings)[candidates]
        found = [
            np.isin(each.asked, candidates[best(scores_of(tower, given, vectors, each.known))]).mean()
            for each in questions
        ]
        ratio = float(np.mean(found)) / mean
        row(
            f"cold: {name}",
            f"Recall@20 {np.mean(found):.4f}",
            ">= 1.3 times the mean vector" if name == "text alone" else "",
            ratio >= 1.3 if name == "text alone" else None,
            beside=f"the mean vector: {ratio:.2f} times",
        )


def best(scores: np.ndarray) -> np.ndarray:
    return np.argpartition(-scores, 19)[:20]


def sequences() -> Snapshot:
    """The clicks of the shop, in order."""
    documents, clicks = read("beauty")
    with Engine("minilm", index="exact") as engine:
        engine.add(documents)
        vectors = engine.towers.snapshot().embeddings
    place = {document.id: number for number, document in enumerate(documents)}
    read_by: dict[str, dict[int, None]] = {}
    for click in sorted(clicks, key=lambda click: click.at):
        read_by.setdefault(click.user_id, {})[place[click.document_id]] = None
    users = sorted(read_by)
    return Snapshot(
        "minilm",
        [document.id for document in documents],
        vectors,
        [np.array(list(read_by[user]), np.int64) for user in users],
        lots_of(users),
        max(click.at for click in clicks),
    )


def recall_of_mean(given: Snapshot, questions: list[Question], among: np.ndarray | None = None) -> float:
    """Recall@20 of what is nearest to the mean of what was read."""
    candidates = np.arange(len(given.ids)) if among is None else among
    vectors, found = given.embeddings[candidates], []
    for known, asked in questions:
        scores = vectors @ unit_length(given.embeddings[known].mean(axis=0)[None])[0]
        scores[np.isin(candidates, known)] = -np.inf
        found.append(np.isin(asked, candidates[best(scores)]).mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
