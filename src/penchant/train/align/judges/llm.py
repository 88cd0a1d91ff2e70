"""A language model as a judge, behind any OpenAI-compatible endpoint (vLLM, Ollama, a hosted one).

One request a query, with all its candidates in one numbered list, in the spirit of RankGPT (Sun et al., EMNLP
2023) and RRADistill (Choi et al., EMNLP 2024). Every answer is in the ledger before it is used, so that none
is paid for twice.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Self

import msgspec

from penchant.embed.endpoint import Endpoint
from penchant.errors import EndpointError, InvalidQuery
from penchant.train.align.examples import AlignQuery, Candidate, Judgement, read_lines
from penchant.types import StageProgress, quiet

LEDGER = "ledger.jsonl"
_CHARACTERS_PER_TOKEN = 3.0
"""A cautious guess for the estimate; the ledger has what was counted."""
_ANSWER_TOKENS = 60
_ASKED_AGAIN = 2
"""So often a query is asked again whose answer cannot be read."""
_HANGUL = re.compile("[\uac00-\ud7a3]")
_JSON = re.compile(r"\{.*\}", re.S)


class Entry(msgspec.Struct, frozen=True):
    """One answer, as it was paid for."""

    key: str
    """A digest of the model and the whole prompt."""
    query_id: str
    answer: str
    prompt_tokens: int = 0
    answer_tokens: int = 0
    cost: float = 0.0


class LanguageModelJudge:
    """See the module.

    Args:
        folder: of the ledger.
        prompt: a file with ``{query}`` and ``{documents}``; None: the one for the language of the query.
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
        prompt: Path | None = None,
        price: float = 0.0,
        timeout: float = 60.0,
        attempts: int = 6,
        per_minute: int | None = None,
        report: StageProgress = quiet,
    ) -> None:
        self._model, self._price, self._report = model, price, report
        self._prompt = None if prompt is None else checked_prompt(prompt.read_text(), str(prompt))
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

    def estimate(self, queries: Sequence[AlignQuery], candidates: Sequence[Candidate]) -> str:
        """What judging would cost, in words; what is in the ledger costs nothing."""
        prompts = [
            prompt
            for _, _, prompt in self._prompts(queries, candidates)
            if self._key(prompt) not in self._answers
        ]
        tokens = sum(len(prompt) / _CHARACTERS_PER_TOKEN + _ANSWER_TOKENS for prompt in prompts)
        cost = self._price * tokens / 1e6
        amount = f"some {tokens:,.0f} tokens, {cost:,.2f} at your price"
        return f"{len(prompts):,} requests to {self._model}, {amount}."

    def judge(self, queries: Sequence[AlignQuery], candidates: Sequence[Candidate]) -> Iterator[Judgement]:
        """Of every candidate whether it is relevant. A query whose answers cannot be read is passed over, and
        reported.

        Raises:
            EndpointError: the endpoint refuses, or does not answer.
        """
        asked = list(self._prompts(queries, candidates))
        for query, found, prompt in asked:
            relevant = self._relevant(query, prompt, len(found))
            self._report("judged", 1, len(asked))
            if relevant is not None:
                for number, candidate in enumerate(found, 1):
                    yield Judgement(query.id, candidate.document_id, number in relevant, self._model)

    def _prompts(
        self, queries: Sequence[AlignQuery], candidates: Sequence[Candidate]
    ) -> Iterator[tuple[AlignQuery, list[Candidate], str]]:
        of_query: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            of_query.setdefault(candidate.query_id, []).append(candidate)
        for query in queries:
            found = of_query.get(query.id, [])
            if found:
                template = self._prompt or usual_prompt(query.text)
                listed = "\n".join(
                    f"[{number}] {candidate.title}" for number, candidate in enumerate(found, 1)
                )
                yield query, found, template.replace("{query}", query.text).replace("{documents}", listed)

    def _relevant(self, query: AlignQuery, prompt: str, count: int) -> set[int] | None:
        """The numbers of the relevant candidates; None where no answer could be read."""
        for attempt in range(1 + _ASKED_AGAIN):
            key = self._key(prompt, attempt)
            entry = self._answers.get(key) or self._paid(query, prompt, key)
            numbers = numbers_in(entry.answer, count)
            if numbers is not None:
                return numbers
        self._report("unreadable answers", 1, 0)
        return None

    def _key(self, prompt: str, attempt: int = 0) -> str:
        return hashlib.sha256(f"{self._model}\n{attempt}\n{prompt}".encode()).hexdigest()[:24]

    def _paid(self, query: AlignQuery, prompt: str, key: str) -> Entry:
        body = {"model": self._model, "messages": [{"role": "user", "content": prompt}], "temperature": 0}
        self._pace.wait()
        try:
            answer = self._endpoint.ask(body)
            text, usage = str(answer["choices"][0]["message"]["content"] or ""), answer.get("usage") or {}
        except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
            raise EndpointError(
                f"{self._endpoint.url} answered with something else than a chat completion: {error!r}"
            ) from error
        tokens = int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
        entry = Entry(key, query.id, text, *tokens, cost=self._price * sum(tokens) / 1e6)
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


def usual_prompt(query: str) -> str:
    """The prompt for the language of a query."""
    language = "ko" if _HANGUL.search(query) else "en"
    return (files("penchant.train.align.judges") / "prompts" / f"{language}.txt").read_text("utf-8")


def checked_prompt(text: str, name: str) -> str:
    """Raises InvalidQuery unless a prompt has places for the query and the documents."""
    for place in ("{query}", "{documents}"):
        if place not in text:
            raise InvalidQuery(f"the prompt {name} has no {place}: write where it belongs")
    return text


def numbers_in(answer: str, count: int) -> set[int] | None:
    """The numbers in an answer ``{"relevant": [1, 3]}``, also with text around it; None where it is something
    else."""
    found = _JSON.search(answer)
    try:
        relevant = msgspec.json.decode(found.group() if found else answer)["relevant"]
        numbers = {int(number) for number in relevant}
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return None
    return numbers if all(1 <= number <= count for number in numbers) else None


def read_ledger(path: Path) -> list[Entry]:
    """What was paid for; a last line that a crash cut short is left out."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) != len(data):
        path.write_bytes(whole)
    return list(read_lines(path, Entry))


def agreement(judgements: Sequence[Judgement], sample: Sequence[Judgement]) -> dict[str, float]:
    """How a judge agrees with a sample judged by hand: the share of equal judgements, and Cohen's kappa
    (1960)."""
    by_hand = {(each.query_id, each.document_id): each.relevant for each in sample}
    pairs = [
        (each.relevant, by_hand[each.query_id, each.document_id])
        for each in judgements
        if (each.query_id, each.document_id) in by_hand
    ]
    if not pairs:
        raise InvalidQuery(
            "the sample judged by hand has no pair of query and document with the judgements in common"
        )
    equal = sum(a == b for a, b in pairs) / len(pairs)
    left, right = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    by_chance = left * right + (1 - left) * (1 - right)
    kappa = 1.0 if by_chance == 1 else (equal - by_chance) / (1 - by_chance)
    return {"pairs": len(pairs), "agreement": round(equal, 4), "kappa": round(kappa, 4)}
