"""Transformers: the causal one of SASRec, and that of BERT4Rec, which looks both ways."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from penchant.train.backbones.seam import Heard, there


class Block(nn.Module):
    """Attention to other places, and a feed-forward part; each adds to what it is given."""

    def __init__(self, width: int, heads: int, wide: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.norm_attended = nn.LayerNorm(width)
        self.attended = nn.Linear(width, 3 * width)
        self.joined = nn.Linear(width, width)
        self.norm_wide = nn.LayerNorm(width)
        self.wide = nn.Linear(width, wide)
        self.narrow = nn.Linear(wide, width)
        self.drop = nn.Dropout(dropout)

    def forward(self, inputs: Tensor, seen: Tensor | None) -> Tensor:
        """Of shape (sequences, places, width), padded on the right.

        Args:
            seen: the places that all look at, shape (sequences, places). None: each looks at those until it.
        """
        sequences, places, width = inputs.shape
        mixed = self.attended(self.norm_attended(inputs))
        query, key, value = mixed.view(sequences, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=None if seen is None else seen[:, None, None],
            dropout_p=self.dropout if self.training else 0.0,
            is_causal=seen is None,
        )
        found = found.transpose(1, 2).reshape(sequences, places, width)
        outputs = inputs + self.drop(self.joined(found))
        wide = functional.gelu(self.wide(self.norm_wide(outputs)), approximate="tanh")
        added: Tensor = outputs + self.drop(self.narrow(self.drop(wide)))
        return added


class Transformer(nn.Module):
    """Blocks, and a norm at the end. The output after each place knows what came until then.

    Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018 (SASRec).
    """

    causal = True

    def __init__(self, width: int, layers: int, heads: int, dropout: float, wide: int | None = None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, wide or width, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, inputs: Tensor, placed: Tensor, lengths: Tensor) -> Heard:
        """See `penchant.train.backbones.seam.Backbone`."""
        return Heard(self.transformed(placed)[:, :, None])

    def transformed(self, placed: Tensor, seen: Tensor | None = None) -> Tensor:
        """The outputs at every place, of the same shape; see `Block`."""
        outputs = placed
        for block in self.blocks:
            outputs = block(outputs, seen)
        normed: Tensor = self.norm(outputs)
        return normed


class Bidirectional(Transformer):
    """Every place looks at all; the last place is a mask, and what it says is of the whole history.

    Source: Sun et al., "BERT4Rec: sequential recommendation with bidirectional encoder representations from
    transformer", CIKM 2019.
    """

    causal = False

    def forward(self, inputs: Tensor, placed: Tensor, lengths: Tensor) -> Heard:
        """See `penchant.train.backbones.seam.Backbone`."""
        return Heard(self.every(placed, lengths)[torch.arange(len(lengths)), lengths - 1][:, None, None])

    def every(self, placed: Tensor, lengths: Tensor) -> Tensor:
        """The outputs at every place, of the same shape."""
        return self.transformed(placed, there(placed.shape[1], lengths))
