"""A client of the service, blocking and asynchronous (extra `client`).

    with Client("http://127.0.0.1:8733", token=...) as client:
        client.observe([{"user_id": "ana", "document_id": "d1"}])
        client.recommend("ana", k=10)

Requests are repeated when the service does not answer, or says that it cannot now. That is safe: every click
carries an id, which is made where you give none, and a click whose id was seen before changes nothing; all
other requests may be repeated by their nature. Both classes are the same requests, made below once, sent in
two ways.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import msgspec

from penchant.errors import MissingExtra, ServiceError
from penchant.types import Click, Document

try:
    import httpx
    from tenacity import (
        AsyncRetrying,
        RetryCallState,
        Retrying,
        retry_if_exception,
        stop_after_attempt,
        wait_random_exponential,
    )
except ImportError as error:
    raise MissingExtra("the client needs httpx and tenacity: pip install 'penchant[client]'") from error

Answer = Any
"""What the service said, as JSON: see its `/schema`."""
_BATCH = 1_000
_AGAIN = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _document_requests(documents: Iterable[Document | Mapping[str, Any]]) -> list[_Request]:
    given = list(documents)
    return [
        _Request("PUT", "/documents", body=given[start : start + _BATCH])
        for start in range(0, len(given), _BATCH)
    ]


def _click_requests(clicks: Iterable[Click | Mapping[str, Any]], changes: bool) -> list[_Request]:
    """Each click with an id, made once: a request that is repeated repeats the same ids."""
    given = [{k: v for k, v in msgspec.to_builtins(click).items() if v is not None} for click in clicks]
    identified = [{"id": uuid4().hex, **click} for click in given]
    parts = [identified[start : start + _BATCH] for start in range(0, len(identified), _BATCH)]
    return [_Request("POST", "/clicks", {"changes": "true"} if changes else {}, part) for part in parts]


def _joined_changes(answers: Sequence[Answer]) -> Answer:
    changes = [change for answer in answers for change in answer.get("changes") or []]
    return {
        "accepted": sum(a["accepted"] for a in answers),
        "ignored": sum(a["ignored"] for a in answers),
        "changes": changes,
    }


def _wish_request(user_id: str, text: str, want: str) -> _Request:
    return _Request("PUT", _path("users", user_id, "wishes"), body={"text": text, "want": want})


def _unwish_request(user_id: str, text: str) -> _Request:
    return _Request("DELETE", _path("users", user_id, "wishes"), params={"text": text})


def _recommend_request(user_id: str, k: int, options: Mapping[str, Any]) -> _Request:
    given = {name: value for name, value in {"k": k, **options}.items() if value is not None}
    path = _path("users", user_id, "recommendations")
    if "sources" in given:
        return _Request("POST", path, body=given)
    return _Request("GET", path, {name: _written(value) for name, value in given.items()})


def _shown_request(
    user_id: str, document_ids: Sequence[str], propensities: Sequence[float] | None
) -> _Request:
    body: dict[str, Any] = {"document_ids": list(document_ids)}
    if propensities is not None:
        body["propensities"] = list(propensities)
    return _Request("POST", _path("users", user_id, "shown"), body=body)


def _what_if_request(user_id: str, document_ids: Sequence[str], options: Mapping[str, Any]) -> _Request:
    given = {name: value for name, value in options.items() if value is not None}
    return _Request(
        "POST", _path("users", user_id, "what-if"), body={"document_ids": list(document_ids), **given}
    )


def _search_request(words: str, k: int, where: Sequence[str] | None) -> _Request:
    return _Request("GET", "/search", {"q": words, "k": k, **({"where": list(where)} if where else {})})


def _scores_request(user_id: str, document_ids: Sequence[str], scorer: str | None) -> _Request:
    body = {"document_ids": list(document_ids), **({"scorer": scorer} if scorer else {})}
    return _Request("POST", _path("users", user_id, "scores"), body=body)


def _was_there(error: ServiceError) -> bool:
    """False where a document was not found: removed before, maybe by a try whose answer was lost."""
    if error.status == 404:
        return False
    raise error


def _written(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _arguments(request: _Request) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} if request.body is not None else {}
    content = None if request.body is None else msgspec.json.encode(request.body)
    return {
        "method": request.method,
        "url": request.path,
        "params": request.params,
        "content": content,
        "headers": headers,
    }


def _read(response: httpx.Response) -> Answer:
    """What the service said. Raises ServiceError where it refused."""
    if response.is_success:
        return response.json()
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text[:200]
    after = response.headers.get("Retry-After", "")
    raise ServiceError(response.status_code, detail, float(after) if after.isdigit() else 0.0)


def _unanswered(error: httpx.TransportError) -> ServiceError:
    return ServiceError(0, f"the service does not answer: {type(error).__name__} {error}".strip())


def _worth_another_try(error: BaseException) -> bool:
    return isinstance(error, ServiceError) and (error.status == 0 or error.status in _AGAIN)


def _pause(state: RetryCallState) -> float:
    """Longer after each try, a little at random, and never shorter than the service asked for."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, ServiceError) else 0.0
    return max(asked, wait_random_exponential(multiplier=0.1, max=5.0)(state))


