"""A gated recurrent unit, whose state after each document is what the history is about."""

from __future__ import annotations

from torch import Tensor, nn

from penchant.train.backbones.seam import Heard


class Recurrent(nn.Module):
    """A layer twice as wide as its inputs, and a linear map back.

    Source: Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016
    (GRU4Rec), as REMI's code has it.
    """

    causal = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.unit = nn.GRU(width, 2 * width, bias=False, batch_first=True)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, inputs: Tensor, placed: Tensor, lengths: Tensor) -> Heard:
        """See `penchant.train.backbones.seam.Backbone`; order alone tells places."""
        states, _ = self.unit(inputs)
        return Heard(self.narrow(states)[:, :, None])
