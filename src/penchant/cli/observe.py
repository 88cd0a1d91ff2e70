"""`penchant observe`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.common import existing, given_documents, summary, tell
from penchant.cli.console import (
    ApiKey,
    ClickColumns,
    ClicksFile,
    DocumentColumns,
    Json,
    OnErrorOption,
    State,
    named_columns,
    progress_bars,
)
from penchant.data.build import add_documents, observe_log
from penchant.data.files import (
    Problems,
    fingerprint,
    read_clicks,
)


def observe(
    state: State,
    clicks: ClicksFile,
    documents: Annotated[Path | None, typer.Option(help="Documents to add first.")] = None,
    on_error: OnErrorOption = "stop",
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Learn more clicks. A file that was learned before changes nothing; a killed run goes on."""
    problems = Problems(on_error)
    with existing(state, api_key=api_key, write=True) as engine, progress_bars() as report:
        if documents is not None:
            add_documents(engine, given_documents(documents, document_column, problems), report)
        log = list(read_clicks(clicks, named_columns(click_column), problems, engine.__contains__))
        before = observe_log(engine, log, fingerprint(clicks), report)
        told = {
            **summary(engine),
            "clicks": len(log),
            "learned before": before,
            "skipped rows": problems.count,
        }
    tell(told, problems, json)
