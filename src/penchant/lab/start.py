"""The start of the blend from a file: the weights that a community begins with which was never seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from penchant.errors import InvalidQuery
from penchant.rank.evidence import EVIDENCE, columns

FAMILIES = {each.kind: f"{each.family[0]}any" for each in EVIDENCE if each.family}
NAMES = (*columns(), *FAMILIES.values())
"""The columns, and one for all of each family that a community brings with it."""


def read_start(path: Path, name: str, attributes: Sequence[str]) -> dict[str, float]:
    """The start for a community from a file of `penchant lab weights --json`: what was fitted without it,
    where the file has that, else its weights.

    Args:
        attributes: names of the community's attributes, which share one weight.

    Raises:
        InvalidQuery: the file is not what that command writes.
    """
    try:
        found = msgspec.json.decode(path.read_bytes())
        weights = found.get("without", {}).get(name) or found["weights"]
        start = {column: float(weights[column]) for column in columns()}
        for kind, family in FAMILIES.items():
            prefix = next(each.family[0] for each in EVIDENCE if each.kind == kind and each.family)
            start |= {f"{prefix}{attribute}": float(weights[family]) for attribute in attributes}
    except (OSError, KeyError, TypeError, AttributeError, ValueError, msgspec.DecodeError) as error:
        raise InvalidQuery(
            f"{path} is not what `penchant lab weights --json` writes for these columns: {error!r}"
        ) from error
    return start
