"""Filters as people type them, on the command line and in a URL: ``channel=db``, ``lang=en,ko``, ``price>=5``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penchant.errors import InvalidQuery
from penchant.files import attribute


def parse_where(conditions: Sequence[str] | None) -> dict[str, Any] | None:
    """What `Engine.recommend` takes as `where`; None where there is no condition.

    Raises:
        InvalidQuery: a text is no condition.
    """
    where: dict[str, Any] = {}
    for condition in conditions or []:
        for sign, bound in ((">=", "min"), ("<=", "max")):
            name, separator, value = condition.partition(sign)
            if separator and name:
                known = where.get(name)
                where[name] = {**(known if isinstance(known, dict) else {}), bound: attribute(value)}
                break
        else:
            name, separator, value = condition.partition("=")
            if not (name and separator):
                raise InvalidQuery(f"{condition!r} is no condition: write NAME=VALUE, NAME=A,B, NAME>=NUMBER or NAME<=NUMBER")
            where[name] = [attribute(part) for part in value.split(",")] if "," in value else attribute(value)
    return where or None


def parse_weights(given: Sequence[str]) -> dict[str, float]:
    """``COLUMN=WEIGHT`` as names and numbers. Raises InvalidQuery."""
    found = {}
    for pair in given:
        name, equals, value = pair.rpartition("=")
        try:
            found[name] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise InvalidQuery(f"{pair!r} is no weight: write COLUMN=WEIGHT, for example --set 'age=-0.5'")
    return found
