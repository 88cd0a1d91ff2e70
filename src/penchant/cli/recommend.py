"""`penchant recommend`."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from penchant.cli.common import existing, show_documents
from penchant.cli.console import (
    At,
    Json,
    K,
    State,
    User,
    Where,
)
from penchant.data.files import time_of
from penchant.errors import InvalidQuery
from penchant.memory.filters import parse_where
from penchant.rank.sentences import check_language


def recommend(
    state: State,
    user: User,
    k: K = 10,
    where: Where = None,
    scorer: Annotated[
        str | None, typer.Option(help="blend (all evidence), sum (the paper's), max or soft.")
    ] = None,
    diversity: Annotated[
        float, typer.Option(min=0, max=1, help="How much what was chosen counts against its like.")
    ] = 0.0,
    personal: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of the places that are the user's own; default: the state's."),
    ] = None,
    explore: Annotated[
        float, typer.Option(min=0, max=1, help="Share of answers drawn from what is uncertain.")
    ] = 0.0,
    published_after: Annotated[
        float | None,
        typer.Option(
            parser=partial(time_of, column="--published-after"),
            metavar="TIME",
            help="Unix seconds, or 2025-01-31T12:00:00.",
        ),
    ] = None,
    include_seen: Annotated[bool, typer.Option(help="Also what the user clicked.")] = False,
    explain: Annotated[
        str, typer.Option(help="reasons, or full: with --json, also all that was weighed, for and against.")
    ] = "reasons",
    language: Annotated[str, typer.Option(help="Of the reasons: en or ko.")] = "en",
    at: At = None,
    json: Json = False,
) -> None:
    """Recommend documents to a user, each with its reasons."""
    if explain not in ("reasons", "full"):
        raise InvalidQuery(f"--explain is {explain!r}: use reasons or full")
    with existing(state) as engine:
        found = engine.recommend(
            user,
            k,
            where=parse_where(where),
            exclude_seen=not include_seen,
            published_after=published_after,
            scorer=scorer,
            diversity=diversity,
            personal=personal,
            explore=explore,
            explain="full" if explain == "full" else True,
            language=check_language(language),
            at=at,
        )
    show_documents(f"For {user}", found, json)
