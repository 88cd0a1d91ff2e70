"""What a training was: a picture of its curves, and the card of the model."""

from __future__ import annotations

from pathlib import Path

from penchant.embed import Embedder
from penchant.train.align.training import Curve, Plan


def write_picture(curve: Curve, path: Path) -> None:
    """The loss of each epoch, and NDCG@10 of the validation queries, as a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.plot(range(1, len(curve.losses) + 1), curve.losses, marker="o", color="#555555")
    left.set(title="Loss", xlabel="epoch")
    right.plot(range(len(curve.validation)), curve.validation, marker="o", color="#1f6f54")
    right.axvline(curve.best, color="#1f6f54", linestyle=":")
    right.set(title="NDCG@10 of the validation queries", xlabel="epoch (0: before)")
    figure.savefig(path, dpi=120, metadata={"Software": None})


def write_card(
    path: Path,
    before: Embedder,
    after: Embedder,
    curve: Curve,
    plan: Plan,
    queries: int,
    share: float,
    told: str,
) -> None:
    """What the model is, what it was trained on, and how it did."""
    weights = ", ".join(f"{name} {value:g}" for name, value in plan.weights._asdict().items())
    what = "a linear map over its vectors" if plan.part == "map" else "all of it"
    path.write_text(
        f"""# {before.name}, aligned

An embedder that `penchant align` made from `{before.name}` ({before.dimension} dimensions).
Use it by the path of this folder:
`penchant build STATE --embedder {path.parent}`, or `penchant reembed STATE --embedder {path.parent}`.

- Trained on {queries:,} queries with judged documents. {told}
- Trained is {what}. Losses: {weights}; {plan.epochs} epochs at most, {plan.batch} queries a step at most,
  learning rate {plan.rate:g}, seed {plan.seed}.
- NDCG@10 of the validation queries, among the titles of all of them: {curve.validation[0]:.3f} before,
  {curve.validation[curve.best]:.3f} at its best, after epoch {curve.best}; then trained on all queries
  for as long.
- {share:.0%} of what was learned is kept.
- Threshold (tau): {after.threshold:g}; before it was {before.threshold:g}.
"""
    )
