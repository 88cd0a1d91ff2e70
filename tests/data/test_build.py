"""Long work gives what short steps give."""

from __future__ import annotations

import pytest

from penchant import Engine, Settings
from penchant.data import build
from penchant.data.simulated import simulate
from penchant.engine import clicks as learning
from penchant.testing import HashingEmbedder, same_user


@pytest.fixture(autouse=True)
def _few_clicks_are_many(monkeypatch):
    """Compiled code is used for these logs, too."""
    monkeypatch.setattr(learning, "MANY_CLICKS", 1)


@pytest.mark.parametrize("embedder", ["corpus", "hashing"])
def test_a_log_learned_silently_is_a_log_learned_click_by_click(embedder):
    community = simulate(0)
    clicks = sorted(community.clicks, key=lambda click: click.at)[:3_000]
    engines = [
        Engine("corpus" if embedder == "corpus" else HashingEmbedder(64, 0.4), index="exact")
        for _ in range(3)
    ]
    for engine in engines:
        engine.add(community.documents)
    whole, steps, told = engines
    assert whole.observe(clicks, tell=False, teach=False) == []
    for start in range(0, len(clicks), 700):
        steps.observe(clicks[start : start + 700], tell=False, teach=False)
    assert len(told.observe(clicks)) == len(clicks)
    assert whole.user_ids() == told.user_ids() == steps.user_ids()
    for user in told.user_ids():
        assert same_user(whole.user(user), told.user(user))
        assert same_user(steps.user(user), told.user(user))
    assert whole.latest_at == told.latest_at
    popular = [[each.document.id for each in engine.recommend("new", 30)] for engine in engines]
    assert popular[0] == popular[1] == popular[2]


def test_without_limits_a_log_is_learned_by_the_readable_rules():
    community = simulate(0)
    settings = Settings(keep_small=None, keep_big=None)
    whole, told = (Engine("corpus", index="exact", settings=settings) for _ in range(2))
    for engine in (whole, told):
        engine.add(community.documents)
    whole.observe(community.clicks[:500], tell=False, teach=False)
    told.observe(community.clicks[:500])
    assert all(same_user(whole.user(user), told.user(user)) for user in told.user_ids())


def test_a_build_with_other_processes_is_one_without(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "_MANY_TITLES", 10)
    community = simulate(0)
    reported: dict[str, int] = {}
    with Engine.open(tmp_path / "built", "corpus") as built, Engine("corpus", index="exact") as plain:
        before = build.build_state(
            built,
            community.documents,
            community.clicks,
            "log",
            tmp_path / "built",
            lambda stage, done, of: reported.update({stage: reported.get(stage, 0) + done}),
        )
        assert before == 0
        build.add_documents(plain, community.documents)
        build.observe_log(plain, community.clicks, "log")
        assert built.user_ids() == plain.user_ids()
        assert all(same_user(built.user(user), plain.user(user)) for user in plain.user_ids())
        assert (reported["documents"], reported["clicks"]) == (
            len(community.documents),
            len(community.clicks),
        )
        assert build.build_state(
            built, community.documents, community.clicks, "log", tmp_path / "built"
        ) == len(community.clicks)
    assert len(list((tmp_path / "built").glob("index-*.usearch"))) == 1
