"""A guided tour: the simulated community is built week by week, and one reader's interests are shown as they
change."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from shutil import which
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.cli import show
from penchant.cli.console import (
    out,
    progress_bars,
)
from penchant.cli.serve import Port, serve_engine
from penchant.data.build import add_documents, observe_log
from penchant.data.files import (
    write_rows,
)
from penchant.data.simulated import BEGIN, WEEK, Community, simulate
from penchant.engine import Engine
from penchant.errors import InvalidQuery
from penchant.serve.config import Config, read_config
from penchant.settings import Settings
from penchant.types import Click, InterestUnit, StageProgress, quiet

_SHOWN = 6
_SHOWN_A_WEEK = 3
_FADING = 7
"""Days without a click after which an interest is shown as fading."""
_CLICKS = 40


def demo(
    state: Annotated[
        Path | None, typer.Option(help="Keep the state in this directory. Default: in memory.")
    ] = None,
    files: Annotated[
        Path | None, typer.Option(help="Only write the community into this folder, for `build` and `lab`.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another community.")] = 0,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the community with its page instead.")
    ] = False,
    port: Port = None,
) -> None:
    """Simulate a community, build its Interest Units, and show one reader's interests week by week."""
    if files is not None:
        from penchant.data.simulated import simulate

        community = simulate(seed)
        write_rows(files / "documents.jsonl", community.documents)
        write_rows(files / "clicks.jsonl", community.clicks)
        out.print(
            f"{files / 'documents.jsonl'} and {files / 'clicks.jsonl'} are written.",
            markup=False,
            soft_wrap=True,
        )
        return
    if serve:
        serve_community(state, seed, read_config(None, os.environ, {"port": port}))
        return
    show_tour(out, state, seed)


def serve_community(state: Path | None, seed: int, settings: Config) -> None:
    """Simulate a community and serve it."""
    with progress_bars() as report:
        engine, reader = built_community(state, seed, report)
    out.print(
        f"A simulated community; none of it is real. Look at {reader}: #/users/{reader}",
        markup=False,
        soft_wrap=True,
    )
    serve_engine(engine, settings, state)


def show_tour(out: Console, state: Path | None, seed: int) -> None:
    """Build the community week by week, then show one reader: how interests changed, and what to show next.

    Args:
        state: a new directory to keep the state in; None: in memory.
    """
    community = simulate(seed)
    reader = most_changing_reader(community)
    with _new_engine(state) as engine:
        out.print(
            "A simulated community, none of it is real: "
            f"{len(community.documents):,} titles in two languages, "
            f"{len(community.truth)} readers, {len(community.clicks):,} clicks in {community.weeks} weeks.\n"
        )
        engine.add(community.documents)
        weeks = Table(title=Text(f"{reader}, week by week"), title_justify="left", box=None, pad_edge=False)
        for name in ("week", "clicks", "interests that grew, the largest first", "what the simulation gave"):
            weeks.add_column(name, justify="right" if name in ("week", "clicks") else "left")
        for week in range(community.weeks):
            clicks = clicks_of_week(community.clicks, week)
            engine.observe(clicks)
            mine = sum(click.user_id == reader for click in clicks)
            weeks.add_row(str(week + 1), str(mine), *_week(engine, community, reader, week))
        out.print(weeks)
        _show_now(out, engine, reader)
    _show_next_steps(out, state, reader)


def built_community(state: Path | None, seed: int, report: StageProgress = quiet) -> tuple[Engine, str]:
    """(an engine that has learned the whole community, the reader to look at first)."""
    community = simulate(seed)
    engine = _new_engine(state)
    add_documents(engine, community.documents, report)
    observe_log(engine, community.clicks, "demo", report)
    return engine, most_changing_reader(community)


def _new_engine(state: Path | None) -> Engine:
    if state is not None and state.exists():
        raise InvalidQuery(f"{state} exists: name a new directory for the demo")
    settings = Settings(history_kept=None)
    return (
        Engine("corpus", settings=settings)
        if state is None
        else Engine.open(state, "corpus", settings=settings)
    )


def clicks_of_week(clicks: list[Click], week: int) -> list[Click]:
    """The clicks of one week, counted from 0."""
    return [click for click in clicks if BEGIN + week * WEEK <= click.at < BEGIN + (week + 1) * WEEK]


def most_changing_reader(community: Community) -> str:
    """Of the readers with some clicks, the one with the most topics over the weeks."""
    clicks = Counter(click.user_id for click in community.clicks)
    active = [user_id for user_id, count in clicks.items() if count >= _CLICKS] or list(clicks)
    return max(active, key=lambda user_id: (len(_topics(community, user_id)), clicks[user_id], user_id))


def _topics(community: Community, user_id: str) -> set[str]:
    return {topic for week in community.truth[user_id] for topic in week}


def _week(engine: Engine, community: Community, reader: str, week: int) -> tuple[Text, Text]:
    """(the interests that grew in a week, the topics that the simulation drew clicks from)."""
    since = BEGIN + week * WEEK
    grew = [unit for unit in engine.units(reader) if unit.updated_at >= since]
    largest = sorted(grew, key=lambda unit: -unit.size)[:_SHOWN_A_WEEK]
    shares = sorted(community.truth[reader][week].items(), key=lambda share: -share[1])
    words = [f"{', '.join(term for term, _ in unit.terms[:2])} ({unit.size})" for unit in largest]
    topics = [f"{topic} {share:.0%}" for topic, share in shares[:_SHOWN_A_WEEK]]
    return show.plain("; ".join(words)), Text(", ".join(topics), "dim")


def _show_now(out: Console, engine: Engine, reader: str) -> None:
    units = Table(
        title=Text("Interests now"), title_justify="left", box=None, pad_edge=False, show_header=False
    )
    for unit in engine.units(reader)[:_SHOWN]:
        days = (engine.latest_at - unit.updated_at) / 86_400
        terms = show.plain(", ".join(term for term, _ in unit.terms[:4]))
        terms.truncate(46, overflow="ellipsis")
        when = "today" if days < 1 else f"{days:.0f} day{'' if round(days) == 1 else 's'} ago"
        bar = Text("■" * min(unit.size, 20), "green" if days < _FADING else "dim")
        units.add_row(str(unit.size), bar, terms, Text(when, "dim"))
    out.print()
    out.print(units)
    shown = Table(title=Text("What to show next, and why"), title_justify="left", box=None, pad_edge=False)
    shown.add_column("document")
    shown.add_column("because of the interest")
    for found in engine.recommend(reader, 5):
        because = found.because.terms[:3] if isinstance(found.because, InterestUnit) else ()
        shown.add_row(show.plain(found.document.title), show.plain(", ".join(term for term, _ in because)))
    out.print()
    out.print(shown)


def _show_next_steps(out: Console, state: Path | None, reader: str) -> None:
    command = "penchant" if which("penchant") else f"{Path(sys.executable).parent / 'penchant'}"
    out.print("\nIn the browser, with what-if clicks:", markup=False)
    out.print(f"  {command} demo --serve", markup=False, soft_wrap=True)
    out.print("On your own data:")
    out.print(
        f"  {command} build state --documents documents.csv --clicks clicks.csv", markup=False, soft_wrap=True
    )
    out.print("From a git repository on this machine:")
    out.print(f"  {command} import git PATH --out git-log", markup=False, soft_wrap=True)
    if state is not None:
        out.print("The simulated state is kept:")
        out.print(f"  {command} interests {state} {reader}", markup=False, soft_wrap=True)
