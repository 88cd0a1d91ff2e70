"""The compiled rules and the readable ones give the same units, to the last bit."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import Settings
from penchant.embed.corpus import CorpusEmbedder
from penchant.testing import same_user
from penchant.text import key_terms
from penchant.units import arrays, waves
from penchant.units.arithmetic import round_to_half, round_to_int8
from penchant.units.rules import Clicked
from penchant.vectors import rounded, unit_length

WORDS = ["Alpha", "beta", "New York", "delta_x", "omega", "sigma", "tau", "phi"]
titles = st.lists(st.sampled_from([*WORDS, "unseen1", "unseen2"]), min_size=0, max_size=5).map(" ".join)
limit = st.integers(0, 3)


@pytest.fixture(scope="module")
def embedder() -> CorpusEmbedder:
    return CorpusEmbedder.fit([" ".join(WORDS[n:] + WORDS[:n]) for n in range(len(WORDS))], dimension=32)


def log(
    generator: np.random.Generator, catalogue: list[str], embedder: CorpusEmbedder, length: int
) -> list[tuple[str, Clicked]]:
    vectors = embedder.encode(catalogue)
    known = [
        Clicked(f"d{n}", title, tuple(key_terms(title)), vectors[n], 0.0) for n, title in enumerate(catalogue)
    ]
    clicks = []
    for document in generator.integers(len(catalogue), size=length):
        of = known[document]
        at = float(generator.integers(0, 30))
        clicks.append(
            (f"u{generator.integers(4)}", Clicked(of.document_id, of.title, of.terms, of.vector, at))
        )
    return clicks


@settings(max_examples=300, deadline=None)
@given(
    st.lists(titles, min_size=2, max_size=14),
    st.integers(0, 10**6),
    st.sampled_from([-1.0, 0.2, 0.45, 0.7, 1.0]),
    st.builds(
        Settings,
        keep_big=limit,
        keep_small=limit,
        big_size=st.integers(1, 4),
        terms_in_text=st.integers(0, 5),
        terms_kept=st.sampled_from([0, 1, 4, 100]),
        documents_kept=st.sampled_from([0, 1, 3, 1000]),
        seen_kept=st.sampled_from([0, 2, None]),
        history_kept=st.sampled_from([0, 2, None]),
        unit_precision=st.sampled_from(["float16", "int8", "float32"]),
    ),
    st.sampled_from([None, Settings(), Settings.paper(), Settings(terms_kept=2, keep_small=30)]),
)
def test_the_compiled_rules_are_the_readable_ones(embedder, catalogue, seed, threshold, chosen, earlier):
    """Late clicks, ties, repeated clicks, every limit, users known already, also from other settings."""
    generator = np.random.default_rng(seed)
    known = {}
    if earlier is not None:
        earlier = msgspec.structs.replace(earlier, unit_precision=chosen.unit_precision)
        known, _ = waves.learn({}, log(generator, catalogue, embedder, 60), embedder.encode, 0.4, earlier)
    clicks = log(generator, catalogue, embedder, 50)
    expected, _ = waves.learn(known, clicks, embedder.encode, threshold, chosen)
    found = arrays.learn(known, clicks, threshold, chosen, threads=2)
    assert found.keys() == expected.keys()
    for user_id, user in expected.items():
        assert same_user(found[user_id], user), user_id


@given(st.integers(0, 10**6), st.sampled_from([1.0, 1e-3, 1e-6]))
def test_compiled_rounding_is_numpys(seed, scale):
    vector = unit_length(
        np.random.default_rng(seed).standard_normal((1, 64)).astype(np.float32)
    ) * np.float32(scale)
    for precision, rounding in (("float16", round_to_half), ("int8", round_to_int8)):
        found = vector[0].copy()
        rounding(found)
        assert np.array_equal(found, rounded(vector, precision)[0])


def test_without_limits_there_are_no_arrays():
    assert arrays.can_learn(Settings())
    assert not arrays.can_learn(Settings(keep_big=None))
    assert not arrays.can_learn(Settings.paper())
