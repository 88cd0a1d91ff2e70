"""The blocks of the documentation are tests: Python blocks, and bash blocks as a user would type them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser


def run_in_a_shell(example: Example) -> None:
    """Type a block into bash, in a folder that the blocks of one file share."""
    folder = example.namespace["folder"].name
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example.parsed],
        cwd=folder,
        env={**os.environ, "PATH": path, "COLUMNS": "120"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{example.parsed}\n{done.stdout}\n{done.stderr}"


def setup(namespace: dict[str, object]) -> None:
    """Each file of the documentation has a folder of its own, and its Python blocks run there, too."""
    namespace["folder"] = folder = tempfile.TemporaryDirectory()
    namespace["before"] = Path.cwd()
    os.chdir(folder.name)


def teardown(namespace: dict[str, object]) -> None:
    os.chdir(str(namespace["before"]))
    namespace["folder"].cleanup()  # type: ignore[attr-defined]


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), CodeBlockParser(language="bash", evaluator=run_in_a_shell)],
    patterns=["README.md", "docs/*.md"],
    setup=setup,
    teardown=teardown,
).pytest()
