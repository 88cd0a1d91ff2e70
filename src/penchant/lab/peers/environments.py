"""The virtual environments of the peers: made once, in the lab's cache, from exact versions."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from penchant.errors import PeerFailed
from penchant.lab.peers import REQUIREMENTS

Say = Callable[[str], None]


def python_of(name: str, cache: Path, say: Say) -> Path:
    """The interpreter of a peer's environment, which is made where it is missing.

    Raises:
        PeerFailed: its packages could not be installed; nothing half-made stays behind.
    """
    requirements = REQUIREMENTS[name]
    digest = hashlib.sha256("\n".join((sys.version, *requirements)).encode()).hexdigest()[:10]
    home = cache / "environments" / f"{name}-{digest}"
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    done = home / "complete"
    if done.exists():
        return python
    say(f"making the environment of {name}: {', '.join(requirements)}")
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-compile",
            "--disable-pip-version-check",
            *requirements,
        ],
    ):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode != 0:
            shutil.rmtree(home, ignore_errors=True)
            reason = [
                line for line in ended.stderr.strip().splitlines() if line and not line.startswith("WARNING")
            ]
            raise PeerFailed(
                f"the environment of {name} could not be made: {' '.join(reason[-3:]) or 'no reason given'}"
            )
    done.touch()
    return python
