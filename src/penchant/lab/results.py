"""docs/results.md and docs/results/: a short page, and one for each data set, from several reports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import Any

from penchant.lab import paper, plots
from penchant.lab.peers import PEERS
from penchant.lab.registry import ABLATIONS, LIGHT, OURS, OWN_ABLATIONS, OWN_PLACES, UNITS
from penchant.lab.report import (
    FRONTIER_HEADING,
    Table,
    frontier_of,
    overall_table,
    read_report,
    sections,
    summary,
)
from penchant.lab.tune import read_search
from penchant.whole import written_whole

_SHORT = (
    "Distribution shift",
    "Big units",
    "By segment",
    "Distant and uniform candidates",
    "Lists",
    "Who is shown",
    FRONTIER_HEADING,
    "Places by evidence",
    "Cost",
)


def write_results(
    folders: Sequence[Path], out: Path, searches: Sequence[Path] = (), more: Sequence[Path] = ()
) -> None:
    """Write a short page that says what is best where, and a page for each data set in a folder of its name.

    Args:
        folders: reports of `penchant lab run`, in the order in which they are shown.
        out: the short page; ``results.md`` has its pages in ``results/``.
        searches: files of `penchant lab tune`.
        more: Markdown that other scripts printed, a page each, named by the file.

    Raises:
        InvalidQuery: a folder holds no report, or a file no search.
    """
    reports = [read_report(folder) for folder in folders]
    folder = out.with_suffix("")
    folder.mkdir(parents=True, exist_ok=True)
    pages: dict[str, list[str]] = {}
    for report in reports:
        chapter = _chapter(report)
        points = frontier_of(report)
        if points:
            picture = f"{report['data']['name']}-{report['protocol']['name']}-frontier.svg"
            _write(folder / picture, [plots.frontier(report["protocol"]["main_measure"], points)])
            chapter += f"\n\n![What own places give and cost]({picture})"
        pages.setdefault(report["data"]["name"], []).append(chapter)
    if searches:
        pages["search"] = [_search(read_search(path)) for path in searches]
    for path in more:
        pages[path.stem] = [path.read_text().strip()]
    for name, chapters in pages.items():
        _write(folder / f"{name}.md", _wrapped([f"# Results: {name}", _WRITTEN, *chapters]))
    links = "\n".join(f"- [{name}]({folder.name}/{name}.md)" for name in pages)
    _write(
        out,
        _wrapped(
            [
                _HEAD,
                best_table(reports).markdown(),
                *map(_why, reports),
                "## Every figure",
                links,
                _environment(reports),
            ]
        ),
    )


def _write(path: Path, parts: Sequence[str]) -> None:
    with written_whole(path) as file:
        file.write(("\n\n".join(parts).rstrip() + "\n").encode())


def _wrapped(parts: Sequence[str]) -> list[str]:
    """Prose in lines of 110 characters; tables, headings, lists and pictures as they are."""
    return [
        block
        if block.startswith(("|", "#", "- ", "!", "<"))
        else fill(" ".join(block.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)
        for part in parts
        for block in part.split("\n\n")
    ]


_WIDTH = 108
_WRITTEN = (
    "Written by `penchant lab results` from reports of `penchant lab run`; no number on this page was typed."
)
_NEVER_SEEN = ", as if never seen"
"""The blend starts from weights that were fitted without this community."""
_HEAD = f"""# Results

{_WRITTEN}
The protocols, the methods and how to run them on your own data are in the
[reference](reference.md#the-lab); what the numbers mean for a choice is in the
[explanation](explanation.md).

## What is best where"""


def best_table(reports: Sequence[dict[str, Any]]) -> Table:
    """penchant beside the best of each kind of method, by the main measure of each report."""
    rows = []
    for report in reports:
        measure = report["protocol"]["main_measure"]
        values = {name: found[measure]["value"] for name, found in report["methods"].items()}
        rows.append(
            [
                report["data"]["name"],
                f"{_asked(report)}, {measure}",
                _best(values, ("blend", OWN_PLACES)),
                _best(values, UNITS),
                _best(values, LIGHT),
                _best(values, PEERS),
            ]
        )
    header = [
        "data",
        "protocol, measure",
        "penchant",
        "interests alone",
        "best light method",
        "best trained peer",
    ]
    return Table(header, rows, text=True)


def _asked(report: Mapping[str, Any]) -> str:
    name = str(report["protocol"]["name"])
    return f"{name}, as if never seen" if report.get("start") else name


def _best(values: Mapping[str, float], names: Collection[str]) -> str:
    there = [name for name in names if name in values]
    if not there:
        return "not asked"
    best = max(there, key=lambda name: (values[name], name))
    return f"{best} {values[best]:.3f}"


def _why(report: dict[str, Any]) -> str:
    """What the blend, and own places alone, lose without each kind of evidence that was left out."""
    parts = [f"### {report['data']['name']}, {_asked(report)}", summary(report)]
    for told, method, ablations in (
        ("the blend's", "blend", ABLATIONS),
        ("own places'", OWN_PLACES, OWN_ABLATIONS),
    ):
        if lost := _lost(report, method, ablations):
            parts.append(
                f"What {told} {report['protocol']['main_measure']} loses without a kind of evidence: {lost}."
            )
    return "\n\n".join(parts)


def _lost(report: dict[str, Any], whole: str, ablations: Mapping[str, frozenset[str]]) -> str:
    """Each kind with what it costs to leave it out, the dearest first."""
    measure, methods = report["protocol"]["main_measure"], report["methods"]
    lost = {
        kind: methods[whole][measure]["value"] - methods[method][measure]["value"]
        for method, (kind,) in ablations.items()
        if method in methods and whole in methods
    }
    return ", ".join(f"{kind} {cost:+.3f}" for kind, cost in sorted(lost.items(), key=lambda item: -item[1]))


def _chapter(report: dict[str, Any]) -> str:
    data, protocol = report["data"], report["protocol"]
    lines = [
        f"## {data['name']}, `{protocol['name']}`{_NEVER_SEEN if report.get('start') else ''}",
        f"{data['documents']} documents, {data['users']} users, {data['clicks']} clicks. "
        f"{protocol['users']} users asked "
        f"{protocol['questions']} questions with {protocol['candidates']} candidates on average; mean over "
        f"{protocol['mean_over']}; embedder `{report['embedder']}`, seed {report['seed']}."
        f"{' ' + protocol['told'] if protocol['told'] else ''}",
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
