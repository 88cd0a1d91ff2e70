"""Fine-tuning an embedder on judged lists, by the trainer of sentence-transformers: it stops early, and
resumes after a kill."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback
from transformers.utils import logging

from penchant.errors import InvalidQuery
from penchant.train.align.examples import JudgedList
from penchant.train.align.losses import ASIDE, UNJUDGED, USUAL, AlignmentLoss, Weights, nearness
from penchant.types import CountProgress
from penchant.whole import written_whole

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CURVE = "curve.json"
_MOST_VALIDATION = 1_000
_LEAST_BATCH, _STEPS = 16, 50
Part = Literal["map", "all"]
"""What of an embedder is trained: one linear map over its vectors, or all of its weights."""


@dataclass(frozen=True)
class Plan:
    """How to train."""

    epochs: int
    rate: float
    """The highest learning rate, for epochs of at most fifty steps; divided by the root of how much longer
    they are."""
    part: Part = "all"
    batch: int = 16
    """Queries a step at the most; where they are few, so few, but not below 16, that an epoch has fifty
    steps."""
    patience: int = 3
    """Epochs without a better validation NDCG@10 after which training ends."""
    warm_up: float = 0.1
    """The share of all steps in which the rate grows."""
    validation: float = 0.25
    """The share of the groups of queries, 1,000 at the most, that are held out to tell when to stop."""
    weights: Weights = USUAL
    seed: int = 0


@dataclass(frozen=True)
class Curve:
    """What happened, epoch by epoch."""

    losses: Sequence[float]
    validation: Sequence[float]
    """NDCG@10 of the validation queries' lists; the first before any training."""
    best: int
    """The epoch that was kept; 0 is the model as it was, where no gain is larger than its standard error."""


def split(lists: Mapping[str, JudgedList], plan: Plan) -> tuple[list[JudgedList], list[JudgedList]]:
    """(lists to train on, lists to validate on), by group of queries, so many of each held-out group that all
    count alike.

    Raises:
        InvalidQuery: there are too few queries with a relevant candidate.
    """
    groups: dict[str, list[JudgedList]] = {}
    for query_id in sorted(lists):
        groups.setdefault(lists[query_id].group or f"query {query_id}", []).append(lists[query_id])
    if len(groups) < 4:
        raise InvalidQuery(
            f"{len(groups)} groups of queries with a relevant document are too few: 4 are the least, "
            "hundreds are better"
        )
    shuffled = [
        list(groups.values())[place] for place in np.random.default_rng(plan.seed).permutation(len(groups))
    ]
    held = min(max(1, round(plan.validation * len(groups))), _MOST_VALIDATION)
    in_turn = (each for turn in zip_longest(*shuffled[:held]) for each in turn if each is not None)
    return [each for group in shuffled[held:] for each in group], list(islice(in_turn, _MOST_VALIDATION))


def train(
    model: SentenceTransformer,
    threshold: float,
    lists: Mapping[str, JudgedList],
    plan: Plan,
    folder: Path,
    report: CountProgress | None = None,
) -> Curve:
    """Train a model in place: on a part of the queries, to learn after which epoch the others are answered
    best, then on all.

    Checkpoints are kept in the folder; called again after a kill, it goes on from the last, to the same end
    (on a CPU).
    """
    learned, validation = split(lists, plan)
    untrained = weights_of(model)
    found = folder / CURVE
    if not found.exists():
        curve = _validated(model, threshold, learned, validation, plan, folder / "part", report)
        with written_whole(found) as file:
            file.write(json.dumps(dataclasses.asdict(curve)).encode())
    curve = Curve(**json.loads(found.read_text()))
    model.load_state_dict(untrained)
    if curve.best:
        _trained(
            model,
            threshold,
            [lists[name] for name in sorted(lists)],
            plan,
            folder / "all",
            [_Stop(curve.best), _Reporting(report)],
        )
    return curve


