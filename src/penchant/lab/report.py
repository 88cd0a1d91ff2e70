"""A report from findings: report.json for programs, report.md and one self-contained report.html for
people."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from penchant.errors import InvalidQuery, MissingExtra
from penchant.lab import evaluation, paper, plots
from penchant.lab.registry import FRONTIER, OURS, WITHOUT_INTERESTS, main_of
from penchant.lab.run import Findings
from penchant.whole import written_whole

BY_USER = "by_user.npz"
FRONTIER_HEADING = "Own places"


@dataclass(frozen=True)
class Table:
    """Rows of text under a header; the rows that are about us stand out."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    text: bool = False
    """Whether the cells are sentences."""

    def markdown(self) -> str:
        """GitHub's dialect."""
        align = ["---"] + ["---" if self.text else "--:"] * (len(self.header) - 1)
        return "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
            for row in (self.header, align, *self.rows)
        )

    def html(self) -> str:
        """A table element."""
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self.header)
        body = "".join(
            f"<tr{' class=ours' if row[0] in OURS else ''}>"
            + "".join(f"<td>{escape(cell)}</td>" for cell in row)
            + "</tr>"
            for row in self.rows
        )
        kind = " class=text" if self.text else ""
        return f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    heading: str
    note: str
    table: Table
    plot: str = ""


