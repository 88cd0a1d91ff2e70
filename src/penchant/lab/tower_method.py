"""Trained towers as methods of the lab: the product's own training and its own serving.

A tower is trained on what may be known by then, at the moments at which trained peers are, and kept in the
cache.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from penchant.errors import InvalidQuery
from penchant.index.exact import ExactIndex
from penchant.lab import sources
from penchant.lab.cases import Trial
from penchant.lab.log import Clicks, Log, Rows
from penchant.lab.methods import Histories, Scores
from penchant.lab.peers import PEERS
from penchant.lab.peers.ranking import training_rounds
from penchant.lab.texts import RememberedTexts
from penchant.lab.units_method import InterestUnits, Variant
from penchant.settings import Settings
from penchant.towers import History
from penchant.towers.adopted import Adopted
from penchant.towers.artefact import load_tower, save_tower
from penchant.towers.sequential import SequentialTower
from penchant.towers.snapshot import Snapshot, lots_of
from penchant.train import require_torch
from penchant.types import Vectors
from penchant.vectors import embeddings_of

_READERS = 4_096
_CODE = "penchant.train.towers.job"


class Asks(NamedTuple):
    """The tower that a method asks."""

    plan: str
    changes: Mapping[str, Any] = MappingProxyType({})
    """How its plan differs."""
    words: str = "units"
    """Where its interests in words come from, see `penchant.train.eimf.explicit`."""
    share: float = 0.03
    """Of the readers, who are typical, where these interests are those of typical readers."""


_WITH_WORDS = MappingProxyType({"semantic": 0.1})
_SHARES = (1, 10, 30, 100)
"""Percent of the readers who are typical: the study of `p` in EIMF's figure 4, where 3 % is the paper's."""
_NO_ALIGNMENT = MappingProxyType({"contrasted": 0.0, "alike": 0.0})
TOWERS: Mapping[str, Asks] = MappingProxyType(
    {
        "LEARN": Asks("learn"),
        "LEARN without ids": Asks("learn", MappingProxyType({"inputs": "text"})),
        "SASRec (ours)": Asks("sasrec"),
        "BERT4Rec (ours)": Asks("bert4rec"),
        "GRU4Rec (ours)": Asks("gru4rec"),
        "YouTube DNN (ours)": Asks("youtube-dnn"),
        "MIND": Asks("mind"),
        "ComiRec-SA": Asks("comirec-sa"),
        "ComiRec-DR": Asks("comirec-dr"),
        "REMI": Asks("remi"),
        "EIMF by units": Asks("eimf"),
        "EIMF by random units": Asks("eimf", words="random units"),
        "EIMF by titles": Asks("eimf", words="titles"),
        **{
            f"EIMF by titles of {share} %": Asks("eimf", words="titles", share=share / 100)
            for share in _SHARES
        },
        "EIMF by random titles": Asks("eimf", words="random titles"),
        "EIMF without alignment": Asks("eimf", _NO_ALIGNMENT),
        "EIMF without prediction": Asks("eimf", MappingProxyType({"predicted": 0.0})),
        "EIMF on MIND": Asks("mind", _WITH_WORDS),
        "EIMF on ComiRec-SA": Asks("comirec-sa", _WITH_WORDS),
        "EIMF on ComiRec-DR": Asks("comirec-dr", _WITH_WORDS),
    }
)


class How(NamedTuple):
    """How towers are trained."""

    cache: Path
    """Where they are kept."""
    threads: int
    seed: int
    say: Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Trainings:
    """The towers of a trial: one for each moment of training."""

    method: str
    log: Log
    trial: Trial
    vectors: Vectors
    texts: RememberedTexts
    how: How

    @property
    def embedder(self) -> str:
        """Whose vectors the documents have."""
        return self.texts.name

    @cached_property
    def moments(self) -> list[int]:
        """Clicks that each training knows, ascending."""
        peer = PEERS["SASRec"]
        rounds = training_rounds(self.trial, peer.retrain_days, peer.retrainings)
        return sorted({part.trained for part in rounds})

    def known(self, learned: int) -> int | None:
        """The clicks that the latest training knows of those that may be known; None before the first."""
        return max((moment for moment in self.moments if moment <= learned), default=None)

    def tower(self, moment: int) -> SequentialTower | None:
        """The tower that was trained on the first clicks of the trial, from the cache where it was before;
        None where these are of too few readers.

        Raises:
            MissingExtra: torch is not installed.
        """
        require_torch()
        import torch

        from penchant.train.eimf.explicit import Words
        from penchant.train.towers.job import made
        from penchant.train.towers.plan import plan_of

        asks = TOWERS[self.method]
        plan = replace(plan_of(asks.plan, **asks.changes), seed=self.how.seed)
        words = Words(asks.words, self.texts.encode, share=asks.share)  # type: ignore[arg-type]
        clicks = self.trial.training[:moment]
        digest = sha256(
            repr((asdict(plan), asks.words, asks.share, self.embedder, sources.digest(_CODE))).encode()
        )
        for values in (clicks.users, clicks.documents, self.vectors):
            digest.update(np.ascontiguousarray(values).tobytes())
        path = self.how.cache / "towers" / f"{digest.hexdigest()[:24]}.safetensors"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.set_num_threads(self.how.threads)
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                self.how.say(f"{self.method}: training on {moment:,} clicks")
                try:
                    found = made(
                        self._snapshot(clicks, words=plan.semantic > 0),
                        plan,
                        Path(folder),
                        words=words,
                        say=self.how.say,
                    )
                except InvalidQuery as error:
                    self.how.say(f"{self.method}: no tower yet: {error}")
                    return None
                save_tower(found.tower, path)
        return load_tower(path)

    def _snapshot(self, clicks: Clicks, *, words: bool) -> Snapshot:
        users = sorted(clicks.of_user)
        return Snapshot(
            self.embedder,
            self.ids,
            np.asarray(self.vectors, np.float32),
            [clicks.documents[clicks.of_user[user]].astype(np.int64) for user in users],
            lots_of(self.log.user_ids[user] for user in users),
            float(clicks.at.max(initial=0.0)),
            self.log.titles if words else (),
            self._units(clicks, users) if words else (),
        )

    def _units(self, clicks: Clicks, users: Sequence[int]) -> list[Vectors]:
        paper = Variant(Settings.paper())  # EIMF reads interests in words
        units = InterestUnits(self.log, self.vectors, self.texts, users, paper)
        units.learn(clicks)
        return [embeddings_of(units.of(user).units) for user in users]

    @cached_property
    def ids(self) -> list[str]:
        """Of all documents."""
        return [document.id for document in self.log.documents]

    def history(self, rows: NDArray[np.int64]) -> History:
        """What a tower reads of documents."""
        return History([self.ids[row] for row in rows.tolist()], self.vectors[rows])

    def adopted(self, moment: int) -> Adopted | None:
        """The tower with the vectors of all documents, as a state has it."""
        tower = self.tower(moment)
        if tower is None:
            return None
        adopted = Adopted(tower, ExactIndex(tower.dimension), _READERS)
        adopted.put(np.arange(len(self.ids)), self.ids, self.vectors)
        return adopted


class TowerAlone:
    """A tower, and nothing beside it."""

    def __init__(self, trainings: Trainings) -> None:
        self._trainings = trainings
        self._histories = Histories()
        self._learned = 0
        self._moment: int | None = None
        self._tower: Adopted | None = None

    def learn(self, clicks: Clicks) -> None:
        self._histories.learn(clicks)
        self._learned += len(clicks)
        self._adopt()

    def score(self, user: int, candidates: Rows, at: float) -> Scores:
        read = np.array(self._histories[user], np.int64)
        if self._tower is None or not len(read):
            return np.zeros(len(candidates))
        towards = self._tower.reader(read, self._trainings.history)
        return self._tower.scores(candidates.astype(np.int64), towards)

    def _adopt(self) -> None:
        moment = self._trainings.known(self._learned)
        if moment is not None and moment != self._moment:
            self._moment = moment
            self._tower = self._trainings.adopted(moment)
