"""Run all benchmarks, print one table, and write docs/performance.md from it.

    python benchmarks/bench.py                 # `make bench`: some 15 minutes
    python benchmarks/bench.py clicks size     # only these

What each script printed last is kept in benchmarks/kept/, and the page is written from that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from measuring import machine

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"
KEPT = HERE / "kept"
SCRIPTS = (
    "clicks",
    "build",
    "recommend",
    "towers",
    "size",
    "index",
    "embedding",
    "growth",
    "peers",
    "serve",
    "where",
)
ABOUT = {
    "clicks": ("A click", "Alone, durable, and in bulk; and what it costs that some clicks teach the blend. The bulk way is compiled (numba) for embedders that are sums over words; its units are those of the readable rules to the last bit."),
    "build": ("A whole build", "The index is built by another process while clicks are learned; it is a cache, all that matters is saved before it."),
    "recommend": ("A recommendation", "By the scorer `blend`: some 1,000 candidates, 25 columns of evidence, and words for each. A user's *first* answer looks up all units in the index; after that only the unit that a click changed is looked up, and documents that come are compared with what was found. The evidence is computed anew each time, since anybody's click changes it."),
    "towers": ("A tower", "What a trained tower adds to a question: the reader's vector, the documents near it, and its evidence for each candidate."),
    "size": ("Size", ""),
    "index": ("The index, 100,000 documents", "The graph holds a byte a number; some four times as many candidates as asked for are looked up, and chosen again by two bytes a number."),
    "million": ("The index, a million documents", "`make bench-million`, when it was run last."),
    "embedding": ("Embedding", ""),
    "growth": ("Growth", "What should be flat is flat; the slope is the exponent of cost ~ size ** slope between the first and the last size."),
    "peers": ("Beside peers", "ALS learns faster from a log, and its answers to known documents are quicker. It cannot recommend a new document before it is trained again, and cannot say why."),
    "serve": ("The service", "200,000 documents, 10,000 users of 20 units, the load generator on the same cores. Latencies count from the moment a request was due, so that a service that falls behind shows it."),
    "where": ("Where the time goes", "Own time of functions by Python's profiler, the largest shares first."),
    "minilm": ("The service with MiniLM", "5,000 documents, 200 users; every click is a new contextual text to embed. `make bench-million` runs this, too."),
}  # fmt: skip


def main() -> None:
    """Print the table, and write the page anew from what every script printed last."""
    asked = [name for name in sys.argv[1:] if not name.startswith("-")]
    begun, results = time.perf_counter(), {}
    KEPT.mkdir(exist_ok=True)
    for name in asked or SCRIPTS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        results[name] = rows_of(name)
        (KEPT / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in results[name]))
        (KEPT / f"{name}.machine").write_text(machine())
    show(results)
    print(f"{time.perf_counter() - begun:.0f} s in all")
    PAGE.write_text(page({name: kept(name) for name in ABOUT if kept(name)}))


def kept(name: str) -> list[dict]:
    file = KEPT / f"{name}.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def machine_of(name: str) -> str:
    """What a script was run on last."""
    file = KEPT / f"{name}.machine"
    return file.read_text() if file.exists() else machine()


def rows_of(name: str) -> list[dict]:
    """The rows that a script prints; a script that fails is a row, too."""
    command = {
        "index": ["index.py", "--documents", "100000"],
        "million": ["index.py", "--documents", "1000000", "--dimension", "384"],
        "minilm": [
            "serve.py",
            "--embedder",
            "minilm",
            "--documents",
            "5000",
            "--users",
            "200",
            "--seconds",
            "8",
            "--rates",
            "100",
        ],
        "serve": ["serve.py", "--large", "--asked", "1500", "--seconds", "8", "--rates", "200", "400", "600"],
    }.get(name, [f"{name}.py"])
    ended = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:], "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=os.environ,
    )
    rows = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    if ended.returncode:
        rows.append(
            {
                "what": f"{name}.py",
                "measured": "failed, see above",
                "budget": "",
                "met": False,
                "beside": "",
                "limit": "",
            }
        )
    return rows


def show(results: dict[str, list[dict]]) -> None:
    table = Table(show_lines=False)
    for column in ("what", "measured", "budget", "", "beside it", "limit of the machine"):
        table.add_column(column, overflow="fold")
    for name, rows in results.items():
        table.add_section()
        table.add_row(f"[bold]{ABOUT[name][0]}[/bold]")
        for row in rows:
            table.add_row(
                row["what"], row["measured"], row["budget"], verdict(row), row["beside"], row["limit"]
            )
    Console(width=None if sys.stdout.isatty() else 220).print(table)


def verdict(row: dict) -> str:
    return {True: "met", False: "missed", None: ""}[row["met"]]


def page(results: dict[str, list[dict]]) -> str:
    """docs/performance.md."""
    missed = [row["what"] for rows in results.values() for row in rows if row["met"] is False]
    lines = [
        "# Performance",
        "",
        "Written by `make bench`: measured, not promised. Each row is what a script in `benchmarks/` printed; "
        "your machine differs, run it. Ratios hold better than milliseconds: what stands beside a figure was "
        "measured in the same run.",
        "",
        f"{machine_of('clicks')}. Seeds are 0; one thread, unless the script says two. The machine is a virtual one, whose speed varies by a half from run to run.",
        "",
        f"Missed: {'; '.join(missed)}. The last section shows where the time goes."
        if missed
        else "All budgets were met in this run.",
    ]
    for name in ABOUT:
        if name in results:
            title, prose = ABOUT[name]
            if machine_of(name) != machine_of("clicks"):
                prose = f"{prose} Measured on another machine: {machine_of(name)}.".strip()
            lines += [
                "",
                f"## {title}",
                "",
                *([prose, ""] if prose else []),
                "| what | measured | budget | | beside it | limit of the machine |",
                "|---|---|---|---|---|---|",
            ]
            lines += [
                "| "
                + " | ".join(
                    cell.replace("|", "/")
                    for cell in (
                        row["what"],
                        row["measured"],
                        row["budget"],
                        verdict(row),
                        row["beside"],
                        row["limit"],
                    )
                )
                + " |"
                for row in results[name]
            ]
    return "\n".join(part for line in lines for part in wrapped(line)) + "\n"


def wrapped(line: str) -> list[str]:
    """Prose in lines of 110 characters; rows of tables as they are."""
    if line.startswith(("|", "#")) or not line:
        return [line]
    return textwrap.wrap(line, 110, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    main()
