"""What the command line shows: tables for people, plain values for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from penchant.checks import EARLIEST_CLOCK
from penchant.cli.console import framed
from penchant.types import InterestUnit, Popular, Recommendation


def print_json(console: Console, value: Any) -> None:
    """Plain JSON on one or more lines, for programs."""
    console.print(
        json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2),
        markup=False,
        soft_wrap=True,
        highlight=False,
    )


def time_text(at: float) -> str:
    """A time for people; a position where there is no clock."""
    if at < EARLIEST_CLOCK:
        return f"position {at:g}"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def plain(text: str) -> Text:
    """Text from outside: never markup, and without what would steer a terminal."""
    return Text("".join(character if character.isprintable() else "�" for character in text))


def recommendations_table(title: str, found: Sequence[Recommendation]) -> Table:
    """Documents with their scores and reasons."""
    table = framed(title=Text(title), title_justify="left", expand=False)
    by_chance = all(each.chance is not None for each in found)
    table.add_column("chance" if by_chance else "score", justify="right")
    table.add_column("document", ratio=6)
    explained = any(each.because is not None or each.reasons for each in found)
    if explained:
        table.add_column("because", ratio=6)
    for recommendation in found:
        value = f"{recommendation.chance or 0:.1%}" if by_chance else f"{recommendation.score:.3f}"
        row = [Text(value), plain(recommendation.document.title)]
        table.add_row(*row, *([reason(recommendation)] if explained else []))
    return table


def reason(recommendation: Recommendation) -> Text:
    """What speaks most for a recommendation, in words."""
    because = recommendation.because
    if recommendation.reasons:
        return plain("; ".join(each.words for each in recommendation.reasons))
    if isinstance(because, InterestUnit):
        return plain(f"{because.name} ({because.size})")
    if isinstance(because, Popular):
        return Text("popular of late" if because.clicks >= 0.005 else "new here")
    return Text("")


def shortened(text: str, length: int) -> str:
    """The text, or its beginning where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def pairs_table(pairs: dict[str, Any]) -> Table:
    """Names and values."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in pairs.items():
        table.add_row(name, Text(f"{value:,}" if isinstance(value, int) else str(value)))
    return table
