"""Parts that other packages add, by entry points in the groups ``penchant.stores``, ``.indexes`` and
``.embedders``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penchant.errors import InvalidQuery

if TYPE_CHECKING:
    from importlib.metadata import EntryPoints


def added(group: str, name: str, what: str) -> Any:
    """What a package adds under that name.

    Args:
        what: the part, for the message.

    Raises:
        InvalidQuery: no installed package adds it; those that there are, are named.
    """
    found = _found(group)
    if name not in found.names:
        known = ", ".join(sorted(found.names))
        reason = f"installed packages add {known}" if known else "no installed package adds one"
        raise InvalidQuery(f"unknown {what}: {reason} (entry points {group!r})")
    return found[name].load()


def is_added(group: str, name: str) -> bool:
    """Whether an installed package adds a part of that name."""
    return name in _found(group).names


def _found(group: str) -> EntryPoints:
    from importlib.metadata import entry_points  # it takes 20 ms to load

    return entry_points(group=group)
