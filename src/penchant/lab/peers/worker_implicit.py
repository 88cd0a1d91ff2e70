"""Runs in the environment of implicit: ALS, BPR and ItemKNN by their own maintained code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from exchange import Job, Round, work
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix

Answer = Callable[[int, Any], Any]


def matrix(job: Job, part: Round) -> Any:
    """users x documents, 1 where there is a click."""
    users, documents = job.users[: part.trained], job.documents[: part.trained]
    shape = (int(job.users.max(initial=0)) + 1, job.documents_in_all)
    return csr_matrix((np.ones(len(users), np.float32), (users, documents)), shape=shape)


def als(job: Job, part: Round) -> Answer:
    """Alternating least squares."""
    params = job.params
    model = AlternatingLeastSquares(
        factors=params["factors"], regularization=params["regularization"], alpha=params["alpha"],
        iterations=params["iterations"], random_state=job.seed, num_threads=job.threads, use_gpu=False,
    )  # fmt: skip
    return _factors(model, job, part)


def bpr(job: Job, part: Round) -> Answer:
    """Matrix factorisation with the BPR loss; one thread, since more of them race and no run is like another."""
    params = job.params
    model = BayesianPersonalizedRanking(
        factors=params["factors"], learning_rate=params["learning_rate"], regularization=params["regularization"],
        iterations=params["iterations"], random_state=job.seed, num_threads=1, use_gpu=False,
    )  # fmt: skip
    return _factors(model, job, part)


def item_knn(job: Job, part: Round) -> Answer:
    """Cosine over shared readers; a document clicked so many steps ago weighs `weight` to that power."""
    model = CosineRecommender(K=job.params["neighbours"], num_threads=job.threads)
    model.fit(matrix(job, part), show_progress=False)
    similarity = csr_matrix(model.similarity)
    weight = job.params["weight"]

    def answer(user: int, history: Any) -> Any:
        weights = weight ** np.arange(len(history), dtype=np.float64)[::-1]
        return similarity[history].T @ weights

    return answer


def _factors(model: Any, job: Job, part: Round) -> Answer:
    model.fit(matrix(job, part), show_progress=False)
    users, documents = np.asarray(model.user_factors), np.asarray(model.item_factors)
    return lambda user, history: documents @ users[user]


if __name__ == "__main__":
    work({"ALS": als, "BPR": bpr, "ItemKNN": item_knn, "ItemKNN 0.9": item_knn})
