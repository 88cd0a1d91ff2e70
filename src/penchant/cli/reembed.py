"""`penchant reembed`."""

from __future__ import annotations

from typing import Annotated

import typer

from penchant.cli.common import must_exist
from penchant.cli.console import (
    ApiKey,
    State,
    WhatOfDocuments,
    out,
    progress_bars,
)


def reembed(
    state: State,
    embedder: Annotated[str, typer.Option(help="The new embedder.")],
    document_text: WhatOfDocuments = None,
    api_key: ApiKey = None,
) -> None:
    """Move a state to another embedder, without any click history."""
    from penchant.data.reembed import count_texts
    from penchant.data.reembed import reembed as move
    from penchant.store import open_store

    must_exist(state)
    store = open_store(state)
    try:
        total = count_texts(store)
        with progress_bars() as report:
            new = move(
                store,
                embedder,
                document_text=document_text,
                api_key=api_key,
                progress=lambda done: report("embedding texts", done, total),
            )
    finally:
        store.close()
    out.print(f"{total:,} texts embedded with {new.name}.", markup=False)
