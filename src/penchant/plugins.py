"""Parts that other packages add, by entry points in the groups ``penchant.stores``, ``.indexes`` and
``.embedders``."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

from penchant.errors import InvalidQuery


def added(group: str, name: str, what: str) -> Any:
    """What a package adds under that name.

    Args:
        what: the part, for the message.

    Raises:
        InvalidQuery: no installed package adds it; those that there are, are named.
    """
    found = entry_points(group=group)
    if name not in found.names:
        known = (
            f"installed packages add {', '.join(sorted(found.names))}"
            if found
            else "no installed package adds one"
        )
        raise InvalidQuery(f"unknown {what}: {known} (entry points {group!r})")
    return found[name].load()


def is_added(group: str, name: str) -> bool:
    """Whether an installed package adds a part of that name."""
    return name in entry_points(group=group).names
