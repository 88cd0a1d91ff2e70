"""Trained peers: what people use today, by its own maintained code, in environments of its own.

Their dependencies conflict with each other and with the product's, so each library lives in a virtual
environment that the lab makes, and is spoken to through files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Space = Mapping[str, Sequence[Any]]
"""Hyperparameter -> the values that the search chooses from."""

REQUIREMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "implicit": ("implicit==0.7.3", "numpy==2.4.6", "scipy==1.17.1"),
        "rectools": ("rectools[torch]==0.19.0", "torch==2.13.0", "numpy==1.26.4", "scipy==1.17.1"),
        "cornac": ("cornac==3.0.1", "torch==2.13.0", "numpy==2.4.6", "scipy==1.17.1"),
    }
)
"""Environment -> what is installed in it."""


@dataclass(frozen=True)
class Peer:
    """A trained peer."""

    environment: str
    params: Mapping[str, Any]
    """Hyperparameters where no search chose others."""
    space: Space
    """What `penchant lab tune` searches."""
    retrain_days: float = 1.0
    """Under `live`, days after which it is trained anew; it is frozen between."""
    retrainings: int = 6
    """Under `full`, moments at which it is trained at most, each for the users whose test begins after
    it."""
    cheap: bool = False
    """Part of a quick run."""
    wants_titles: bool = False


_SASREC = {
    "n_factors": 64,
    "n_blocks": 2,
    "n_heads": 2,
    "session_max_len": 20,
    "dropout_rate": 0.2,
    "lr": 1e-3,
    "epochs": 5,
    "batch_size": 128,
    "loss": "softmax",
}
_ESASREC = {**_SASREC, "loss": "sampled_softmax", "n_negatives": 256}
"""Of Tikhonovich et al., "eSASRec: enhancing transformer-based recommendations in a modular fashion", RecSys
2025: LiGR layers and a sampled softmax; of SASRec's size here, as all."""
_TRANSFORMER_SPACE = {
    "n_factors": (64, 128),
    "session_max_len": (20, 50),
    "dropout_rate": (0.1, 0.2, 0.4),
    "lr": (5e-4, 1e-3, 2e-3),
    "epochs": (3, 5),
}

PEERS: Mapping[str, Peer] = MappingProxyType(
    {
        "BPR": Peer(
            "implicit",
            {"factors": 64, "learning_rate": 0.05, "regularization": 0.01, "iterations": 100},
            {
                "factors": (32, 64, 128),
                "learning_rate": (0.01, 0.05, 0.1),
                "regularization": (0.003, 0.01, 0.03, 0.1),
                "iterations": (50, 100, 200),
            },
            cheap=True,
        ),
        "ALS": Peer(
            "implicit",
            {"factors": 64, "regularization": 0.05, "alpha": 10.0, "iterations": 15},
            {
                "factors": (32, 64, 128, 256),
                "regularization": (0.01, 0.05, 0.5, 5.0),
                "alpha": (1.0, 10.0, 40.0),
                "iterations": (15, 30),
            },
            cheap=True,
        ),
        "ItemKNN": Peer(
            "implicit", {"neighbours": 2000, "weight": 1.0}, {"neighbours": (20, 100, 500, 2000)}, cheap=True
        ),
        "ItemKNN 0.9": Peer(
            "implicit", {"neighbours": 2000, "weight": 0.9}, {"neighbours": (20, 100, 500, 2000)}, cheap=True
        ),
        "EASE": Peer(
            "rectools",
            {"regularization": 500.0},
            {"regularization": (10.0, 50.0, 100.0, 250.0, 500.0, 1000.0)},
            retrain_days=7,
        ),
        "SASRec": Peer("rectools", _SASREC, _TRANSFORMER_SPACE, retrain_days=28, retrainings=4),
        "eSASRec": Peer("rectools", _ESASREC, _TRANSFORMER_SPACE, retrain_days=28, retrainings=4),
        "BERT4Rec": Peer("rectools", _SASREC, _TRANSFORMER_SPACE, retrain_days=28, retrainings=4),
        "HSTU": Peer("rectools", _SASREC, _TRANSFORMER_SPACE, retrain_days=28, retrainings=4),
        "Hybrid": Peer(
            "rectools", _SASREC, _TRANSFORMER_SPACE, retrain_days=28, retrainings=4, wants_titles=True
        ),
        "NeuMF": Peer(
            "cornac",
            {
                "num_factors": 16,
                "layers": (64, 32, 16),
                "num_epochs": 10,
                "batch_size": 1024,
                "num_neg": 4,
                "lr": 1e-3,
            },
            {
                "num_factors": (8, 16, 32),
                "num_epochs": (5, 10, 20),
                "lr": (5e-4, 1e-3, 3e-3),
                "reg": (0.0, 1e-6, 1e-5),
            },
            retrain_days=28,
            retrainings=4,
        ),
        "GRU4Rec": Peer(
            "cornac",
            {"layers": 100, "n_epochs": 10, "learning_rate": 0.05, "batch_size": 128, "n_sample": 1024},
            {
                "layers": (64, 100, 200),
                "n_epochs": (5, 10, 20),
                "learning_rate": (0.02, 0.05, 0.1),
                "dropout_p_embed": (0.0, 0.3),
            },
            retrain_days=28,
            retrainings=4,
        ),
    }
)
