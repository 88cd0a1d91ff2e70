"""The start of the blend from a file: the weights that a community begins with which was never seen."""

from __future__ import annotations

from pathlib import Path

import msgspec

from penchant.errors import InvalidQuery
from penchant.lab.log import Log
from penchant.rank.evidence import EVIDENCE, columns

FAMILIES = {each.kind: f"{each.family[0]}any" for each in EVIDENCE if each.family}
NAMES = (*columns(), *FAMILIES.values())
"""The columns, and one for all of each family that a community brings with it."""


def read_start(path: Path, log: Log) -> dict[str, float]:
    """The start for a community from a file of `penchant lab weights --json`: what was fitted without it,
    where the file has that, else its weights. All attributes share one weight.

    Raises:
        InvalidQuery: the file is not what that command writes.
    """
    attributes = sorted({name for document in log.documents for name in document.attributes})
    try:
        found = msgspec.json.decode(path.read_bytes())
        weights = found.get("without", {}).get(log.name) or found["weights"]
        start = {column: float(weights[column]) for column in columns()}
        for kind, family in FAMILIES.items():
            prefix = next(each.family[0] for each in EVIDENCE if each.kind == kind and each.family)
            start |= {f"{prefix}{attribute}": float(weights[family]) for attribute in attributes}
    except (OSError, KeyError, TypeError, AttributeError, ValueError, msgspec.DecodeError) as error:
        raise InvalidQuery(
            f"{path} is not what `penchant lab weights --json` writes for these columns: {error!r}"
        ) from error
    return start
