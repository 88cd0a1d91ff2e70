"""Capsules: documents are routed to the interests with which they agree."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from penchant.train.backbones.seam import Heard, there

ROUNDS = 3


class Routing(nn.Module):
    """See the module.

    Args:
        shared: one map for all, and a start drawn by chance (MIND); otherwise a map for each place and
            interest, and a start of zeros (ComiRec-DR).

    Source: Li et al., "Multi-interest network with dynamic routing for recommendation at Tmall", CIKM 2019,
    section 3.3 (MIND); Cen et al., "Controllable multi-interest framework for recommendation", KDD 2020,
    section 3.2.1 (ComiRec-DR); the squash as their code has it.
    """

    causal = False
    start: Tensor

    def __init__(self, width: int, interests: int, history: int, *, shared: bool) -> None:
        super().__init__()
        shape = (width, width) if shared else (history, interests, width, width)
        self.maps = nn.Parameter(torch.zeros(shape))
        start = torch.randn(history, interests) if shared else torch.zeros(history, interests)
        self.register_buffer("start", start)

    def forward(self, inputs: Tensor, placed: Tensor, lengths: Tensor) -> Heard:
        """See `penchant.train.backbones.seam.Backbone`; places are told by the start and the maps alone."""
        places = torch.arange(inputs.shape[1], device=inputs.device)
        from_end = (lengths[:, None] - 1 - places).clamp(min=0)
        latest_first = inputs.gather(1, from_end[:, :, None].expand_as(inputs))
        logits, masked = self.start[: len(places)].expand(len(inputs), -1, -1), ~there(len(places), lengths)
        if self.maps.dim() == 2:
            votes = (latest_first @ self.maps.T)[:, :, None].expand(-1, -1, self.start.shape[1], -1)
        else:
            votes = torch.einsum("hpw,piow->hpio", latest_first, self.maps[: len(places)])
        found = self._joined(logits, votes.detach(), masked)
        for last in reversed(range(ROUNDS - 1)):
            logits = logits + torch.einsum("hpiw,hiw->hpi", votes.detach(), found.detach())
            found = self._joined(logits, votes.detach() if last else votes, masked)
        return Heard(found[:, None])

    def _joined(self, logits: Tensor, votes: Tensor, masked: Tensor) -> Tensor:
        """The interests, each the squashed sum of its documents' votes, shape (histories, interests,
        width)."""
        shares = logits.masked_fill(masked[:, :, None], -torch.inf).softmax(dim=1)
        return squashed(torch.einsum("hpi,hpiw->hiw", shares, votes))


def squashed(sums: Tensor) -> Tensor:
    """Vectors of length below 1: ``|z|^2 / (1 + |z|^2)`` long."""
    squares = sums.square().sum(dim=-1, keepdim=True)
    return sums * squares / (1 + squares) / (squares + 1e-9).sqrt()
