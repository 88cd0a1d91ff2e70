"""`penchant lab`: each command in a few lines. What is heavy is imported when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import typer
from rich.table import Table

from penchant.cli import show
from penchant.cli.console import (
    ApiKey,
    ClickColumns,
    DocumentColumns,
    Json,
    UnitRuleOption,
    WhatOfDocuments,
    err,
    framed,
    named_columns,
    out,
    progress_bars,
)
from penchant.data.files import OnError
from penchant.errors import InvalidQuery
from penchant.settings import Settings

if TYPE_CHECKING:
    from penchant.lab.datasets import Source
    from penchant.lab.judging import Verdict
    from penchant.lab.run import Protocol

lab = typer.Typer(no_args_is_help=True, help="How good is it, on your data, beside what else you could use?")

Data = Annotated[
    str | None,
    typer.Option(help="A preset, a folder with documents.* and clicks.*, or NAME:FOLDER: see the reference."),
]
ProtocolName = Annotated[
    Literal["live", "whose", "impressions", "ira", "shift", "full", "eimf", "comirec", "leave-one-out"]
    | None,
    typer.Option(help="Default: live where there is a clock, else full."),
]
Documents = Annotated[Path | None, typer.Option(help="As for `penchant build`, instead of --data.")]
ClicksOption = Annotated[
    Path | None, typer.Option("--clicks", help="As for `penchant build`, instead of --data.")
]
DataHome = Annotated[
    Path | None, typer.Option(envvar="PENCHANT_DATA", help="Where the folders of the presets are.")
]
Cache = Annotated[
    Path, typer.Option(envvar="PENCHANT_CACHE", help="Where embeddings, peers and outcomes are kept.")
]
CACHE = Path("~/.cache/penchant/lab")
Methods = Annotated[str, typer.Option(help="Comma-separated names, or light, cheap, all.")]
Embedder = Annotated[
    str, typer.Option(help="corpus, minilm, remote:MODEL@URL, or a sentence-transformers name or path.")
]
Seed = Annotated[int, typer.Option(help="Of everything that is drawn.")]
Users = Annotated[int | None, typer.Option(help="Users that are asked at most. Default: all.")]
Threads = Annotated[
    int, typer.Option(help="For the peers; with more than one, transformers differ in their last bits.")
]
Rows = Annotated[
    OnError | None,
    typer.Option("--on-error", help="What a bad row does. Default: stop; presets know better."),
]


@lab.command()
def run(
    out_folder: Annotated[Path, typer.Option("--out", help="The folder of the report.")],
    data: Data = None,
    protocol: ProtocolName = None,
    documents: Documents = None,
    clicks: ClicksOption = None,
    methods: Methods = "all",
    studies: Annotated[str, typer.Option(help="Comma-separated names, or all, none.")] = "all",
    embedder: Embedder = "corpus",
    reference: Annotated[
        str | None, typer.Option(help="Embedder that tells what is distant. Default: the same.")
    ] = None,
    candidates: Annotated[
        Literal["distant", "uniform"], typer.Option(help="Of `ira` and `shift`.")
    ] = "distant",
    window_days: Annotated[
        float, typer.Option(help="So long a document is a candidate under `live` and `full`.")
    ] = 60.0,
    position_bias: Annotated[
        float, typer.Option(help="Of `impressions`: clicks further down count more. 0: all alike.")
    ] = 0.0,
    retrain_days: Annotated[
        float | None, typer.Option(help="Under `live`; default: each peer's own.")
    ] = None,
    tuned: Annotated[Path | None, typer.Option(help="Hyperparameters from `penchant lab tune`.")] = None,
    start: Annotated[
        Path | None, typer.Option(help="Start of the blend, from `penchant lab weights --json`.")
    ] = None,
    unit_rule: UnitRuleOption = None,
    threshold: Annotated[
        float | None, typer.Option(help="tau of our units. Default: what suits the titles.")
    ] = None,
    document_text: WhatOfDocuments = None,
    users: Users = None,
    study_users: Annotated[int, typer.Option(help="Users in each study.")] = 150,
    quick: Annotated[bool, typer.Option("--quick", help="300 users, cheap peers, no studies.")] = False,
    seed: Seed = 0,
    threads: Threads = 1,
    data_home: DataHome = None,
    cache: Cache = CACHE,
    on_error: Rows = None,
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Evaluate methods on a click log and write a report. Interrupted, the same command goes on."""
    from penchant.lab import report as reports
    from penchant.lab.protocols import Rules
    from penchant.lab.run import Plan, run
    from penchant.lab.tune import read_tuned

    source = _source(data, documents, clicks, data_home, on_error, document_column, click_column)
    plan = Plan(
        source=source,
        protocol=protocol or _usual(source),
        methods=_names(methods),
        studies=_names(studies),
        embedder=embedder,
        reference=reference,
        rules=Rules(
            candidates=candidates,
            window_days=window_days,
            position_bias=position_bias,
            users=users,
            seed=seed,
        ),
        settings=Settings(
            unit_rule=unit_rule or "mean", threshold=threshold, document_text=document_text or "title"
        ),
        tuned=read_tuned(tuned) if tuned is not None else {},
        start=start,
        study_users=study_users,
        retrain_days=retrain_days,
        quick=quick,
        threads=threads,
        api_key=api_key,
    )
    with progress_bars() as progress:
        findings = run(plan, cache.expanduser(), progress, _say)
    reports.write_report(findings, out_folder)
    if json:
        show.print_json(out, findings.report)
    else:
        out.print(reports.summary(findings.report), markup=False)
        out.print(
            f"{out_folder / 'report.html'}, report.md and report.json are written.",
            markup=False,
            soft_wrap=True,
        )


