"""Attributes: how much of what was read has the same value of an attribute. Each attribute has a column of
its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from penchant.memory.facts import Facts
from penchant.rank.asked import Asked, Reader, decayed
from penchant.rank.candidates import Candidates
from penchant.rank.evidence.seam import Claim, Column, Evidence, Told

_PREFIX = "attribute "
_LEAST = 2
"""Documents read without which a value is not called read often."""
_COMMON = 0.5
"""A value that more of the candidates have tells nobody why one of them is shown."""


class Attributes(Evidence):
    """See `measured`."""

    kind = "attributes"
    columns: Mapping[str, float] = MappingProxyType({})
    family = (_PREFIX, 1.065)
    personal = True
    known_before_clicks = True

    def measure(self, asked: Asked, candidates: Candidates) -> Mapping[str, Column]:
        return measured(asked.reader, candidates.facts)

    def claim(self, told: Told) -> Claim | None:
        """The attribute whose value was read most often, of the documents that were read last; not one that
        most candidates have."""
        reads, most = told.asked.reader.reads.attributes, told.asked.reader.settings.reads_weighed
        found: tuple[int, int, str] | None = None
        for name, values in told.candidates.facts.attributes.items():
            read = reads.get(name, np.zeros(0, np.int32))[-most:]
            count = int((read == values[told.place]).sum()) if values[told.place] >= 0 else 0
            better = count >= _LEAST and (found is None or count > found[0])
            if better and np.count_nonzero(values == values[told.place]) <= _COMMON * len(values):
                found = count, len(read), name
        if found is None:
            return None
        count, of, name = found
        value = str(told.document.attributes[name])
        return Claim("attribute", {"name": name, "value": value, "count": count, "of": of})


def measured(reader: Reader, candidates: Facts) -> dict[str, Column]:
    """``log(1 + 10 * times read)``, the latest reads counting more."""
    found = {}
    for name, values in candidates.attributes.items():
        read = reader.reads.attributes.get(name, np.zeros(0, np.int32))[-reader.settings.reads_weighed :]
        weights = decayed(len(read), reader.settings.decay)
        there = read >= 0
        most = int(max(values.max(initial=-1), read.max(initial=-1))) + 1
        times = np.bincount(read[there], weights[there], most + 1)
        column = np.log1p(10 * times[values])  # -1, no value, is the last entry, which nobody read
        found[_PREFIX + name] = column
    return found
