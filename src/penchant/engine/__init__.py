"""The one face of penchant: an engine is composed of a state, a learner of clicks, and questions."""

from penchant.engine.engine import Engine

__all__ = ["Engine"]
