"""`penchant calibrate`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from penchant.cli import show
from penchant.cli.common import given_clicks, given_documents
from penchant.cli.console import (
    ApiKey,
    ClickColumns,
    ClicksFile,
    DocumentColumns,
    DocumentsFile,
    EmbedderName,
    Json,
    OnErrorOption,
    UnitRuleOption,
    out,
    progress_bars,
)
from penchant.data.files import (
    Problems,
)
from penchant.embed.calibrate import Calibration

_BAR = 27


def calibrate(
    documents: DocumentsFile,
    clicks: ClicksFile,
    embedder: EmbedderName = None,
    unit_rule: UnitRuleOption = None,
    pairs: Annotated[int, typer.Option(help="How many pairs of each kind.")] = 5_000,
    seed: Annotated[int, typer.Option(help="Draws the same pairs again.")] = 0,
    on_error: OnErrorOption = "stop",
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Propose a threshold from how alike random documents are, and those that one reader clicks in a row."""
    from penchant.embed.calibrate import calibrate as compare
    from penchant.embed.kept import new_embedder

    problems = Problems(on_error)
    given = given_documents(documents, document_column, problems)
    log = given_clicks(clicks, click_column, problems, {document.id for document in given})
    model = new_embedder(embedder or "corpus", [document.title for document in given], api_key)
    with progress_bars() as report:
        result = compare(
            model,
            given,
            log,
            rule=unit_rule or "mean",
            pairs=pairs,
            seed=seed,
            progress=lambda done: report("embedding pairs", done, 4 * min(pairs, len(log))),
        )
    if json:
        show.print_json(out, result)
    else:
        out.print(calibration_picture(result))


def calibration_picture(result: Calibration) -> Group:
    """The two distributions as bars, the threshold between them, and why."""
    table = Table(title=f"cosines under {result.embedder}", title_justify="left", box=None, pad_edge=False)
    table.add_column("cosine", justify="right")
    table.add_column(f"random pairs ({result.random_pairs:,})", min_width=_BAR)
    table.add_column(f"clicked in a row ({result.neighbours:,})", min_width=_BAR)
    highest = max(*result.random_share, *result.neighbour_share)
    for low, high, chance, neighbour in zip(
        result.edges, result.edges[1:], result.random_share, result.neighbour_share, strict=False
    ):
        mark = " <- threshold" if low <= result.proposed < high else ""
        table.add_row(
            f"{low:.2f}",
            Text(_bar(chance, highest), "dim"),
            Text(_bar(neighbour, highest) + mark, "green" if low >= result.proposed else ""),
        )
    above = result.neighbours_above
    words = (
        f"\nproposed threshold: {result.proposed:.2f} (the embedder's own: {result.current:.2f})\n"
        f"{result.chance:.1%} of the random pairs reach it, and {above:.1%} of the pairs that a reader "
        f"clicked in a row: {above / (result.chance or 1):.1f} times as many.\n"
        "Lower it for fewer, broader interests; raise it for more, narrower ones.\n"
        f"Use it: penchant build ... --threshold {result.proposed:.2f}"
    )
    return Group(table, Text(words))


def _bar(share: float, highest: float) -> str:
    eighths = round(share / highest * _BAR * 8) if highest else 0
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
