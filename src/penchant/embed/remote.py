"""An embedder behind an OpenAI-compatible `/v1/embeddings` endpoint (vLLM, Ollama, llama.cpp, a hosted one)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from penchant.embed import DEFAULT_THRESHOLD
from penchant.errors import EndpointError, MissingExtra
from penchant.types import Vectors
from penchant.vectors import unit_length

try:
    import httpx
    import tenacity
except ImportError as error:
    raise MissingExtra("a remote embedder needs httpx and tenacity: pip install 'penchant[remote]'") from error

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0


class _BusyError(Exception):
    """The endpoint is busy or unreachable; `wait` is what it asked for, in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class RemoteEmbedder:
    """Embeds by POST to `{url}/embeddings`; the dimension is asked for with a first, short text.

    A time-out, a broken connection, 429 and 5xx are tried again with growing waits (or after `Retry-After`);
    everything else is an error at once.

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
        self._url = url.rstrip("/") + "/embeddings"
        self._batch_size = batch_size
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(headers=headers, timeout=timeout)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=_wait_as_asked,
            retry=tenacity.retry_if_exception_type(_BusyError),
            reraise=True,
        )
        try:
            self.dimension = int(self._embed(["dimension"]).shape[1])
        except BaseException:
            self._client.close()
            raise

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""
        batches = [list(texts[start : start + self._batch_size]) for start in range(0, len(texts), self._batch_size)]
        return np.concatenate([self._embed(batch) for batch in batches]) if batches else np.zeros((0, self.dimension), np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _embed(self, texts: list[str]) -> Vectors:
        try:
            answer = self._retrying(self._post, {"model": self._model, "input": texts, "encoding_format": "float"})
            return _vectors(answer, len(texts))
        except _BusyError as error:
            raise EndpointError(f"{self._url} did not answer: {error}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise EndpointError(f"{self._url} answered with something else than {len(texts)} embeddings: {error}") from error

    def _post(self, body: dict[str, Any]) -> Any:
        try:
            response = self._client.post(self._url, json=body)
        except httpx.TransportError as error:
            raise _BusyError(f"{type(error).__name__}: {error}") from error
        except httpx.InvalidURL as error:
            raise EndpointError(f"{self._url} is not an address: {error}") from error
        if response.status_code == 429 or response.status_code >= 500:
            raise _BusyError(f"HTTP {response.status_code}", _seconds(response.headers.get("Retry-After")))
        if response.status_code != 200:
            raise EndpointError(f"{self._url} refused model {self._model!r}: HTTP {response.status_code}: {response.text[:200]}")
        return response.json()


def _vectors(answer: Any, expected: int) -> Vectors:
    rows = sorted(answer["data"], key=lambda row: row["index"])
    vectors = np.array([row["embedding"] for row in rows], np.float32)
    if vectors.ndim != 2 or len(vectors) != expected:
        raise ValueError(f"got an array of shape {vectors.shape}")
    return unit_length(vectors)


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0


def _wait_as_asked(state: tenacity.RetryCallState) -> float:
    backoff = tenacity.wait_exponential(multiplier=_FIRST_WAIT)(state) + tenacity.wait_random(0, _FIRST_WAIT)(state)
    error = state.outcome.exception() if state.outcome else None
    return min(_LONGEST_WAIT, max(backoff, error.wait if isinstance(error, _BusyError) else 0.0))
