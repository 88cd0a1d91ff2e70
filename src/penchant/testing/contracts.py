"""One contract for each protocol, for what others write for penchant.

Each `check_...` raises AssertionError where an implementation breaks what the protocol promises.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from penchant.embed import Embedder
from penchant.index import DocumentIndex
from penchant.store import Changes, Store, StoredDocument, click_digest
from penchant.towers import History, UserTower
from penchant.types import Document, InterestUnit, User, Vectors
from penchant.vectors import unit_length


def check_embedder(embedder: Embedder) -> None:
    """Shapes, types, unit length, order, and that the same text gives the same vector, alone and among
    others."""
    texts = ["Fast cosine search", "Slow bread", "Fast cosine search", "캠핑 의자", "a"]
    vectors = embedder.encode(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(texts), embedder.dimension)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=2e-2)
    assert np.allclose(vectors[0], vectors[2], atol=1e-2)
    assert np.allclose(embedder.encode(texts[1:2])[0], vectors[1], atol=2e-2)
    assert embedder.encode([]).shape == (0, embedder.dimension)
    assert -1 < embedder.threshold < 1
    assert embedder.name


def check_tower(tower: UserTower, dimension: int) -> None:
    """Shapes, types, unit length of documents, documents that came after the training, histories of any
    length, and that a reader's vectors depend on nothing but the reader's latest documents.

    Args:
        dimension: of the embedder whose vectors it reads.
    """
    count = tower.history + 3
    ids = [f"new {place}" for place in range(count)]
    embeddings = unit_length(np.random.default_rng(0).standard_normal((count, dimension)).astype(np.float32))
    documents = tower.documents(ids, embeddings)
    assert documents.dtype == np.float32
    assert documents.shape == (count, tower.dimension)
    assert np.allclose(np.linalg.norm(documents, axis=1), 1.0, atol=1e-3)
    assert np.allclose(tower.documents(ids[2:3], embeddings[2:3])[0], documents[2], atol=1e-4)
    assert tower.documents([], embeddings[:0]).shape == (0, tower.dimension)
    assert not tower.trained(ids).any()
    whole, latest, one = tower.users(
        [
            History(ids, embeddings),
            History(ids[-tower.history :], embeddings[-tower.history :]),
            History(ids[:1], embeddings[:1]),
        ]
    )
    assert whole.dtype == one.dtype == np.float32
    assert whole.ndim == one.ndim == 2
    assert whole.shape[1] == one.shape[1] == tower.dimension
    assert np.isfinite(one).all()
    assert np.allclose(whole, latest, atol=1e-5)
    assert tower.users([]) == []
    assert tower.embedder
    assert tower.name


def check_index(make: Callable[[int], DocumentIndex], directory: Path) -> None:
    """Adding, updating, removing, searching for many vectors at once, saving and loading."""
    generator = np.random.default_rng(0)
    vectors = unit_length(generator.standard_normal((300, 16)).astype(np.float32))
    keys = np.arange(300) * 7
    index = make(16)
    assert len(index) == 0
    assert [len(found) for found in index.search(vectors[:2], 5)] == [0, 0]
    index.add(keys[:200], vectors[:200])
    index.add(keys[200:], vectors[200:])
    assert len(index) == 300
    assert sorted(index.keys().tolist()) == keys.tolist()
    assert np.allclose(index.vectors(keys[[5, 250, 5]]), vectors[[5, 250, 5]], atol=2e-2)
    assert index.vectors(keys[:0]).shape == (0, 16)
    _check_search(index, keys, vectors)
    _check_update_and_removal(index, keys, vectors)
    if index.save(directory / "index"):
        loaded = make(16)
        loaded.load(directory / "index")
        assert sorted(loaded.keys().tolist()) == sorted(index.keys().tolist())
        pairs = zip(loaded.search(vectors[:9], 4), index.search(vectors[:9], 4), strict=True)
        assert all(left.tolist() == right.tolist() for left, right in pairs)


def _check_search(
    index: DocumentIndex, keys: np.ndarray[tuple[int], np.dtype[np.int64]], vectors: Vectors
) -> None:
    found = index.search(vectors[:20], 10)
    best = keys[np.argsort(-(vectors[:20] @ vectors.T), axis=1)[:, :10]]
    assert all(len(one) >= 10 for one in found)
    recall = np.mean(
        [len(set(one[:10].tolist()) & set(true.tolist())) / 10 for one, true in zip(found, best, strict=True)]
    )
    assert recall >= 0.95, f"recall@10 is {recall}"
    assert [sorted(one.tolist()) for one in index.search(vectors[:2], 1_000)] == [sorted(keys.tolist())] * 2


def _check_update_and_removal(
    index: DocumentIndex, keys: np.ndarray[tuple[int], np.dtype[np.int64]], vectors: Vectors
) -> None:
    index.add(keys[:1], -vectors[:1])
    assert len(index) == 300
    assert np.allclose(index.vectors(keys[:1]), -vectors[:1], atol=2e-2)
    assert index.search(-vectors[:1], 1)[0][0] == keys[0]
    index.remove(np.array([keys[3], keys[299], 1], np.int64))
    assert len(index) == 298
    everything = {key for found in index.search(vectors, 298) for key in found.tolist()}
    assert everything == set(keys.tolist()) - {int(keys[3]), int(keys[299])}
    index.add(keys[3:4], vectors[3:4])
    assert index.search(vectors[3:4], 1)[0][0] == keys[3]


def check_store(make: Callable[[], Store]) -> None:
    """What is committed comes back, in all parts or none, also (where it is kept) from a store opened
    again."""
    store = make()
    unit = InterestUnit(
        "T", (("t", 2),), 1, 5.0, ("d1",), "T t", np.arange(4, dtype=np.float32), 0.5, (3,), (1,), 3, 3
    )
    user = User((unit,), 3, ("d1", "d2"))
    times: list[tuple[float | None, float | None, bool]] = [
        (None, None, False),
        (1.0, None, True),
        (2.0, 9.0, False),
    ]
    stored = [
        StoredDocument(key, Document(f"d{key}", f"title {key}", *of), float(key), 1)
        for key, of in enumerate(times)
    ]
    vectors = {key: np.full(4, key, np.float32).tobytes() for key in range(3)}
    digests = [click_digest(f"c{number}") for number in range(5)]
    store.commit(
        [
            Changes(documents=stored, vectors=vectors, facts={"a": b"1"}, impressions={1: 2}),
            Changes(users={"ana": user, "bob": User()}, click_digests=digests, click_ids_kept=3),
            Changes(impressions={1: 3, 2: 1}),
        ]
    )
    _check_contents(store, stored, user, digests)

    def failing() -> object:
        yield Changes(facts={"a": b"2"}, forgotten_users=["ana"])
        raise RuntimeError("while committing")

    try:
        store.commit(failing())  # type: ignore[arg-type]
    except RuntimeError:
        pass
    else:
        raise AssertionError("a failure while committing must be told")
    _check_contents(store, stored, user, digests)
    reading = store.documents()
    next(reading)
    store.commit([Changes(users={"cem": User(steps=1)})])
    store.commit([Changes(users={"cem": User(steps=2)})])
    assert store.users(["cem"])["cem"].steps == 2, (
        "what is still being read must not hide what was kept since"
    )
    store.commit([Changes(forgotten_users=["cem"])])
    assert [document.key for document in reading] == [1, 2]
    store.commit([Changes(removed_documents=[1], popularity={2: 9.0}, forgotten_users=["bob", "nobody"])])
    assert [document.key for document in store.documents()] == [0, 2]
    assert store.impressions() == {2: 1}
    assert [document.popularity for document in store.documents()] == [0.0, 9.0]
    assert store.user_ids() == ["ana"]
    store.close()
    store.close()


def _check_contents(store: Store, stored: list[StoredDocument], user: User, digests: list[bytes]) -> None:
    assert list(store.documents()) == stored
    columns = store.columns()
    assert columns.keys.tolist() == [0, 1, 2]
    assert [msgspec.msgpack.decode(packed, type=Document) for packed in columns.packed] == [
        each.document for each in stored
    ]
    assert columns.ids == [each.document.id for each in stored]
    assert columns.hidden.tolist() == [each.document.hidden for each in stored]
    assert np.isnan(columns.published_at[0])
    assert columns.published_at[1:].tolist() == [1.0, 2.0]
    assert columns.expires_at.tolist() == [np.inf, np.inf, 9.0]
    assert columns.popularity.tolist() == [each.popularity for each in stored]
    assert store.revisions() == [(0, 1), (1, 1), (2, 1)]
    assert store.vectors([2, 0]).tolist() == [[2.0] * 4, [0.0] * 4]
    assert store.fact("a") == b"1"
    assert store.fact("b") is None
    assert store.impressions() == {1: 3, 2: 1}
    assert store.user_ids() == ["ana", "bob"]
    assert store.user_ids(part="b") == store.user_ids("b") == ["bob"]
    assert store.user_ids("a", part="o") == []
    assert store.users(["ana", "nobody"]).keys() == {"ana"}
    assert same_user(store.users(["ana"])["ana"], user)
    assert store.known_clicks(digests) == set(digests[2:])
    assert store.click_digests() == digests[2:]


def same_user(left: User, right: User) -> bool:
    """Whether two users are equal in every field, to the last bit of every embedding."""
    plain = [msgspec.to_builtins(user, enc_hook=lambda vector: vector.tolist()) for user in (left, right)]
    return bool(plain[0] == plain[1])
