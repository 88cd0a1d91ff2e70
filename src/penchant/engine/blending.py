"""The weights of evidence: what clicks have taught, what somebody sets, and learning them anew."""

from __future__ import annotations

from collections.abc import Mapping

from penchant.engine.learner import Learner
from penchant.engine.relearn import Relearned, relearned
from penchant.engine.state import State
from penchant.rank.blend import Blend, all_weights, shares, with_weights
from penchant.types import StageProgress, quiet


class Blending:
    """The blend of a state; see `penchant.rank.blend`."""

    def __init__(self, state: State, learner: Learner) -> None:
        self._state = state
        self._learner = learner

    def weights(self) -> dict[str, float]:
        """Column of evidence -> its weight, as clicks have taught it so far.

        Examples:
            >>> sample_engine().blend.weights()["key terms"]
            0.249
        """
        return all_weights(self._state.blend)

    def shares(self) -> dict[str, float]:
        """How much each of the experts counts, together 1.

        Examples:
            >>> max(sample_engine().blend.shares(), key=sample_engine().blend.shares().get)
            'start'
        """
        return shares(self._state.blend)

    @property
    def lessons(self) -> int:
        """How many clicks taught the blend."""
        return self._state.blend.learned

    def set(self, weights: Mapping[str, float]) -> None:
        """Give columns of evidence other weights. Clicks go on teaching them, unless `Settings.blend_learns`
        is off.

        Examples:
            >>> engine = sample_engine()
            >>> engine.blend.set({"age": -1.0})
            >>> engine.blend.weights()["age"]
            -1.0

        Raises:
            InvalidQuery: names the column.
        """
        settings = self._state.settings
        self._learner.set_blend(lambda blend: with_weights(blend, weights, settings))

    def reset(self) -> None:
        """Let the blend forget all that clicks taught it.

        Examples:
            >>> engine = sample_engine()
            >>> engine.blend.set({"age": -1.0})
            >>> engine.blend.reset()
            >>> engine.blend.weights()["age"]
            -0.399
        """
        self._learner.set_blend(lambda _: Blend())

    def relearn(self, *, progress: StageProgress | None = None) -> Relearned:
        """Learn the blend anew from what readers read last, and keep it where it would have told the last of
        these clicks better than the blend that is there.

        Readers' units stay as they are. It takes a second for some 1,000 clicks, in memory.

        Examples:
            >>> engine = sample_engine()
            >>> engine.add(Document(f"n{row}", f"news of day {row}") for row in range(20))
            >>> reads = [(f"reader {reader}", f"n{day}") for day in range(20) for reader in range(8)]
            >>> clicks = [Click(*read, 1_700_000_000 + 60 * at) for at, read in enumerate(reads)]
            >>> _ = engine.observe(clicks)
            >>> engine.blend.relearn().lessons
            53

        Args:
            progress: called with the stage, what was done of it since the last call, and all of it.

        Returns:
            How many lessons there were, the mean losses of both blends, and whether the new one was kept.

        Raises:
            InvalidQuery: too few clicks are known.
        """
        return relearned(self._state, progress or quiet)
