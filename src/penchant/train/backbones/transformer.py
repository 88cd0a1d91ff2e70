"""A causal transformer in torch, whose twin in numpy is `penchant.towers.transformer`."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """Attention to what came before, and a feed-forward part; each adds to what it is given."""

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

    def forward(self, inputs: Tensor) -> Tensor:
        """Of shape (sequences, places, width), padded on the right: no place sees what comes after it."""
        sequences, places, width = inputs.shape
        mixed = self.attended(self.norm_attended(inputs))
        query, key, value = mixed.view(sequences, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.dropout if self.training else 0.0, is_causal=True
        )
        found = found.transpose(1, 2).reshape(sequences, places, width)
        outputs = inputs + self.drop(self.joined(found))
        wide = functional.gelu(self.wide(self.norm_wide(outputs)), approximate="tanh")
        added: Tensor = outputs + self.drop(self.narrow(self.drop(wide)))
        return added


class CausalTransformer(nn.Module):
    """Blocks, and a norm at the end."""

    def __init__(self, width: int, layers: int, heads: int, dropout: float, wide: int | None = None) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, wide or width, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, inputs: Tensor) -> Tensor:
        """Of the same shape, (sequences, places, width)."""
        outputs = inputs
        for block in self.blocks:
            outputs = block(outputs)
        normed: Tensor = self.norm(outputs)
        return normed


def at_random(module: nn.Module) -> None:
    """Every matrix by Glorot's normal distribution: with small random ids a full softmax learns a tenth as
    fast (docs/explanation.md)."""
    with torch.no_grad():
        for weights in module.parameters():
            if weights.dim() > 1:
                nn.init.xavier_normal_(weights)
