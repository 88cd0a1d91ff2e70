"""`penchant search`."""

from __future__ import annotations

from penchant.cli.common import existing, show_documents
from penchant.cli.console import (
    ApiKey,
    At,
    Json,
    K,
    State,
    Where,
)
from penchant.memory.filters import parse_where


def search(
    state: State,
    text: str,
    k: K = 10,
    where: Where = None,
    at: At = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Find documents by meaning."""
    with existing(state, api_key=api_key) as engine:
        found = engine.search(text, k, where=parse_where(where), at=at)
    show_documents(f"Nearest to “{text}”", found, json)
