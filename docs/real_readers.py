"""Writes docs/real-readers.md: what penchant finds for five readers of two real communities.

python docs/real_readers.py [FOLDER WITH deskdrop AND pydev] > docs/real-readers.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from penchant import Engine
from penchant.data.build import add_documents, observe_log
from penchant.data.files import Problems, read_clicks, read_documents

READERS = {
    "deskdrop": ["3891637997717104548", "3609194402293569455", "3302556033962996625"],
    "pydev": ["0ab4155448", "47d9568e08"],
}
ABOUT = {
    "deskdrop": "Deskdrop: employees share and read articles in a company community, in English and Portuguese.",
    "pydev": "Twelve Python projects: a document is a change, clicked by its author.",
}


def main(data: Path) -> None:
    """Print the page."""
    print(
        "# Real readers\n\nWritten by `make real-readers`: the `corpus` embedder, default settings, public data. User ids as published."
    )
    for name, readers in READERS.items():
        engine = build(data / name)
        print(f"\n## {ABOUT[name]}")
        for reader in readers:
            show(engine, reader)


def build(folder: Path) -> Engine:
    """Everything that the data set holds, learned in memory."""
    engine, problems = Engine("corpus", index="exact"), Problems("stop")
    add_documents(engine, list(read_documents(folder / "documents.tsv.gz", {}, problems)))
    observe_log(
        engine, list(read_clicks(folder / "clicks.tsv.gz", {}, problems, engine.__contains__)), folder.name
    )
    return engine


def show(engine: Engine, reader: str) -> None:
    """One reader's larger interests and what is recommended."""
    units = sorted(engine.units(reader), key=lambda unit: -unit.size)[:6]
    print(f"\n### Reader {reader}\n\n| interest | nearest to it | size |\n|---|---|---|")
    for unit in units:
        print(f"| {cell(unit.name)} | {cell(unit.headline)} | {unit.size} |")
    print("\n| recommended | why |\n|---|---|")
    for found in engine.recommend(reader, 5):
        words = "; ".join(reason.words for reason in found.reasons)
        print(f"| {cell(found.document.title)} | {cell(words)} |")


def cell(text: str) -> str:
    """Text that cannot break a table."""
    return text.replace("|", "/").replace("`", "'").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared/data"))