def weights_of(model: SentenceTransformer) -> dict[str, Any]:
    """A copy of the weights, for `load_state_dict` and `penchant.train.align.models.mixed`."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _validated(
    model: SentenceTransformer,
    threshold: float,
    learned: Sequence[JudgedList],
    validation: Sequence[JudgedList],
    plan: Plan,
    folder: Path,
    report: CountProgress | None,
) -> Curve:
    evaluator = ListNdcg(validation)
    before = evaluator(model)["ndcg@10"]
    callbacks = [EarlyStoppingCallback(plan.patience), _Reporting(report)]
    history = _trained(model, threshold, learned, plan, folder, callbacks, evaluator)
    losses = [entry["loss"] for entry in history if "loss" in entry]
    found = [entry for entry in history if "eval_ndcg@10" in entry]
    reached = [before, *(entry["eval_ndcg@10"] for entry in found)]
    best = int(np.argmax(reached))
    beyond_chance = best > 0 and reached[best] - before > found[best - 1]["eval_error"]
    return Curve(losses, reached, best if beyond_chance else 0)


def _trained(
    model: SentenceTransformer,
    threshold: float,
    lists: Sequence[JudgedList],
    plan: Plan,
    folder: Path,
    callbacks: list[TrainerCallback],
    evaluator: ListNdcg | None = None,
) -> list[dict[str, float]]:
    """Train, and return the trainer's log; the model is that of the last step."""
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    on_gpu = model.device.type == "cuda"
    batch = min(plan.batch, max(_LEAST_BATCH, len(lists) // _STEPS))
    longer = max(1.0, len(lists) / batch / _STEPS)
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=batch,
        learning_rate=plan.rate / math.sqrt(longer),
        warmup_steps=plan.warm_up,
        eval_strategy="epoch" if evaluator is not None else "no",
        save_strategy="epoch",
        save_total_limit=2,
        metric_for_best_model="eval_ndcg@10",
        greater_is_better=True,
        logging_strategy="epoch",
        disable_tqdm=True,
        report_to="none",
        seed=plan.seed,
        data_seed=plan.seed,
        use_cpu=not on_gpu,
        bf16=on_gpu and torch.cuda.is_bf16_supported(),
        dataloader_pin_memory=on_gpu,
    )
    rows = [_row(each) for each in lists]
    trainer = _Trainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(rows),
        eval_dataset=Dataset.from_list(rows[:1]) if evaluator is not None else None,
        loss=AlignmentLoss(model, threshold, plan.weights),
        evaluator=evaluator,
        data_collator=_Collator(model.preprocess),  # type: ignore[arg-type]
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=_last_checkpoint(folder))
    history: list[dict[str, float]] = trainer.state.log_history
    return history


def _last_checkpoint(folder: Path) -> str | None:
    """The last checkpoint that is whole; one that a kill cut short is deleted.

    The trainer writes its state last, and not at once: a checkpoint whose state can be read is whole.
    """
    found = {}
    for checkpoint in folder.glob("checkpoint-*"):
        try:
            json.loads((checkpoint / "trainer_state.json").read_bytes())
        except (OSError, ValueError):
            shutil.rmtree(checkpoint)
        else:
            found[int(checkpoint.name.rpartition("-")[2])] = str(checkpoint)
    return found[max(found)] if found else None


