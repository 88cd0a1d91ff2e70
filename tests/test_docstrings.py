"""Every example in a docstring runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import penchant
from penchant.testing import sample_engine

ROOT = Path(penchant.__file__).parent
MODULES = sorted(
    ".".join(("penchant", *file.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
    for file in ROOT.rglob("*.py")
    if ">>> " in file.read_text()
)


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_docstrings_run(module):
    names = {"Click": penchant.Click, "Document": penchant.Document, "sample_engine": sample_engine}
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    found = doctest.testmod(importlib.import_module(module), extraglobs=names, optionflags=flags)
    assert found.attempted > 0
    assert found.failed == 0


def test_every_public_method_of_the_engine_has_an_example():
    for name, method in vars(penchant.Engine).items():
        if not name.startswith("_") and inspect.isfunction(method) and name not in NEED_NONE:
            assert ">>>" in (method.__doc__ or ""), name


NEED_NONE = ("close", "save_index", "comparing_all")
"""They do nothing that an example in memory could show."""
