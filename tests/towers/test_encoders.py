"""Every encoder in numpy says what its twin in torch says, on the same weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from penchant.towers import History
from penchant.towers.encoders import ENCODERS
from penchant.towers.sequential import SequentialTower, Shape, Trained

torch = pytest.importorskip("torch")

from penchant.train.towers.fit import last_outputs  # noqa: E402
from penchant.train.towers.network import Network  # noqa: E402
from penchant.train.towers.plan import TOWERS, plan_of  # noqa: E402

CONTENT, DOCUMENTS, HISTORY = 12, 30, 6
SMALL = {"width": 16, "wide": 24, "history": HISTORY, "heads": 2}
TRAINED = Trained(
    documents=30, readers=60, clicks=200, latest_at=9.0, epochs=2, recall=0.2, held_out=3, seed=0
)
PLANS = [replace(plan, **SMALL) for plan in TOWERS.values() if plan.loss == "softmax"]


def twins(plan):
    """(network, tower) of the same weights, none of which is 0 or 1."""
    torch.manual_seed(1)
    random = np.random.default_rng(0)
    embeddings = random.standard_normal((DOCUMENTS, CONTENT)).astype(np.float32)
    network = Network(plan, embeddings).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(0.2 * torch.randn_like(weights))
    weights = {
        name.removeprefix("backbone."): value.detach().numpy() for name, value in network.state_dict().items()
    }
    ids = [f"d{row}" for row in range(DOCUMENTS)]
    shape = Shape("toy", "hashing", plan.heads, plan.history, TRAINED, plan.backbone, plan.items, scale=1.0)
    return network, SequentialTower(shape, weights, ids), ids, embeddings


def test_every_encoder_is_of_some_tower():
    assert {plan.backbone for plan in TOWERS.values()} == set(ENCODERS)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
@pytest.mark.parametrize("inputs", ["ids", "both", "text"])
def test_numpy_says_what_torch_says(plan, inputs):
    network, tower, ids, embeddings = twins(replace(plan, inputs=inputs))
    if inputs == "text":
        tower = SequentialTower(tower.shape, tower.weights, [])
    read = [np.random.default_rng(n).permutation(DOCUMENTS)[:n] for n in (1, 2, HISTORY, HISTORY + 4)]
    with torch.no_grad():
        expected = last_outputs(network, network.inputs(torch.arange(DOCUMENTS)), read).numpy()
    found = tower.users([History([ids[row] for row in rows.tolist()], embeddings[rows]) for rows in read])
    for mine, theirs in zip(found, expected, strict=True):
        assert mine.shape == (plan.interests, tower.dimension)
        assert np.abs(mine[:, :-1] - theirs).max() < 1e-4


def test_several_interests_differ():
    for plan in PLANS:
        if plan.interests > 1:
            _, tower, ids, embeddings = twins(plan)
            (found,) = tower.users([History(ids[:4], embeddings[:4])])
            assert len(np.unique(np.round(found, 3), axis=0)) == plan.interests


def test_plans_have_the_names_by_which_they_are_asked():
    assert all(plan_of(name).name == name for name in TOWERS)
