"""How long from a click log to everybody's first recommendations, and from one click, or one new document, to an answer that knows it?

deskdrop, all clicks, 20 recommendations a user, two threads each, one after the other: penchant (`corpus`), implicit's ALS (64 factors, 15 iterations),
rectools' SASRec (64 factors, 2 blocks, 5 epochs) and a vector database's recommend call (qdrant-client in the process, over penchant's own title
vectors, from a user's latest 20 clicks). ALS and SASRec run in the environments of the lab, which makes them where they are missing;
`pip install qdrant-client`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

K, LATEST, ONE_BY_ONE = 20, 20, 50


def main() -> None:
    """Print the rows."""
    from measuring import heading, read, row

    heading("From clicks to answers, beside peers", "deskdrop", "scikit-learn")
    documents, clicks = read("deskdrop")
    clicks.sort(key=lambda click: click.at)
    vectors, times = penchants(documents, clicks)
    results = {"penchant": times}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "log.npz"
        users = {user: number for number, user in enumerate(dict.fromkeys(click.user_id for click in clicks))}
        items = {document.id: number for number, document in enumerate(documents)}
        np.savez(
            file,
            users=np.array([users[click.user_id] for click in clicks]),
            items=np.array([items[click.document_id] for click in clicks]),
            count=len(items),
            vectors=vectors,
        )
        for name, environment in (
            ("implicit ALS", "implicit"),
            ("rectools SASRec", "rectools"),
            ("qdrant recommend", None),
        ):
            results[name] = in_environment(name, environment, file)
    own = results["penchant"]
    for name, found in results.items():
        if "failed" in found:
            row(f"beside: {name}", found["failed"])
            continue
        ratios = ", ".join(f"{found[part] / own[part]:.1f}" for part in ("all", "click", "document"))
        row(
            f"{name}, {len(users):,} users, {len(clicks):,} clicks",
            f"log to all answers {found['all']:.1f} s; one click {found['click'] * 1e3:.1f} ms; one new document {found['document'] * 1e3:.0f} ms",
            beside="" if found is own else f"{ratios} times penchant's",
        )


def penchants(documents, clicks) -> tuple[np.ndarray, dict[str, float]]:
    from penchant import Click, Document, Engine

    Engine("corpus").add(documents[:5])  # libraries are loaded
    started = time.perf_counter()
    engine = Engine("corpus")
    engine.add(documents)
    engine.observe(clicks, tell=False, teach=False)
    for user in engine.user_ids():
        engine.recommend(user, K)
    times = {"all": time.perf_counter() - started}
    users, at = engine.user_ids(), clicks[-1].at
    seconds = []
    for number in range(ONE_BY_ONE):
        begun = time.perf_counter()
        engine.observe([Click(users[number], documents[number].id, at + number)])
        engine.recommend(users[number], K)
        seconds.append(time.perf_counter() - begun)
    times["click"] = float(np.median(seconds))
    begun = time.perf_counter()
    engine.add([Document("new", "Machine learning on Google Cloud")])
    engine.recommend(users[0], K)
    times["document"] = time.perf_counter() - begun
    return engine.store.vectors(range(len(documents))), times


def in_environment(name: str, environment: str | None, file: Path) -> dict[str, float | str]:
    from penchant.errors import PeerFailed
    from penchant.lab.peers.environments import python_of

    cache = Path(os.environ.get("PENCHANT_CACHE", Path.home() / ".cache" / "penchant" / "lab"))
    try:
        python = (
            sys.executable
            if environment is None
            else str(python_of(environment, cache, lambda text: print(text, file=sys.stderr)))
        )
        ended = subprocess.run(
            [python, __file__, "--peer", name, str(file)], capture_output=True, text=True, check=False
        )
    except PeerFailed as error:
        return {"failed": str(error)}
    if ended.returncode:
        return {"failed": (ended.stderr.strip().splitlines() or ["no reason given"])[-1]}
    return json.loads(ended.stdout.strip().splitlines()[-1])


# What follows runs in the peers' environments.


def als(log) -> dict[str, float]:
    import scipy.sparse as sparse
    from implicit.cpu.als import AlternatingLeastSquares

    started = time.perf_counter()
    matrix = sparse.csr_matrix((np.ones(len(log["users"]), np.float32), (log["users"], log["items"])))
    model = AlternatingLeastSquares(factors=64, iterations=15, num_threads=2, random_state=0)
    model.fit(matrix, show_progress=False)
    model.recommend(np.arange(matrix.shape[0]), matrix, N=K)
    whole = time.perf_counter() - started
    seconds = []
    for user in range(ONE_BY_ONE):
        row = matrix[user].tolil()
        begun = time.perf_counter()
        row[0, user % matrix.shape[1]] = 1
        model.recommend(user, row.tocsr(), N=K, recalculate_user=True)
        seconds.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    model.fit(matrix, show_progress=False)
    model.recommend(0, matrix[0], N=K)
    return {"all": whole, "click": float(np.median(seconds)), "document": time.perf_counter() - begun}


def sasrec(log) -> dict[str, float]:
    import logging
    import warnings

    import pandas as pd
    import torch
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models.nn.transformers.sasrec import SASRecModel

    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    torch.set_num_threads(2)

    def table(users, items):
        times = pd.to_datetime(np.arange(len(users)), unit="s")
        return pd.DataFrame(
            {Columns.User: users, Columns.Item: items, Columns.Weight: 1.0, Columns.Datetime: times}
        )

    def fitted(dataset):
        model = SASRecModel(
            n_factors=64,
            n_blocks=2,
            n_heads=2,
            session_max_len=20,
            epochs=5,
            batch_size=128,
            recommend_torch_device="cpu",
        )
        return model.fit(dataset)

    started = time.perf_counter()
    dataset = Dataset.construct(table(log["users"], log["items"]))
    model = fitted(dataset)
    model.recommend(
        np.unique(log["users"]), dataset, k=K, filter_viewed=True, on_unsupported_targets="ignore"
    )
    whole = time.perf_counter() - started
    seconds = []
    for user in range(10):
        own = log["items"][log["users"] == user]
        begun = time.perf_counter()
        one = Dataset.construct(table(np.zeros(len(own) + 1, int), np.append(own, log["items"][user])))
        model.recommend([0], one, k=K, filter_viewed=True, on_unsupported_targets="ignore")
        seconds.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    model = fitted(dataset)
    model.recommend([0], dataset, k=K, filter_viewed=True, on_unsupported_targets="ignore")
    return {"all": whole, "click": float(np.median(seconds)), "document": time.perf_counter() - begun}


def qdrant(log) -> dict[str, float]:
    import warnings

    from qdrant_client import QdrantClient, models

    warnings.simplefilter("ignore")
    vectors = log["vectors"]
    started = time.perf_counter()
    client = QdrantClient(":memory:")
    client.create_collection(
        "d", vectors_config=models.VectorParams(size=vectors.shape[1], distance=models.Distance.COSINE)
    )
    client.upload_collection("d", vectors=vectors, ids=range(len(vectors)))
    histories: dict[int, list[int]] = {}
    for user, item in zip(log["users"].tolist(), log["items"].tolist(), strict=True):
        histories.setdefault(user, []).append(item)

    def ask(history):
        liked = list(dict.fromkeys(history[-LATEST:]))
        return client.query_points(
            "d", query=models.RecommendQuery(recommend=models.RecommendInput(positive=liked)), limit=K
        )

    for history in histories.values():
        ask(history)
    whole = time.perf_counter() - started
    seconds = []
    for user in range(ONE_BY_ONE):
        begun = time.perf_counter()
        histories[user].append(user)
        ask(histories[user])
        seconds.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    client.upsert("d", [models.PointStruct(id=len(vectors), vector=vectors[0].tolist())])
    ask(histories[0])
    return {"all": whole, "click": float(np.median(seconds)), "document": time.perf_counter() - begun}


if __name__ == "__main__":
    if "--peer" in sys.argv:
        peer, file = sys.argv[-2:]
        with np.load(file) as loaded:
            data = {key: loaded[key] for key in loaded}
        print(
            json.dumps(
                {"implicit ALS": als, "rectools SASRec": sasrec, "qdrant recommend": qdrant}[peer](data)
            )
        )
    else:
        main()
