"""A language model as a judge; see `penchant.train.chat`.

One request a query, with all its candidates in one numbered list, in the spirit of RankGPT (Sun et al., EMNLP
2023) and RRADistill (Choi et al., EMNLP 2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import msgspec

from penchant.errors import InvalidQuery
from penchant.train.align.examples import AlignQuery, Candidate, Judgement
from penchant.train.chat import Chat
from penchant.types import StageProgress, quiet

_ANSWER_TOKENS = 60
_HANGUL = re.compile("[\uac00-\ud7a3]")
_JSON = re.compile(r"\{.*\}", re.S)


class LanguageModelJudge:
    """See the module.

    Args:
        prompt: a file with ``{query}`` and ``{documents}``; None: the one for the language of the query.
    """

    def __init__(self, chat: Chat, *, prompt: Path | None = None, report: StageProgress = quiet) -> None:
        self._chat, self._report = chat, report
        self._prompt = None if prompt is None else checked_prompt(prompt.read_text(), str(prompt))

    def estimate(self, queries: Sequence[AlignQuery], candidates: Sequence[Candidate]) -> str:
        """What judging would cost, in words; what is in the ledger costs nothing."""
        prompts = (prompt for _, _, prompt in self._prompts(queries, candidates))
        requests, tokens = self._chat.unpaid(prompts, _ANSWER_TOKENS)
        cost = self._chat.price * tokens / 1e6
        amount = f"some {tokens:,.0f} tokens, {cost:,.2f} at your price"
        return f"{requests:,} requests to {self._chat.model}, {amount}."

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
                    yield Judgement(query.id, candidate.document_id, number in relevant, self._chat.model)

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
        found = self._chat.answer(prompt, query.id, lambda answer: numbers_in(answer, count))
        if found is None:
            self._report("unreadable answers", 1, 0)
        return found


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
