"""The embedder of a state: chosen once, remembered by its name and, where it was trained on the titles, by
its model."""

from __future__ import annotations

from collections.abc import Sequence

from penchant.embed import Embedder, load_embedder
from penchant.embed.corpus import CorpusEmbedder
from penchant.errors import StateDamaged

TRAINED = "corpus"
"""The name of the embedder that is trained on titles."""


def new_embedder(embedder: str | Embedder, titles: Sequence[str], api_key: str | None = None) -> Embedder:
    """The embedder that is asked for; ``corpus`` is trained on the titles."""
    if not isinstance(embedder, str):
        return embedder
    return CorpusEmbedder.fit(titles) if embedder == TRAINED else load_embedder(embedder, api_key=api_key)


def restored(name: str, model: bytes | None, api_key: str | None = None) -> Embedder:
    """The embedder of that name.

    Args:
        model: what `model_of` gave when the embedder was new.

    Raises:
        StateDamaged: the model is missing.
    """
    if not name.startswith(f"{TRAINED}-"):
        return load_embedder(name, api_key=api_key)
    if model is None:
        raise StateDamaged("the corpus embedder is missing from the state: restore a copy")
    return CorpusEmbedder.from_bytes(model)


def model_of(embedder: Embedder) -> bytes | None:
    """What has to be kept to load the embedder again; None where its name says enough."""
    return embedder.to_bytes() if isinstance(embedder, CorpusEmbedder) else None


def is_that(name: str, wanted: str) -> bool:
    """Whether the embedder of that name is the wanted one; ``corpus`` is whatever was trained on titles."""
    return name == wanted or (wanted == TRAINED and name.startswith(f"{TRAINED}-"))
