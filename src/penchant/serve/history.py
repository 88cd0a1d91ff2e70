"""How a user's interests came about, as it is told: each moment by what it changed."""

from __future__ import annotations

from penchant.engine import Engine
from penchant.serve.bodies import History, HistoryMoment, UnitPoint
from penchant.types import InterestUnit

_TERMS = 8


def told_history(engine: Engine, user_id: str) -> History:
    """The moments of a user's kept history. A unit is known by its key; a click gives the unit it changes a
    new one."""
    moments = engine.history(user_id)
    told: list[HistoryMoment] = []
    before: dict[int, InterestUnit] = {}
    for step, moment in enumerate(moments, 1):
        now = {unit.changed_step: unit for unit in moment.units}
        gone = [key for key in before if key not in now]
        # units of one text have one embedding, hence one fate: a text tells the merged from the pruned
        replaced = tuple(key for key in gone if before[key].text in moment.change.merged)
        changed = now.get(step)
        told.append(
            HistoryMoment(
                at=moment.change.at,
                document=engine.document(moment.change.document_id),
                action=moment.change.action,
                unit=None if changed is None else _point(changed),
                replaced=replaced,
                pruned=tuple(key for key in gone if key not in replaced),
            )
        )
        before = now
    return History(user_id, complete=len(moments) == engine.user(user_id).steps, moments=told)


def _point(unit: InterestUnit) -> UnitPoint:
    return UnitPoint(unit.changed_step, unit.name, unit.terms[:_TERMS], unit.size, unit.updated_at)
