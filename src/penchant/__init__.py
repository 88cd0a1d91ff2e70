"""penchant: Interest Units for every reader, and recommendations by meaning, with each click and no
retraining.

Names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penchant.embed import Embedder
    from penchant.engine import Engine
    from penchant.errors import (
        EmbedderError,
        EmbedderMismatch,
        EndpointError,
        InputError,
        InvalidClick,
        InvalidDocument,
        InvalidQuery,
        InvalidRow,
        InvalidSettings,
        LeakFound,
        MissingExtra,
        NoRepository,
        PeerFailed,
        PenchantError,
        ServiceError,
        ServiceFailed,
        StateDamaged,
        StateError,
        StateFull,
        StateLocked,
        StateReadOnly,
        StateTooNew,
        TowerDamaged,
        TowerError,
        TowerMismatch,
        UnknownDocument,
    )
    from penchant.settings import Settings
    from penchant.types import (
        Change,
        Click,
        Document,
        Evidence,
        InterestUnit,
        Popular,
        Reason,
        Recommendation,
        Source,
    )

__version__ = "0.1.0"

__all__ = [
    "Change",
    "Click",
    "Document",
    "Embedder",
    "EmbedderError",
    "EmbedderMismatch",
    "EndpointError",
    "Engine",
    "Evidence",
    "InputError",
    "InterestUnit",
    "InvalidClick",
    "InvalidDocument",
    "InvalidQuery",
    "InvalidRow",
    "InvalidSettings",
    "LeakFound",
    "MissingExtra",
    "NoRepository",
    "PeerFailed",
    "PenchantError",
    "Popular",
    "Reason",
    "Recommendation",
    "ServiceError",
    "ServiceFailed",
    "Settings",
    "Source",
    "StateDamaged",
    "StateError",
    "StateFull",
    "StateLocked",
    "StateReadOnly",
    "StateTooNew",
    "TowerDamaged",
    "TowerError",
    "TowerMismatch",
    "UnknownDocument",
    "__version__",
]

_HOMES = ("penchant.types", "penchant.settings", "penchant.errors", "penchant.embed", "penchant.engine")


def __getattr__(name: str) -> Any:
    if name in __all__:
        for home in map(import_module, _HOMES):
            if hasattr(home, name):
                return globals().setdefault(name, getattr(home, name))
    raise AttributeError(f"module 'penchant' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
