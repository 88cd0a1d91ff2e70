"""Training a tower every so often, in another process, while the service answers and learns clicks."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import sys
from pathlib import Path

from penchant.engine import Engine
from penchant.errors import InvalidSettings, PenchantError
from penchant.towers.artefact import load_tower

log = logging.getLogger("penchant.serve")

_INCOMING = "incoming.safetensors"
_NICE = 10
"""By how much its priority is lower than the service's."""
_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def seconds_of(text: str) -> float:
    """``6h``, ``90m``, ``1d`` in seconds; 0 for an empty text.

    Examples:
        >>> seconds_of("6h"), seconds_of("1.5m"), seconds_of("")
        (21600.0, 90.0, 0.0)

    Raises:
        InvalidSettings: it is no such time.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd])", text.strip())
    if text and (found is None or not float(found[1])):
        raise InvalidSettings(f"train_every is {text!r}: write a number and s, m, h or d, for example 6h")
    return float(found[1]) * _UNITS[found[2]] if found else 0.0


async def train_now_and_then(engine: Engine, directory: Path, every: float, tower: str) -> None:
    """Train, and train again so long after the last training ended, until cancelled. What goes wrong is
    logged, and the tower in use stays.

    Args:
        every: seconds.
        tower: see `penchant train --tower`.
    """
    while True:
        await asyncio.sleep(every)
        try:
            await trained(engine, directory, tower)
        except PenchantError as error:
            log.warning("no tower was trained: %s", error)
        except Exception:  # whatever it is, the service goes on, and so do trainings
            log.exception("no tower was trained")


async def trained(engine: Engine, directory: Path, tower: str) -> str | None:
    """Train a tower from the state as it is, in a process of low priority, and take it into use where it is
    better than the one before; returns its name then.

    Raises:
        PenchantError: the training failed; its last line says why.
    """
    home = directory / "towers"
    home.mkdir(exist_ok=True)
    told = await _told(directory, tower, home / _INCOMING)
    recall, before = told["recall"], told["before"]
    beside = f"; by what most read {told['popular']:.4f}"
    beside += "" if before is None else f", by the one before {before:.4f}"
    name = None
    if told["better"]:
        loaded = await asyncio.to_thread(load_tower, home / _INCOMING)
        name = await asyncio.to_thread(engine.towers.adopt, loaded)
    (home / _INCOMING).unlink(missing_ok=True)
    log.info("a tower was trained, Recall@20 %.4f%s: %s", recall, beside, name or "it is not taken into use")
    return name


async def _told(directory: Path, tower: str, file: Path) -> dict[str, float]:
    """What `penchant train --json` says. It ends when this is cancelled."""
    command = ("train", str(directory), "--tower", tower, "--out", str(file), "--json")
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "penchant",
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: os.nice(_NICE),
    )
    try:
        out, err = await running.communicate()
    except asyncio.CancelledError:
        running.kill()
        await running.wait()
        raise
    if running.returncode != 0:
        lines = err.decode(errors="replace").strip().splitlines() or [f"code {running.returncode}"]
        raise PenchantError(lines[-1].removeprefix("penchant: "))
    found: dict[str, float] = json.loads(out)
    return found
