"""For tests of what you write for penchant: one contract for each protocol, and plain parts that work."""

from penchant.testing.contracts import (
    check_embedder,
    check_index,
    check_store,
)
from penchant.testing.fakes import HashingEmbedder, sample_engine

__all__ = ["HashingEmbedder", "check_embedder", "check_index", "check_store", "sample_engine"]
