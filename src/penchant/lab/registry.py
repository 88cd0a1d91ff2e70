"""Every method of the lab by its name, and where each can be asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from penchant.errors import InvalidQuery
from penchant.lab.ada_retrieval import AdaRetrieval
from penchant.lab.alpharec import AlphaRec
from penchant.lab.blend_method import BlendedUnits
from penchant.lab.cases import Trial
from penchant.lab.knn_embed import KNNEmbed
from penchant.lab.log import Log
from penchant.lab.methods import (
    BM25,
    LiveItemKNN,
    MeanVector,
    Method,
    NearestClicked,
    Newest,
    NewestOfChannels,
    Popular,
    Trending,
)
from penchant.lab.peers import PEERS
from penchant.lab.texts import RememberedTexts
from penchant.lab.tower_method import TOWERS, How, TowerAlone, Trainings
from penchant.lab.units_method import InterestUnits, Variant
from penchant.memory.documents import Documents
from penchant.rank.evidence import EVIDENCE, kinds
from penchant.rank.scorers import SCORERS
from penchant.settings import Settings
from penchant.types import Vectors


@dataclass(frozen=True, eq=False)
class Given:
    """What methods are made from."""

    log: Log
    trial: Trial
    vectors: Vectors
    """Of the documents' titles."""
    texts: RememberedTexts
    documents: Documents
    settings: Settings = Settings()
    start: Mapping[str, float] | None = None
    """Weights of the blend before any click; None: those that penchant comes with."""
    how: How | None = None
    """How towers are trained, for the methods that ask one."""

    @property
    def seed(self) -> int:
        """Of what is drawn."""
        return 0 if self.how is None else self.how.seed

    def trainings(self, name: str) -> Trainings:
        """Of a method of `penchant.lab.tower_method.TOWERS`."""
        if self.how is None:
            raise InvalidQuery(f"the method {name!r} trains a tower: say how")
        return Trainings(name, self.log, self.trial, self.vectors, self.texts, self.how)


UNITS: Mapping[str, str] = MappingProxyType({f"units ({scorer})": scorer for scorer in SCORERS})
"""Interest Units alone: one method a scorer."""
UNITS_BY_SUM = "units (sum)"
"""The paper's."""
WITHOUT_INTERESTS = "blend without interests"
BLENDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "blend": frozenset(),
        WITHOUT_INTERESTS: frozenset({"interest", "words", "attributes"}),
    }
)
"""All evidence, and what it is worth: which kinds are left out."""
ABLATIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {f"blend without {kind}": frozenset({kind}) for kind in kinds()}
)
"""The blend with one kind of evidence left out, for each kind that there is."""
FRONTIER: Mapping[str, float] = MappingProxyType(
    {f"blend, personal {share:g}": share for share in (0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)}
)
"""The blend with a share of the places for what suits the reader; see `penchant.rank.places`."""
OWN_PLACES = "blend, personal 1"
OWN_ABLATIONS: Mapping[str, frozenset[str]] = MappingProxyType(
    {f"{OWN_PLACES}, without {each.kind}": frozenset({each.kind}) for each in EVIDENCE if each.personal}
)
"""Own places alone, with one kind of the evidence that knows the reader left out."""
WITH_TOWERS: Mapping[str, str] = MappingProxyType({f"blend with {name}": name for name in TOWERS})
"""The blend with a trained tower."""
OURS = (*BLENDS, *UNITS)
"""penchant's own."""


def main_of(methods: Collection[str]) -> str:
    """The method that others are tested against: the first of ours that there is, or a tower."""
    ours = (*OURS, "LEARN", "EIMF by units", *TOWERS)
    return next((name for name in ours if name in methods), UNITS_BY_SUM)


LIGHT: Mapping[str, Callable[[Given], Method]] = MappingProxyType(
    {
        "ItemPop": lambda given: Popular(given.log),
        "ItemPop among those asked": lambda given: Popular(given.log, given.trial.population),
        "newest first": lambda given: Newest(given.log),
        "newest of the reader's channels": lambda given: NewestOfChannels(given.log),
        "trending": lambda given: Trending(given.log),
        "ItemKNN live": lambda given: LiveItemKNN(given.log),
        "mean vector": lambda given: MeanVector(given.vectors),
        "mean of the last ten": lambda given: MeanVector(given.vectors, last=10),
        "last click": lambda given: MeanVector(given.vectors, last=1),
        "maximum over history": lambda given: NearestClicked(given.vectors),
        "BM25": lambda given: BM25(given.log.titles),
    }
)
BESIDE_TOWERS: Mapping[str, type[KNNEmbed | AlphaRec | AdaRetrieval]] = MappingProxyType(
    {"kNN-Embed": KNNEmbed, "AlphaRec": AlphaRec, "Ada-Retrieval": AdaRetrieval}
)
"""What others do where towers are trained, in our code."""