def _policy(tries: int) -> dict[str, Any]:
    return {
        "stop": stop_after_attempt(tries),
        "wait": _pause,
        "retry": retry_if_exception(_worth_another_try),
        "reraise": True,
    }


def _transport(url: str, token: str | None, timeout: float) -> dict[str, Any]:
    return {
        "base_url": url,
        "timeout": timeout,
        "headers": {"Authorization": f"Bearer {token}"} if token else {},
    }


class Client:
    """Blocking; threads may share one.

    Args:
        url: where the service is.
        token: its secret, where one is asked for.
        timeout: seconds, of each try.
        tries: how often a request is sent at most.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8733",
        token: str | None = None,
        *,
        timeout: float = 30.0,
        tries: int = 5,
    ) -> None:
        self._http = httpx.Client(**_transport(url, token, timeout))
        self._policy = _policy(tries)

    def add(self, documents: Iterable[Document | Mapping[str, Any]]) -> int:
        """Add documents, or replace those of the same id, a thousand a request; returns how many."""
        return sum(self._send(request)["accepted"] for request in _document_requests(documents))

    def observe(self, clicks: Iterable[Click | Mapping[str, Any]], *, changes: bool = False) -> Answer:
        """Learn clicks, a thousand a request; `at` may be left out and is now then. They are on disk when
        this returns."""
        return _joined_changes([self._send(request) for request in _click_requests(clicks, changes)])

    def units(self, user_id: str) -> list[Answer]:
        """The Interest Units of a user."""
        return list(self._send(_Request("GET", _path("users", user_id, "units")))["units"])

    def recommend(self, user_id: str, k: int = 20, **options: Any) -> list[Answer]:
        """What to show a user next; options as of the route: where, scorer, diversity, personal, explain,
        sources ..."""
        return list(self._send(_recommend_request(user_id, k, options))["recommendations"])

    def dismiss(self, user_id: str, document_id: str) -> None:
        """A user does not want a document."""
        self._send(_Request("POST", _path("users", user_id, "dismissed"), body={"document_id": document_id}))

    def wish(self, user_id: str, text: str, want: str = "more") -> list[Answer]:
        """A user wants ``more`` about something, or ``less``; returns all wishes of the user."""
        return list(self._send(_wish_request(user_id, text, want))["wishes"])

    def unwish(self, user_id: str, text: str) -> list[Answer]:
        """A user takes a wish back; returns those that are left."""
        return list(self._send(_unwish_request(user_id, text))["wishes"])

    def wishes(self, user_id: str) -> list[Answer]:
        """What a user asked for."""
        return list(self._send(_Request("GET", _path("users", user_id, "wishes")))["wishes"])

    def shown(
        self, user_id: str, document_ids: Sequence[str], propensities: Sequence[float] | None = None
    ) -> None:
        """Documents were shown to a user: they rank lower for a while."""
        self._send(_shown_request(user_id, document_ids, propensities))

    def score(self, user_id: str, document_ids: Sequence[str], *, scorer: str | None = None) -> list[float]:
        """The scores that `recommend` ranks by, of listed documents."""
        return list(self._send(_scores_request(user_id, document_ids, scorer))["scores"])

    def similar(self, document_id: str, k: int = 20) -> list[Answer]:
        """The documents nearest to a document."""
        return list(
            self._send(_Request("GET", _path("documents", document_id, "similar"), {"k": k}))["documents"]
        )

    def search(self, words: str, k: int = 20, *, where: Sequence[str] | None = None) -> list[Answer]:
        """The documents nearest to some words in meaning."""
        return list(self._send(_search_request(words, k, where))["documents"])

    def what_if(self, user_id: str, document_ids: Sequence[str], **options: Any) -> Answer:
        """Interests and recommendations after imagined clicks; options as of the route: k, scorer, diversity,
        personal, explain, language. Nothing of it is kept."""
        return self._send(_what_if_request(user_id, document_ids, options))

    def why(self, user_id: str, document_id: str) -> Answer:
        """What speaks for a document."""
        return self._send(_Request("GET", _path("users", user_id, "why", document_id)))

    def history(self, user_id: str) -> Answer:
        """What each of a user's latest clicks did to the interests."""
        return self._send(_Request("GET", _path("users", user_id, "history")))

    def users(self, prefix: str = "", limit: int = 100, part: str = "") -> list[str]:
        """Ids of users that begin so and have the part anywhere, in the order of the alphabet."""
        wanted = {"prefix": prefix, "part": part, "limit": limit}
        return list(self._send(_Request("GET", "/users", wanted))["user_ids"])

    def document(self, document_id: str) -> Answer:
        """A document, and how it is read."""
        return self._send(_Request("GET", _path("documents", document_id)))

    def blend(self) -> dict[str, float]:
        """What each column of evidence weighs."""
        return dict(self._send(_Request("GET", "/blend"))["weights"])

    def export(self, user_id: str) -> Answer:
        """All that is kept of a user."""
        return self._send(_Request("GET", _path("users", user_id, "export")))

    def forget(self, user_id: str) -> bool:
        """Delete all that is kept of a user; returns whether there was anything."""
        return bool(self._send(_Request("DELETE", _path("users", user_id)))["forgotten"])

    def remove(self, document_id: str) -> bool:
        """Remove a document; returns whether it was there."""
        try:
            return bool(self._send(_Request("DELETE", _path("documents", document_id)))["accepted"])
        except ServiceError as error:
            return _was_there(error)

    def ready(self) -> bool:
        """Whether the service answers questions now; asked once."""
        try:
            return self._http.get("/health/ready").is_success
        except httpx.TransportError:
            return False

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _send(self, request: _Request) -> Answer:
        return Retrying(**self._policy)(self._once, request)

    def _once(self, request: _Request) -> Answer:
        try:
            return _read(self._http.request(**_arguments(request)))
        except httpx.TransportError as error:
            raise _unanswered(error) from error


