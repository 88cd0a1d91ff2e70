"""Runs in the environment of implicit: ALS, BPR and ItemKNN by their own maintained code."""

from __future__ import annotations

from typing import Any

import numpy as np
from exchange import Answer, Job, Round, Trainer, work
from implicit.als import AlternatingLeastSquares
from implicit.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import CosineRecommender
from scipy.sparse import csr_matrix


def matrix(job: Job, part: Round) -> Any:
    """users x documents, 1 where there is a click."""
    users, documents = job.users[: part.trained], job.documents[: part.trained]
    shape = (int(job.users.max(initial=0)) + 1, job.documents_in_all)
    return csr_matrix((np.ones(len(users), np.float32), (users, documents)), shape=shape)


def als(job: Job, part: Round) -> Any:
    """Alternating least squares."""
    params = job.params
    model = AlternatingLeastSquares(
        factors=params["factors"],
        regularization=params["regularization"],
        alpha=params["alpha"],
        iterations=params["iterations"],
        random_state=job.seed,
        num_threads=job.threads,
        use_gpu=False,
    )
    return _factors(model, job, part)


def bpr(job: Job, part: Round) -> Any:
    """Matrix factorisation with the BPR loss; one thread, since more of them race and no run is like
    another."""
    params = job.params
    model = BayesianPersonalizedRanking(
        factors=params["factors"],
        learning_rate=params["learning_rate"],
        regularization=params["regularization"],
        iterations=params["iterations"],
        random_state=job.seed,
        num_threads=1,
        use_gpu=False,
    )
    return _factors(model, job, part)


def item_knn(job: Job, part: Round) -> Any:
    """The cosines over shared readers, documents x documents."""
    model = CosineRecommender(K=job.params["neighbours"], num_threads=job.threads)
    model.fit(matrix(job, part), show_progress=False)
    return csr_matrix(model.similarity)


def by_neighbours(similarity: Any, job: Job, part: Round) -> Answer:
    """A document clicked n steps ago weighs ``weight ** n``."""
    weight = job.params["weight"]

    def answer(user: int, history: Any) -> Any:
        weights = weight ** np.arange(len(history), dtype=np.float64)[::-1]
        return similarity[history].T @ weights

    return answer


def by_factors(factors: Any, job: Job, part: Round) -> Answer:
    """The product of a user's and a document's factors."""
    # double precision: the last bits of a single-precision product depend on where an array lies in memory
    users, documents = (values.astype(np.float64) for values in factors)
    return lambda user, history: documents @ users[user]


def _factors(model: Any, job: Job, part: Round) -> Any:
    model.fit(matrix(job, part), show_progress=False)
    return np.asarray(model.user_factors), np.asarray(model.item_factors)


if __name__ == "__main__":
    neighbours = Trainer(item_knn, by_neighbours)
    work(
        {
            "ALS": Trainer(als, by_factors),
            "BPR": Trainer(bpr, by_factors),
            "ItemKNN": neighbours,
            "ItemKNN 0.9": neighbours,
        }
    )
