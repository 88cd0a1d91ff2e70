"""For tests of what you write for penchant: one contract for each protocol, and plain parts that work."""

from penchant.testing.contracts import (
    check_embedder,
    check_index,
    check_store,
    same_user,
)
from penchant.testing.fakes import HashingEmbedder, sample_engine

__all__ = ["HashingEmbedder", "check_embedder", "check_index", "check_store", "same_user", "sample_engine"]
