"""Runs in the environment of cornac: NeuMF and GRU4Rec by its maintained code."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from cornac.data import Dataset, SequentialDataset
from cornac.models import GRU4Rec, NeuMF
from exchange import Job, Round, popularity, work

Answer = Callable[[int, Any], Any]


def neumf(job: Job, part: Round) -> Answer:
    """Neural matrix factorisation. A user unseen in training gets what is popular."""
    torch.set_num_threads(job.threads)
    users, documents = job.users[: part.trained].tolist(), job.documents[: part.trained].tolist()
    dataset = Dataset.from_uir([(user, document, 1.0) for user, document in zip(users, documents, strict=True)], seed=job.seed)
    model = NeuMF(**job.params, backend="pytorch", seed=job.seed, verbose=False)
    model.fit(dataset)
    known = np.array(list(dataset.iid_map), np.int64)
    popular = popularity(job, part)

    def answer(user: int, history: Any) -> Any:
        if user not in dataset.uid_map:
            return popular
        scores = np.zeros(job.documents_in_all)
        scores[known] = model.score(dataset.uid_map[user])
        return scores

    return answer


def gru4rec(job: Job, part: Round) -> Answer:
    """GRU4Rec; a user's whole history is one session."""
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    order = np.argsort(job.users[: part.trained], kind="stable")
    users, documents = job.users[order].tolist(), job.documents[order].tolist()
    counts = np.bincount(job.users[: part.trained])
    rows = [(u, u, d, n) for n, (u, d) in enumerate(zip(users, documents, strict=True)) if counts[u] > 1]
    dataset = SequentialDataset.from_usit(rows, seed=job.seed)
    params = {**job.params, "layers": [job.params["layers"]], "batch_size": min(job.params["batch_size"], dataset.num_sessions)}
    model = GRU4Rec(**params, seed=job.seed, verbose=False, device="cpu")
    model.fit(dataset)
    known = np.array(list(dataset.iid_map), np.int64)
    popular = popularity(job, part)

    def answer(user: int, history: Any) -> Any:
        session = [dataset.iid_map[document] for document in history.tolist() if document in dataset.iid_map]
        if not session:
            return popular
        scores = np.zeros(job.documents_in_all)
        scores[known] = model.score(user, session[-50:])
        return scores

    return answer


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    work({"NeuMF": neumf, "GRU4Rec": gru4rec})
