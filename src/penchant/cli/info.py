"""`penchant info`."""

from __future__ import annotations

from typing import Any

import msgspec

from penchant.cli.common import existing, summary, tell
from penchant.cli.console import (
    Json,
    State,
)
from penchant.data.files import (
    Problems,
)
from penchant.settings import Settings


def info(state: State, json: Json = False) -> None:
    """Show what a state holds and how it was built."""
    with existing(state) as engine:
        told = {**summary(engine), "settings": settings_value(engine.settings)}
    tell(told, Problems("stop"), json)


def settings_value(settings: Settings) -> dict[str, Any]:
    """The settings that differ from the usual ones."""
    usual = msgspec.to_builtins(Settings())
    return {name: value for name, value in msgspec.to_builtins(settings).items() if value != usual[name]}
