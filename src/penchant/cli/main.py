"""The whole command line, put together; failures are told in one line."""

from __future__ import annotations

from typing import Any

import typer

from penchant.cli.align import align
from penchant.cli.backup import backup
from penchant.cli.blend import blend
from penchant.cli.build import build
from penchant.cli.calibrate import calibrate
from penchant.cli.console import (
    err,
    noting_interruptions,
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
from penchant.cli.why import why
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
    cls=_Commands, no_args_is_help=True, add_completion=False, help="Interest Units for every reader."
)
app.add_typer(imports, name="import")
app.add_typer(lab, name="lab")
app.add_typer(align, name="align")
app.add_typer(ab, name="ab")
for _command in (
    serve,
    config,
    build,
    observe,
    interests,
    recommend,
    why,
    blend,
    dismiss,
    search,
    forget,
    calibrate,
    reembed,
    info,
    export,
    backup,
    restore,
    demo,
):
    app.command()(_command)


def main() -> None:
    """Run the command line."""
    app()
