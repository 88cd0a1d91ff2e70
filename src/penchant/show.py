"""What the command line shows: tables for people, plain values for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from penchant.blend import start_of
from penchant.calibrate import CHANCE, Calibration
from penchant.checks import EARLIEST_CLOCK
from penchant.evidence import kind_of
from penchant.settings import Settings
from penchant.types import Change, InterestUnit, Popular, Recommendation

_BAR = 27


def print_json(console: Console, value: Any) -> None:
    """Plain JSON on one or more lines, for programs."""
    console.print(
        json.dumps(msgspec.to_builtins(value), ensure_ascii=False, indent=2), markup=False, soft_wrap=True, highlight=False
    )


def time_text(at: float) -> str:
    """A time for people; a position where there is no clock."""
    if at < EARLIEST_CLOCK:
        return f"position {at:g}"
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


def plain(text: str) -> Text:
    """Text from outside: never markup, and without what would steer a terminal."""
    return Text("".join(character if character.isprintable() else "�" for character in text))


def units_table(user_id: str, units: Sequence[InterestUnit]) -> Table:
    """A user's interests: title, terms, size, last seen."""
    table = Table(title=Text(f"Interests of {user_id}"), title_justify="left", expand=False)
    table.add_column("interest", ratio=5)
    table.add_column("terms", ratio=5)
    table.add_column("size", justify="right")
    table.add_column("last seen", no_wrap=True)
    for unit in units:
        terms = ", ".join(f"{term} {count}" if count > 1 else term for term, count in unit.terms[:10])
        table.add_row(plain(unit.title), plain(terms), str(unit.size), time_text(unit.updated_at))
    return table


def recommendations_table(title: str, found: Sequence[Recommendation]) -> Table:
    """Documents with their scores and reasons."""
    table = Table(title=Text(title), title_justify="left", expand=False)
    table.add_column("score", justify="right")
    table.add_column("document", ratio=6)
    if any(recommendation.because is not None for recommendation in found):
        table.add_column("because of", ratio=4)
    for recommendation in found:
        row = [Text(f"{recommendation.score:.3f}"), plain(recommendation.document.title)]
        table.add_row(*row, *([] if recommendation.because is None else [reason(recommendation)]))
    return table


def blend_table(weights: Mapping[str, float]) -> Table:
    """What each column of evidence weighs, and what it weighed before any click."""
    table = Table(title="Evidence", title_justify="left", expand=False)
    for name in ("kind", "column"):
        table.add_column(name)
    for name in ("weight", "at the start"):
        table.add_column(name, justify="right")
    for name, weight in weights.items():
        table.add_row(kind_of(name), plain(name), f"{weight:.3f}", f"{start_of(name):.3f}")
    return table


def reason(recommendation: Recommendation) -> Text:
    """What speaks most for a recommendation, in words."""
    because = recommendation.because
    if isinstance(because, InterestUnit):
        others = [each.words for each in recommendation.evidence if each.kind != "interest" and each.weight > 0][:2]
        return plain("; ".join([f"{because.title} ({because.size})", *others]))
    if isinstance(because, Popular):
        return Text("popular of late" if because.clicks >= 0.005 else "new here")
    return Text("")


def change_line(change: Change) -> Text:
    """What one click did, in words."""
    merged = " + ".join(f"“{shortened(text, 28)}”" for text in change.merged)
    words = {
        "created": "a new interest",
        "reinforced": f"grew {merged}",
        "merged": f"merged {merged}",
        "ignored": "ignored: seen before, or of a kind that is not learned",
    }[change.action]
    pruned = f"; let go of {len(change.pruned)}" if change.pruned else ""
    return plain(f"{words} -> {shortened(change.unit, 56)}{pruned}" if change.unit else words)