NAMES = (*OURS, *LIGHT, *BESIDE_TOWERS, *TOWERS, *WITH_TOWERS, *PEERS, *ABLATIONS, *FRONTIER, *OWN_ABLATIONS)
GROUPS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "light": (*OURS, *LIGHT),
        "cheap": (*OURS, *LIGHT, *(name for name, peer in PEERS.items() if peer.cheap)),
        "all": (*OURS, *LIGHT, *PEERS),
        "towers": ("blend", "LEARN", "LEARN without ids", "SASRec (ours)", "blend with LEARN"),
        "beside towers": tuple(BESIDE_TOWERS),
        "backbones": tuple(name for name in TOWERS if not name.startswith("EIMF")),
        "eimf": tuple(name for name in TOWERS if name.startswith("EIMF") or name == "REMI"),
        "ablations": ("blend", *ABLATIONS),
        "frontier": ("blend", *FRONTIER),
        "own": (OWN_PLACES, *OWN_ABLATIONS),
    }
)
"""What can be given instead of names. ``light`` needs no environments, ``cheap`` is that of a quick run."""


def chosen(names: Sequence[str]) -> list[str]:
    """The methods of a list of names and groups, each once, in the lab's order.

    Raises:
        InvalidQuery: there is no such method.
    """
    wanted: set[str] = set()
    for name in names:
        if name not in GROUPS and name not in NAMES:
            raise InvalidQuery(f"unknown method {name!r}: use {', '.join((*GROUPS, *NAMES))}")
        wanted.update(GROUPS.get(name, (name,)))
    return [name for name in NAMES if name in wanted]


def why_not(name: str, log: Log, trial: Trial) -> str | None:
    """Why a method would make no sense here; None where it can be asked."""
    if name == "newest of the reader's channels" and not any(each.attributes for each in log.documents):
        return "no document has attributes, which tell its channel"
    if name in ("newest first", "newest of the reader's channels", "trending"):
        if not log.clock:
            return "the log has positions and no clock"
        if log.publication_is_click:
            return "documents are published by their only click, so that their time is the answer"
    if name == "ItemKNN live" and not trial.prequential:
        return "it is ItemKNN 0.9, learned click by click, and has its place under `live`"
    if name in ("AlphaRec", "Ada-Retrieval") and trial.prequential:
        return "it is trained once, and would know nothing that came later"
    if name == "ItemPop among those asked" and not (trial.alone and trial.population):
        return "it has its place under `ira`, whose users are a selection"
    return None


def module_of(name: str) -> str:
    """The module that computes what a method answers, one of ours or a light one."""
    if name in LIGHT:
        return Popular.__module__
    return BESIDE_TOWERS.get(name, BlendedUnits).__module__


def make(name: str, given: Given) -> Method:
    """A fresh method, one of ours or a light one."""
    if name in UNITS:
        variant = Variant(settings=given.settings, scorer=UNITS[name])
        return InterestUnits(given.log, given.vectors, given.texts, given.trial.users(), variant)
    if name in TOWERS:
        return TowerAlone(given.trainings(name))
    if any(name in kind for kind in (BLENDS, WITH_TOWERS, ABLATIONS, FRONTIER, OWN_ABLATIONS)):
        users, variant = given.trial.users(), Variant(given.settings)
        without = {**BLENDS, **ABLATIONS, **OWN_ABLATIONS}.get(name, frozenset())
        return BlendedUnits(
            given.log,
            given.vectors,
            given.texts,
            users,
            given.documents,
            variant,
            start=given.start,
            without=without,
            personal=1.0 if name in OWN_ABLATIONS else FRONTIER.get(name, 0.0),
            trainings=given.trainings(WITH_TOWERS[name]) if name in WITH_TOWERS else None,
        )
    if name in BESIDE_TOWERS:
        return BESIDE_TOWERS[name](given.log, given.vectors, seed=given.seed)
    return LIGHT[name](given)
