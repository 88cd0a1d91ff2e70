"""The tables of the docs that the code knows better: `python docs/tables.py` writes them, a test says when they are old."""

from __future__ import annotations

import ast
import inspect
import re
from itertools import pairwise
from pathlib import Path

import msgspec

from penchant import settings
from penchant.rank.evidence import EVIDENCE
from penchant.settings import Settings

DOCS = Path(__file__).parent


def main() -> None:
    """Write every table into its page."""
    for page in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))):
        before = page.read_text()
        if before != (now := written(before)):
            page.write_text(now)
            print(f"{page.name} is written")


def written(text: str) -> str:
    """A page with its tables as they are now: each between ``<!-- NAME -->`` and ``<!-- end -->``."""

    def table(found: re.Match[str]) -> str:
        return f"<!-- {found[1]} -->\n{TABLES[found[1]]()}\n<!-- end -->"

    return re.sub(r"<!-- ([a-z]+) -->\n.*?\n<!-- end -->", table, text, flags=re.DOTALL)


def settings_table() -> str:
    """Every field with its default, what it takes, and what it does."""
    says = _docstrings_of_fields()
    rows = ["| setting | default | what it takes | what it does |", "|---|---|---|---|"]
    for field in msgspec.structs.fields(Settings):
        rows.append(
            f"| `{field.name}` | {_shown(field.default)} | {settings._allowed(field.type)} | {says[field.name]} |"
        )
    return "\n".join(rows)


def evidence_table() -> str:
    """Every kind with its columns and their weights before any click."""
    rows = ["| kind | what it is | columns, and their weights before any click |", "|---|---|---|"]
    for evidence in EVIDENCE:
        says = " ".join((inspect.getmodule(evidence).__doc__ or "").split("\n\n")[0].split()).partition(": ")[
            2
        ]
        columns = [f"{name} {weight:+.3f}" for name, weight in evidence.columns.items()]
        if evidence.family:
            columns.append(f"{evidence.family[0]}NAME {evidence.family[1]:+.3f}")
        rows.append(f"| {evidence.kind} | {says} | {'; '.join(columns)} |")
    return "\n".join(rows)


def results_table() -> str:
    """What is best where, as `penchant lab results` wrote it."""
    page = (DOCS / "results.md").read_text()
    after = page[page.index("## What is best where") :]
    return "\n".join(line for line in after.split("\n### ")[0].splitlines() if line.startswith("|"))


def _docstrings_of_fields() -> dict[str, str]:
    body = ast.parse(inspect.getsource(Settings)).body[0].body
    says = {}
    for field, after in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
            says[field.target.id] = " ".join(inspect.cleandoc(after.value.value).split()).replace("``", "`")
    return says


def _shown(value: object) -> str:
    return (
        f"{value:,}"
        if isinstance(value, int) and not isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else repr(value)
    )


TABLES = {"settings": settings_table, "evidence": evidence_table, "results": results_table}


if __name__ == "__main__":
    main()
