"""What the benchmarks share: where the data is, reading it, and the line that says what was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

from penchant import Click, Document
from penchant.files import Problems, read_clicks, read_documents

DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[2] / "shared" / "data"))


def heading(question: str, data: str, *packages: str, seed: int | None = 0) -> None:
    """Print the question, and what the answer depends on."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("penchant", "numpy", *packages))
    threads = os.environ["OMP_NUM_THREADS"]
    print(
        f"{question}\ndata: {data}; seed: {seed}; {os.cpu_count()} cores, {threads} threads for numpy; {platform.machine()}; {versions}\n"
    )


def read(name: str) -> tuple[list[Document], list[Click]]:
    """The documents and clicks of a data set; the few documents without a title, and the clicks on them, left out."""
    problems = Problems("skip")
    documents = list(read_documents(DATA / name / "documents.tsv.gz", {}, problems))
    known = {document.id for document in documents}
    return documents, list(read_clicks(DATA / name / "clicks.tsv.gz", {}, problems, known.__contains__))
