"""Which code an outcome was computed by: the modules of penchant that some modules import, directly or not,
as one digest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

import penchant

_ROOT = Path(penchant.__file__).parent


@cache
def digest(*modules: str) -> str:
    """A digest of the source of modules and of all that they import: an outcome of other code is not this
    one's."""
    found = sha256()
    for file in sorted(closure(*modules)):
        found.update(file.relative_to(_ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return found.hexdigest()[:12]


def closure(*modules: str) -> set[Path]:
    """The files of modules of penchant and of all modules of penchant that they import, also inside
    functions.

    ``penchant/__init__.py`` is left out: it only hands names on.
    """
    found: set[Path] = set()
    pending = [file for module in modules for file in _files(module)]
    while pending:
        file = pending.pop()
        if file in found or file == _ROOT / "__init__.py":
            continue
        found.add(file)
        pending += [imported for module in _imported(file) for imported in _files(module)]
    return found


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str) -> list[Path]:
    """The files that importing a module, or a name of a module, reads; none for what is not of penchant."""
    first, *parts = name.split(".")
    if first != "penchant":
        return []
    files: list[Path] = []
    folder = _ROOT
    for part in parts:
        if (folder / f"{part}.py").is_file():
            return [*files, folder / f"{part}.py"]
        folder = folder / part
        if not folder.is_dir():
            break
        files.append(folder / "__init__.py")
    return [file for file in files if file.is_file()]
