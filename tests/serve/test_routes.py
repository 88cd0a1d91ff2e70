"""Every route: what goes in, what comes out, what is refused and how."""

from __future__ import annotations

import json
import threading

import pytest
from litestar.testing import TestClient

from penchant import Document, Engine, Settings
from penchant.serve.app import make_app
from penchant.serve.config import Config
from penchant.testing import HashingEmbedder
from waiting import until

from .conftest import LOCAL, NOW

NDJSON = {"Content-Type": "application/x-ndjson"}


def problem(response, status: int) -> str:
    """The detail of a problem, which has the form that RFC 9457 asks for."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    return body["detail"]


def click(service, user: str, document: str, **more: object) -> dict:
    answer = service.post("/clicks?changes=true", json={"user_id": user, "document_id": document, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


class TestClicks:
    def test_a_click_is_in_the_next_answer(self, service):
        told = click(service, "ana", "d1", at=5.0)
        assert told["accepted"] == 1
        assert told["changes"][0]["action"] == "created"
        (unit,) = service.get("/users/ana/units").json()["units"]
        assert (unit["title"], unit["size"], unit["documents"], unit["updated_at"]) == (
            "fast cosine search",
            1,
            ["d1"],
            5.0,
        )

    def test_without_a_time_it_is_now_by_the_clock_of_the_service(self, service):
        assert click(service, "ana", "d1")["changes"][0]["at"] == NOW

    def test_where_times_are_positions_the_click_has_to_bring_one(self, service):
        click(service, "ana", "d1", at=3)
        assert "positions" in problem(
            service.post("/clicks", json={"user_id": "ana", "document_id": "d2"}), 422
        )

    def test_a_repeated_click_is_harmless(self, service):
        click(service, "ana", "d1", id="1")
        again = click(service, "ana", "d1", id="1")
        assert (again["accepted"], again["ignored"], again["changes"][0]["action"]) == (1, 1, "ignored")

    def test_a_batch_is_learned_whole_or_not_at_all(self, service):
        bad = [{"user_id": "ana", "document_id": "d1"}, {"user_id": "ana", "document_id": "nothing"}]
        assert "nothing" in problem(service.post("/clicks", json=bad), 422)
        assert service.get("/users/ana/units").json()["units"] == []

    @pytest.mark.parametrize(
        ("body", "status", "words"),
        [
            ({"user_id": "ana", "document_id": "d1", "when": 3}, 400, "when"),
            ({"user_id": "ana"}, 400, "document_id"),
            ({"user_id": "", "document_id": "d1"}, 422, "user id of a click is empty"),
            ({"user_id": "ana", "document_id": "d1", "at": -1}, 422, "0 or later"),
            ({"user_id": "ana", "document_id": "d1", "at": 1.7e12}, 422, "milliseconds"),
            ({"user_id": "ana", "document_id": "d1", "at": "soon"}, 400, "at"),
            ([1, 2], 400, ""),
            ("text", 400, ""),
        ],
    )
    def test_what_cannot_be_learned_is_told(self, service, body, status, words):
        assert words in problem(service.post("/clicks", json=body), status)

    def test_too_many_at_once_are_refused(self, serving):
        service = serving(max_batch=2)
        body = [{"user_id": "ana", "document_id": "d1"}] * 3
        assert "at most 2" in problem(service.post("/clicks", json=body), 413)

    def test_a_body_that_is_too_long_is_refused(self, serving):
        service = serving(max_body_bytes=100)
        problem(service.post("/clicks", json=[{"user_id": "a" * 200, "document_id": "d1"}]), 413)


class TestStreams:
    def lines(self, *values: object) -> bytes:
        return b"\n".join(json.dumps(value).encode() for value in values)

    def test_a_stream_is_learned_in_parts(self, serving):
        service = serving(max_batch=10)
        body = self.lines(
            *({"user_id": f"u{n % 3}", "document_id": f"d{n % 5 + 1}", "id": str(n)} for n in range(95))
        )
        assert service.post("/clicks/stream", content=body + b"\n\n", headers=NDJSON).json() == {
            "accepted": 95
        }
        assert service.get("/users").json()["user_ids"] == ["u0", "u1", "u2"]

    def test_a_bad_line_is_named_and_what_came_before_is_kept(self, serving):
        service = serving(max_batch=4)
        good = [{"user_id": "ana", "document_id": "d1", "id": str(n)} for n in range(6)]
        answer = service.post("/clicks/stream", content=self.lines(*good, {"user_id": "ana"}), headers=NDJSON)
        assert "line 7" in problem(answer, 422)
        assert answer.json()["accepted"] == 6
        answer = service.post(
            "/clicks/stream", content=self.lines(*good, {"user_id": "a", "document_id": "no"}), headers=NDJSON
        )
        assert "lines 5 to 7" in problem(answer, 422)
        assert answer.json()["accepted"] == 4

    def test_documents_stream_too(self, service):
        body = self.lines(*({"id": f"x{n}", "title": f"title {n}"} for n in range(20)))
        assert service.put("/documents/stream", content=body, headers=NDJSON).json() == {"accepted": 20}
        assert service.get("/documents/x19").json()["document"]["title"] == "title 19"

    def test_an_endless_line_is_refused(self, serving):
        service = serving(max_body_bytes=1_000)
        problem(service.post("/clicks/stream", content=b"x" * 5_000, headers=NDJSON), 413)


class TestRecommendations:
    def test_they_come_with_a_reason(self, service):
        click(service, "ana", "d1")
        found = service.get("/users/ana/recommendations?k=2").json()
        assert found["variant"] is None
        first = found["recommendations"][0]
        assert first["document"] == {"id": "d2", "title": "fast vector search"}
        assert first["because"]["kind"] == "interest"
        assert first["because"]["interest"] == "fast cosine search"

    def test_options_reach_the_engine(self, serving):
        engine = Engine(HashingEmbedder(), index="exact", settings=Settings(scorer="sum"))
        documents = [
            Document("a", "fast cosine search", attributes={"lang": "en", "price": 5.0}),
            Document(
                "b", "fast vector search", attributes={"lang": "ko", "price": 9.0}, published_at=NOW - 10
            ),
            Document("c", "fast search", attributes={"lang": "en", "price": 12.0}, expires_at=NOW - 1),
        ]
        engine.add(documents)
        service = serving(engine)
        click(service, "ana", "a")

        def ids(options: str) -> list[str]:
            return [
                one["document"]["id"]
                for one in service.get(f"/users/ana/recommendations?{options}").json()["recommendations"]
            ]

        assert ids("") == ["b"], "c has expired by the clock of the service"
        assert ids("exclude_seen=false") == ["a", "b"]
        assert ids(f"at={NOW - 100}") == ["c", "b"]
        assert ids("exclude_seen=false&where=lang=en") == ["a"]
        assert ids("exclude_seen=false&where=price>=6&where=price<=10") == ["b"]
        assert ids(f"exclude_seen=false&published_after={NOW - 20}") == ["b"]
        assert (
            service.get("/users/ana/recommendations?explain=false").json()["recommendations"][0]["because"]
            is None
        )

    def test_a_new_reader_gets_what_is_popular(self, service):
        click(service, "bob", "d3")
        first = service.get("/users/nobody/recommendations").json()["recommendations"][0]
        assert first["document"]["id"] == "d3"
        assert first["because"]["kind"] == "popular"

    @pytest.mark.parametrize(
        ("options", "status", "words"),
        [("k=0", 400, "k"), ("k=501", 422, "500"), ("k=x", 400, "k"), ("scorer=best", 422, "scorer"), ("diversity=2", 422, "diversity"),
         ("where=lang", 422, "no condition"), ("at=-3", 422, "at"), ("at=nan", 422, "at")],
    )  # fmt: skip
    def test_bad_options_are_told(self, service, options, status, words):
        assert words in problem(service.get(f"/users/ana/recommendations?{options}"), status)

    def test_scores_are_those_of_the_recommendations(self, service):
        click(service, "ana", "d1")
        found = service.get("/users/ana/recommendations").json()["recommendations"]
        ids = [one["document"]["id"] for one in found]
        scores = service.post("/users/ana/scores", json={"document_ids": ids}).json()["scores"]
        assert scores == [one["score"] for one in found]

    def test_why_names_each_interest(self, service):
        click(service, "ana", "d1")
        why = service.get("/users/ana/why/d2").json()
        assert why["document"]["id"] == "d2"
        assert why["interests"][0]["unit"]["title"] == "fast cosine search"
        assert (why["rank"], why["left_out"]) == (1, None)
        assert service.get("/users/ana/why/d1").json()["left_out"] == "read"
        assert service.get("/users/ana/why/d2", params={"language": "xx"}).status_code == 422
        scores = service.post("/users/ana/scores", json={"document_ids": ["d2"]}).json()["scores"]
        assert why["score"] == pytest.approx(scores[0], abs=1e-4)

    def test_what_spoke_for_a_document_is_told(self, service):
        click(service, "ana", "d1")
        found = service.get("/users/ana/recommendations").json()["recommendations"]
        assert found[0]["reasons"][0]["words"] == "close to your interest “fast cosine search”"
        assert not any(one["evidence"] for one in found)
        korean = service.get("/users/ana/recommendations?language=ko&explain=full").json()["recommendations"]
        assert korean[0]["reasons"][0]["words"] == "관심사 “fast cosine search”에 가깝습니다"
        assert {evidence["kind"] for one in korean for evidence in one["evidence"]} >= {"interest"}
        assert "use en, ko" in problem(service.get("/users/ana/recommendations?language=xx"), 422)
        weights = service.get("/blend").json()["weights"]
        assert weights["all units"] > 0

    def test_a_ranking_of_ones_own_joins(self, service):
        click(service, "ana", "d1")
        before = service.get("/users/ana/recommendations").json()["recommendations"]
        last = before[-1]["document"]["id"]
        editor = {"name": "editor", "ranking": [last, "nowhere"], "weight": 50}
        after = service.post("/users/ana/recommendations", json={"k": 2, "sources": [editor]}).json()[
            "recommendations"
        ]
        assert len(after) == 2
        assert after[0]["document"]["id"] == last
        assert after[0]["reasons"][0]["words"] == "recommended by editor"
        same = service.post("/users/ana/recommendations", json={}).json()["recommendations"]
        assert [one["document"]["id"] for one in same] == [one["document"]["id"] for one in before]
        assert "k" in problem(service.post("/users/ana/recommendations", json={"k": 0}), 422)

    def test_what_is_dismissed_goes_and_what_was_shown_stands_back(self, service):
        click(service, "ana", "d1")
        first = [
            one["document"]["id"]
            for one in service.get("/users/ana/recommendations").json()["recommendations"]
        ]
        assert service.post("/users/ana/dismissed", json={"document_id": first[0]}).json() == {"accepted": 1}
        after = [
            one["document"]["id"]
            for one in service.get("/users/ana/recommendations").json()["recommendations"]
        ]
        assert after[0] == first[1]
        for _ in range(8):
            service.post("/users/ana/shown", json={"document_ids": [first[1]]})
        last = [
            one["document"]["id"]
            for one in service.get("/users/ana/recommendations").json()["recommendations"]
        ]
        assert last[-1] == first[1]
        assert service.post("/users/ana/dismissed", json={"document_id": "nothing"}).status_code == 422
        kept = service.get("/users/ana/export").json()
        assert (kept["dismissed"], kept["shown"][:1]) == ([first[0]], [first[1]])
        assert [name for name, _ in kept["read"]] == ["d1"]

    def test_wishes_are_answered_at_once_and_taken_back(self, service):
        click(service, "ana", "d1")
        address = "/users/ana/wishes"
        assert service.get(address).json() == {"wishes": []}
        wish = {"text": "sourdough bread", "want": "more"}
        assert service.put(address, json={"text": "sourdough bread"}).json() == {"wishes": [wish]}
        first = service.get("/users/ana/recommendations?explain=full").json()["recommendations"][0]
        assert first["document"]["title"] == "sourdough bread crumb"
        assert first["reasons"][0]["words"] == "you asked for more about “sourdough bread”"
        assert first["evidence"][0]["kind"] == "wish"
        assert service.get("/users/ana/export").json()["wishes"] == [wish]
        less = service.put(address, json={"text": "Sourdough bread", "want": "less"}).json()["wishes"]
        assert [one["want"] for one in less] == ["less"]
        assert service.delete(address, params={"text": "sourdough bread"}).json() == {"wishes": []}
        assert "empty" in problem(service.put(address, json={"text": " "}), 422)
        assert service.put(address, json={"text": "bread", "want": "all"}).status_code in (400, 422)


class TestDocuments:
    def test_one_or_many_are_added_and_replaced(self, service):
        assert service.put("/documents", json={"id": "n", "title": "a new one"}).json() == {"accepted": 1}
        assert service.put(
            "/documents", json=[{"id": "n", "title": "renamed"}, {"id": "m", "title": "more"}]
        ).json() == {"accepted": 2}
        found = service.get("/documents?id=n&id=m&id=none").json()["documents"]
        assert [one["title"] for one in found] == ["renamed", "more"]
        assert service.get("/search?q=renamed&k=1").json()["documents"][0]["document"]["id"] == "n"

    def test_a_removed_document_is_gone(self, service):
        assert service.delete("/documents/d2").status_code == 200
        problem(service.get("/documents/d2"), 404)
        problem(service.delete("/documents/d2"), 404)
        problem(service.get("/documents/d2/similar"), 404)

    @pytest.mark.parametrize("name", ["a/b", "a b", "ä#?&", "%2F", "한글", "..", "<script>"])
    def test_an_id_may_hold_anything(self, service, name):
        from urllib.parse import quote

        service.put("/documents", json={"id": name, "title": "fast cosine search in a box"})
        click(service, name, name)
        path = quote(name, safe="") if name != ".." else "%2E%2E"
        if name == "..":
            return  # clients resolve it before they send it: such a document is found by other routes
        assert service.get(f"/documents/{path}").json()["document"]["id"] == name
        assert service.get(f"/users/{path}/units").json()["user_id"] == name
        assert service.get(f"/users/{path}/units").json()["units"][0]["documents"] == [name]

    def test_a_nul_in_a_path_is_refused(self, service):
        assert "NUL" in problem(service.get("/users/a%00b/units"), 422)

    def test_the_interests_of_its_readers_are_told_together(self, service):
        for user in ("ana", "bob"):
            click(service, user, "d1")
        cared = service.get("/documents/d1").json()["cared"]
        assert (cared["readers"], cared["looked_at"]) == (2, 2)
        assert ["cosine", 2] in cared["terms"]


class TestUsers:
    def test_forgetting_leaves_nothing(self, service):
        click(service, "ana", "d1")
        assert service.delete("/users/ana").json() == {"forgotten": True}
        assert service.delete("/users/ana").json() == {"forgotten": False}
        assert service.get("/users/ana/units").json()["units"] == []
        problem(service.get("/users/ana/export"), 404)
        assert "ana" not in service.get("/overview").text

    def test_the_export_holds_all_that_is_kept(self, service):
        click(service, "ana", "d1", at=5.0)
        click(service, "ana", "d3", at=6.0)
        export = service.get("/users/ana/export").json()
        assert export["clicks_learned"] == 2
        assert export["seen"] == ["d1", "d3"]
        assert export["history"] == [["d1", 5.0], ["d3", 6.0]]
        assert {unit["title"] for unit in export["units"]} == {"fast cosine search", "sourdough bread crumb"}

    def test_the_history_says_what_each_click_did(self, service):
        for at, document in enumerate(("d1", "d3", "d2")):
            click(service, "ana", document, at=float(at))
        history = service.get("/users/ana/history").json()
        assert history["complete"] is True
        assert [one["action"] for one in history["moments"]] == ["created", "created", "reinforced"]
        assert history["moments"][2]["replaced"] == [1]
        assert history["moments"][2]["unit"]["size"] == 2

    def test_what_if_changes_nothing(self, service):
        click(service, "ana", "d1", at=1.0)
        before = service.get("/users/ana/export").json()
        imagined = service.post("/users/ana/what-if", json={"document_ids": ["d3", "d4"]}).json()
        assert [change["action"] for change in imagined["changes"]] == ["created", "reinforced"]
        assert [unit["size"] for unit in imagined["units"]] == [2, 1]
        assert "d3" not in {one["document"]["id"] for one in imagined["recommendations"]}
        assert service.get("/users/ana/export").json() == before
        problem(service.post("/users/ana/what-if", json={"document_ids": ["none"]}), 422)

    def test_users_are_found_by_how_their_id_begins(self, service):
        for user in ("ana", "anton", "bob"):
            click(service, user, "d1")
        assert service.get("/users?prefix=an").json()["user_ids"] == ["ana", "anton"]
        assert service.get("/users?limit=1").json()["user_ids"] == ["ana"]


class TestTheWhole:
    def test_the_overview_counts(self, service):
        click(service, "ana", "d1")
        now = service.get("/overview").json()
        assert (now["documents"], now["users"], now["clicks_last_minute"], sum(now["clicks_by_minute"])) == (
            5,
            1,
            1,
            1,
        )
        assert now["changes"][0]["user_id"] == "ana"

    def test_the_map_does_not_say_who(self, service):
        for user in ("ana-the-secret", "bob-the-secret"):
            for document in ("d1", "d3", "d5"):
                click(service, user, document)
        answer = service.get("/map")
        assert len(answer.json()["points"]) == 6
        assert "secret" not in answer.text

    def test_an_empty_service_answers_everything(self, serving):
        service = serving(Engine(HashingEmbedder(), index="exact"))
        for path in (
            "/overview",
            "/map",
            "/users",
            "/users/ana/units",
            "/users/ana/recommendations",
            "/users/ana/history",
            "/search?q=x",
            "/metrics",
        ):
            assert service.get(path).status_code == 200, path

    def test_metrics_count(self, service):
        click(service, "ana", "d1", id="1")
        click(service, "ana", "d1", id="1")
        service.get("/users/ana/units")
        text = service.get("/metrics").text
        assert 'penchant_clicks_total{action="created"} 1.0' in text
        assert 'penchant_clicks_total{action="ignored"} 1.0' in text
        assert "penchant_documents 5.0" in text
        assert 'route="/users/{user_id}/units",status="200"' in text
        assert "ana" not in text

    def test_unknown_paths_and_methods_are_problems(self, service):
        problem(service.get("/nothing/here"), 404)
        problem(service.patch("/clicks", json={}), 405)

    def test_before_the_state_is_loaded_only_health_is_answered(self, serving):
        loading = threading.Event()

        class Slow(HashingEmbedder):
            def encode(self, texts):
                loading.wait(10)
                return super().encode(texts)

        engine = Engine(HashingEmbedder(), index="exact")
        engine.add([Document("d1", "title")])
        engine._state.texts.embedder = Slow()
        with TestClient(make_app(engine, Config(**LOCAL))) as service:
            assert service.get("/health/live").status_code == 200
            problem(service.get("/health/ready"), 503)
            answer = service.get("/users/ana/units")
            assert "being loaded" in problem(answer, 503)
            assert answer.headers["Retry-After"] == "1"
            loading.set()
            until(lambda: service.get("/health/ready").status_code == 200)
            assert service.get("/users/ana/units").status_code == 200
