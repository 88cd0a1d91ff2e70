"""The encoders in numpy say what torch's say, on the same weights; and no place sees what comes after it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.towers.transformer import transformed

torch = pytest.importorskip("torch")

from penchant.train.backbones.transformer import Bidirectional, Transformer  # noqa: E402
from penchant.train.towers.network import at_random  # noqa: E402


def network(width: int = 16, layers: int = 2, heads: int = 2, seed: int = 0, kind=Transformer):
    torch.manual_seed(seed)
    made = kind(width, layers, heads, dropout=0.3, wide=2 * width)
    at_random(made, "glorot")
    with torch.no_grad():  # biases and norms that are not 0 and 1
        for weights in made.parameters():
            weights.add_(0.1 * torch.randn_like(weights))
    return made.eval()


def as_numpy(made) -> dict[str, np.ndarray]:
    return {name: value.detach().numpy() for name, value in made.state_dict().items()}


@given(st.integers(1, 9), st.integers(1, 4), st.sampled_from([(16, 2), (24, 3), (8, 1)]), st.integers(0, 3))
def test_numpy_says_what_torch_says(places, sequences, shape, layers):
    width, heads = shape
    made = network(width, layers, heads, seed=places)
    inputs = np.random.default_rng(sequences).standard_normal((sequences, places, width)).astype(np.float32)
    with torch.no_grad():
        expected = made.transformed(torch.from_numpy(inputs)).numpy()
    assert np.abs(transformed(as_numpy(made), inputs, heads) - expected).max() < 1e-4
    last = transformed(as_numpy(made), inputs, heads, last=True)
    assert last.shape == (sequences, 1, width)
    assert np.abs(last - expected[:, -1:]).max() < 1e-4


def test_a_place_depends_on_nothing_after_it():
    made = network()
    inputs = np.random.default_rng(0).standard_normal((1, 6, 16)).astype(np.float32)
    other = inputs.copy()
    other[0, 4:] *= -1
    before, after = (transformed(as_numpy(made), given_, 2) for given_ in (inputs, other))
    assert np.allclose(before[0, :4], after[0, :4], atol=1e-6)
    assert not np.allclose(before[0, 4:], after[0, 4:], atol=1e-2)


def test_padding_on_the_right_changes_nothing():
    made = network()
    inputs = np.random.default_rng(0).standard_normal((1, 3, 16)).astype(np.float32)
    padded = np.concatenate([inputs, np.full((1, 4, 16), 9, np.float32)], axis=1)
    with torch.no_grad():
        short, long = (made.transformed(torch.from_numpy(each)).numpy() for each in (inputs, padded))
    assert np.allclose(short, long[:, :3], atol=1e-5)


def test_one_that_looks_both_ways_depends_on_what_comes_after():
    made = network(kind=Bidirectional)
    inputs = np.random.default_rng(0).standard_normal((2, 6, 16)).astype(np.float32)
    with torch.no_grad():
        expected = made.every(torch.from_numpy(inputs), torch.tensor([6, 6])).numpy()
    assert np.abs(transformed(as_numpy(made), inputs, 2, causal=False) - expected).max() < 1e-4
    other = inputs.copy()
    other[:, -1] *= -1
    before, after = (transformed(as_numpy(made), given_, 2, causal=False) for given_ in (inputs, other))
    assert not np.allclose(before[:, 0], after[:, 0], atol=1e-2)
