"""`penchant train`."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec
import typer

from penchant.cli import show
from penchant.cli.common import existing
from penchant.cli.console import ApiKey, Json, State, err, out, progress_bars
from penchant.errors import InvalidQuery
from penchant.train import require_torch

if TYPE_CHECKING:
    from penchant.train.chat import Chat

Interests = Literal["units", "titles", "llm"]


def train(
    state: State,
    blend: Annotated[
        bool, typer.Option("--blend", help="Learn the weights of the evidence from what readers read last.")
    ] = False,
    tower: Annotated[
        str | None,
        typer.Option("--tower", help="Train a tower: learn, eimf, sasrec ... Needs the extra torch."),
    ] = None,
    interests: Annotated[
        Interests,
        typer.Option(
            help="Of the tower eimf: readers' interests in words are their Interest Units, what a language "
            "model says of typical readers, or the titles that these read."
        ),
    ] = "units",
    endpoint: Annotated[
        str | None, typer.Option(help="For --interests llm: MODEL@URL, an OpenAI-compatible endpoint.")
    ] = None,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="For --interests llm and titles: of the readers, are typical.")
    ] = 0.03,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before an endpoint is paid.")] = False,
    api_key: ApiKey = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Of a tower, at most.")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=1, help="After which a tower learns no more; its best epoch counts.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of a tower.")] = 0,
    gpu: Annotated[bool, typer.Option("--gpu", help="Train a tower on the GPU that torch finds.")] = False,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Write the tower to this file and leave the state as it is, also while a service writes it; "
            "`penchant towers --adopt` takes it into use.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Learn anew, from the clicks that a state remembers, what is shared by all readers.

    A tower says what readers go on to; some minutes for a hundred thousand clicks. Of one reader in twenty
    the last documents are held out: they say when to stop, and whether the tower is taken into use, which it
    is unless the one before, or what most readers read, tells them better. Stopped, the same command goes on.

    The blend: the later third of the clicks teaches, 3,000 at most. What is learned is kept only where it
    would have told the last of these clicks better than what the state has.
    """
    if blend == (tower is not None):
        raise InvalidQuery("say what to train: penchant train STATE --blend, or --tower learn")
    if tower is not None:
        asks = _Asks(interests, endpoint, share, yes, api_key)
        device = "cuda" if gpu else "cpu"
        _tower(state, tower, asks, epochs, seconds, seed, device, out_file, as_json=json)
    else:
        _blend(state, as_json=json)


class _Asks(NamedTuple):
    """Where the interests in words of a tower come from."""

    interests: Interests
    endpoint: str | None
    share: float
    yes: bool
    api_key: str | None

    def chat(self, folder: Path) -> AbstractContextManager[Chat | None]:
        """The language model, where one is asked; what it answered is kept in the folder."""
        if self.interests != "llm":
            return nullcontext()
        from penchant.train.chat import Chat, model_at

        model, url = model_at(self.endpoint, "--interests llm")
        return Chat(model, url, folder, api_key=self.api_key)


def _tower(
    state: Path,
    name: str,
    asks: _Asks,
    epochs: int | None,
    seconds: float | None,
    seed: int,
    device: str,
    out_file: Path | None,
    *,
    as_json: bool,
) -> None:
    require_torch()
    from penchant.train.eimf.explicit import Words
    from penchant.train.towers.plan import plan_of

    changes = {"seed": seed} if epochs is None else {"seed": seed, "epochs": epochs}
    plan = plan_of(name, **changes)
    from penchant.towers.artefact import save_tower
    from penchant.train.towers.job import forget_training, made

    # opened to be written, to say now, not after the training, that it may not be
    needs_words = plan.semantic > 0
    with existing(state, api_key=asks.api_key, write=out_file is None) as engine:
        taken, before = engine.towers.snapshot(words=needs_words), engine.towers.in_use
        encode = engine.embedder.encode if needs_words else None
    folder = state / "towers" / f"training {name}"
    with progress_bars() as report, asks.chat(folder) as chat:
        words = Words(
            asks.interests,
            encode,
            chat,
            asks.share,
            agree=lambda estimate: asks.yes or report.confirm(f"{estimate} Go on?"),
        )
        found = made(
            taken,
            plan,
            folder,
            words=words,
            before=before,
            seconds=seconds,
            device=device,
            report=report,
            say=lambda text: err.print(text, soft_wrap=True),
        )
    adopted = None
    if out_file is not None:
        save_tower(found.tower, out_file)
    elif found.better:
        with existing(state, write=True) as engine:
            adopted = engine.towers.adopt(found.tower)
    forget_training(folder)
    trained = found.tower.shape.trained
    if as_json:
        told = {
            "adopted": adopted,
            "better": found.better,
            "before": found.before,
            "popular": found.popular,
            **msgspec.to_builtins(trained),
        }
        show.print_json(out, told)
        return
    out.print(
        f"Recall@20 of {trained.held_out:,} readers held out: {trained.recall:.4f}"
        + f"; by what most read {found.popular:.4f}"
        + (f", by the tower before {found.before:.4f}." if found.before is not None else "."),
        markup=False,
        soft_wrap=True,
    )
    if out_file is not None:
        out.print(
            f"It is in {out_file}: penchant towers {state} --adopt {out_file}", markup=False, soft_wrap=True
        )
    elif adopted is not None:
        out.print(f"{adopted} is in use; `penchant towers` shows it.", markup=False)
    else:
        kept = "answers as before" if found.before is None else "keeps the tower it has"
        out.print(f"The state {kept}.", markup=False)


def _blend(state: Path, *, as_json: bool) -> None:
    with existing(state, write=True) as engine, progress_bars() as report:
        told = engine.blend.relearn(progress=report)
    if as_json:
        show.print_json(out, msgspec.to_builtins(told._asdict()))
        return
    out.print(
        f"{told.lessons:,} lessons; the last {told.judged:,} of them cost {told.before:.3f} nats each by the "
        f"blend of the state, {told.after:.3f} by the new one.",
        markup=False,
        soft_wrap=True,
    )
    out.print(
        "The new one is kept; `penchant blend` shows it."
        if told.kept
        else "The state keeps the blend it has.",
        markup=False,
    )
