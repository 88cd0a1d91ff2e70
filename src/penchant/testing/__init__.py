"""For tests of what you write for penchant: one contract for each protocol, and plain parts that work."""

from penchant.testing.contracts import (
    check_embedder,
    check_index,
    check_store,
    check_tower,
    same_user,
)
from penchant.testing.fakes import HashingEmbedder, MeanTower, sample_engine

__all__ = [
    "HashingEmbedder",
    "MeanTower",
    "check_embedder",
    "check_index",
    "check_store",
    "check_tower",
    "same_user",
    "sample_engine",
]
