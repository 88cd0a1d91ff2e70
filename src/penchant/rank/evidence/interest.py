"""Interest: by meaning, from the reader's Interest Units."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from penchant.rank.asked import Asked, Reader
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told
from penchant.types import Vectors


class Interest(Evidence):
    """See `measured`."""

    kind = "interest"
    columns: Mapping[str, float] = MappingProxyType(
        {"any unit": 0.144, "all units": 0.233, "latest unit": 0.027}
    )
    personal = True
    known_before_clicks = True

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return measured(asked.reader, candidates.of_units)

    def claim(self, told: Told) -> Claim | None:
        of_unit = told.candidates.of_units[:, told.unit]
        if of_unit[told.place] <= of_unit.mean():  # all are as near
            return None
        unit = told.telling.unit(told.unit)
        return Claim("interest", {"name": unit.name, "size": unit.size})


def measured(reader: Reader, cosines: Vectors) -> dict[str, Column]:
    """A unit weighs ``log(1 + size) * decay ** place``: larger and more recent ones weigh more.

    ``any unit`` is a soft maximum, ``10 / s * log(sum(weight * exp(s * cosine)))`` with `Settings.sharpness`
    for s: one strong interest is enough, and the others still count. ``all units`` is ten times the weighted
    mean of the cosines, the paper's sum with weights. ``latest unit`` is ten times the cosine to the unit
    updated last.

    Args:
        cosines: of the documents to the units, shape (documents, units).
    """
    found = {name: np.zeros(len(cosines)) for name in Interest.columns}
    if len(reader.units):
        weights = np.log1p(reader.sizes) * reader.settings.decay ** np.arange(len(reader.units))
        total = float(weights.sum())
        shares = np.asarray(weights / total, np.float32)
        tens, sharpness = 10 * cosines, reader.settings.sharpness
        # products of short rows: OpenBLAS calculates beyond their ends too, discards that, and may warn of it
        with np.errstate(invalid="ignore"):
            likely, mean = np.exp(sharpness * (cosines - 1)) @ shares, tens @ shares
        found["any unit"] = 10 / sharpness * (np.log(likely).astype(np.float64) + math.log(total))
        found["all units"] = mean.astype(np.float64)
        found["latest unit"] = tens[:, 0].astype(np.float64)
    return found