def shortened(text: str, length: int) -> str:
    """The text, or its beginning where it is longer."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def calibration_picture(result: Calibration) -> Group:
    """The two distributions as bars, the threshold between them, and why."""
    table = Table(title=f"cosines under {result.embedder}", title_justify="left", box=None, pad_edge=False)
    table.add_column("cosine", justify="right")
    table.add_column(f"random pairs ({result.random_pairs:,})", min_width=_BAR)
    table.add_column(f"clicked in a row ({result.neighbours:,})", min_width=_BAR)
    highest = max(*result.random_share, *result.neighbour_share)
    for low, high, chance, neighbour in zip(
        result.edges, result.edges[1:], result.random_share, result.neighbour_share, strict=False
    ):
        mark = " <- threshold" if low <= result.proposed < high else ""
        table.add_row(
            f"{low:.2f}",
            Text(_bar(chance, highest), "dim"),
            Text(_bar(neighbour, highest) + mark, "green" if low >= result.proposed else ""),
        )
    above = result.neighbours_above
    words = (
        f"\nproposed threshold: {result.proposed:.2f} (now {result.current:.2f})\n"
        f"One random pair in a hundred reaches it, and {above:.1%} of the pairs that a reader clicked in a row: "
        f"{above / CHANCE:.1f} times as many.\n"
        "Lower it for fewer, broader interests; raise it for more, narrower ones.\n"
        f"Use it: penchant build ... --threshold {result.proposed:.2f}"
    )
    return Group(table, Text(words))


def _bar(share: float, highest: float) -> str:
    eighths = round(share / highest * _BAR * 8) if highest else 0
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def why_table(title: str, score: float, threshold: float, units: Sequence[tuple[InterestUnit, float]]) -> Group:
    """A document's cosine to each interest of a user."""
    table = Table(title=plain(f"{title} (score {score:.3f})"), title_justify="left", expand=False)
    table.add_column("cosine", justify="right")
    table.add_column("interest", ratio=5)
    table.add_column("size", justify="right")
    table.add_column("would join it")
    for unit, cosine in units:
        table.add_row(f"{cosine:.3f}", plain(unit.text), str(unit.size), "yes" if cosine >= threshold else "")
    return Group(table) if units else Group(plain(title), Text(f"score {score:.3f}: this user has no interests yet"))


def settings_value(settings: Settings) -> dict[str, Any]:
    """The settings that differ from the usual ones."""
    usual = msgspec.to_builtins(Settings())
    return {name: value for name, value in msgspec.to_builtins(settings).items() if value != usual[name]}


def pairs_table(pairs: dict[str, Any]) -> Table:
    """Names and values."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in pairs.items():
        table.add_row(name, Text(f"{value:,}" if isinstance(value, int) else str(value)))
    return table


def comparison_table(found: Mapping[str, Any]) -> Table:
    """What `penchant lab compare` found, as a table of what differs."""
    rows = [row for row in found["rows"] if row["before"] != row["after"]]
    same = len(found["rows"]) - len(rows)
    title = f"{found['users']} users; {len(rows)} figures differ, {same} are the same; * p < 0.05, corrected for their number"
    table = Table("method", "measure", "before", "after", "difference", "95 %", "p", title=title)
    for row in rows:
        star = " *" if row["p_adjusted"] < 0.05 else ""
        table.add_row(
            plain(row["method"]),
            row["measure"],
            f"{row['before']:.4f}",
            f"{row['after']:.4f}",
            f"{row['difference']:+.4f}",
            f"{row['low']:+.4f} to {row['high']:+.4f}",
            f"{row['p_adjusted']:.3g}{star}",
        )
    return table


def tuned_table(found: Mapping[str, Any]) -> Table:
    """What `penchant lab tune` chose, as a table."""
    table = Table("method", "questions", "trials", found["measure"], "chosen", title=f"validation users of {found['data']}")
    for name, entry in found["methods"].items():
        value = "failed" if entry["value"] is None else f"{entry['value']:.4f}"
        table.add_row(plain(name), str(entry["cases"]), str(len(entry["trials"])), value, plain(str(entry["params"])))
    return table


def experiment_table(report: Any) -> Table:
    """What `penchant ab report` found: a row a variant, compared with the first."""
    table = Table(title=plain(f"experiment {report.experiment}"), title_justify="left")
    for column in ("variant", "users", "clicks per user", "lift", "95 % of the difference", "p", "95 % at any number of looks"):
        table.add_column(column, justify="left" if column == "variant" else "right")
    for row in report.variants:
        table.add_row(
            plain(row.variant),
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
