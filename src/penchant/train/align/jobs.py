"""What `penchant align train` does, for each judge."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from penchant.embed import Embedder
from penchant.errors import InvalidQuery
from penchant.train.align.examples import AlignQuery, Candidate, Judgement
from penchant.train.align.judges.clicks import DRAWN, from_clicks
from penchant.train.align.judges.file import judged, read_judgements, read_queries, with_judged
from penchant.train.align.models import plan_by_clicks
from penchant.train.align.pipeline import Judged, align, collect, keep
from penchant.train.align.queries import from_documents
from penchant.train.align.training import Curve, Plan
from penchant.types import Click, Document, StageProgress, quiet

QUERIES_MADE = 1_000


@dataclass(frozen=True)
class Wanted:
    """The judge, and what it needs."""

    judge: str
    queries: Path | None
    judgements: Path | None
    clicks: Sequence[Click]
    endpoint: str | None
    prompt: Path | None
    price: float
    per_minute: int | None
    sample: Path | None
    """Judgements by hand, with which those of the language model are compared."""
    most: int | None
    """Queries that are made, or clicks that are drawn. None: the usual number."""
    seed: int
    api_key: str | None
    agree: Callable[[str], bool]
    """Asked with an estimate before an endpoint is paid."""
    say: Callable[[str], None]


def run(
    name: str,
    embedder: Embedder,
    documents: Sequence[Document],
    wanted: Wanted,
    folder: Path,
    plan: Plan,
    share: float,
    report: StageProgress = quiet,
) -> tuple[Embedder, Curve]:
    """Queries, candidates, judgements, training; each step is in a file of the folder and not done twice.

    Raises:
        InvalidQuery: the judge lacks what it needs, or found nothing to learn from.
    """
    judges = {"file": _by_file, "clicks": _by_clicks, "llm": _by_llm}
    said = judges[wanted.judge](embedder, documents, wanted, folder, report)
    lists = said.lists()
    if wanted.judge == "clicks":
        plan = plan_by_clicks(plan)
    counts = f"{len(said.judgements):,} judgements of {len(said.queries):,} queries"
    told = f"The judge was `{wanted.judge}`: {counts}."
    titles = [document.title for document in documents]
    return align(name, embedder, lists, titles, folder, plan=plan, share=share, told=told, report=report)


def _by_file(
    embedder: Embedder, documents: Sequence[Document], wanted: Wanted, folder: Path, report: StageProgress
) -> Judged:
    if wanted.queries is None or wanted.judgements is None:
        raise InvalidQuery("the judge 'file' needs --queries and --judgements")
    queries, said = read_queries(wanted.queries), read_judgements(wanted.judgements)
    found = collect(
        folder, queries, documents, embedder, lambda _, candidates: judged(candidates, said), report
    )
    titles = {document.id: document.title for document in documents}
    candidates = with_judged(found.candidates, said, titles)
    return Judged(found.queries, candidates, [*found.judgements, *(each for each in said if each.relevant)])


def _by_clicks(
    _: Embedder, documents: Sequence[Document], wanted: Wanted, folder: Path, __: StageProgress
) -> Judged:
    if not wanted.clicks:
        raise InvalidQuery("the judge 'clicks' needs --clicks")
    queries, candidates, judgements = from_clicks(
        documents, wanted.clicks, most=wanted.most or DRAWN, seed=wanted.seed
    )
    return keep(folder, queries, lambda _: candidates, lambda _, __: judgements)


def _by_llm(
    embedder: Embedder, documents: Sequence[Document], wanted: Wanted, folder: Path, report: StageProgress
) -> Judged:
    from penchant.train.align.judges.llm import LanguageModelJudge, agreement
    from penchant.train.chat import Chat, model_at

    model, url = model_at(wanted.endpoint, "the judge 'llm'")
    queries = _asked(documents, wanted)
    with Chat(
        model, url, folder, api_key=wanted.api_key, price=wanted.price, per_minute=wanted.per_minute
    ) as chat:
        judge = LanguageModelJudge(chat, prompt=wanted.prompt, report=report)

        def agreed(asked: Sequence[AlignQuery], candidates: Sequence[Candidate]) -> Iterable[Judgement]:
            estimate = judge.estimate(asked, candidates)
            if not wanted.agree(estimate):
                raise InvalidQuery("nothing was asked: the estimate was not agreed to")
            return judge.judge(asked, candidates)

        found = collect(folder, queries, documents, embedder, agreed, report)
        wanted.say(f"{len(found.judgements):,} judgements by {model}, {chat.paid:,.2f} paid in all.")
    if wanted.sample is not None:
        value = agreement(found.judgements, read_judgements(wanted.sample))
        same = f"{value['agreement']:.0%} are judged the same (kappa {value['kappa']:.2f})"
        wanted.say(f"Of {value['pairs']:,} pairs judged by hand {same}.")
    return found


def _asked(documents: Sequence[Document], wanted: Wanted) -> list[AlignQuery]:
    if wanted.queries is not None:
        return read_queries(wanted.queries)
    return from_documents(documents, wanted.clicks, wanted.most or QUERIES_MADE, wanted.seed)
