"""Settings are checked when they are made, wherever the values come from."""

from __future__ import annotations

from typing import get_args

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant import Click, Engine, InvalidSettings, Settings, StateDamaged
from penchant.engine.about import ABOUT
from penchant.rank.scorers import NAMES
from penchant.settings import ScorerName
from penchant.store import Changes
from penchant.testing import HashingEmbedder

WRONG = {
    "unit_precision": ("float64", "int", None, 16),
    "index_precision": ("float16", None),
    "document_text": ("body", None),
    "scorer": ("best", None),
    "threshold": (1.5, -2, "0.4", True, float("nan")),
    "kinds": ("like", [1], 3),
    "blend_learns": (1, "yes", None),
}
NUMBERS = [field for field in msgspec.structs.fields(Settings) if field.name not in WRONG]


def test_every_field_is_checked():
    for field in NUMBERS:
        for value in (-1, "3", True, float("nan"), [1], object()):
            with pytest.raises(InvalidSettings, match=rf"{field.name} is .*: use "):
                Settings(**{field.name: value})
    for name, values in WRONG.items():
        for value in values:
            with pytest.raises(InvalidSettings, match=f"{name} is .*: use "):
                Settings(**{name: value})


@pytest.mark.parametrize("name", ["keep_big", "terms_kept", "big_size", "reads_kept", "users_cached"])
def test_a_fraction_is_no_count(name):
    with pytest.raises(InvalidSettings, match=f"{name} is 2.0: use a whole number from"):
        Settings(**{name: 2.0})


def test_the_message_says_what_is_allowed():
    with pytest.raises(InvalidSettings) as error:
        Settings(unit_precision="float64")
    assert str(error.value) == "unit_precision is 'float64': use one of 'float16', 'float32', 'int8'"


def test_whole_numbers_and_numpys_numbers_become_what_the_field_is():
    settings = Settings(
        blend_precision=100, threshold=0, big_size=np.int64(4), decay=np.float64(0.5), kinds=["like"]
    )
    assert [
        type(value)
        for value in (settings.blend_precision, settings.threshold, settings.big_size, settings.decay)
    ] == [
        float,
        float,
        int,
        float,
    ]
    assert settings.kinds == ("like",)
    assert settings == Settings(blend_precision=100.0, threshold=0.0, big_size=4, decay=0.5, kinds=("like",))


def test_whole_numbers_teach_what_fractions_teach():
    def taught(**settings) -> dict[str, float]:
        with Engine(HashingEmbedder(), index="exact", settings=Settings(**settings)) as engine:
            from rank.test_recommender import DOCUMENTS, busy

            engine.add(DOCUMENTS)
            engine.blend.set({"age": 1})
            return busy(engine).blend.weights()

    assert taught(blend_precision=100, blend_precision_open=10) == taught(
        blend_precision=100.0, blend_precision_open=10.0
    )


def test_a_setting_in_a_saved_state_is_checked(tmp_path):
    with Engine.open(tmp_path, HashingEmbedder(), index="exact") as engine:
        engine.fit(["title"])
        about = engine.store.fact(ABOUT)
        engine.store.commit([Changes(facts={ABOUT: about.replace(b'"float16"', b'"float64"')})])
    with pytest.raises(StateDamaged, match=r"unit_precision|float64"):
        Engine.open(tmp_path, HashingEmbedder())


def test_the_scorers_that_can_be_set_are_those_that_there_are():
    assert set(get_args(ScorerName)) == set(NAMES)


@given(st.integers(2, 6), st.sampled_from(["float16", "int8", "float32"]))
def test_a_precision_is_what_is_kept(clicks, precision):
    chosen = Settings(unit_precision=precision, unit_rule="text")
    with Engine(HashingEmbedder(), index="exact", settings=chosen) as engine:
        from rank.test_recommender import DOCUMENTS

        engine.add(DOCUMENTS)
        engine.observe([Click("ana", DOCUMENTS[n].id, float(n)) for n in range(clicks)])
        for unit in engine.units("ana"):
            exact = HashingEmbedder().encode([unit.text])[0]
            off = float(np.abs(unit.embedding - exact).max())
            assert off <= {"float32": 0.0, "float16": 5e-4, "int8": 1e-2}[precision]
