"""An embedder behind an OpenAI-compatible `/v1/embeddings` endpoint (vLLM, Ollama, llama.cpp, a hosted
one)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from penchant.embed import DEFAULT_THRESHOLD
from penchant.embed.endpoint import Endpoint
from penchant.errors import EndpointError
from penchant.types import Vectors
from penchant.vectors import unit_length


class RemoteEmbedder:
    """Embeds by POST to `{url}/embeddings`, see `penchant.embed.endpoint`; the dimension is asked for with a
    first, short text.

    Args:
        url: ends in `/v1`.
        timeout: seconds for one request.
        attempts: how often a request is tried in all.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key: str | None = None,
        threshold: float = DEFAULT_THRESHOLD,
        batch_size: int = 128,
        timeout: float = 30.0,
        attempts: int = 6,
    ) -> None:
        self.name = f"remote:{model}@{url}"
        self.threshold = threshold
        self._model = model
        self._batch_size = batch_size
        self._endpoint = Endpoint(
            url.rstrip("/") + "/embeddings", model, api_key=api_key, timeout=timeout, attempts=attempts
        )
        try:
            self.dimension = int(self._embed(["dimension"]).shape[1])
        except BaseException:
            self._endpoint.close()
            raise

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""
        batches = [
            list(texts[start : start + self._batch_size]) for start in range(0, len(texts), self._batch_size)
        ]
        return (
            np.concatenate([self._embed(batch) for batch in batches])
            if batches
            else np.zeros((0, self.dimension), np.float32)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._endpoint.close()

    def _embed(self, texts: list[str]) -> Vectors:
        try:
            answer = self._endpoint.ask({"model": self._model, "input": texts, "encoding_format": "float"})
            return _vectors(answer, len(texts))
        except (KeyError, TypeError, ValueError) as error:
            raise EndpointError(
                f"{self._endpoint.url} answered with something else than {len(texts)} embeddings: {error}"
            ) from error


def _vectors(answer: Any, expected: int) -> Vectors:
    rows = sorted(answer["data"], key=lambda row: row["index"])
    vectors = np.array([row["embedding"] for row in rows], np.float32)
    if vectors.ndim != 2 or len(vectors) != expected:
        raise ValueError(f"got an array of shape {vectors.shape}")
    return unit_length(vectors)
