"""What a sale handed over beside its goods: things for points, and gifts that waited for the member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.loyalty.effects import AnyEffect, Counted, GrantUsed, PointsSpent


class Handed(NamedTuple):
    """`name` is an id with a translated name, or the words themselves; a gift costs no points."""

    name: str
    pieces: int
    points_centi: int = 0


def handed_over(effects: Iterable[AnyEffect]) -> list[Handed]:
    """Each thing once, in the order of the effects."""
    found: dict[str, Handed] = {}
    cost = 0
    for effect in effects:
        match effect:
            case PointsSpent(_, amount, _, False):
                cost = amount
            case Counted() if cost:
                # The engine counts each thing right behind its points, as "rule#thing".
                _put(found, effect.key, Handed(effect.key.partition("#")[2], effect.uses, cost))
                cost = 0
            case GrantUsed(grant) if grant.kind == "reward":
                _put(found, grant.code, Handed(grant.thing, grant.uses))
            case _:
                pass
    return list(found.values())


def _put(found: dict[str, Handed], key: str, one: Handed) -> None:
    had = found.get(key)
    found[key] = (
        one if had is None else Handed(one.name, had.pieces + one.pieces, had.points_centi + one.points_centi)
    )
