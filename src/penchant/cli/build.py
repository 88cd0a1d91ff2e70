"""`penchant build`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from penchant.cli.common import (
    changed_settings,
    given_clicks,
    given_documents,
    merged_settings,
    summary,
    tell,
)
from penchant.cli.console import (
    ApiKey,
    ClickColumns,
    ClicksFile,
    DocumentColumns,
    DocumentsFile,
    EmbedderName,
    Json,
    OnErrorOption,
    State,
    UnitRuleOption,
    WhatOfDocuments,
    progress_bars,
)
from penchant.data.build import build_state
from penchant.data.files import (
    Problems,
    fingerprint,
)
from penchant.engine import Engine


def build(
    state: State,
    documents: DocumentsFile,
    clicks: ClicksFile,
    embedder: EmbedderName = None,
    index: Annotated[
        Literal["usearch", "exact"] | None, typer.Option(help="usearch (default) or exact.")
    ] = None,
    unit_rule: UnitRuleOption = None,
    threshold: Annotated[
        float | None, typer.Option(help="tau; default: what suits the titles. See `penchant calibrate`.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Learn only clicks of these kinds, comma-separated.")
    ] = None,
    document_text: WhatOfDocuments = None,
    on_error: OnErrorOption = "stop",
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Build a state from documents and clicks. Interrupted or killed, the same command goes on."""
    problems = Problems(on_error)
    given = given_documents(documents, document_column, problems)
    log = given_clicks(clicks, click_column, problems, {document.id for document in given})
    changed = changed_settings(unit_rule, threshold, kinds, document_text)
    with (
        Engine.open(state, embedder, index, merged_settings(state, changed), api_key=api_key) as engine,
        progress_bars() as report,
    ):
        before = build_state(engine, given, log, fingerprint(clicks), state, report)
        told = {
            **summary(engine),
            "clicks": len(log),
            "learned before": before,
            "skipped rows": problems.count,
        }
    tell(told, problems, json)
