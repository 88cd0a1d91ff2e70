"""Text -> vectors: the Embedder protocol and the embedders by name.

    minilm                 all-MiniLM-L6-v2, English, no download, no torch (extra `minilm`)
    minilm-bf16            the same by torch in bfloat16, faster where the processor has it (extra `torch`)
    multilingual           multilingual-e5-small, a hundred languages, no download, no torch (extra
    `multilingual`) corpus                 trained on your own titles, nothing to install or download
    a name or a path       any sentence-transformers model (extra `torch`), or what `penchant align` made
    remote:MODEL@URL       an OpenAI-compatible endpoint, URL ends in /v1 (extra `remote`)

A package adds another by an entry point in the group ``penchant.embedders``: a name -> a function of
`api_key` and `batch_size`. Any object with `name`, `dimension`, `threshold` and `encode` is an embedder, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from penchant.errors import EmbedderError
from penchant.plugins import added, is_added
from penchant.types import Vectors

_GROUP = "penchant.embedders"
DEFAULT_THRESHOLD = 0.5
"""For models that nobody calibrated yet: `penchant calibrate` proposes a better one."""


ALIGNED_CORPUS = "corpus.npz"
"""The file that holds a `corpus` embedder in the folder that `penchant align` makes."""


@runtime_checkable
class Embedder(Protocol):
    """What turns texts into vectors."""

    @property
    def name(self) -> str:
        """What a state remembers: equal names mean equal vectors for equal texts."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    @property
    def threshold(self) -> float:
        """The tau that suits it: from this cosine on, a unit is relevant to a document."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""


class Bags(NamedTuple):
    """The parts of some texts."""

    rows: NDArray[np.int32]
    """The rows of the parts of all texts, one text after the other; from ``len(table)`` on those of
    `others`."""
    starts: NDArray[np.int64]
    """Where the rows of each text begin, and at last where those of all end; shape (texts + 1,)."""
    others: Vectors
    """The vectors of parts that are not in the table."""


@runtime_checkable
class LinearEmbedder(Embedder, Protocol):
    """An embedder whose vector of a text is the sum of the vectors of its parts, scaled to length 1.

    Texts joined by spaces have the parts of each. The vectors of parts hold numbers of half precision, so
    that sums in float64 are exact, in whatever order: Interest Units can be kept without cutting a text into
    parts twice.
    """

    @property
    def table(self) -> Vectors:
        """The vectors of the parts that are known, float32 of shape (parts, dimension)."""

    def bags(self, texts: Sequence[str]) -> Bags:
        """The parts of texts."""


def load_embedder(name: str, *, api_key: str | None = None, batch_size: int | None = None) -> Embedder:
    """The embedder of that name, except ``corpus``, which is trained on titles: see `CorpusEmbedder.fit`.

    Raises:
        MissingExtra: the packages for it are not installed.
        EmbedderError: there is no such embedder, or its weights are not those that are expected.
    """
    if name == "minilm":
        from penchant.embed.minilm import load_minilm

        return load_minilm()
    if name == "minilm-bf16":
        from penchant.embed.transformer import load_minilm_bf16

        return load_minilm_bf16(batch_size)
    if name == "multilingual":
        from penchant.embed.e5 import MultilingualEmbedder

        return MultilingualEmbedder()
    if name.startswith("remote:"):
        from penchant.embed.remote import RemoteEmbedder

        model, separator, url = name.removeprefix("remote:").partition("@")
        if not (model and separator and url):
            raise EmbedderError(
                f"embedder {name!r}: write remote:MODEL@URL, for example remote:bge-m3@http://127.0.0.1:8000/v1"
            )
        return RemoteEmbedder(url, model, api_key=api_key, batch_size=batch_size or 128)
    if name == "corpus" or name.startswith("corpus-"):
        raise EmbedderError(
            "the corpus embedder is trained on titles: use CorpusEmbedder.fit(titles), or open a state with "
            "it"
        )
    if (Path(name) / ALIGNED_CORPUS).exists():
        from penchant.embed.corpus import CorpusEmbedder

        return CorpusEmbedder.from_bytes((Path(name) / ALIGNED_CORPUS).read_bytes())
    if is_added(_GROUP, name):
        loader: Callable[..., Embedder] = added(_GROUP, name, f"embedder {name!r}")
        return loader(api_key=api_key, batch_size=batch_size)
    from penchant.embed.transformer import load_sentence_transformer

    return load_sentence_transformer(name, batch_size)


__all__ = ["ALIGNED_CORPUS", "DEFAULT_THRESHOLD", "Bags", "Embedder", "LinearEmbedder", "load_embedder"]
