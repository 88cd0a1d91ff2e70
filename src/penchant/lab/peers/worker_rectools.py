"""Runs in the environment of rectools: EASE, SASRec, eSASRec, BERT4Rec, HSTU and Hybrid by its code."""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np
import pandas as pd
import torch
from exchange import Answer, Job, Round, Trainer, popularity, positions_of, work
from pytorch_lightning import seed_everything
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import EASEModel
from rectools.models.nn.item_net import IdEmbeddingsItemNet, ItemNetBase
from rectools.models.nn.transformers.bert4rec import BERT4RecModel
from rectools.models.nn.transformers.hstu import HSTUModel
from rectools.models.nn.transformers.ligr import LiGRLayers
from rectools.models.nn.transformers.sasrec import SASRecModel

LARGEST_EASE = 20_000
"""Documents. EASE inverts a dense matrix of every pair: 20,000 documents are 3.2 GB, three times over."""
LARGEST_SOFTMAX = 30_000
"""Documents. Beyond, the loss over the whole catalogue needs gigabytes a batch: negatives are drawn
instead."""


def interactions(users: Any, documents: Any) -> Any:
    """rectools' table of clicks; their order is the time."""
    return pd.DataFrame(
        {
            Columns.User: users,
            Columns.Item: documents,
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(np.arange(len(users)), unit="s"),
        }
    )


def ease(job: Job, part: Round) -> Any:
    """EASE: a linear map in closed form. Returns (documents known, weights)."""
    users, documents = job.users[: part.trained], job.documents[: part.trained]
    size = len(np.unique(documents))
    if size > LARGEST_EASE:
        raise SystemExit(
            f"EASE inverts a matrix of {size:,} x {size:,} documents, which needs {8 * size**2 / 1e9:,.0f} GB"
        )
    model = EASEModel(regularization=job.params["regularization"], recommend_n_threads=job.threads)
    dataset = Dataset.construct(interactions(users, documents))
    model.fit(dataset)
    return dataset.item_id_map.external_ids.astype(np.int64), np.asarray(model.weight, np.float32)


def by_weights(fitted: Any, job: Job, part: Round) -> Answer:
    """The sum of the weights from each document of the history."""
    known, weight = fitted
    internal = np.full(job.documents_in_all, -1)
    internal[known] = np.arange(len(known))

    def answer(user: int, history: Any) -> Any:
        rows = internal[history]
        scores = np.zeros(job.documents_in_all)
        scores[known] = weight[rows[rows >= 0]].sum(axis=0)
        return scores

    return answer


def transformer(model_class: Any, **fixed: Any) -> Trainer:
    """A trainer for one of the transformer models; all read histories, so a user unseen in training is no
    problem."""

    def fit(job: Job, part: Round) -> Any:
        seed_everything(job.seed, verbose=False)
        torch.set_num_threads(job.threads)
        users, documents = job.users[: part.trained], job.documents[: part.trained]
        params = dict(job.params)
        if len(np.unique(documents)) > LARGEST_SOFTMAX:
            params.update(loss="gBCE", n_negatives=128)
        dataset = Dataset.construct(interactions(users, documents), **_features(job, documents))
        model = model_class(**params, **fixed, recommend_torch_device="cpu", recommend_n_threads=job.threads)
        model.fit(dataset)
        return model

    return Trainer(fit, by_sessions)


class FrozenTitles(ItemNetBase):  # type: ignore[misc]
    """A linear map of a document's title vector, which itself is not trained: what Hybrid adds to the id
    embeddings."""

    def __init__(self, vectors: torch.Tensor, n_factors: int) -> None:
        super().__init__()
        self.register_buffer("vectors", vectors)
        self.map = torch.nn.Linear(vectors.shape[1], n_factors, bias=False)

    def forward(self, items: torch.Tensor) -> torch.Tensor:
        mapped: torch.Tensor = self.map(self.vectors[items])
        return mapped

    @classmethod
    def from_dataset(cls, dataset: Dataset, n_factors: int, *args: Any, **kwargs: Any) -> FrozenTitles:
        return cls(torch.tensor(dataset.item_features.values, dtype=torch.float32), n_factors)

    @classmethod
    def from_dataset_schema(
        cls, dataset_schema: Any, n_factors: int, *args: Any, **kwargs: Any
    ) -> FrozenTitles:
        """An empty one of the right shape, for a model that is read from a file with its vectors."""
        return cls(
            torch.zeros(dataset_schema.items.n_hot, len(dataset_schema.items.features.names)), n_factors
        )

    def get_all_embeddings(self) -> torch.Tensor:
        mapped: torch.Tensor = self.map(self.vectors)
        return mapped

    @property
    def out_dim(self) -> int:
        return int(self.map.out_features)


def _features(job: Job, documents: Any) -> dict[str, Any]:
    """The title vectors as rectools' dense features, for Hybrid."""
    if job.vectors is None:
        return {}
    known = np.unique(documents)
    table = pd.DataFrame(job.vectors[known]).add_prefix("v")
    table["id"] = known
    return {"item_features_df": table, "make_dense_item_features": True}


def by_sessions(model: Any, job: Job, part: Round) -> Answer:
    """Scores of all documents, from the sessions of all requests of the round encoded in batches.

    rectools' `recommend` gives the best k, and the lab needs the scores of given candidates: these are the
    same embeddings that `recommend` multiplies.
    """
    positions = positions_of(job.users)
    popular = popularity(job, part)
    known = np.sort(model.data_preparator.get_known_item_ids().astype(np.int64))
    in_model = np.zeros(job.documents_in_all, bool)
    in_model[known] = True
    sessions: dict[tuple[int, int], Any] = {}
    for user, clicks, _, _ in job.requests(part):
        history = job.history(positions, user, clicks)
        sessions[user, len(history)] = history[in_model[history]][-model.session_max_len :]
    rows = list(sessions.values())
    asked = interactions(np.repeat(np.arange(len(rows)), [len(row) for row in rows]), np.concatenate(rows))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = Dataset.construct(asked)
        ready = model.data_preparator.transform_dataset_u2i(dataset, dataset.user_id_map.external_ids)
        loader = model.data_preparator.get_dataloader_recommend(ready, 256)
        users, items = model.lightning_model._get_user_item_embeddings(loader, "cpu")
    number = {int(session): row for row, session in enumerate(ready.user_id_map.external_ids)}
    # double precision: the last bits of a single-precision product depend on where an array lies in memory
    documents = np.zeros((job.documents_in_all, items.shape[1]))
    documents[known] = items.numpy()[model.data_preparator.item_id_map.convert_to_internal(known)]
    users = users.numpy().astype(np.float64)
    row_of = {key: number.get(session) for session, key in enumerate(sessions)}

    def answer(user: int, history: Any) -> Any:
        row = row_of[user, len(history)]
        if row is None:
            return popular
        scores = documents @ users[row]
        scores[~in_model] = scores[known].min()
        return scores

    return answer


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    work(
        {
            "EASE": Trainer(ease, by_weights),
            "SASRec": transformer(SASRecModel),
            "eSASRec": transformer(SASRecModel, transformer_layers_type=LiGRLayers),
            "BERT4Rec": transformer(BERT4RecModel),
            "HSTU": transformer(HSTUModel, relative_time_attention=False),
            "Hybrid": transformer(SASRecModel, item_net_block_types=(IdEmbeddingsItemNet, FrozenTitles)),
        }
    )