@lab.command()
def judge(
    data: Annotated[str, typer.Option("--data", help="Preset or folder.")],
    methods: Annotated[str, typer.Option(help="Two, with a comma: blend,units (max).")],
    endpoint: Annotated[str, typer.Option(help="MODEL@URL of an OpenAI-compatible endpoint.")],
    protocol: ProtocolName = None,
    embedder: Annotated[str, typer.Option(help="Of all our methods.")] = "minilm",
    readers: Annotated[int, typer.Option(min=1, help="Who are asked about.")] = 50,
    places: Annotated[int, typer.Option(min=1, max=20, help="Of each list.")] = 10,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the endpoint is paid.")] = False,
    users: Users = None,
    seed: Seed = 0,
    data_home: DataHome = None,
    cache: Cache = CACHE,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Let a language model say whose lists suit readers better, from their interests in words.

    Each pair is asked about in both orders, each list alone as well. What was answered is kept.
    """
    from penchant.lab.judge import judge as judged
    from penchant.lab.protocols import Rules
    from penchant.lab.run import Plan
    from penchant.train.chat import Chat, model_at

    source = _source(data, None, None, data_home, None, None, None)
    rules = Rules(users=users, seed=seed)
    plan = Plan(
        source,
        protocol or _usual(source),
        methods=_names(methods),
        studies=(),
        embedder=embedder,
        rules=rules,
    )
    model, url = model_at(endpoint, "lab judge")
    folder = cache.expanduser()
    with Chat(model, url, folder / "judge", api_key=api_key) as chat, progress_bars() as report:
        found = judged(
            plan,
            folder,
            chat,
            readers=readers,
            places=places,
            agree=lambda estimate: yes or report.confirm(f"{estimate} Go on?"),
            report=report,
            say=_say,
        )
    if json:
        show.print_json(out, found)
    else:
        out.print(_verdict_told(found, *plan.methods), markup=False)


def _verdict_told(found: Verdict, first: str, second: str) -> str:
    low, high = found.interval
    lines = [
        f"{found.readers} readers: {first} suits {found.first_wins} better, {second} {found.second_wins}; "
        f"{found.equal} neither.",
        f"{first} is better for {found.share:.0%} (95 %: {low:.0%} to {high:.0%}), half where neither is.",
        f"In both orders the same was said of {found.agreement:.0%}.",
    ]
    if found.first_score is not None and found.second_score is not None:
        lines.append(f"Of 5: {first} {found.first_score:.2f}, {second} {found.second_score:.2f}.")
    if found.unreadable:
        lines.append(f"{found.unreadable} answers could not be read.")
    return "\n".join(lines)


@lab.command()
def compare(
    first: Annotated[Path, typer.Argument(help="The folder of a report.")],
    second: Annotated[Path, typer.Argument(help="The folder of another one, of the same data and protocol.")],
    json: Json = False,
) -> None:
    """Say what changed between two reports, and whether it is significant."""
    from penchant.lab.compare import compare

    found = compare(first, second)
    if json:
        show.print_json(out, found)
        return
    for what, (before, after) in found["changed"].items():
        out.print(f"{what}: {before} -> {after}", markup=False, soft_wrap=True)
    out.print(comparison_table(found))


@lab.command()
def weights(
    data: Annotated[
        list[str], typer.Option("--data", help="Preset or folder, repeatable; each counts the same.")
    ],
    most: Annotated[int, typer.Option(help="Validation cases of each, at most.")] = 700,
    leave_one_out: Annotated[
        bool, typer.Option("--leave-one-out", help="Also what is fitted without each community.")
    ] = False,
    embedder: Annotated[
        list[str] | None, typer.Option(help="One for all, or one for each --data. [default: minilm]")
    ] = None,
    tower: Annotated[
        str | None, typer.Option(help="Also what this tower should weigh: LEARN; trained for each data set.")
    ] = None,
    seed: Seed = 0,
    data_home: DataHome = None,
    cache: Cache = CACHE,
    json: Json = False,
) -> None:
    """Fit the weights that the blend starts from, on validation users that no test asks.

    With --leave-one-out, also the weights that each community would start from had it never been seen. A
    file of `--json` is what `penchant lab run --start` takes.
    """
    from penchant.lab.protocols import Rules
    from penchant.lab.run import Plan
    from penchant.lab.weights import choices, fit, value, without_each, worth_of_tower

    embedders = embedder or ["minilm"]
    if len(embedders) not in (1, len(data)):
        raise InvalidQuery(
            f"{len(embedders)} embedders for {len(data)} data sets: give one --embedder for all, or one for "
            "each --data"
        )
    each_its_own = embedders if len(embedders) == len(data) else embedders * len(data)
    with progress_bars() as progress:
        communities = [
            choices(
                Plan(
                    _source(name, None, None, data_home, None, None, None),
                    "full",
                    embedder=its_own,
                    rules=Rules(seed=seed),
                ),
                cache.expanduser(),
                most,
                progress,
                _say,
                tower,
            )
            for name, its_own in zip(data, each_its_own, strict=True)
        ]
    found = fit(communities)
    validation = {community.name: value(community, found) for community in communities}
    without = without_each(communities) if leave_one_out else {}
    unseen = {each.name: value(each, without[each.name]) for each in communities if each.name in without}
    worth = worth_of_tower(communities, found) if tower is not None else {}
    if json:
        fits = {
            "weights": found,
            "validation": validation,
            "without": without,
            "validation_without": unseen,
            "worth_of_tower": worth,
        }
        show.print_json(out, fits)
        return
    for name, weight in found.items():
        out.print(f"{weight:8.3f}  {name}", markup=False)
    for what, figures in (("", validation), (", by what is fitted without it", unseen)):
        for name, measures in figures.items():
            told = ", ".join(f"{kind} {figure}" for kind, figure in measures.items())
            out.print(f"{name}{what}: {told}", markup=False, soft_wrap=True)
    for weight, ratio in worth.items():
        out.print(f"{tower} at {weight:g}: {ratio:.3f} times what it is without", markup=False)


@lab.command()
def tune(
    out_file: Annotated[
        Path, typer.Option("--out", help="The file for what was chosen and all that was tried.")
    ],
    data: Annotated[
        list[str] | None, typer.Option(help="As for `penchant lab run`; repeatable, each counts the same.")
    ] = None,
    documents: Documents = None,
    clicks: ClicksOption = None,
    methods: Methods = "all",
    seconds: Annotated[float, typer.Option(help="For each method.")] = 300.0,
    trials: Annotated[int, typer.Option(help="For each method, at most.")] = 20,
    embedder: Embedder = "corpus",
    users: Users = None,
    seed: Seed = 0,
    threads: Threads = 1,
    data_home: DataHome = None,
    cache: Cache = CACHE,
    on_error: Rows = None,
    document_column: DocumentColumns = None,
    click_column: ClickColumns = None,
    api_key: ApiKey = None,
    json: Json = False,
) -> None:
    """Search hyperparameters on validation users, for the same seconds each. No test user is asked."""

    from penchant.lab.protocols import Rules
    from penchant.lab.run import Plan
    from penchant.lab.tune import tune

    sources = [
        _source(name, documents, clicks, data_home, on_error, document_column, click_column)
        for name in data or (None,)
    ]
    rules = Rules(users=users, seed=seed)
    plans = [
        Plan(each, "full", _names(methods), embedder=embedder, rules=rules, threads=threads, api_key=api_key)
        for each in sources
    ]
    with progress_bars() as progress:
        found = tune(plans, cache.expanduser(), seconds=seconds, trials=trials, progress=progress, say=_say)
    out_file.parent.mkdir(parents=True, exist_ok=True)
    out_file.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    if json:
        show.print_json(out, found)
    else:
        out.print(tuned_table(found))


@lab.command()
def peers(cache: Cache = CACHE, json: Json = False) -> None:
    """Make the environments of the trained peers now, which a run would make when it first needs them."""
    from penchant.lab.peers import REQUIREMENTS
    from penchant.lab.peers.environments import python_of

    made = {name: str(python_of(name, cache.expanduser(), _say)) for name in REQUIREMENTS}
    if json:
        show.print_json(out, made)
    else:
        out.print(show.pairs_table(made))


@lab.command()
def results(
    reports: Annotated[list[Path], typer.Argument(help="Folders of reports.")],
    out_file: Annotated[Path, typer.Option("--out", help="The Markdown file.")],
    tuned: Annotated[list[Path] | None, typer.Option(help="Files of `penchant lab tune`.")] = None,
    more: Annotated[
        list[Path] | None, typer.Option(help="Markdown of other scripts, a chapter each.")
    ] = None,
) -> None:
    """Write one page from several reports: what was found on each data set, under each protocol."""
    from penchant.lab.results import write_results

    write_results(reports, out_file, tuned or (), more or ())
    out.print(f"{out_file} is written.", markup=False)


def _source(
    data: str | None,
    documents: Path | None,
    clicks: Path | None,
    home: Path | None,
    on_error: OnError | None,
    document_column: list[str] | None,
    click_column: list[str] | None,
) -> Source:
    from penchant.lab.datasets import Source

    return Source(
        data, documents, clicks, home, on_error, named_columns(document_column), named_columns(click_column)
    )


def _usual(source: Source) -> Protocol:
    """`live` where it can be asked, else `full`."""
    from penchant.lab.datasets import read_log

    log, _ = read_log(source)
    return "live" if log.clock and not log.publication_is_click else "full"


def _names(given: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",") if name.strip())


def _say(text: str) -> None:
    err.print(text, markup=False, soft_wrap=True)


def comparison_table(found: Mapping[str, Any]) -> Table:
    """What `penchant lab compare` found, as a table of what differs."""
    rows = [row for row in found["rows"] if row["before"] != row["after"]]
    same = len(found["rows"]) - len(rows)
    title = (
        f"{found['users']} users; {len(rows)} figures differ, {same} are the same; "
        "* p < 0.05, corrected for their number"
    )
    table = framed("method", "measure", "before", "after", "difference", "95 %", "p", title=title)
    for row in rows:
        star = " *" if row["p_adjusted"] < 0.05 else ""
        table.add_row(
            show.plain(row["method"]),
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
    table = framed(
        "method",
        "questions",
        "trials",
        found["measure"],
        "chosen",
        title=f"validation users of {found['data']}",
    )
    for name, entry in found["methods"].items():
        value = "failed" if entry["value"] is None else f"{entry['value']:.4f}"
        table.add_row(
            show.plain(name),
            str(entry["cases"]),
            str(len(entry["trials"])),
            value,
            show.plain(str(entry["params"])),
        )
    return table
