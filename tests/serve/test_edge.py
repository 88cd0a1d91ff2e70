"""Tokens, rates, hosts, bodies, timeouts, and what is logged."""

from __future__ import annotations

import hashlib
import json
import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.serve.config import Token
from penchant.serve.edge import Bucket, id_of, keep_slashes

from .conftest import NOW
from .test_routes import problem

SECRETS = {scope: f"the secret of {scope} is long" for scope in ("read", "write", "admin")}
TOKENS = (
    Token("reader", ("read",), secret=SECRETS["read"]),
    Token("writer", ("read", "write"), sha256=hashlib.sha256(SECRETS["write"].encode()).hexdigest()),
    Token("admin", ("read", "write", "admin"), secret=SECRETS["admin"]),
)


def bearing(scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {SECRETS[scope]}"}


class TestTokens:
    def test_each_may_do_what_its_scopes_say(self, serving):
        service = serving(tokens=TOKENS)
        body = {"user_id": "ana", "document_id": "d1"}
        assert service.get("/users/ana/units", headers=bearing("read")).status_code == 200
        assert "'write'" in problem(service.post("/clicks", json=body, headers=bearing("read")), 403)
        assert service.post("/clicks", json=body, headers=bearing("write")).status_code == 200
        problem(service.get("/users/ana/export", headers=bearing("write")), 403)
        assert service.get("/users/ana/export", headers=bearing("admin")).status_code == 200
        assert service.delete("/users/ana", headers=bearing("admin")).status_code == 200

    @pytest.mark.parametrize(
        "header",
        [None, "Bearer", "Bearer wrong", f"Basic {SECRETS['admin']}", SECRETS["admin"], "Bearer \u00ff"],
    )
    def test_without_a_good_one_nothing_of_the_state_is_told(self, serving, header):
        service = serving(tokens=TOKENS)
        headers = {} if header is None else {"Authorization": header.encode("latin-1")}
        for path in ("/users/ana/units", "/overview", "/metrics", "/map", "/search?q=x"):
            answer = service.get(path, headers=headers)
            problem(answer, 401)
            assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_health_the_page_and_the_schema_need_none(self, serving):
        service = serving(tokens=TOKENS)
        for path in ("/health/live", "/health/ready", "/", "/page/main.js", "/schema"):
            assert service.get(path).status_code == 200, path

    def test_every_route_of_the_state_has_a_scope(self):
        from penchant.serve.routes import ROUTES

        open_ = {path for route in ROUTES if "scope" not in route.opt for path in route.paths}
        assert open_ == {"/health/live", "/health/ready"}

    def test_a_token_has_its_rate(self, serving):
        now = [NOW]
        service = serving(tokens=TOKENS, requests_per_second=2.0, clock=lambda: now[0])
        answers = [service.get("/users", headers=bearing("read")) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["Retry-After"] == "1"
        assert service.get("/users", headers=bearing("admin")).status_code == 200, "another token has its own"
        now[0] += 1
        assert service.get("/users", headers=bearing("read")).status_code == 200


@given(st.floats(0.5, 50), st.lists(st.floats(0, 3), max_size=60))
def test_no_more_than_the_rate_passes_in_the_long_run(rate, pauses):
    now = [0.0]
    bucket = Bucket(rate, lambda: now[0])
    passed = 0
    for pause in pauses:
        now[0] += pause
        passed += bucket.wait() == 0
    assert passed <= max(1.0, rate) + rate * now[0] + 1e-6


class TestHostsAndBodies:
    @pytest.mark.parametrize(
        "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", ""]
    )
    def test_a_name_made_to_point_here_does_not_reach_an_open_service(self, serving, host):
        service = serving(allowed_hosts=(), ready=False)
        problem(service.get("/users", headers={"Host": host}), 421)

    @pytest.mark.parametrize("host", ["localhost", "localhost:8733", "127.0.0.1:1", "[::1]:8733", "[::1]"])
    def test_the_names_of_loopback_do(self, serving, host):
        client = serving(allowed_hosts=("testserver.local", "localhost", "127.0.0.1", "[::1]"))
        assert client.get("/users", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
    )
    def test_what_a_form_of_another_site_can_send_is_refused(self, service, kind):
        headers = {} if kind is None else {"Content-Type": kind}
        problem(
            service.post("/clicks", content=b'{"user_id":"ana","document_id":"d1"}', headers=headers), 415
        )
        assert service.get("/users").json()["user_ids"] == []

    def test_other_origins_are_not_allowed_unless_named(self, serving):
        headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
        assert "access-control-allow-origin" not in serving().options("/users", headers=headers).headers
        named = serving(cors_origins=("https://shop.example",))
        assert (
            named.options("/users", headers=headers).headers["access-control-allow-origin"]
            == "https://shop.example"
        )

    def test_answers_carry_headers_that_keep_a_browser_safe(self, service):
        for path in ("/", "/users", "/nothing"):
            headers = service.get(path).headers
            assert headers["X-Content-Type-Options"] == "nosniff", path
            assert "default-src 'self'" in headers["Content-Security-Policy"], path


def test_a_request_that_takes_too_long_is_answered(serving, monkeypatch):
    service = serving(timeout_seconds=0.05)
    monkeypatch.setattr("penchant.serve.routes.told_history", lambda engine, user: time.sleep(0.5))
    assert "0.05 seconds" in problem(service.get("/users/ana/history"), 503)


def test_a_fault_of_ours_is_told_in_the_log_and_not_to_the_client(serving, monkeypatch, caplog):
    service = serving()

    def fail(engine, user):
        raise RuntimeError("the secret cause")

    monkeypatch.setattr("penchant.serve.routes.told_history", fail)
    with caplog.at_level(logging.ERROR, "penchant.serve"):
        answer = service.get("/users/ana/history")
    problem(answer, 500)
    assert "secret" not in answer.text
    assert "the secret cause" in caplog.text


def test_the_log_has_one_line_a_request_and_nothing_of_a_user(serving, caplog):
    service = serving(tokens=TOKENS)
    with caplog.at_level(logging.INFO, "penchant.serve"):
        service.post("/clicks", json={"user_id": "ana-secret", "document_id": "d1"}, headers=bearing("write"))
        service.get("/users/ana-secret/units", headers=bearing("read"))
        service.get("/search?q=ana-secret", headers=bearing("read"))
        service.get("/users/ana-secret/why/nothing", headers=bearing("read"))
        service.get("/ana-secret", headers=bearing("read"))
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "penchant.serve"]
    assert [(line["route"], line["status"], line.get("token")) for line in lines[:4]] == [
        ("/clicks", 200, "writer"),
        ("/users/{user_id}/units", 200, "reader"),
        ("/search", 200, "reader"),
        ("/users/{user_id}/why/{document_id}", 404, "reader"),
    ]
    assert "secret" not in caplog.text


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs"])), min_size=1, max_size=3))
def test_any_id_comes_through_a_path_as_it_was_sent(ids):
    import asyncio
    from urllib.parse import quote

    seen: list[str] = []

    async def app(scope, receive, send):
        seen.extend(id_of(part) for part in scope["path"].split("/")[1:])

    raw = "/" + "/".join(quote(one, safe="") for one in ids)
    scope = {"type": "http", "path": "/" + "/".join(ids), "raw_path": raw.encode()}
    asyncio.run(keep_slashes(app)(scope, None, None))
    assert seen == ids or "%" not in raw
