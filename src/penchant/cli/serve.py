"""The commands of the service: serve, config, ab report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from penchant.cli import show
from penchant.cli.console import ApiKey, EmbedderName, Json, State, err, framed, out
from penchant.engine import Engine
from penchant.errors import InvalidQuery, MissingExtra
from penchant.serve.config import Config, read_config, shown

ConfigFile = Annotated[
    Path | None, typer.Option("--config", envvar="PENCHANT_CONFIG", help="A TOML file with settings.")
]
Host = Annotated[str | None, typer.Option(help="The address to listen on; default 127.0.0.1.")]
Port = Annotated[int | None, typer.Option(help="Default 8733; 0: a free one.")]

ab = typer.Typer(no_args_is_help=True, help="Experiments: which variant of the service gets more clicks.")


def serve(
    state: State,
    config: ConfigFile = None,
    host: Host = None,
    port: Port = None,
    embedder: EmbedderName = None,
    api_key: ApiKey = None,
    train_every: Annotated[
        str | None, typer.Option(help="Train a tower so often, in another process: 6h, 90m, 1d.")
    ] = None,
) -> None:
    """Serve a state over HTTP, with a page that shows interests. A state that is not there is made."""
    given = {"host": host, "port": port, "train_every": train_every}
    settings = read_config(config, os.environ, given)
    serve_engine(Engine.open(state, embedder, api_key=api_key), settings, state)


def serve_engine(engine: Engine, settings: Config, directory: Path | None) -> None:
    """Serve an engine until the process is told to stop."""
    try:
        from penchant.serve.run import run
    except ImportError as error:
        engine.close()
        raise MissingExtra("the service needs litestar and uvicorn: pip install 'penchant[serve]'") from error

    def tell(address: str) -> None:
        out.print(
            f"penchant serves {directory or 'a state in memory'} at {address} (Ctrl-C ends it)",
            markup=False,
            soft_wrap=True,
        )
        if not settings.tokens:
            out.print("No token is asked for, since only this machine can reach it.", markup=False)

    run(engine, settings, directory, tell)


def config(config: ConfigFile = None, json: Json = False) -> None:
    """Show the settings that `serve` would take from the file and PENCHANT_* variables, checked."""
    values: dict[str, Any] = shown(read_config(config, os.environ))
    if json:
        show.print_json(out, values)
    else:
        out.print(show.pairs_table({name: "" if value is None else value for name, value in values.items()}))


@ab.command("report")
def ab_report(state: State, config: ConfigFile = None, json: Json = False) -> None:
    """Compare the variants of an experiment: clicks per user, lift, interval, and a test."""
    from penchant.serve.ab import report
    from penchant.serve.experiment import DATABASE, read_exposures

    experiment = read_config(config, os.environ).experiment
    shares = {name: variant.share for name, variant in experiment.variants.items()} if experiment else None
    if not state.is_dir():
        raise InvalidQuery(f"there is no state in {state}")
    found = report(read_exposures(state / DATABASE), shares)
    if json:
        show.print_json(out, msgspec.to_builtins(found))
        return
    for each in found:
        out.print(experiment_table(each))
        if each.mismatch_p < 0.001:
            err.print(
                f"The users per variant do not fit the shares (p = {each.mismatch_p:.1g}): do not trust "
                "these numbers "
                "before you know why. Were the shares changed, or do some variants fail more often?",
                soft_wrap=True,
            )


def experiment_table(report: Any) -> Table:
    """What `penchant ab report` found: a row a variant, compared with the first."""
    table = framed(title=show.plain(f"experiment {report.experiment}"), title_justify="left")
    for column in (
        "variant",
        "users",
        "clicks per user",
        "lift",
        "95 % of the difference",
        "p",
        "95 % at any number of looks",
    ):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for row in report.variants:
        table.add_row(
            show.plain(row.variant),
            f"{row.users:,}",
            f"{row.clicks_per_user:.3f}",
            "" if row.lift is None else f"{row.lift:+.1%}",
            "" if row.interval is None else f"{row.interval[0]:+.3f} to {row.interval[1]:+.3f}",
            "" if row.p is None else f"{row.p:.3g}",
            "" if row.sequential is None else _verdict(row.sequential),
        )
    return table


def _verdict(interval: tuple[float, float]) -> str:
    words = "more" if interval[0] > 0 else "fewer" if interval[1] < 0 else "not known yet"
    return f"{interval[0]:+.3f} to {interval[1]:+.3f}: {words}"
