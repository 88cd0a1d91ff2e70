"""What several commands do: open a state, read files, tell what was done."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from penchant.cli import show
from penchant.cli.console import (
    err,
    named_columns,
    out,
)
from penchant.data.files import (
    Problems,
    read_clicks,
    read_documents,
)
from penchant.engine import Engine
from penchant.errors import InvalidQuery
from penchant.serve.answers import recommended
from penchant.settings import DocumentText, Settings, UnitRule
from penchant.store import store_exists
from penchant.types import Click, Document


def existing(state: Path, *, api_key: str | None = None, write: bool = False) -> Engine:
    must_exist(state)
    return Engine.open(state, read_only=not write, api_key=api_key)


def must_exist(state: Path) -> None:
    if not state.exists():
        raise InvalidQuery(
            f"there is no state in {state}: build one with `penchant build {state} --documents ... --clicks "
            "...`"
        )


def given_documents(path: Path, columns: list[str] | None, problems: Problems) -> list[Document]:
    return list(read_documents(path, named_columns(columns), problems))


def given_clicks(path: Path, columns: list[str] | None, problems: Problems, known: set[str]) -> list[Click]:
    return list(read_clicks(path, named_columns(columns), problems, known.__contains__))


def changed_settings(
    unit_rule: UnitRule | None,
    threshold: float | None,
    kinds: str | None,
    document_text: DocumentText | None,
) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if unit_rule is not None:
        changed["unit_rule"] = unit_rule
    if threshold is not None:
        changed["threshold"] = threshold
    if kinds is not None:
        changed["kinds"] = tuple(kind.strip() for kind in kinds.split(","))
    if document_text is not None:
        changed["document_text"] = document_text
    return changed


def merged_settings(state: Path, changed: dict[str, Any]) -> Settings | None:
    """The settings of the state, or the usual ones, with the changes; None to leave them alone."""
    if not changed:
        return None
    if not store_exists(state):
        return Settings(**changed)
    with Engine.open(state, read_only=True) as engine:
        return msgspec.structs.replace(engine.settings, **changed)


def summary(engine: Engine) -> dict[str, Any]:
    about = engine.about
    return {
        "documents": len(engine),
        "users": engine.user_count(),
        "embedder": about.embedder if about else None,
        "dimension": about.dimension if about else None,
        "index": about.index if about else None,
        "threshold": _threshold(engine),
        "sites": ", ".join(about.sites) if about and about.sites else None,
        "latest time": show.time_text(engine.latest_at),
        "size": f"{engine.size() / 1e6:,.1f} MB",
        "seconds in the embedder": round(engine.embedding_seconds, 1),
    }


def _threshold(engine: Engine) -> float | str:
    """As far as it is known without the embedder."""
    own, about = engine.settings.threshold, engine.about
    found = about.threshold if about and engine.settings.unit_rule == "mean" else None
    return own if own is not None else found if found is not None else "the embedder's"


def tell(summary: dict[str, Any], problems: Problems, as_json: bool) -> None:
    for example in problems.examples:
        err.print(f"skipped {example}", markup=False, soft_wrap=True)
    if problems.count > len(problems.examples):
        err.print(f"... and {problems.count - len(problems.examples):,} more rows", markup=False)
    if as_json:
        show.print_json(out, summary)
    else:
        out.print(show.pairs_table(summary))


def show_documents(title: str, found: Sequence[Any], as_json: bool) -> None:
    if as_json:
        show.print_json(out, recommended(found))
    elif found:
        out.print(show.recommendations_table(title, found))
    else:
        out.print("Nothing passes these filters.")
