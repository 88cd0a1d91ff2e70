"""A tower on disk: one file of safetensors, its shape as JSON in the header; there whole or not at all."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from penchant.errors import MissingExtra, TowerDamaged
from penchant.towers.sequential import SequentialTower, Shape
from penchant.whole import written_whole

SUFFIX = ".safetensors"
_SHAPE = "penchant tower 1"
_IDS, _ENDS = "documents", "documents.ends"


def save_tower(tower: SequentialTower, path: Path) -> None:
    """Write a tower to a file. Raises OSError where the disk is full; an older file is then as it was."""
    from safetensors.numpy import save

    encoded = [name.encode() for name in tower.ids]
    arrays = {name: np.ascontiguousarray(values) for name, values in tower.weights.items()}
    arrays[_IDS] = np.frombuffer(b"".join(encoded), np.uint8)
    arrays[_ENDS] = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    data = save(arrays, {_SHAPE: msgspec.json.encode(tower.shape).decode()})
    with written_whole(path) as file:
        file.write(data)


def load_tower(path: Path) -> SequentialTower:
    """The tower of a file.

    Raises:
        TowerDamaged: it is not there, cut short, or no tower.
        MissingExtra: safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtra("a tower is read with safetensors: pip install safetensors") from error
    try:
        with safe_open(path, framework="numpy") as file:
            shape = (file.metadata() or {})[_SHAPE]
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
        text, ends = arrays.pop(_IDS).tobytes(), arrays.pop(_ENDS).tolist()
        ids = [text[start:end].decode() for start, end in pairwise(ends)]
        return SequentialTower(msgspec.json.decode(shape, type=Shape), arrays, ids)
    except (SafetensorError, OSError, KeyError, ValueError, msgspec.MsgspecError) as error:
        raise TowerDamaged(
            f"{path} is no tower that can be read ({error}): train one with `penchant train STATE --tower`"
        ) from error
