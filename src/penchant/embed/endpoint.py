"""An OpenAI-compatible endpoint (vLLM, Ollama, llama.cpp, a hosted one): one question, asked until it is
answered."""

from __future__ import annotations

from typing import Any

from penchant.errors import EndpointError, MissingExtra

try:
    import httpx
    import tenacity
except ImportError as error:
    raise MissingExtra("an endpoint needs httpx and tenacity: pip install 'penchant[remote]'") from error

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0


class _BusyError(Exception):
    """The endpoint is busy or unreachable; `wait` is what it asked for, in seconds."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Endpoint:
    """Asks by POST. A time-out, a broken connection, 429 and 5xx are tried again with growing waits (or after
    `Retry-After`); everything else is an error at once.

    Args:
        url: where to post.
        model: named in errors.
        timeout: seconds for one request.
        attempts: how often a request is tried in all.
    """

    def __init__(self, url: str, model: str, *, api_key: str | None, timeout: float, attempts: int) -> None:
        self.url = url
        self._model = model
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        self._client = httpx.Client(headers=headers, timeout=timeout)
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(attempts),
            wait=_wait_as_asked,
            retry=tenacity.retry_if_exception_type(_BusyError),
            reraise=True,
        )

    def ask(self, body: dict[str, Any]) -> Any:
        """The JSON that is answered. Raises EndpointError."""
        try:
            return self._retrying(self._post, body)
        except _BusyError as error:
            raise EndpointError(f"{self.url} did not answer: {error}") from error

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _post(self, body: dict[str, Any]) -> Any:
        try:
            response = self._client.post(self.url, json=body)
        except httpx.TransportError as error:
            raise _BusyError(f"{type(error).__name__}: {error}") from error
        except httpx.InvalidURL as error:
            raise EndpointError(f"{self.url} is not an address: {error}") from error
        if response.status_code == 429 or response.status_code >= 500:
            raise _BusyError(f"HTTP {response.status_code}", _seconds(response.headers.get("Retry-After")))
        if response.status_code != 200:
            raise EndpointError(
                f"{self.url} refused model {self._model!r}: HTTP {response.status_code}: "
                f"{response.text[:200]}"
            )
        return response.json()


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:
        return 0.0


def _wait_as_asked(state: tenacity.RetryCallState) -> float:
    backoff = tenacity.wait_exponential(multiplier=_FIRST_WAIT)(state) + tenacity.wait_random(0, _FIRST_WAIT)(
        state
    )
    error = state.outcome.exception() if state.outcome else None
    return min(_LONGEST_WAIT, max(backoff, error.wait if isinstance(error, _BusyError) else 0.0))