class ListNdcg(SentenceEvaluator):
    """NDCG@10 of judged lists: the titles of all of them, ranked by nearness to each query; its relevant ones
    gain the same."""

    def __init__(self, lists: Sequence[JudgedList]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.primary_metric = "ndcg@10"
        self._lists = side_by_side([_row(each) for each in lists])
        self._before: NDArray[np.float64] | None = None

    def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
        """{"ndcg@10": the mean over lists, "error": the standard error of what it is more than at the first
        call}."""
        asked, shown, of_query, labels = self._lists
        vectors = model.encode(
            [*asked, *shown],
            batch_size=64,
            show_progress_bar=False,
            normalize_embeddings=True,
            convert_to_numpy=True,
        )
        near = nearness(torch.from_numpy(vectors[: len(asked)] @ vectors[len(asked) :].T), of_query)
        ranked = torch.argsort(
            near.masked_fill(labels == ASIDE, -torch.inf), dim=1, descending=True, stable=True
        )
        values = np.array([ndcg(gains) for gains in (labels > 0).gather(1, ranked).numpy()])
        if self._before is None:
            self._before = values
        return {
            "ndcg@10": float(values.mean()),
            "error": float((values - self._before).std() / math.sqrt(len(values))),
        }


def ndcg(gains: np.ndarray[Any, np.dtype[np.bool_]], k: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) of a ranking with all relevant
    entries in it."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = discounts[: min(k, int(gains.sum()))].sum()
    return float((gains[:k] * discounts[: len(gains[:k])]).sum() / best) if best else 0.0


class _Trainer(SentenceTransformerTrainer):
    """Writes no cards: `penchant.train.align.report` does."""

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        pass

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:  # noqa: ARG002
        folder = output_dir or str(self.args.output_dir)
        self.model.save_pretrained(folder, create_model_card=False)


class _Collator:
    """Rows of lists -> features and labels of a batch."""

    valid_label_columns = ["label"]

    def __init__(self, preprocess: Callable[[list[str]], dict[str, Any]]) -> None:
        self._preprocess = preprocess

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        asked, shown, of_query, labels = side_by_side(rows)
        batch = {f"query_{name}": value for name, value in self._preprocess(asked).items()}
        batch.update((f"titles_{name}", value) for name, value in self._preprocess(shown).items())
        return {**batch, "query_of_query": of_query, "label": labels}


class SideBySide(NamedTuple):
    """What queries say and their titles, each text once."""

    asked: list[str]
    shown: list[str]
    of_query: torch.Tensor
    """Whether a query says a text, shape (queries, texts)."""
    labels: torch.Tensor
    """Shape (queries, titles)."""


def side_by_side(rows: Sequence[Mapping[str, Any]]) -> SideBySide:
    """Lists as matrices; set aside is a title that a query itself says, or that is relevant to another query
    of its group."""
    asked = list(dict.fromkeys(text for row in rows for text in row["queries"]))
    shown = list(dict.fromkeys(title for row in rows for title in row["titles"]))
    place = {text: number for number, text in enumerate(asked)}
    column = {title: number for number, title in enumerate(shown)}
    of_query = np.zeros((len(rows), len(asked)), bool)
    labels = np.full((len(rows), len(shown)), UNJUDGED)
    relevant: dict[str, list[int]] = {}
    for row in rows:
        own = [column[title] for title, label in zip(row["titles"], row["labels"], strict=True) if label > 0]
        relevant.setdefault(row["group"], []).extend(own)
    for number, row in enumerate(rows):
        if row["group"]:
            labels[number, relevant[row["group"]]] = ASIDE
        of_query[number, [place[text] for text in row["queries"]]] = True
        for title, label in zip(row["titles"], row["labels"], strict=True):
            labels[number, column[title]] = max(label, labels[number, column[title]])
        labels[number, [column[text] for text in row["queries"] if text in column]] = ASIDE
    return SideBySide(asked, shown, torch.from_numpy(of_query), torch.from_numpy(labels))


def _row(each: JudgedList) -> dict[str, list[str] | list[int] | str]:
    return {
        "queries": list(each.texts),
        "titles": list(each.titles),
        "labels": list(each.labels),
        "group": each.group,
    }


class _Reporting(TrainerCallback):
    def __init__(self, report: CountProgress | None) -> None:
        self._report = report

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        if self._report is not None:
            self._report(state.global_step, state.max_steps)


class _Stop(TrainerCallback):
    def __init__(self, after: int) -> None:
        self._after = after

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        control.should_training_stop = round(state.epoch) >= self._after
