"""The split of users, the log of exposures, and the report."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from typer.testing import CliRunner

from penchant import Engine, InvalidQuery
from penchant.cli import app
from penchant.serve.ab import report, sequential_radius
from penchant.serve.config import Experiment, Variant
from penchant.serve.experiment import DATABASE, Exposed, ExposureLog, read_exposures, variant_of
from penchant.testing import HashingEmbedder

SPLIT = Experiment("scorers", {"paper": Variant(1), "max": Variant(3, scorer="max")})


class TestSplit:
    @given(st.text())
    def test_a_user_stays_in_a_variant(self, user):
        assert variant_of(SPLIT, user) == variant_of(Experiment("scorers", dict(SPLIT.variants)), user)

    def test_shares_are_kept(self):
        names = [variant_of(SPLIT, f"user-{n}")[0] for n in range(20_000)]
        assert names.count("max") / len(names) == pytest.approx(0.75, abs=0.01)

    def test_another_salt_is_another_split(self):
        other = Experiment("scorers", SPLIT.variants, salt="2")
        same = (
            sum(variant_of(SPLIT, f"u{n}")[0] == variant_of(other, f"u{n}")[0] for n in range(4_000)) / 4_000
        )
        assert same == pytest.approx(0.75**2 + 0.25**2, abs=0.03), "as two independent draws would agree"

    def test_a_variant_without_share_gets_nobody(self):
        split = Experiment("x", {"a": Variant(0), "b": Variant(1), "c": Variant(0)})
        assert {variant_of(split, f"u{n}")[0] for n in range(1_000)} == {"b"}


class TestLog:
    def test_it_adds_up_over_restarts_and_holds_no_id(self, tmp_path):
        for _ in range(2):
            log = ExposureLog(tmp_path, SPLIT)
            log.exposed("ana", "max", 5.0)
            log.exposed("ana", "max", 6.0)
            log.clicked(["ana", "ana", "never-shown"])
            log.flush()
            log.flush()
        (found,) = read_exposures(tmp_path / DATABASE)
        assert (found.variant, found.first_at, found.exposures, found.clicks) == ("max", 5.0, 4, 4)
        assert b"ana" not in (tmp_path / DATABASE).read_bytes()
        log.forget("ana")
        assert read_exposures(tmp_path / DATABASE) == []

    def test_the_service_tells_the_variant_and_logs(self, serving, tmp_path):
        (tmp_path / "state").mkdir()
        engine = Engine(HashingEmbedder(), index="exact")
        service = serving(engine, tmp_path / "state", experiment=SPLIT)
        assert service.get("/experiments").json() == {"reports": []}
        service.put("/documents", json=[{"id": "d1", "title": "fast search"}, {"id": "d2", "title": "bread"}])
        shown = {f"u{n}": service.get(f"/users/u{n}/recommendations").json()["variant"] for n in range(40)}
        assert shown == {user: variant_of(SPLIT, user)[0] for user in shown}
        service.post(
            "/clicks",
            json=[{"user_id": "u1", "document_id": "d1"}, {"user_id": "stranger", "document_id": "d1"}],
        )
        export = service.get("/users/u1/export").json()
        assert export["experiments"] == [
            {
                "experiment": "scorers",
                "variant": shown["u1"],
                "first_at": export["experiments"][0]["first_at"],
                "exposures": 1,
                "clicks": 1,
            }
        ]
        (found,) = service.get("/experiments").json()["reports"]
        assert found["experiment"] == "scorers"
        assert {each["variant"]: each["users"] for each in found["variants"]} == {
            name: list(shown.values()).count(name) for name in SPLIT.variants
        }
        assert sum(each["clicks"] for each in found["variants"]) == 1
        assert found["variants"][0]["variant"] == "paper", "what the others are compared with"
        assert 'variant="max"' in service.get("/metrics").text
        assert len(read_exposures(tmp_path / "state" / DATABASE)) == 40
        service.delete("/users/u1")
        assert len(read_exposures(tmp_path / "state" / DATABASE)) == 39


def exposed(clicks: dict[str, list[int]]) -> list[Exposed]:
    return [
        Exposed("x", f"{v}{n}", v, 0.0, 2, count)
        for v, counts in clicks.items()
        for n, count in enumerate(counts)
    ]


class TestReport:
    def test_it_is_welchs_test_with_the_lift(self):
        generator = np.random.default_rng(0)
        a, b = generator.poisson(2.0, 500), generator.poisson(2.5, 400)
        (found,) = report(exposed({"paper": a.tolist(), "max": b.tolist()}), {"paper": 1.0, "max": 0.8})
        first, second = found.variants
        assert (first.variant, first.lift, second.users) == ("paper", None, 400)
        assert second.lift == pytest.approx(b.mean() / a.mean() - 1)
        assert second.p == pytest.approx(stats.ttest_ind(b, a, equal_var=False).pvalue)
        assert second.interval[0] < b.mean() - a.mean() < second.interval[1]
        assert second.sequential[0] < second.interval[0], "the price of looking every day"
        assert found.mismatch_p > 0.05

    def test_lost_users_are_noticed(self):
        (found,) = report(exposed({"a": [1] * 500, "b": [1] * 350}))
        assert found.mismatch_p < 0.001

    def test_nothing_moves_without_clicks(self):
        (found,) = report(exposed({"a": [0, 0], "b": [0, 0, 0]}))
        assert found.variants[1].p is None

    def test_an_empty_log_is_told(self):
        with pytest.raises(InvalidQuery, match="no exposure"):
            report([])

    def test_the_sequential_interval_holds_at_all_looks_together(self):
        """Of 300 experiments without a difference, looked at after every 100 users, at most 5 % may ever leave 0 out."""
        generator = np.random.default_rng(1)
        wrong_sequential = wrong_fixed = 0
        for _ in range(300):
            a, b = generator.poisson(1.5, (2, 3_000))
            left_out = {"sequential": False, "fixed": False}
            for n in range(100, 3_001, 100):
                difference = b[:n].mean() - a[:n].mean()
                left_out["sequential"] |= abs(difference) > sequential_radius(
                    b[:n].astype(float), a[:n].astype(float)
                )
                left_out["fixed"] |= abs(difference) > 1.96 * math.sqrt((a[:n].var() + b[:n].var()) / n)
            wrong_sequential += left_out["sequential"]
            wrong_fixed += left_out["fixed"]
        assert wrong_sequential / 300 <= 0.05
        assert wrong_fixed / 300 > 0.15, "which is why it is needed"

    def test_the_command_shows_it(self, tmp_path):
        log = ExposureLog(tmp_path, SPLIT)
        for n in range(200):
            name = variant_of(SPLIT, f"u{n}")[0]
            log.exposed(f"u{n}", name, 1.0)
            log.clicked([f"u{n}"] * (n % 3 + (name == "max")))
        log.flush()
        result = CliRunner().invoke(app, ["ab", "report", str(tmp_path)], env={"COLUMNS": "200"})
        assert result.exit_code == 0, result.output
        assert "scorers" in result.output
        assert "more" in result.output
        found = json.loads(CliRunner().invoke(app, ["ab", "report", str(tmp_path), "--json"]).output)
        assert {variant["variant"] for variant in found[0]["variants"]} == {"paper", "max"}
