"""The pictures of a report: SVG text that depends on nothing but the report (matplotlib)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from penchant.errors import MissingExtra
from penchant.lab.registry import OURS

_COLOR_OF_OURS = "#0b6e4f"
OTHERS = "#8a94a6"
_STYLE: Any = {
    "svg.hashsalt": "penchant",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def bars(measure: str, methods: Mapping[str, Mapping[str, Any]]) -> str:
    """One bar a method with its 95 % interval, the best on top."""
    order = sorted(methods, key=lambda name: methods[name][measure]["value"])
    values = [methods[name][measure]["value"] for name in order]
    ends = [methods[name][measure]["interval"] for name in order]
    errors = [[value - low for value, (low, _) in zip(values, ends, strict=True)],
              [high - value for value, (_, high) in zip(values, ends, strict=True)]]  # fmt: skip

    def draw(axes: Any) -> None:
        colors = [_COLOR_OF_OURS if name in OURS else OTHERS for name in order]
        axes.barh(order, values, xerr=errors, color=colors, error_kw={"elinewidth": 1, "ecolor": "#333333"})
        axes.set_xlabel(measure)

    return _svg((7, 0.6 + 0.26 * len(order)), draw)


def weeks(found: Mapping[str, Any], most: int = 8) -> str:
    """One line a method over the weeks; ours and the best of the others."""
    means = {name: sum(values) for name, values in found["methods"].items()}
    best = sorted(means, key=lambda name: -means[name])[:most]
    names = sorted({*best, *(name for name in means if name in OURS)}, key=lambda name: -means[name])

    def draw(axes: Any) -> None:
        for name in names:
            axes.plot(found["weeks"], found["methods"][name], label=name, linewidth=2 if name in OURS else 1)
        axes.set_ylabel(found["measure"])
        axes.set_ylim(bottom=0)
        axes.set_xticks(range(0, len(found["weeks"]), max(1, len(found["weeks"]) // 10)))
        axes.tick_params(axis="x", rotation=45)
        axes.legend(fontsize=7, ncols=2, loc="upper left", bbox_to_anchor=(0, -0.3))

    return _svg((7, 4.2), draw)


def variants(measure: str, found: Mapping[str, Mapping[str, Any]]) -> str:
    """One point a variant with its 95 % interval, in the order given."""
    names = list(found)
    values = [found[name][measure]["value"] for name in names]
    low = [value - found[name][measure]["interval"][0] for name, value in zip(names, values, strict=True)]
    high = [found[name][measure]["interval"][1] - value for name, value in zip(names, values, strict=True)]

    def draw(axes: Any) -> None:
        axes.errorbar(names, values, yerr=[low, high], fmt="o", color=_COLOR_OF_OURS, capsize=3)
        axes.set_ylabel(measure)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.2)

    return _svg((6, 2.2), draw)


def big_units(units: Mapping[str, Mapping[str, Any]]) -> str:
    """Figure 2, left: how many users have how many big units, with A and with A and B known."""
    longest = max(len(found["users_by_big"]) for found in units.values())

    def draw(axes: Any) -> None:
        width = 0.8 / len(units)
        for number, (label, found) in enumerate(units.items()):
            counts = [*found["users_by_big"], *[0] * (longest - len(found["users_by_big"]))]
            places = [place + (number - 0.5) * width for place in range(longest)]
            axes.bar(
                places,
                counts,
                width,
                label=f"{label} (mean {found['big']:g})",
                color=_COLOR_OF_OURS if number else OTHERS,
            )
        axes.set_xlabel("big units")
        axes.set_ylabel("users")
        axes.legend(fontsize=8)

    return _svg((6, 2.6), draw)


def frontier(measure: str, points: Sequence[tuple[float, float, float]]) -> str:
    """What a share of the reader's own places costs and gives: the measure over what two readers' lists have
    in common.

    Args:
        points: (share, overlap, measure), by share.
    """

    def draw(axes: Any) -> None:
        axes.plot([x for _, x, _ in points], [y for _, _, y in points], "o-", color=_COLOR_OF_OURS)
        for share, x, y in points:
            axes.annotate(f"{share:g}", (x, y), textcoords="offset points", xytext=(6, -10), fontsize=8)
        axes.set_xlabel("overlap@10 of two readers' lists; at each point the share of own places")
        axes.set_ylabel(measure)
        axes.set_ylim(bottom=0)

    return _svg((6, 3), draw)


def _svg(size: Sequence[float], draw: Any) -> str:
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtra("the lab's pictures need matplotlib: pip install 'penchant[lab]'") from error
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(size[0], size[1]))
        draw(figure.add_subplot())
        target = io.StringIO()
        figure.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
    text = target.getvalue()
    return text[text.index("<svg") :]
