"""The tower of a state: its file, the index of its vectors beside it, and how it comes into use.

A tower stands in a directory of its own, ``towers/NAME-NUMBER`` in that of the state. A fact of the store
says which one is in use; that is the moment at which it is adopted.
"""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from penchant.engine.about import blend_fact
from penchant.engine.snapshot import snapshot
from penchant.errors import StateDamaged, StateFull, TowerDamaged, TowerError, TowerMismatch
from penchant.index.saved import catch_up, open_index, save_index
from penchant.rank.blend import renewed
from penchant.store import Changes
from penchant.towers.adopted import Adopted, TowerVectors
from penchant.towers.artefact import load_tower, save_tower
from penchant.towers.seam import UserTower
from penchant.towers.sequential import SequentialTower, Trained
from penchant.towers.snapshot import Snapshot

if TYPE_CHECKING:
    from penchant.engine.state import State

log = logging.getLogger("penchant")

TOWER = "tower"
_FOLDER = "towers"
_FILE = "tower.safetensors"
_KEPT = 2
"""Towers on disk: the one in use, and the one before it."""


class TowerInfo(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a state has of a tower."""

    name: str
    """``NAME-NUMBER``, the folder of its file."""
    dimension: int
    history: int
    trained: Trained | None = None
    """What it was trained on; not known of a tower of one's own."""
    in_use: bool = False
    problem: str = ""
    """Why it cannot be used."""


class Towers:
    """The towers of a state, see `penchant.Engine.towers`."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def in_use(self) -> UserTower | None:
        """The tower in use; None where there is none, or none that can be used: `all` says why."""
        found = self._state.tower
        return None if found is None else found.tower

    def all(self) -> list[TowerInfo]:
        """Those there are, the latest first: how good they were, which is in use, what is wrong."""
        return infos(self._state)

    def snapshot(self, *, words: bool = False) -> Snapshot:
        """Documents, and who read what of them: a copy, for training; with `words`, titles and Interest Units
        too. Raises InvalidQuery where there are no documents."""
        return snapshot(self._state, words=words)

    def adopt(self, tower: UserTower) -> str:
        """Answer by a tower too, from the next question on; returns its name in the state.

        A tower that penchant trained is kept in the directory of the state, and the one before it; one of
        your own is in use until the engine is closed. Questions that are being answered end with the one
        before.

        Raises:
            TowerMismatch: it was trained on vectors of another embedder; nothing was changed.
            StateFull: there is no room for it; nothing was changed.
        """
        return adopted(self._state, tower)

    def drop(self) -> bool:
        """Use no tower any more; its file stays. Returns whether there was one."""
        return dropped(self._state)


def opened(state: State) -> tuple[Adopted | None, str]:
    """(the tower in use, why there is none although the state has one). Never an error of a question."""
    fact = state.store.fact(TOWER)
    if not fact:
        return None, ""
    name = fact.decode()
    try:
        if state.directory is None:
            raise TowerDamaged(f"the state has no folder for the tower {name}: adopt it again")
        folder = state.directory / _FOLDER / name
        ready, revision = made_ready(state, load_tower(folder / _FILE), folder)
        brought_up(state, ready, revision)
        return ready, ""
    except Exception as error:  # noqa: BLE001 (whatever is wrong with it, questions are answered without it)
        problem = (
            str(error) if isinstance(error, TowerError) else f"the tower {name} cannot be used: {error!r}"
        )
        log.warning("%s; questions are answered without it", problem)
        return None, problem


def made_ready(state: State, tower: UserTower, folder: Path | None) -> tuple[Adopted, int]:
    """(a tower with those vectors of documents that were saved in its folder, the revision they are of).

    Raises:
        TowerMismatch: it was trained on vectors of another embedder.
    """
    about = state.require_about()
    if tower.embedder != about.embedder:
        raise TowerMismatch(
            f"the tower {tower.name} reads vectors of {tower.embedder!r}, and the state has those of "
            f"{about.embedder!r}: train one with `penchant train STATE --tower`"
        )
    index, revision = open_index(about.index, tower.dimension, state.settings, folder)
    return Adopted(tower, index, state.settings.users_cached), revision


def brought_up(state: State, adopted: Adopted, revision: int) -> None:
    """Bring a tower to the documents that the store has."""
    documents = state.documents
    catch_up(adopted.index, revision, TowerVectors(adopted.tower, state.store, documents.ids))
    rows = documents.rows()
    adopted.note(rows, documents.ids(rows))


def adopted(state: State, tower: UserTower) -> str:
    """See `Towers.adopt`."""
    number = 1 + max((_number(each) for each in kept(state)), default=0)
    name = f"{tower.name}-{number}"
    folder = None
    if state.directory is not None and isinstance(tower, SequentialTower):
        folder = state.directory / _FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
    try:
        if folder is not None and isinstance(tower, SequentialTower):
            save_tower(tower, folder / _FILE)
        ready, revision = made_ready(state, tower, folder)
        before = state.counters.revision
        with suppress(LookupError, StateDamaged):  # a document went meanwhile: what is missing comes below
            brought_up(state, ready, revision)
        with state.writing():
            brought_up(state, ready, before)  # what came and changed meanwhile
            blend = renewed(state.blend) if state.tower is None else state.blend
            facts = {TOWER: name.encode() if folder is not None else b"", **blend_fact(blend, state.blend)}
            state.store.commit([Changes(facts=facts)])
            state.blend = blend
            state.set_tower(ready)
            saved(state)
    except BaseException as error:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise StateFull(f"the tower cannot be kept in {folder} ({error}): make room") from error
        raise
    for old in sorted(kept(state), key=_number)[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return name


def dropped(state: State) -> bool:
    """See `Towers.drop`."""
    with state.writing():
        had = state.tower is not None or bool(state.store.fact(TOWER))
        state.store.commit([Changes(facts={TOWER: b""})])
        state.set_tower(None)
    return had


def saved(state: State) -> None:
    """Write the index of the tower in use to disk."""
    tower, fact = state.tower, state.store.fact(TOWER)
    if tower is not None and fact and state.directory is not None:
        folder = state.directory / _FOLDER / fact.decode()
        save_index(tower.index, state.counters.revision, state.settings, folder)


def infos(state: State) -> list[TowerInfo]:
    """All towers of a state, the latest first."""
    current, problem = state.tower, state.tower_problem
    in_use = (state.store.fact(TOWER) or b"").decode()
    found = []
    for folder in sorted(kept(state), key=_number, reverse=True):
        try:
            tower = load_tower(folder / _FILE)
        except TowerError as error:
            found.append(TowerInfo(folder.name, 0, 0, problem=str(error)))
            continue
        is_it = folder.name == in_use
        found.append(
            TowerInfo(
                folder.name,
                tower.dimension,
                tower.history,
                tower.shape.trained,
                in_use=is_it and current is not None,
                problem=problem if is_it else "",
            )
        )
    if in_use and not any(told.name == in_use for told in found):
        found.insert(0, TowerInfo(in_use, 0, 0, problem=problem))
    if current is not None and not in_use:
        tower_in_use = current.tower
        found.insert(
            0, TowerInfo(tower_in_use.name, tower_in_use.dimension, tower_in_use.history, in_use=True)
        )
    return found


def kept(state: State) -> list[Path]:
    """The folders of towers on disk."""
    home = None if state.directory is None else state.directory / _FOLDER
    return [each for each in home.iterdir() if _number(each)] if home is not None and home.is_dir() else []


def _number(folder: Path) -> int:
    name, _, number = folder.name.rpartition("-")
    return int(number) if name and number.isdigit() else 0
