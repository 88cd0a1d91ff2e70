"""Conditions on attributes: as the engine takes them, and as people type them (``channel=db``,
``lang=en,ko``, ``price>=5``)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from penchant.errors import InvalidQuery
from penchant.types import Attribute

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?$")
Where = Mapping[str, Any]
"""Conditions on attributes, see `penchant.Engine.recommend`."""


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
                raise InvalidQuery(
                    f"{condition!r} is no condition: write NAME=VALUE, NAME=A,B, NAME>=NUMBER or NAME<=NUMBER"
                )
            where[name] = [attribute(part) for part in value.split(",")] if "," in value else attribute(value)
    return where or None


def check_where(where: Where | None) -> None:
    """Raises InvalidQuery unless every condition is a value, a list of values, or a range."""
    for name, condition in (where or {}).items():
        if isinstance(condition, Mapping) and (not condition or set(condition) - {"min", "max"}):
            raise InvalidQuery(
                f"where[{name!r}] is {dict(condition)!r}: a range is {{'min': low, 'max': high}}, of which "
                "one may be missing"
            )
        if not isinstance(condition, Mapping | list | tuple | set | frozenset | str | bool | int | float):
            raise InvalidQuery(
                f"where[{name!r}] is {condition!r}: use a value, a list of values, or a range with min and "
                "max"
            )


def matches(attributes: Mapping[str, Attribute], where: Where) -> bool:
    """Whether attributes meet all conditions. A missing attribute meets none."""
    return all(
        name in attributes and _meets(attributes[name], condition) for name, condition in where.items()
    )


def _meets(value: Attribute, condition: Any) -> bool:
    if isinstance(condition, Mapping):
        try:
            return bool(condition.get("min", value) <= value <= condition.get("max", value))
        except TypeError:
            return False
    if isinstance(condition, list | tuple | set | frozenset):
        return any(_equal(value, wanted) for wanted in condition)
    return _equal(value, condition)


def _equal(value: Attribute, wanted: Any) -> bool:
    """Equal and of one kind: True is not 1."""
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)


def attribute(value: Any) -> Attribute:
    """A number or a truth value where the text is written like one."""
    if not isinstance(value, str):
        return value if isinstance(value, bool | int | float) else str(value)
    if value in ("true", "false"):
        return value == "true"
    return float(value) if _NUMBER.match(value) else value
