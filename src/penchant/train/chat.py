"""A language model behind any OpenAI-compatible endpoint (vLLM, Ollama, a hosted one): prompts in, answers
out, and no answer is paid for twice.

Every answer is in the ledger before it is used.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self, TypeVar

import msgspec

from penchant.embed.endpoint import Endpoint
from penchant.errors import EndpointError, InvalidQuery
from penchant.train.align.examples import read_lines

LEDGER = "ledger.jsonl"
_CHARACTERS_PER_TOKEN = 3.0
"""A cautious guess for estimates; the ledger has what was counted."""
_ASKED_AGAIN = 2
"""So often a prompt is sent again whose answer cannot be read."""
T = TypeVar("T")


def model_at(endpoint: str | None, needed_by: str) -> tuple[str, str]:
    """``MODEL@URL`` -> (model, url). Raises InvalidQuery where it is something else, or not given."""
    model, _, url = (endpoint or "").partition("@")
    if not (model and url):
        raise InvalidQuery(
            f"{needed_by} needs --endpoint MODEL@URL, for example qwen3@http://127.0.0.1:8000/v1"
        )
    return model, url


class Entry(msgspec.Struct, frozen=True):
    """One answer, as it was paid for."""

    key: str
    """A digest of the model and the whole prompt."""
    about: str
    """Whom or what it was asked for."""
    answer: str
    prompt_tokens: int = 0
    answer_tokens: int = 0
    cost: float = 0.0


class Chat:
    """See the module.

    Args:
        folder: of the ledger.
        price: of a million tokens.
        timeout: seconds for one request.
        attempts: how often a request is tried where the endpoint is busy.
        per_minute: requests a minute at most.
    """

    def __init__(
        self,
        model: str,
        url: str,
        folder: Path,
        *,
        api_key: str | None = None,
        price: float = 0.0,
        timeout: float = 60.0,
        attempts: int = 6,
        per_minute: int | None = None,
    ) -> None:
        self.model, self.price = model, price
        folder.mkdir(parents=True, exist_ok=True)
        self._ledger = folder / LEDGER
        self._answers = {entry.key: entry for entry in read_ledger(self._ledger)}
        self._pace = _Pace(per_minute)
        self._endpoint = Endpoint(
            url.rstrip("/") + "/chat/completions", model, api_key=api_key, timeout=timeout, attempts=attempts
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._endpoint.close()

    @property
    def paid(self) -> float:
        """What all answers in the ledger cost, at the price that was given for each."""
        return sum(entry.cost for entry in self._answers.values())

    def unpaid(self, prompts: Iterable[str], answer_tokens: int) -> tuple[int, float]:
        """(prompts whose answer is not in the ledger, tokens that they will take, about).

        Args:
            answer_tokens: of one answer.
        """
        lengths = [len(prompt) for prompt in prompts if self._key(prompt, 0) not in self._answers]
        return len(lengths), sum(length / _CHARACTERS_PER_TOKEN + answer_tokens for length in lengths)

    def answer(self, prompt: str, about: str, read: Callable[[str], T | None]) -> T | None:
        """What is read in the answer to a prompt, from the ledger where it is there; None where nothing can
        be read in it, nor in the answers when it is sent again.

        Args:
            about: whom or what it is asked for, for the ledger.
            read: None where an answer is of no use.

        Raises:
            EndpointError: the endpoint refuses, or does not answer.
        """
        for attempt in range(1 + _ASKED_AGAIN):
            key = self._key(prompt, attempt)
            found = read((self._answers.get(key) or self._paid(about, prompt, key)).answer)
            if found is not None:
                return found
        return None

    def _key(self, prompt: str, attempt: int) -> str:
        return hashlib.sha256(f"{self.model}\n{attempt}\n{prompt}".encode()).hexdigest()[:24]

    def _paid(self, about: str, prompt: str, key: str) -> Entry:
        body = {"model": self.model, "messages": [{"role": "user", "content": prompt}], "temperature": 0}
        self._pace.wait()
        try:
            answer = self._endpoint.ask(body)
            text, usage = str(answer["choices"][0]["message"]["content"] or ""), answer.get("usage") or {}
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise EndpointError(
                f"{self._endpoint.url} answered with something else than a chat completion: {error!r}"
            ) from error
        tokens = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        entry = Entry(key, about, text, *tokens, cost=self.price * sum(tokens) / 1e6)
        with self._ledger.open("ab") as file:
            file.write(msgspec.json.encode(entry) + b"\n")
        self._answers[key] = entry
        return entry


class _Pace:
    """A limit on the requests of a minute."""

    def __init__(self, per_minute: int | None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0

    def wait(self) -> None:
        now = time.monotonic()
        if now < self._next:
            time.sleep(self._next - now)
        self._next = max(now, self._next) + self._gap


def read_ledger(path: Path) -> list[Entry]:
    """What was paid for; a last line that a crash cut short is left out."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        path.write_bytes(whole)
    return list(read_lines(path, Entry))