def write_report(findings: Findings, out: Path) -> None:
    """Write the report into a folder, which is made where it is missing; a report that was there is replaced
    whole."""
    report = findings.report
    out.mkdir(parents=True, exist_ok=True)
    parts = sections(report)
    shared = {
        "title": f"{report['data']['name']}, protocol {report['protocol']['name']}",
        "summary": summary(report),
        "r": report,
        "d": report["data"],
        "p": report["protocol"],
    }
    overall, beside = overall_table(report), _counterparts_table(report)
    _write(out / "report.json", (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())
    markdown = _render(
        "report.md.j2",
        **shared,
        overall=overall.markdown(),
        counterparts=beside.markdown(),
        sections=[(part.heading, part.note, part.table.markdown()) for part in parts],
    )
    _write(out / "report.md", (markdown.rstrip() + "\n").encode())
    safe = [(part.heading, part.note, _Safe(part.table.html()), _Safe(part.plot)) for part in parts]
    page = _render(
        "report.html.j2",
        **shared,
        overall=_Safe(overall.html()),
        counterparts=_Safe(beside.html()),
        sections=safe,
        overall_plot=_Safe(plots.bars(report["protocol"]["main_measure"], report["methods"])),
    )
    _write(out / "report.html", page.encode())
    _write_figures(findings, out / BY_USER)


def summary(report: Mapping[str, Any]) -> str:
    """Who is best, and where our default is, in a sentence."""
    measure = report["protocol"]["main_measure"]
    values = {name: found[measure] for name, found in report["methods"].items()}
    best = max(values, key=lambda name: (values[name]["value"], name))
    low, high = values[best]["interval"]
    text = f"Best by {measure}: {best}, {values[best]['value']:.3f} ({low:.3f} to {high:.3f})."
    if measure == "AUC" and low <= 0.5:
        return f"{text} That is not above chance, 0.5: nothing here tells what was clicked."
    mine = main_of(values)
    if mine in values and mine != best:
        text += f" penchant as it comes, {mine}: {values[mine]['value']:.3f}."
    return text


def overall_table(report: Mapping[str, Any]) -> Table:
    """Table 2: every method and measure, best first, with the test against our default."""
    main, measures = report["protocol"]["main_measure"], report["protocol"]["measures"]
    p_values = {row["method"]: row["p_adjusted"] for row in report["tests"] if row["measure"] == main}
    rows = []
    for name in sorted(report["methods"], key=lambda name: (-report["methods"][name][main]["value"], name)):
        found = report["methods"][name]
        low, high = found[main]["interval"]
        p = p_values.get(name)
        values = [f"{found[kind]['value']:.3f}" for kind in measures]
        rows.append([name, *values, f"{low:.3f} to {high:.3f}", "" if p is None else f"{p:.3g}"])
    return Table(["method", *measures, f"95 % of {main}", f"p, against {main_of(report['methods'])}"], rows)


def sections(report: Mapping[str, Any]) -> list[Section]:
    """All further parts that this report has."""
    main = report["protocol"]["main_measure"]
    found = []
    if report["shift"]:
        found += _shift_sections(report["shift"])
    without = [row for row in report["tests"] if row["method"] == WITHOUT_INTERESTS]
    if without:
        rows = [
            [r["measure"], *(f"{r[key]:+.4f}" for key in ("difference", "low", "high")), f"{r['p']:.3g}"]
            for r in without
        ]
        note = "The blend beside the blend without interests, on the same users."
        found.append(
            Section("What interests add", note, Table(["measure", "difference", "from", "to", "p"], rows))
        )
    if report["beyond"]:
        kinds = list(next(iter(report["beyond"].values())))
        rows = [
            [name, *("" if row[kind] is None else f"{row[kind]:.3f}" for kind in kinds)]
            for name, row in report["beyond"].items()
        ]
        note = (
            "Coverage: share of all documents that anybody was shown. Novelty: mean surprise of what was "
            "shown, in bits. Overlap: what the lists of two readers, asked one after the other, have in "
            "common (mean Jaccard index). Likeness: mean cosine of two documents of a list."
        )
        found.append(Section("Lists", note, Table(["method", *kinds], rows)))
    if report["exposure"]:
        found.append(_exposure_section(report["exposure"]))
    points = frontier_of(report)
    if points:
        rows = [[f"{share:g}", f"{overlap:.3f}", f"{value:.3f}"] for share, overlap, value in points]
        note = "What a share of the reader's own places gives and costs, see `personal`."
        table = Table(["personal", "Overlap@10", main], rows)
        found.append(Section(FRONTIER_HEADING, note, table, plots.frontier(main, points)))
    if report["places_by"]:
        kinds = list(next(iter(report["places_by"].values())))
        rows = [
            [name, *(f"{row.get(kind, 0.0):.3f}" for kind in kinds)]
            for name, row in report["places_by"].items()
        ]
        note = "Share of the first ten places where a kind of evidence spoke most for the document."
        found.append(Section("Places by evidence", note, Table(["method", *kinds], rows)))
    if report["segments"]:
        found.append(_segments_section(report))
    if report["weeks"]:
        weeks = report["weeks"]
        rows = [[name, *(f"{v:.2f}" for v in values)] for name, values in weeks["methods"].items()]
        found.append(
            Section(f"{main} by week", "", Table(["method", *weeks["weeks"]], rows), plots.weeks(weeks))
        )
    if report["uniform"]:
        found.append(_uniform_section(report))
    for study in report["studies"]:
        measures = report["protocol"]["measures"]
        rows = [
            [
                label,
                *(f"{row[kind]['value']:.3f}" for kind in measures),
                "{:.3f} to {:.3f}".format(*row[main]["interval"]),
            ]
            for label, row in study["variants"].items()
        ]
        note = f"{study['paper']}. {study['users']} users, scorer sum unless said otherwise."
        table = Table(["variant", *measures, f"95 % of {main}"], rows)
        found.append(
            Section(f"Study: {study['title']}", note, table, plots.variants(main, study["variants"]))
        )
    found.append(_cost_section(report))
    rows = [[name, json.dumps(params)] for name, params in report["parameters"].items()]
    found.append(Section("Hyperparameters of the peers", "", Table(["peer", "values"], rows, text=True)))
    about = {
        "rules": report["protocol"]["rules"],
        "settings": report["settings"],
        **report["versions"],
        **report["machine"],
        "data": report["data"]["fingerprint"],
    }
    rows = [[name, value if isinstance(value, str) else json.dumps(value)] for name, value in about.items()]
    found.append(Section("Configuration", "", Table(["what", "value"], rows, text=True)))
    return found


def frontier_of(report: Mapping[str, Any]) -> list[tuple[float, float, float]]:
    """(share of own places, overlap of two readers' lists, main measure) by share; nothing where they were
    not asked."""
    shares = {"blend": 0.0, **FRONTIER}
    main, beyond = report["protocol"]["main_measure"], report["beyond"]
    found = sorted(
        (shares[name], beyond[name]["Overlap@10"], values[main]["value"])
        for name, values in report["methods"].items()
        if name in shares and name in beyond and beyond[name]["Overlap@10"] is not None
    )
    return found if len(found) > 2 else []


def read_report(folder: Path) -> dict[str, Any]:
    """The report.json of a folder.

    Raises:
        InvalidQuery: there is none.
    """
    try:
        found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    except (OSError, ValueError) as error:
        raise InvalidQuery(
            f"{folder} holds no report: write one with `penchant lab run --out {folder}`"
        ) from error
    return found


def read_figures(folder: Path) -> tuple[evaluation.Figures, list[str]]:
    """The figures by user of a report, and the ids of the users they number."""
    report = read_report(folder)
    with np.load(folder / BY_USER) as file:
        users, ids = file["users"], file["user_ids"].tolist()
        figures: evaluation.Figures = {}
        for number, name in enumerate(report["methods"]):
            for place, kind in enumerate(report["protocol"]["measures"]):
                sums = file["sums"][number, place]
                figures.setdefault(name, {})[kind] = evaluation.ByUser(users, sums, file["counts"])
    return figures, ids


def _write_figures(findings: Findings, path: Path) -> None:
    measures = findings.report["protocol"]["measures"]
    first = next(iter(findings.figures.values()))[measures[0]]
    sums = np.array([[found[kind].sums for kind in measures] for found in findings.figures.values()])
    ids = np.array([findings.user_ids[user] for user in first.users.tolist()])
    with written_whole(path) as target:
        np.savez(target, users=np.arange(len(ids)), user_ids=ids, sums=sums, counts=first.counts)


def _counterparts_table(report: Mapping[str, Any]) -> Table:
    rows = [[row.place, row.paper, row.ours] for row in paper.counterparts(report)]
    return Table(["IRA, section 3", "the paper", "here"], rows, text=True)


def _shift_sections(shift: Mapping[str, Any]) -> list[Section]:
    kinds = list(next(iter(shift["methods"].values()))["A"])
    header = ["method", *(f"{kind}, {label}" for kind in kinds for label in ("A", "A+B"))]
    rows = [
        [name, *(f"{row[label][kind]:.3f}" for kind in kinds for label in ("A", "A+B"))]
        for name, row in shift["methods"].items()
    ]
    note = (
        "Table 3. A: what was clicked in the first period is known. A+B: the second, too; trained peers are "
        "those trained on A "
        "and read B as history where they can, but are not retrained. The question is the last clicks of "
        "the third."
    )
    units = shift["units"]
    per_user = [
        [label, str(row["users"]), f"{row['units']:g}", f"{row['big']:g}"] for label, row in units.items()
    ]
    counts = Table(["known", "users", "units a user", "big units a user"], per_user)
    return [
        Section("Distribution shift", note, Table(header, rows)),
        Section("Big units", "Figure 2, left.", counts, plots.big_units(units)),
    ]


def _exposure_section(exposure: Mapping[str, Mapping[str, float | None]]) -> Section:
    kinds = list(next(iter(exposure.values())))
    rows = [
        [name, *("" if row[kind] is None else f"{row[kind]:.3f}" for kind in kinds)]
        for name, row in exposure.items()
    ]
    note = (
        "Of the first 20 places. Gini: 0 where all documents (or channels) are shown as often, 1 where one "
        "is shown always. Long tail: share of places for documents that are not among the fifth read most. "
        "New: for those published in the week before."
    )
    return Section("Who is shown", note, Table(["method", *kinds], rows))


def _segments_section(report: Mapping[str, Any]) -> Section:
    parts = report["segments"]
    names = list(report["methods"])
    rows = [
        [name, *(f"{part['methods'][name]:.3f}" if name in part["methods"] else "" for part in parts)]
        for name in names
    ]
    header = ["method", *(f"{part['segment']}: {part['questions']}" for part in parts)]
    note = f"{parts[0]['measure']} of each test click on its own; after the colon, how many there are."
    return Section("By segment", note, Table(header, rows))


def _uniform_section(report: Mapping[str, Any]) -> Section:
    main = report["protocol"]["main_measure"]
    rows = []
    for name, found in report["uniform"].items():
        distant = report["methods"][name][main]["value"]
        rows.append([name, f"{distant:.3f}", f"{found[main]:.3f}", f"{distant - found[main]:+.3f}"])
    note = (
        "The paper's candidates lie far from the test documents under the reference embedder, which makes "
        "it easy for that "
        "embedder. With candidates drawn uniformly, the difference is what the protocol gives away."
    )
    header = ["method", f"{main}, distant", f"{main}, uniform", "difference"]
    return Section("Distant and uniform candidates", note, Table(header, rows))


def _cost_section(report: Mapping[str, Any]) -> Section:
    rows = []
    for name, cost in report["cost"].items():
        if cost:
            trainings = f"{cost['trainings']:.0f}" if cost["trainings"] else "with each click"
            rows.append(
                [
                    name,
                    f"{cost['training_seconds']:.2f}",
                    trainings,
                    f"{cost['milliseconds_per_case']:.3f}",
                    f"{cost['state_bytes'] / 1e6:.1f}",
                ]
            )
    note = (
        "Seconds of learning or training, how often, milliseconds a question, and memory: what a light "
        "method remembers "
        "(without titles' vectors and embeddings that were computed before), or the peak of a trained "
        "peer's process."
    )
    header = ["method", "training, s", "trainings", "ms a question", "memory, MB"]
    return Section("Cost", note, Table(header, rows))


def _render(name: str, **values: Any) -> str:
    try:
        from jinja2 import Environment
    except ImportError as error:
        raise MissingExtra("the lab's reports need jinja2: pip install 'penchant[lab]'") from error
    text = files("penchant.lab").joinpath("templates", name).read_text()
    environment = Environment(autoescape=name.endswith(".html.j2"))
    return environment.from_string(text).render(**values)


class _Safe(str):
    """HTML that was escaped already."""

    def __html__(self) -> str:
        return self


def _write(path: Path, content: bytes) -> None:
    with written_whole(path) as target:
        target.write(content)
