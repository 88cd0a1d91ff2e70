"""Runs in the environment of cornac: NeuMF and GRU4Rec by its maintained code."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from cornac.data import Dataset, SequentialDataset
from cornac.models import GRU4Rec, NeuMF
from exchange import Answer, Job, Round, Trainer, popularity, work


def neumf(job: Job, part: Round) -> Any:
    """Neural matrix factorisation. Returns (model, user map, documents known)."""
    torch.set_num_threads(job.threads)
    users, documents = job.users[: part.trained].tolist(), job.documents[: part.trained].tolist()
    dataset = Dataset.from_uir(
        [(user, document, 1.0) for user, document in zip(users, documents, strict=True)], seed=job.seed
    )
    model = NeuMF(**job.params, backend="pytorch", seed=job.seed, verbose=False)
    model.fit(dataset)
    return model, dict(dataset.uid_map), np.array(list(dataset.iid_map), np.int64)


def by_user(fitted: Any, job: Job, part: Round) -> Answer:
    """A user unseen in training gets what is popular."""
    model, numbers, known = fitted
    popular = popularity(job, part)

    def answer(user: int, history: Any) -> Any:
        if user not in numbers:
            return popular
        scores = np.zeros(job.documents_in_all)
        scores[known] = model.score(numbers[user])
        return scores

    return answer


def gru4rec(job: Job, part: Round) -> Any:
    """GRU4Rec; a user's whole history is one session. Returns (model, document map)."""
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.seed)
    order = np.argsort(job.users[: part.trained], kind="stable")
    users, documents = job.users[order].tolist(), job.documents[order].tolist()
    counts = np.bincount(job.users[: part.trained])
    rows = [(u, u, d, n) for n, (u, d) in enumerate(zip(users, documents, strict=True)) if counts[u] > 1]
    dataset = SequentialDataset.from_usit(rows, seed=job.seed)
    params = {
        **job.params,
        "layers": [job.params["layers"]],
        "batch_size": min(job.params["batch_size"], dataset.num_sessions),
    }
    model = GRU4Rec(**params, seed=job.seed, verbose=False, device="cpu")
    model.fit(dataset)
    return model, dict(dataset.iid_map)


def by_session(fitted: Any, job: Job, part: Round) -> Answer:
    """The last fifty documents of the history that were there at the training; without one, what is
    popular."""
    model, numbers = fitted
    known = np.array(list(numbers), np.int64)
    popular = popularity(job, part)

    def answer(user: int, history: Any) -> Any:
        session = [numbers[document] for document in history.tolist() if document in numbers]
        if not session:
            return popular
        scores = np.zeros(job.documents_in_all)
        scores[known] = model.score(user, session[-50:])
        return scores

    return answer


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    work({"NeuMF": Trainer(neumf, by_user), "GRU4Rec": Trainer(gru4rec, by_session)})
