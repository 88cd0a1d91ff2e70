"""Does a change of the code change an answer? Write all answers with one version, compare with
another, to the last bit.

    PYTHONPATH=/path/to/before/src python benchmarks/answers.py before.json
    python benchmarks/answers.py after.json before.json

3,000 clicks of deskdrop, one by one: Interest Units with the bytes of their embeddings, recommendations by
each scorer with their scores, the evidence in words, and the weights of the blend, of 60 readers.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import csv
import gzip
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from penchant import Click, Document, Engine, Settings

DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[2] / "shared" / "data"))
CLICKS, READERS = 3_000, 60
CASES = {
    "default": ("exact", {}),
    "int8": ("exact", {"unit_precision": "int8"}),
    "sum": ("exact", {"scorer": "sum"}),
    "usearch": ("usearch", {"scorer": "sum"}),
}


def main(file: Path, other: Path | None = None) -> None:
    """Write the answers, and compare them with others."""
    documents = [
        Document(row["document_id"], row["title"], published_at=float(row["published_at"]))
        for row in rows("documents")
        if row["title"].strip()
    ]
    known = {document.id for document in documents}
    clicks = [Click(row["user_id"], row["document_id"], float(row["clicked_at"])) for row in rows("clicks")]
    ordered = sorted((c for c in clicks if c.document_id in known), key=lambda click: click.at)[:CLICKS]
    found = {name: answers(*case, documents, ordered) for name, case in CASES.items()}
    file.write_text(json.dumps(found, indent=0, sort_keys=True))
    if other is not None:
        before, differs = json.loads(other.read_text()), False
        for name, each in json.loads(file.read_text()).items():
            changed = [key for key, value in each.items() if before[name].get(key) != value]
            print(f"{name}: {len(each)} answers, {len(changed)} differ {changed[:4]}")
            differs |= bool(changed)
        sys.exit(differs)


def rows(name: str) -> Iterator[dict[str, str]]:
    """Of a file of deskdrop: read here, so that any version of the package can be asked."""
    with gzip.open(DATA / "deskdrop" / f"{name}.tsv.gz", "rt", encoding="utf-8") as file:
        yield from csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)


def answers(
    index: str, settings: dict[str, object], documents: list[Document], clicks: list[Click]
) -> dict[str, object]:
    """Name -> an answer that JSON can hold."""
    engine = Engine("corpus", index=index, settings=Settings(**settings))
    engine.add(documents)
    for click in clicks:
        engine.observe([click])
    found: dict[str, object] = {"blend": engine.blend.weights()}
    for user in engine.user_ids()[:READERS]:
        found[f"units {user}"] = [
            [
                unit.text,
                unit.terms,
                unit.size,
                unit.documents,
                hashlib.sha256(unit.embedding.tobytes()).hexdigest(),
            ]
            for unit in engine.units(user)
        ]
        for scorer in ("blend", "sum", "max", "soft"):
            best = engine.recommend(user, 10, scorer=scorer)
            found[f"{scorer} {user}"] = [[each.document.id, each.score] for each in best]
        told = (one for each in engine.recommend(user, 3) for one in each.evidence)
        found[f"evidence {user}"] = [[one.kind, one.weight, one.words] for one in told]
    return found


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
