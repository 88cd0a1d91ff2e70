"""What a backbone is: a network that reads a history and says what it is about, in one or several
vectors."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import torch
from torch import Tensor


class Heard(NamedTuple):
    """What a backbone made of histories."""

    outputs: Tensor
    """Shape (histories, places, interests, width) of a causal backbone; (histories, 1, interests, width) of
    another."""
    attention: Tensor | None = None
    """How much each interest looks at each place, shape (histories, interests, places)."""


class Backbone(Protocol):
    """A module of torch, whose twin in numpy is in `penchant.towers.encoders`."""

    causal: bool
    """Whether there is an output after every place, which knows what came until then; otherwise there is one,
    of the whole history."""

    def __call__(self, inputs: Tensor, placed: Tensor, lengths: Tensor) -> Heard:
        """What histories, padded on the right, are about.

        Args:
            inputs: of the documents, shape (histories, places, width).
            placed: the same, with what tells their places.
            lengths: shape (histories,).
        """


def there(places: int, lengths: Tensor) -> Tensor:
    """Which of so many places of histories are no padding, shape (histories, places)."""
    return torch.arange(places, device=lengths.device) < lengths[:, None]
