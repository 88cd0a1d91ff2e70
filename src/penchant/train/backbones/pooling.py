"""Histories as sums of their documents: the mean of YouTube DNN, the self-attentive pooling of ComiRec."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from penchant.train.backbones.seam import Heard, there


class Mean(nn.Module):
    """A linear map of the mean.

    Source: Covington et al., "Deep neural networks for YouTube recommendations", RecSys 2016, section 3, as
    ComiRec's code has it.
    """

    causal = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mixed = nn.Linear(width, width, bias=False)

    def forward(self, inputs: Tensor, placed: Tensor, lengths: Tensor) -> Heard:
        """See `penchant.train.backbones.seam.Backbone`; places count nothing."""
        counts = torch.arange(1, inputs.shape[1] + 1, device=inputs.device)[:, None]
        return Heard(self.mixed(inputs.cumsum(dim=1) / counts)[:, :, None])


class SelfAttentive(nn.Module):
    """For each interest the documents in shares that a small network gives them.

    Source: Cen et al., "Controllable multi-interest framework for recommendation", KDD 2020, section 3.2.2
    (ComiRec-SA).
    """

    causal = False

    def __init__(self, width: int, interests: int) -> None:
        super().__init__()
        self.wide = nn.Linear(width, 4 * width, bias=False)
        self.shares = nn.Linear(4 * width, interests, bias=False)

    def forward(self, inputs: Tensor, placed: Tensor, lengths: Tensor) -> Heard:
        """See `penchant.train.backbones.seam.Backbone`; places count in the shares alone."""
        logits = self.shares(self.wide(placed).tanh()).transpose(1, 2)
        shares = logits.masked_fill(~there(inputs.shape[1], lengths)[:, None], -torch.inf).softmax(dim=-1)
        return Heard((shares @ inputs)[:, None], shares)
