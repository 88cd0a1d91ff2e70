"""Which of the differences between LEARN's paper and `penchant train --tower learn` matter?

Beauty, MiniLM. Each form is trained on the same clicks, and asked for the last documents of the same readers, one
in twenty, whom no form learned: Recall@20 among all documents, after the best of eight passes. All forms find
their targets among 2,048 documents drawn for each step. Beside: the mean vector of what the reader read.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from zlib import crc32

import numpy as np
import torch

from measuring import heading, read, row
from penchant import Engine
from penchant.train.learn.fit import MOST_HELD_OUT, fit
from penchant.train.learn.plan import TOWERS, Plan
from penchant.train.sequences import Question, Sequences, held_out
from penchant.vectors import unit_length

LEARN = replace(TOWERS["learn"], epochs=8, sampled=2_048)
PAPER = replace(TOWERS["learn-paper"], epochs=8, sampled=2_048)
FORMS: dict[str, Plan] = {
    "learn, as it comes": LEARN,
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
    "... softmax, targets alone": replace(PAPER, items="alone", loss="softmax", targets=1),
    "... softmax, inputs as targets": replace(
        PAPER, items="input", loss="softmax", targets=1, dimension=None
    ),
}


def main() -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    heading("Forms of LEARN", "beauty, minilm", "torch")
    given = sequences()
    _, questions = held_out(given, LEARN.held_out, MOST_HELD_OUT)
    mean = recall_of_mean(given, questions)
    row("mean vector of what was read", f"Recall@20 {mean:.4f} of {len(questions):,} readers")
    for name, plan in FORMS.items():
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


def sequences() -> Sequences:
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
    return Sequences(
        [document.id for document in documents],
        vectors,
        [np.array(list(read_by[user]), np.int64) for user in users],
        np.array([crc32(user.encode()) for user in users], np.uint32),
    )


def recall_of_mean(given: Sequences, questions: list[Question]) -> float:
    """Recall@20 of what is nearest to the mean of what was read."""
    found = []
    for known, asked in questions:
        scores = given.embeddings @ unit_length(given.embeddings[known].mean(axis=0)[None])[0]
        scores[known] = -np.inf
        found.append(np.isin(asked, np.argpartition(-scores, 19)[:20]).mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
