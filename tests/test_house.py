"""The house rules: what is public, which way imports point, what importing costs, what is documented."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import typer

import penchant
from penchant import errors
from penchant.cli import app

ROOT = Path(__file__).parents[1]


def test_every_public_name_can_be_had_and_nothing_else():
    for name in penchant.__all__:
        assert getattr(penchant, name) is not None
    assert dir(penchant) == penchant.__all__
    own = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and value.__module__ == "penchant.errors"
    }
    assert own <= set(penchant.__all__)
    assert not hasattr(penchant, "nothing")


def test_the_tree_of_errors_is_drawn_whole():
    for name, value in vars(errors).items():
        if isinstance(value, type):
            assert name in errors.__doc__
            assert issubclass(value, errors.PenchantError)


def test_imports_point_down():
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_importing_penchant_loads_nothing_heavy():
    code = "import sys, penchant; penchant.Engine; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    for heavy in (
        "torch",
        "sentence_transformers",
        "sklearn",
        "scipy",
        "litestar",
        "uvicorn",
        "usearch",
        "rich",
        "typer",
    ):
        assert heavy not in modules, heavy


def commands(group: typer.core.TyperGroup, before: str = "") -> list[str]:
    found = []
    for name, command in group.commands.items():
        full = f"{before} {name}".strip()
        assert command.help, f"{full} has no help"
        found += commands(command, full) if hasattr(command, "commands") else [full]
    return found


def test_every_command_has_help_and_is_documented():
    reference = (ROOT / "docs" / "reference.md").read_text()
    for command in commands(typer.main.get_command(app)):
        assert f"penchant {command.removesuffix(' state')}" in reference, command


def test_every_setting_and_error_is_documented():
    reference = (ROOT / "docs" / "reference.md").read_text()
    for name in penchant.Settings.__struct_fields__:
        assert f"`{name}`" in reference, name
    for name in penchant.__all__:
        assert f"`{name}`" in reference, name


def test_the_tables_of_the_docs_are_those_of_the_code():
    """`python docs/tables.py` writes them."""
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs/tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        assert tables.written(page.read_text()) == page.read_text(), (
            f"{page.name} is old: python docs/tables.py"
        )


def test_no_line_of_the_docs_is_too_long():
    """Rows of tables cannot be wrapped, and addresses must not be."""
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            assert len(line) <= 110 or line.startswith(("|", "[![")) or "http" in line, (
                f"{page.name}:{number}"
            )


def test_a_module_that_is_new_is_in_a_layer():
    """The contract is exhaustive: this is what import-linter is told."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert contracts[0]["exhaustive"] is True


FACE = ROOT / "src/penchant/engine/engine.py"
"""Each of its methods has arguments, errors and an example in its docstring; what it does is elsewhere."""


def test_no_module_is_too_long():
    for path in (ROOT / "src").rglob("*.py"):
        lines = len(path.read_text().splitlines())
        assert lines <= 500 or path == FACE, path
    assert len(FACE.read_text().splitlines()) - lines_of_docstrings(FACE) <= 300


def lines_of_docstrings(path: Path) -> int:
    nodes = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    return sum(len((ast.get_docstring(node, clean=False) or "").splitlines()) for node in nodes)


def sentences(text: str) -> list[str]:
    """Of the paragraphs and lists of a page, without code, tables and headings."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "#", "<!--"))]
    found = []
    for paragraph in re.split(r"\n\s*\n|\n(?=[-*] |\d+\. )", "\n".join(lines)):
        plain = re.sub(r"\]\([^)]*\)", "]", " ".join(paragraph.split()))
        found += re.split(r"(?<=[.!?:;])\s+(?=[A-Z`“\[*(\d])|(?<=;)\s|(?<=: )", plain)
    return found


def test_sentences_of_the_docs_are_short():
    """25 words by the rules of style; some count as two where a dash or an address stands between."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    written = ("performance.md", "real-readers.md", "results.md")
    for page in pages:
        for sentence in sentences(page.read_text()) if page.name not in written else []:
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            assert len(words) <= 28, f"{page.name}: {sentence}"
