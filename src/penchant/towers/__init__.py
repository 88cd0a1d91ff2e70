"""Trained models that say what a reader goes on to: from the latest documents of a history to vectors in the
space of the model's own document vectors. Served in numpy; see `penchant.train` for how they are trained."""

from penchant.towers.seam import History, UserTower

__all__ = ["History", "UserTower"]
