"""A guided tour: the simulated community is built week by week, and one reader's interests are shown as they
change."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
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
from penchant.data.build import Report, add_documents, observe_log, quiet
from penchant.data.files import (
    write_rows,
)
from penchant.data.simulated import BEGIN, WEEK, Community, simulate
from penchant.engine import Engine
from penchant.errors import InvalidQuery
from penchant.serve.config import Config, read_config
from penchant.settings import Settings
from penchant.types import Change, Click

THRESHOLD = 0.15
"""Of 0.06 to 0.25 the one at which units agree best with the simulated truth: 98 % of a unit's documents are
of one topic."""
_SHOWN = 6
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
    """Build the community and show what one reader's interests did each week, and what is recommended now and
    why.

    Args:
        state: a new directory to keep the state in; None: in memory.
    """
    community = simulate(seed)
    reader = most_changing_reader(community)
    with _new_engine(state) as engine:
        out.print(
            f"A simulated community: {len(community.documents):,} titles in English and Korean, "
            f"{len(community.truth)} readers, "
            f"{len(community.clicks):,} clicks in {community.weeks} weeks. None of it is real.\n"
        )
        engine.add(community.documents)
        for week in range(community.weeks):
            changes = engine.observe(clicks_of_week(community.clicks, week))
            _show_week(
                out,
                engine,
                community,
                reader,
                week,
                [change for change in changes if change.user_id == reader],
            )
        out.print(show.recommendations_table(f"What {reader} is shown next", engine.recommend(reader, 8)))
        out.print(show.recommendations_table("What a new reader is shown", engine.recommend("nobody-yet", 4)))
    _show_next_steps(out, state, reader)


def built_community(state: Path | None, seed: int, report: Report = quiet) -> tuple[Engine, str]:
    """(an engine that has learned the whole community, the reader to look at first)."""
    community = simulate(seed)
    engine = _new_engine(state)
    add_documents(engine, community.documents, report)
    observe_log(engine, community.clicks, "demo", report)
    return engine, most_changing_reader(community)


def _new_engine(state: Path | None) -> Engine:
    if state is not None and state.exists():
        raise InvalidQuery(f"{state} exists: name a new directory for the demo")
    settings = Settings(threshold=THRESHOLD, history_kept=None)
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


def _show_week(
    out: Console, engine: Engine, community: Community, reader: str, week: int, changes: list[Change]
) -> None:
    shares = sorted(community.truth[reader][week].items(), key=lambda share: -share[1])
    out.print(Text(f"Week {week + 1}: {reader} clicks {len(changes)} documents", style="bold"))
    out.print(
        Text("  the truth: " + ", ".join(f"{topic} {share:.0%}" for topic, share in shares), style="dim")
    )
    for change in changes:
        if change.action != "reinforced":
            out.print(Text("  ") + change_line(change), no_wrap=True, overflow="ellipsis")
    grown = sum(change.action == "reinforced" for change in changes)
    if grown:
        out.print(f"  {grown} {'click' if grown == 1 else 'clicks'} made known interests grow")
    since = BEGIN + week * WEEK
    table = Table(box=None, pad_edge=False, show_header=False)
    for unit in engine.units(reader)[:_SHOWN]:
        fading = unit.updated_at < since
        bar = Text("■" * min(unit.size, 20), "dim" if fading else "green")
        terms = show.plain(", ".join(term for term, _ in unit.terms[:4]))
        terms.truncate(46, overflow="ellipsis")
        note = f"fading since {show.time_text(unit.updated_at)[5:10]}" if fading else ""
        table.add_row("   ", str(unit.size), bar, terms, Text(note, "dim"))
    out.print(table)
    out.print()


def _show_next_steps(out: Console, state: Path | None, reader: str) -> None:
    out.print("\nThis was a simulation. On your own data:")
    out.print("  penchant build state --documents documents.csv --clicks clicks.csv")
    out.print("  penchant interests state USER        penchant recommend state USER")
    out.print("or, from git repositories on this machine:")
    out.print("  penchant import git ~/code/project --out git-log")
    if state is not None:
        out.print(f"\nThe simulated state is kept: penchant interests {state} {reader}")


def change_line(change: Change) -> Text:
    """What one click did, in words."""
    merged = " + ".join(f"“{show.shortened(text, 28)}”" for text in change.merged)
    words = {
        "created": "a new interest",
        "reinforced": f"grew {merged}",
        "merged": f"merged {merged}",
        "ignored": "ignored: seen before, or of a kind that is not learned",
    }[change.action]
    pruned = f"; let go of {len(change.pruned)}" if change.pruned else ""
    return show.plain(f"{words} -> {show.shortened(change.unit, 56)}{pruned}" if change.unit else words)