class AsyncClient:
    """As `Client`, for an event loop."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8733",
        token: str | None = None,
        *,
        timeout: float = 30.0,
        tries: int = 5,
    ) -> None:
        self._http = httpx.AsyncClient(**_transport(url, token, timeout))
        self._policy = _policy(tries)

    async def add(self, documents: Iterable[Document | Mapping[str, Any]]) -> int:
        """See `Client.add`."""
        return sum([(await self._send(request))["accepted"] for request in _document_requests(documents)])

    async def observe(self, clicks: Iterable[Click | Mapping[str, Any]], *, changes: bool = False) -> Answer:
        """See `Client.observe`."""
        return _joined_changes([await self._send(request) for request in _click_requests(clicks, changes)])

    async def units(self, user_id: str) -> list[Answer]:
        """See `Client.units`."""
        return list((await self._send(_Request("GET", _path("users", user_id, "units"))))["units"])

    async def recommend(self, user_id: str, k: int = 20, **options: Any) -> list[Answer]:
        """See `Client.recommend`."""
        return list((await self._send(_recommend_request(user_id, k, options)))["recommendations"])

    async def dismiss(self, user_id: str, document_id: str) -> None:
        """A user does not want a document."""
        await self._send(
            _Request("POST", _path("users", user_id, "dismissed"), body={"document_id": document_id})
        )

    async def wish(self, user_id: str, text: str, want: str = "more") -> list[Answer]:
        """See `Client.wish`."""
        return list((await self._send(_wish_request(user_id, text, want)))["wishes"])

    async def unwish(self, user_id: str, text: str) -> list[Answer]:
        """See `Client.unwish`."""
        return list((await self._send(_unwish_request(user_id, text)))["wishes"])

    async def wishes(self, user_id: str) -> list[Answer]:
        """See `Client.wishes`."""
        return list((await self._send(_Request("GET", _path("users", user_id, "wishes"))))["wishes"])

    async def shown(
        self, user_id: str, document_ids: Sequence[str], propensities: Sequence[float] | None = None
    ) -> None:
        """Documents were shown to a user: they rank lower for a while."""
        await self._send(_shown_request(user_id, document_ids, propensities))

    async def score(
        self, user_id: str, document_ids: Sequence[str], *, scorer: str | None = None
    ) -> list[float]:
        """See `Client.score`."""
        return list((await self._send(_scores_request(user_id, document_ids, scorer)))["scores"])

    async def similar(self, document_id: str, k: int = 20) -> list[Answer]:
        """See `Client.similar`."""
        return list(
            (await self._send(_Request("GET", _path("documents", document_id, "similar"), {"k": k})))[
                "documents"
            ]
        )

    async def search(self, words: str, k: int = 20, *, where: Sequence[str] | None = None) -> list[Answer]:
        """See `Client.search`."""
        return list((await self._send(_search_request(words, k, where)))["documents"])

    async def what_if(self, user_id: str, document_ids: Sequence[str], **options: Any) -> Answer:
        """Interests and recommendations after imagined clicks; options as of the route: k, scorer, diversity,
        personal, explain, language. Nothing of it is kept."""
        return await self._send(_what_if_request(user_id, document_ids, options))

    async def why(self, user_id: str, document_id: str) -> Answer:
        """What speaks for a document."""
        return await self._send(_Request("GET", _path("users", user_id, "why", document_id)))

    async def history(self, user_id: str) -> Answer:
        """What each of a user's latest clicks did to the interests."""
        return await self._send(_Request("GET", _path("users", user_id, "history")))

    async def users(self, prefix: str = "", limit: int = 100, part: str = "") -> list[str]:
        """Ids of users that begin so and have the part anywhere, in the order of the alphabet."""
        wanted = {"prefix": prefix, "part": part, "limit": limit}
        return list((await self._send(_Request("GET", "/users", wanted)))["user_ids"])

    async def document(self, document_id: str) -> Answer:
        """A document, and how it is read."""
        return await self._send(_Request("GET", _path("documents", document_id)))

    async def blend(self) -> dict[str, float]:
        """What each column of evidence weighs."""
        return dict((await self._send(_Request("GET", "/blend")))["weights"])

    async def export(self, user_id: str) -> Answer:
        """See `Client.export`."""
        return await self._send(_Request("GET", _path("users", user_id, "export")))

    async def forget(self, user_id: str) -> bool:
        """See `Client.forget`."""
        return bool((await self._send(_Request("DELETE", _path("users", user_id))))["forgotten"])

    async def remove(self, document_id: str) -> bool:
        """See `Client.remove`."""
        try:
            return bool((await self._send(_Request("DELETE", _path("documents", document_id))))["accepted"])
        except ServiceError as error:
            return _was_there(error)

    async def ready(self) -> bool:
        """See `Client.ready`."""
        try:
            return (await self._http.get("/health/ready")).is_success
        except httpx.TransportError:
            return False

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _send(self, request: _Request) -> Answer:
        return await AsyncRetrying(**self._policy, sleep=asyncio.sleep)(self._once, request)

    async def _once(self, request: _Request) -> Answer:
        try:
            return _read(await self._http.request(**_arguments(request)))
        except httpx.TransportError as error:
            raise _unanswered(error) from error
