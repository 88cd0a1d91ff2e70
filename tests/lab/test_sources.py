"""The key of what the lab keeps: every module that an outcome depends on changes it, and no list has to be kept by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import penchant
from penchant.lab import sources
from penchant.lab.registry import BESIDE_TOWERS, module_of
from penchant.lab.run import _ASKED_BY, _TRAINED

ROOT = Path(penchant.__file__).parent


def names(*modules: str) -> set[str]:
    return {file.relative_to(ROOT).with_suffix("").as_posix() for file in sources.closure(*modules)}


def test_what_an_outcome_of_ours_runs_is_in_its_key():
    """Beside the interpreter: every module of penchant that is loaded when the method is made and asked."""
    code = (
        "import sys, penchant.lab.outcomes, penchant.lab.blend_method\n"
        "print(*(name for name in sys.modules if name.startswith('penchant.')))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    found = names(_ASKED_BY, module_of("blend"))
    for module in loaded:
        path = module.removeprefix("penchant.").replace(".", "/")
        assert path in found or f"{path}/__init__" in found, module


def test_imports_inside_functions_count():
    assert {"vectors", "tally", "compiled"} <= {
        name.rpartition("/")[2] for name in names(_ASKED_BY, module_of("blend"))
    }


def test_light_methods_and_peers_do_not_depend_on_the_engine():
    alone = [(_ASKED_BY, module_of(name)) for name in ("mean vector", *BESIDE_TOWERS)]
    for modules in (*alone, _TRAINED):
        assert not {name for name in names(*modules) if name.startswith(("engine", "serve", "store"))}
    assert "lab/peers/worker_implicit" in names(*_TRAINED)


def test_a_changed_file_changes_the_digest(tmp_path, monkeypatch):
    package = tmp_path / "penchant"
    (package / "sub").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sub" / "__init__.py").write_text("")
    (package / "sub" / "deep.py").write_text("x = 1\n")
    (package / "top.py").write_text("def f():\n    from penchant.sub import deep\n    return deep\n")
    monkeypatch.setattr(sources, "_ROOT", package)
    before = sources.digest.__wrapped__("penchant.top")
    (package / "other.py").write_text("y = 1\n")
    assert sources.digest.__wrapped__("penchant.top") == before
    (package / "sub" / "deep.py").write_text("x = 2\n")
    assert sources.digest.__wrapped__("penchant.top") != before
