"""Fine-tuning an embedder on judged lists, by the trainer of sentence-transformers: it stops early, and resumes after a kill."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.align.examples import JudgedList
from penchant.errors import InvalidQuery, MissingExtra

try:
    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.evaluation import SentenceEvaluator
    from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback
    from transformers.utils import logging
except ImportError as error:
    raise MissingExtra("alignment needs torch, datasets and accelerate: pip install 'penchant[align]'") from error

from penchant.align.losses import UNJUDGED, USUAL, AlignmentLoss, Weights

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CURVE = "curve.json"
_MOST_VALIDATION = 200
Report = Callable[[int, int], None]
"""Called with the number of steps done and of all."""


@dataclass(frozen=True)
class Plan:
    """How to train."""

    epochs: int
    rate: float
    """The highest learning rate."""
    batch: int = 16
    """Queries a step."""
    patience: int = 3
    """So many epochs without a better validation NDCG@10 end the training."""
    warm_up: float = 0.1
    """The share of all steps in which the rate grows."""
    validation: float = 0.25
    """The share of the queries, 200 at the most, that are held out to tell when to stop."""
    weights: Weights = USUAL
    seed: int = 0


@dataclass(frozen=True)
class Curve:
    """What happened, epoch by epoch."""

    losses: Sequence[float]
    validation: Sequence[float]
    """NDCG@10 of the validation queries' lists; the first before any training."""
    best: int
    """The epoch that was kept; 0 is the model as it was."""


def split(lists: Mapping[str, JudgedList], plan: Plan) -> tuple[list[JudgedList], list[JudgedList]]:
    """(lists to train on, lists to validate on), by query.

    Raises:
        InvalidQuery: there are too few queries with a relevant candidate.
    """
    ids = sorted(lists)
    if len(ids) < 4:
        raise InvalidQuery(f"{len(ids)} queries with a relevant document are too few: 4 are the least, hundreds are better")
    order = np.random.default_rng(plan.seed).permutation(len(ids))
    held = min(max(1, round(plan.validation * len(ids))), _MOST_VALIDATION)
    return [lists[ids[n]] for n in order[held:]], [lists[ids[n]] for n in order[:held]]


def train(
    model: SentenceTransformer,
    threshold: float,
    lists: Mapping[str, JudgedList],
    plan: Plan,
    folder: Path,
    report: Report | None = None,
) -> Curve:
    """Train a model in place: on a part of the queries, to learn after which epoch the others are answered best, then on all.

    Checkpoints are kept in the folder; called again after a kill, it goes on from the last, to the same end (on a CPU).
    """
    learned, validation = split(lists, plan)
    untrained = {name: value.detach().clone() for name, value in model.state_dict().items()}
    found = folder / CURVE
    if not found.exists():
        curve = _validated(model, threshold, learned, validation, plan, folder / "part", report)
        found.write_text(json.dumps(dataclasses.asdict(curve)))
    curve = Curve(**json.loads(found.read_text()))
    model.load_state_dict(untrained)
    if curve.best:
        _trained(model, threshold, [*learned, *validation], plan, folder / "all", [_Stop(curve.best), _Reporting(report)])
    return curve


def _validated(
    model: SentenceTransformer,
    threshold: float,
    learned: Sequence[JudgedList],
    validation: Sequence[JudgedList],
    plan: Plan,
    folder: Path,
    report: Report | None,
) -> Curve:
    evaluator = ListNdcg(validation)
    before = evaluator(model)["ndcg@10"]
    callbacks = [EarlyStoppingCallback(plan.patience), _Reporting(report)]
    history = _trained(model, threshold, learned, plan, folder, callbacks, evaluator)
    losses = [entry["loss"] for entry in history if "loss" in entry]
    reached = [before, *(entry["eval_ndcg@10"] for entry in history if "eval_ndcg@10" in entry)]
    return Curve(losses, reached, int(np.argmax(reached)))


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
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(folder),
        num_train_epochs=plan.epochs,
        per_device_train_batch_size=plan.batch,
        learning_rate=plan.rate,
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
    rows = [{"query": each.query, "titles": list(each.titles), "labels": list(each.labels)} for each in lists]
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
    trainer.train(resume_from_checkpoint=any(folder.glob("checkpoint-*/trainer_state.json")) or None)
    history: list[dict[str, float]] = trainer.state.log_history
    return history


class ListNdcg(SentenceEvaluator):
    """NDCG@10 of judged lists, each ranked by the cosine to its query; every relevant title gains the same."""

    def __init__(self, lists: Sequence[JudgedList]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.primary_metric = "ndcg@10"
        self._lists = lists

    def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
        """{"ndcg@10": the mean over lists}."""
        texts = list(dict.fromkeys(text for each in self._lists for text in (each.query, *each.titles)))
        vectors = model.encode(texts, batch_size=64, show_progress_bar=False, normalize_embeddings=True, convert_to_numpy=True)
        row = {text: number for number, text in enumerate(texts)}
        found = []
        for each in self._lists:
            cosines = vectors[[row[title] for title in each.titles]] @ vectors[row[each.query]]
            gains = (np.array(each.labels) > 0)[np.argsort(-cosines, kind="stable")]
            found.append(ndcg(gains))
        return {"ndcg@10": float(np.mean(found))}


def ndcg(gains: np.ndarray[Any, np.dtype[np.bool_]], k: int = 10) -> float:
    """Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002) of a ranking with all relevant entries in it."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    best = discounts[: min(k, int(gains.sum()))].sum()
    return float((gains[:k] * discounts[: len(gains[:k])]).sum() / best) if best else 0.0


class _Trainer(SentenceTransformerTrainer):
    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """No card: `penchant.align.report` writes one."""


class _Collator:
    """Rows of lists -> features of the queries and of all titles, each text once, and labels of shape (queries, titles)."""

    valid_label_columns = ["label"]

    def __init__(self, preprocess: Callable[[list[str]], dict[str, Any]]) -> None:
        self._preprocess = preprocess

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        titles = list(dict.fromkeys(title for row in rows for title in row["titles"]))
        column = {title: number for number, title in enumerate(titles)}
        labels = torch.full((len(rows), len(titles)), UNJUDGED)
        for number, row in enumerate(rows):
            for title, label in zip(row["titles"], row["labels"], strict=True):
                labels[number, column[title]] = max(label, int(labels[number, column[title]]))
        batch = {f"query_{name}": value for name, value in self._preprocess([row["query"] for row in rows]).items()}
        batch.update((f"titles_{name}", value) for name, value in self._preprocess(titles).items())
        return {**batch, "label": labels}


class _Reporting(TrainerCallback):
    def __init__(self, report: Report | None) -> None:
        self._report = report

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        if self._report is not None:
            self._report(state.global_step, state.max_steps)


class _Stop(TrainerCallback):
    def __init__(self, after: int) -> None:
        self._after = after

    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        control.should_training_stop = round(state.epoch) >= self._after
