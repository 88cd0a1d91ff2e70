"""What a fine-tuned embedder is punished for: calling documents relevant that are not, a wrong order,
mistaken queries."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

SCALE = 20.0
"""A cosine times it, beside the threshold, is the logarithm of the odds that a document is relevant."""
UNJUDGED = -1
ASIDE = -2
"""The label of what must not be learned from: a text of the query itself."""
_SOFT = 10.0
"""How sharply the nearest text of a query stands out, as in `penchant.rank.evidence.interest`."""


class Weights(NamedTuple):
    """What each loss counts."""

    relevance: float = 1.0
    order: float = 1.0
    contrast: float = 3.0


def nearness(cosines: Tensor, of_query: Tensor) -> Tensor:
    """The soft maximum of the cosines of a query's texts: ``log(mean(exp(10 * cosine))) / 10``; of one text
    its cosine.

    Args:
        cosines: of each text to each document, shape (texts, documents).
        of_query: whether a query says a text, shape (queries, texts).

    Returns:
        Shape (queries, documents).
    """
    shares = torch.exp(_SOFT * (cosines - 1))
    means = (of_query.to(cosines.dtype) @ shares) / of_query.sum(dim=1, keepdim=True)
    return 1 + torch.log(means) / _SOFT


def relevance_loss(cosines: Tensor, labels: Tensor, threshold: float) -> Tensor:
    """Binary cross-entropy of relevance (IRA, section 2.2): the odds are even where the cosine is the
    threshold.

    Args:
        cosines: of each query to each document, shape (queries, documents).
        labels: 0 not relevant, above relevant, `UNJUDGED` where nobody said, or `ASIDE`; the same shape.
    """
    judged = labels >= 0
    return nn.functional.binary_cross_entropy_with_logits(
        SCALE * (cosines[judged] - threshold), (labels[judged] > 0).to(cosines.dtype)
    )


def order_loss(cosines: Tensor, labels: Tensor) -> Tensor:
    """RankNet (Burges et al., 2005): of two judged documents of a query, that of the higher label should be
    nearer.

    The mean over all such pairs of ``log(1 + exp(-SCALE * (cosine of the higher - cosine of the lower)))``; 0
    without pairs.
    """
    cosines, labels = _judged(cosines, labels)
    higher = (labels[:, :, None] > labels[:, None, :]) & (labels[:, None, :] >= 0)
    if not higher.any():
        return cosines.sum() * 0.0
    differences = SCALE * (cosines[:, :, None] - cosines[:, None, :])
    return nn.functional.softplus(-differences[higher]).mean()


def _judged(cosines: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The judged columns of each row first, and no more columns than one row needs: most of a batch is judged
    for no query."""
    judged = labels >= 0
    order = torch.argsort(judged.to(torch.uint8), dim=1, descending=True, stable=True)[
        :, : int(judged.sum(dim=1).max())
    ]
    return cosines.gather(1, order), labels.gather(1, order)


def contrast_loss(cosines: Tensor, labels: Tensor) -> Tensor:
    """Each relevant document against all documents of the batch that are not known to be relevant to the
    query.

    InfoNCE (van den Oord et al., 2018): the mean over relevant documents of the negative logarithm of the
    softmax; 0 without.
    """
    relevant = labels > 0
    if not relevant.any():
        return cosines.sum() * 0.0
    logits = SCALE * cosines
    others = torch.logsumexp(
        logits.masked_fill(relevant | (labels == ASIDE), -torch.inf), dim=1, keepdim=True
    )
    alone = logits - torch.logaddexp(logits, others)
    return -alone[relevant].mean()


USUAL = Weights()
_TOGETHER = 64
"""Texts of like length that go through a transformer together: next to nothing is padding."""


class AlignmentLoss(nn.Module):
    """The weighted sum of the losses, for the trainer of sentence-transformers.

    Called with the features of the queries' texts, which of them each query says (``of_query``), and those of
    all documents of a batch, and labels of shape (queries, documents).
    """

    def __init__(self, model: nn.Module, threshold: float, weights: Weights = USUAL) -> None:
        super().__init__()
        self.model = model
        self.threshold = threshold
        self.weights = weights

    def forward(self, features: list[dict[str, Tensor]], labels: Tensor) -> dict[str, Tensor]:
        """Name of the loss -> its share."""
        asked, shown = features
        of_query = asked.pop("of_query")
        cosines = nearness(embedded(self.model, asked) @ embedded(self.model, shown).T, of_query)
        return {
            "relevance": self.weights.relevance * relevance_loss(cosines, labels, self.threshold),
            "order": self.weights.order * order_loss(cosines, labels),
            "contrast": self.weights.contrast * contrast_loss(cosines, labels),
        }


def embedded(model: nn.Module, features: dict[str, Tensor]) -> Tensor:
    """Vectors of length 1, of texts as the model's own preprocessing gives them, shape (texts, dimension)."""
    if "attention_mask" not in features:
        return nn.functional.normalize(model(features)["sentence_embedding"], dim=-1)
    lengths = features["attention_mask"].sum(dim=1)
    order = torch.argsort(lengths, stable=True)
    parts = []
    for chosen in torch.split(order, _TOGETHER):
        longest = int(lengths[chosen].max())
        part = {name: value[chosen, :longest] for name, value in features.items() if torch.is_tensor(value)}
        parts.append(model({**features, **part})["sentence_embedding"])
    return nn.functional.normalize(torch.cat(parts)[torch.argsort(order)], dim=-1)
