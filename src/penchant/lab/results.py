"""docs/results.md: one page from several reports."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from penchant.data.files import written_whole
from penchant.lab import paper
from penchant.lab.registry import OURS
from penchant.lab.report import Table, overall_table, read_report, sections, summary
from penchant.lab.tune import read_search

_SHORT = (
    "Distribution shift",
    "Big units",
    "By segment",
    "Distant and uniform candidates",
    "Coverage and novelty",
    "Cost",
)


def write_results(
    folders: Sequence[Path], out: Path, searches: Sequence[Path] = (), more: Sequence[Path] = ()
) -> None:
    """Write the page, from the reports in these folders, in this order.

    Args:
        searches: files of `penchant lab tune`.
        more: Markdown that other scripts printed, a chapter each.

    Raises:
        InvalidQuery: a folder holds no report, or a file no search.
    """
    reports = [read_report(folder) for folder in folders]
    chapters = [_chapter(report) for report in reports]
    chapters += [_search(read_search(path)) for path in searches]
    chapters += [path.read_text().strip() for path in more]
    parts = [_HEAD, _overview(reports), *chapters, _environment(reports)]
    out.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(out) as file:
        file.write(("\n\n".join(parts).rstrip() + "\n").encode())


_HEAD = """# Results

Written by `penchant lab results` from reports of `penchant lab run`; no number on this page was typed.
The protocols, the methods and how to run them on your own data are in the [reference](reference.md#the-lab);
what the numbers mean for a choice is in the [explanation](explanation.md)."""


def _overview(reports: Sequence[dict[str, Any]]) -> str:
    rows = []
    for report in reports:
        measure = report["protocol"]["main_measure"]
        values = {name: found[measure]["value"] for name, found in report["methods"].items()}
        best = max(values, key=lambda name: (values[name], name))
        mine = max((name for name in values if name in OURS), key=lambda name: values[name], default="")
        rows.append(
            [
                report["data"]["name"],
                report["protocol"]["name"],
                str(report["protocol"]["users"]),
                measure,
                f"{best} {values[best]:.3f}",
                f"{mine} {values[mine]:.3f}" if mine else "",
            ]
        )
    return Table(
        ["data", "protocol", "users", "measure", "best", "penchant's best"], rows, text=True
    ).markdown()


def _chapter(report: dict[str, Any]) -> str:
    data, protocol = report["data"], report["protocol"]
    lines = [
        f"## {data['name']}, `{protocol['name']}`",
        f"{data['documents']} documents, {data['users']} users, {data['clicks']} clicks. "
        f"{protocol['users']} users asked "
        f"{protocol['questions']} questions with {protocol['candidates']} candidates on average; mean over "
        f"{protocol['mean_over']}; embedder `{report['embedder']}`, seed {report['seed']}.",
        summary(report),
        overall_table(report).markdown(),
    ]
    for heading, found in (("Failed", report["failed"]), ("Not asked", report["not_run"])):
        lines += (
            [f"{heading}: " + "; ".join(f"{name}: {reason}" for name, reason in found.items()) + "."]
            if found
            else []
        )
    if protocol["name"] in ("ira", "shift"):
        wanted = (
            ("Table 3", "Figure 2, left")
            if protocol["name"] == "shift"
            else ("Table 2", "Figure 2, right", "Figure 3")
        )
        rows = [
            [row.place, row.paper, row.ours]
            for row in paper.counterparts(report)
            if row.place.startswith(wanted)
        ]
        lines += [
            "### Beside the paper",
            Table(["IRA, section 3", "the paper", "here"], rows, text=True).markdown(),
        ]
    for part in sections(report):
        if part.heading in _SHORT or part.heading.startswith("Study"):
            lines += [f"### {part.heading}", part.note, part.table.markdown()]
    if report["parameters"]:
        rows = [
            [name, ", ".join(f"{key} {value}" for key, value in values.items() if value != "")]
            for name, values in report["parameters"].items()
        ]
        lines += ["### Hyperparameters of the peers", Table(["peer", "values"], rows, text=True).markdown()]
    return "\n\n".join(line for line in lines if line)


def _search(found: dict[str, Any]) -> str:
    """What a search tried and chose: one trial means that the default took all the seconds."""
    measure, rows = found["measure"], []
    for name, entry in found["methods"].items():
        trials = entry["trials"]
        chosen = ", ".join(f"{key} {value}" for key, value in entry["params"].items())
        values = [_figure(value) for value in (trials[0][measure] if trials else None, entry["value"])]
        rows.append([name, str(entry["cases"]), str(len(trials)), *values, chosen])
    header = ["method", "questions", "trials", f"{measure}, default", f"{measure}, chosen", "chosen"]
    note = (
        f"On validation users, whom no test asks; {found['seconds']:g} seconds a method: the default first, "
        "then one step from "
        "it in each direction, then what the optimiser proposes. One trial means that the default alone "
        "took all the seconds. "
        "Of several communities it is the geometric mean."
    )
    parts = [f"## The search of hyperparameters, {found['data']}", note, Table(header, rows).markdown()]
    ours = [name for name in found["methods"] if name in OURS]
    return "\n\n".join(
        parts + [_one_changed(name, found["methods"][name]["trials"], measure) for name in ours]
    )


def _one_changed(name: str, trials: Sequence[dict[str, Any]], measure: str) -> str:
    """What each value of ours is worth alone."""
    default = trials[0]["params"]
    rows = []
    for entry in trials:
        changed = [f"{key} {value:g}" for key, value in entry["params"].items() if value != default[key]]
        if len(changed) < 2:
            values = (entry[measure], *entry["communities"].values())
            rows.append([*(changed or ["the default"]), *(_figure(value) for value in values)])
    return (
        f"### {name}: one value changed\n\n"
        + Table(["value", measure, *trials[0]["communities"]], rows).markdown()
    )


def _figure(value: float | None) -> str:
    return "failed" if value is None else f"{value:.4f}"


def _environment(reports: Sequence[dict[str, Any]]) -> str:
    versions = {name: value for report in reports for name, value in report["versions"].items()}
    threads = sorted({str(report["machine"]["threads"]) for report in reports})
    rows = [*([name, value] for name, value in versions.items()), ["threads", ", ".join(threads)]]
    return "## Versions\n\n" + Table(["what", "version"], rows, text=True).markdown()
