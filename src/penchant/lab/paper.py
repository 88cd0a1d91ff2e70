"""What the paper says, beside what a run finds: for each table and figure a sentence, also where they differ.

Of the paper, only its settings, its abstract and those numbers are quoted that were at hand when this was
written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Counterpart:
    """One table or figure of the paper."""

    place: str
    paper: str
    ours: str


def counterparts(report: Row) -> list[Counterpart]:
    """Each table and figure of section 3 with what the paper says and what this report holds."""
    found = [Counterpart("Table 2: all methods", _TABLE_2, _overall(report))]
    found.append(Counterpart("Table 3: distribution shift, A and A+B", _TABLE_3, _shift(report)))
    found.append(Counterpart("Figure 2, left: big units a user", _FIGURE_2_LEFT, _big_units(report)))
    for name, place, paper, default in (
        ("limits", "Figure 2, right: 5, 10, 20, unlimited units", _FIGURE_2_RIGHT, "10 big, 10 small"),
        ("pruning", "Figure 3, left: which units to keep", _FIGURE_3_LEFT, "both (10 big, 10 small)"),
        ("text", "Figure 3, right: what the text is made of", _FIGURE_3_RIGHT, "both"),
    ):
        found.append(Counterpart(place, paper, _study(report, name, default)))
    return found


_TABLE_2 = (
    "On NAVER CAFE, which is not public: H@5 0.569 and H@20 0.704 with an aligned embedder, "
    "0.434 and 0.609 without alignment."
)
_TABLE_3 = (
    "The claim: it adapts continuously to evolving preferences, "
    "“without being constrained by past training distributions”."
)
_FIGURE_2_LEFT = (
    "The claim: interests are reinforced or fade through cumulative updates, "
    "so that A+B should show more big units."
)
_FIGURE_2_RIGHT = "The paper's setting: 10 big and 10 small units."
_FIGURE_3_LEFT = "The paper's setting: recency and size together."
_FIGURE_3_RIGHT = "The paper's setting: the title and the ten most frequent key terms."
_ABSENT = "Not in this report: run {}."


def _overall(report: Row) -> str:
    measure = report["protocol"]["main_measure"]
    values = {name: found[measure]["value"] for name, found in report["methods"].items()}
    ranked = sorted(values, key=lambda name: (-values[name], name))
    mine = "units (sum)"
    if mine not in values:
        return f"Best here: {ranked[0]}, {measure} {values[ranked[0]]:.3f}. The paper's scorer was not asked."
    place = ranked.index(mine) + 1
    found = f"{measure} {values[mine]:.3f}, place {place} of {len(ranked)}"
    text = f"The paper's scorer, {mine}, without alignment: {found}."
    if place > 1:
        best = ranked[0]
        text += f" The best is {best} with {values[best]:.3f}: on this data the paper's method is not ahead."
    if "mean vector" in values:
        difference = values[mine] - values["mean vector"]
        size = f"{abs(difference):.3f} {'behind' if difference < 0 else 'ahead of'}"
        relation = "level with" if abs(difference) < 0.0005 else size
        text += (
            f" It is {relation} one mean vector of the history ({values['mean vector']:.3f}): a sum of "
            "cosines is one product "
            "with the sum of the unit vectors, so both rank by one direction."
        )
    return text


def _shift(report: Row) -> str:
    methods = report["shift"].get("methods", {})
    if not methods:
        return _ABSENT.format("`--protocol shift`")
    gains = {name: row["A+B"]["H@20"] - row["A"]["H@20"] for name, row in methods.items()}
    mine = "units (sum)"
    best = max(gains, key=lambda name: (gains[name], name))
    text = ""
    if mine in gains:
        text = f"With B known, {mine} changes by {gains[mine]:+.3f} in H@20"
        text += f" (from {methods[mine]['A']['H@20']:.3f} to {methods[mine]['A+B']['H@20']:.3f}). "
    ahead = max(methods, key=lambda name: (methods[name]["A+B"]["H@20"], name))
    return f"{text}The largest gain is that of {best} ({gains[best]:+.3f}); the best with A+B is {ahead} " + (
        f"({methods[ahead]['A+B']['H@20']:.3f})."
    )


def _big_units(report: Row) -> str:
    units = report["shift"].get("units", {})
    if not units:
        return _ABSENT.format("`--protocol shift`")
    before, after = units["A"], units["A+B"]
    agree = "as claimed" if after["big"] > before["big"] else "unlike claimed"
    return f"{before['big']:g} big units a user after A, {after['big']:g} after A and B: {agree}."


def _study(report: Row, name: str, default: str) -> str:
    study = next((study for study in report["studies"] if study["name"] == name), None)
    if study is None:
        return _ABSENT.format(f"`--studies {name}`")
    measure = report["protocol"]["main_measure"]
    found = {label: row[measure] for label, row in study["variants"].items()}
    best = max(found, key=lambda label: (found[label]["value"], label))
    chosen = next(label for label in found if label == default)
    values = ", ".join(f"{label} {row['value']:.3f}" for label, row in found.items())
    if best == chosen:
        return f"{measure}: {values}. The paper's choice is the best here, too."
    low, high = found[chosen]["interval"]
    within = "within" if low <= found[best]["value"] <= high else "outside"
    interval = f"the interval of the paper's choice ({low:.3f} to {high:.3f})"
    return f"{measure}: {values}. Here {best} is best, {within} {interval}."
