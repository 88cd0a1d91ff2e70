"""The whole command line, put together; failures are told in one line."""

from __future__ import annotations

import platform
from typing import Annotated, Any

import typer

import penchant
from penchant.cli.align import align
from penchant.cli.backup import backup
from penchant.cli.blend import blend
from penchant.cli.build import build
from penchant.cli.calibrate import calibrate
from penchant.cli.console import (
    err,
    noting_interruptions,
    out,
)
from penchant.cli.demo import demo
from penchant.cli.dismiss import dismiss
from penchant.cli.export import export
from penchant.cli.forget import forget
from penchant.cli.imports import imports
from penchant.cli.info import info
from penchant.cli.interests import interests
from penchant.cli.lab import lab
from penchant.cli.observe import observe
from penchant.cli.recommend import recommend
from penchant.cli.reembed import reembed
from penchant.cli.restore import restore
from penchant.cli.search import search
from penchant.cli.serve import ab, config, serve
from penchant.cli.towers import towers
from penchant.cli.train import train
from penchant.cli.why import why
from penchant.cli.wish import wish
from penchant.errors import PenchantError


class _Commands(typer.core.TyperGroup):
    """Failures are told in one line: exit code 1, or 130 when interrupted."""

    def invoke(self, ctx: Any) -> Any:
        try:
            with noting_interruptions():
                return super().invoke(ctx)
        except PenchantError as error:
            err.print(f"penchant: {error}", markup=False, soft_wrap=True)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as interrupt:
            err.print(
                "penchant: interrupted. What was done is kept: the same command goes on from there.",
                soft_wrap=True,
            )
            # CPython remembers an interruption inside exec() of text, as in many an import, and would end by
            # the signal although it was handled here; the next exec() makes it forget
            exec("")
            raise typer.Exit(130) from interrupt


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(imports, name="import", rich_help_panel="A state")
app.add_typer(lab, name="lab", rich_help_panel="Tools")
app.add_typer(align, name="align", rich_help_panel="Tools")
app.add_typer(ab, name="ab", rich_help_panel="Service")
_PANELS = {
    "A state": (build, observe, info, export, backup, restore, reembed),
    "Questions": (interests, recommend, why, search),
    "Readers and weights": (wish, dismiss, forget, blend, train, towers),
    "Service": (serve, config),
    "Tools": (demo, calibrate),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)


def _tell_version(wanted: bool) -> None:
    if wanted:
        out.print(f"penchant {penchant.__version__}, Python {platform.python_version()}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Interests in plain words for every reader, and what to show next."""


def main() -> None:
    """Run the command line."""
    app()
