"""Arithmetic of vectors in compiled code, for `penchant.units.kernel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F, fastmath: Any = False) -> F:
    """The function in compiled code, which is kept for the next process where there is a place to keep it."""
    options = {"nogil": True, "fastmath": fastmath}
    try:
        made: Any = njit(cache=True, **options)(function)
    except (
        RuntimeError
    ):  # neither the package nor the home of the user can be written, as in many a container
        made = njit(**options)(function)
    return cast(F, made)


def compiled_sum(function: F) -> F:
    """The same, where a sum may be taken in another order."""
    return compiled(function, {"reassoc", "contract"})


def compiled_fast(function: F) -> F:
    """The same, where also functions such as exp may be taken for several numbers at once. No NaN or infinity
    goes in."""
    return compiled(function, {"reassoc", "contract", "nnan", "ninf", "nsz", "arcp", "afn"})
