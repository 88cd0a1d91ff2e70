"""`penchant align`: each command in a few lines. What is heavy is imported when it is needed."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from penchant.cli.console import (
    ApiKey,
    ClickColumns,
    DocumentColumns,
    Json,
    err,
    named_columns,
    out,
    progress_bars,
)
from penchant.data.files import Problems, read_clicks, read_documents
from penchant.embed.kept import new_embedder
from penchant.errors import InvalidQuery, MissingExtra
from penchant.types import Click, Document

if TYPE_CHECKING:
    from penchant.embed import Embedder
    from penchant.train.align.training import Part, Plan

_EXTRA = ("torch", "sentence_transformers", "datasets", "accelerate", "bm25s", "matplotlib")

align = typer.Typer(no_args_is_help=True, help="Fine-tune an embedder so that interests and documents agree.")

DocumentsFile = Annotated[Path, typer.Option("--documents", help="As for `penchant build`.")]
Queries = Annotated[Path | None, typer.Option(help="Rows of query_id and query.")]
Judgements = Annotated[
    Path | None, typer.Option(help="For the judge `file`: TREC qrels, or rows of query_id and document_id.")
]
ClicksFile = Annotated[
    Path | None, typer.Option("--clicks", help="For the judge `clicks`: as for `penchant build`.")
]
EmbedderName = Annotated[str, typer.Option(help="corpus, minilm, or a sentence-transformers name or path.")]
Share = Annotated[
    float,
    typer.Option(help="So much of what was learned is kept, 0 to 1; less keeps more general knowledge."),
]
WhatPart = Annotated[
    Literal["map", "all"],
    typer.Option(
        "--part",
        help="Of a transformer: a linear map over its vectors (minutes on a CPU), or all its weights.",
    ),
]
Epochs = Annotated[int | None, typer.Option(help="At most. Default: what suits the embedder.")]
Seed = Annotated[int, typer.Option(help="Of everything that is drawn.")]


@align.command()
def evaluate(
    documents: DocumentsFile,
    queries: Queries = None,
    judgements: Judgements = None,
    judge: Annotated[Literal["file"], typer.Option(help="Who says what is relevant.")] = "file",
    embedder: EmbedderName = "corpus",
    part: WhatPart = "map",
    folds: Annotated[
        int,
        typer.Option(min=2, help="Parts of the queries; each is asked of what the others taught."),
    ] = 5,
    epochs: Epochs = None,
    share: Share = 1.0,
    seed: Seed = 0,
    as_json: Json = False,
    document_columns: DocumentColumns = None,
) -> None:
    """How much would alignment gain? NDCG@10 before and after, by cross-validation over queries."""
    _require_extra()
    from penchant.train.align.evaluation import cross_validated
    from penchant.train.align.judges.file import read_judgements, read_queries

    if queries is None or judgements is None:
        raise InvalidQuery(f"the judge {judge!r} needs --queries and --judgements")
    given = _documents(documents, document_columns)
    asked, said = read_queries(queries), read_judgements(judgements)
    model = _embedder(embedder, given)
    with tempfile.TemporaryDirectory() as folder, progress_bars() as report:
        found = cross_validated(
            embedder,
            model,
            asked,
            given,
            said,
            Path(folder),
            folds=folds,
            plan=_plan(model, part, epochs, seed),
            share=share,
            seed=seed,
            report=report,
        )
    if as_json:
        out.print_json(data={**found, "embedder": model.name, "seed": seed})
        return
    value = found["ndcg@10"]
    out.print(
        f"NDCG@10 of {found['queries']} queries, {found['folds']} folds: {value['before']:.3f} before, "
        f"{value['after']:.3f} "
        f"after alignment; the difference lies between {value['interval'][0]:+.3f} and "
        f"{value['interval'][1]:+.3f} (95 %)."
    )


@align.command()
def train(
    documents: DocumentsFile,
    out_folder: Annotated[
        Path, typer.Option("--out", help="Every step leaves its file here; the embedder is in OUT/embedder.")
    ],
    judge: Annotated[Literal["file", "clicks", "llm"], typer.Option(help="Who says what is relevant.")],
    queries: Queries = None,
    judgements: Judgements = None,
    clicks: ClicksFile = None,
    embedder: EmbedderName = "corpus",
    endpoint: Annotated[
        str | None, typer.Option(help="For the judge `llm`: MODEL@URL, an OpenAI-compatible endpoint.")
    ] = None,
    prompt: Annotated[Path | None, typer.Option(help="For the judge `llm`: a prompt of your own.")] = None,
    price: Annotated[
        float, typer.Option(help="For the judge `llm`: of a million tokens, for estimate and ledger.")
    ] = 0.0,
    per_minute: Annotated[int | None, typer.Option(help="For the judge `llm`: requests at most.")] = None,
    sample: Annotated[
        Path | None, typer.Option(help="For the judge `llm`: judgements by hand, to compare with.")
    ] = None,
    part: WhatPart = "map",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before an endpoint is paid.")] = False,
    most: Annotated[
        int | None,
        typer.Option(help="Queries that are made (1,000) or clicks drawn (20,000).", show_default=False),
    ] = None,
    epochs: Epochs = None,
    share: Share = 1.0,
    seed: Seed = 0,
    api_key: ApiKey = None,
    document_columns: DocumentColumns = None,
    click_columns: ClickColumns = None,
) -> None:
    """From queries and judgements to an embedder of your own. Stopped, the same command goes on."""
    _require_extra()
    from penchant.train.align.jobs import Wanted, run

    given = _documents(documents, document_columns)
    model = _embedder(embedder, given)
    with progress_bars() as report:
        wanted = Wanted(
            judge,
            queries,
            judgements,
            _clicks(clicks, click_columns, given),
            endpoint,
            prompt,
            price,
            per_minute,
            sample,
            most,
            seed,
            api_key,
            agree=lambda estimate: yes or report.confirm(f"{estimate} Go on?"),
            say=lambda text: err.print(text, soft_wrap=True),
        )
        made, curve = run(
            embedder, model, given, wanted, out_folder, _plan(model, part, epochs, seed), share, report
        )
    err.print(
        f"NDCG@10 on held-out queries: {curve.validation[0]:.3f} before, {curve.validation[curve.best]:.3f} "
        f"after epoch {curve.best}. "
        f"Threshold {made.threshold:g}. Use it: --embedder {out_folder / 'embedder'}",
        soft_wrap=True,
    )


def _require_extra() -> None:
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"alignment needs {', '.join(missing)}: pip install 'penchant[align]'")


def _documents(path: Path, columns: list[str] | None) -> list[Document]:
    problems = Problems("skip")
    documents = list(read_documents(path, named_columns(columns), problems))
    if problems.count:
        err.print(
            f"{problems.count} rows of {path} are left out, the first: {problems.examples[0]}", soft_wrap=True
        )
    return documents


def _clicks(path: Path | None, columns: list[str] | None, documents: list[Document]) -> list[Click]:
    known = {document.id for document in documents}
    return (
        []
        if path is None
        else list(read_clicks(path, named_columns(columns), Problems("skip"), known.__contains__))
    )


def _embedder(name: str, documents: list[Document]) -> Embedder:
    return new_embedder(name, [document.title for document in documents])


def _plan(embedder: Embedder, part: Part, epochs: int | None, seed: int) -> Plan:
    from penchant.train.align.models import plan_for

    plan = replace(plan_for(embedder, part), seed=seed)
    return plan if epochs is None else replace(plan, epochs=epochs)
