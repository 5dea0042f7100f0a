"""A till's database that takes pulled pages, and what stands in them."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec

from app.checkout.ports import Work
from app.ledger.facts import CardBlocked, CardLinked, MembersMerged, PointsAdjusted
from app.loyalty.effects import Lot, PointsEarned
from app.loyalty.state import EMPTY, MemberState, apply
from app.store.database import Database
from sync import protocol
from sync.outbox import Credentials
from tests.support.facts import START_MS, Shelf

TILL = uuid.UUID("019a0000-0000-7000-8000-000000000001")
OTHER = uuid.UUID("019a0000-0000-7000-8000-000000000002")


def earned(shelf: Shelf, member: uuid.UUID, centi: int) -> PointsAdjusted:
    shelf.world.ms += 1000
    id = shelf.world.new_id()
    lot = Lot(str(id), "points", centi, shelf.world.ms)
    return PointsAdjusted(
        id=id, at_ms=shelf.world.ms, member=member, reason="test", effects=(PointsEarned(lot),)
    )


def state(*facts: PointsAdjusted) -> MemberState:
    folded = EMPTY
    for fact in facts:
        folded = apply(folded, fact.effects, fact.at_ms)
    return folded


def row(
    member: uuid.UUID, folded: MemberState, applied: dict[int, int], cards: tuple[protocol.CardRow, ...] = ()
) -> protocol.MemberRow:
    return protocol.MemberRow(
        member=member,
        at_ms=START_MS,
        state=msgspec.Raw(msgspec.json.encode(folded)),
        applied=applied,
        cards=cards,
    )


def page(*rows: object, cursor: str = "c1", more: bool = False) -> protocol.PullPage:
    def of(kind: type) -> list:  # type: ignore[type-arg]
        return [one for one in rows if isinstance(one, kind)]

    return protocol.PullPage(
        feed_epoch="f", cursor=cursor, more=more, members=of(protocol.MemberRow),
        persons=of(protocol.PersonRow), listed=of(protocol.Listed),
    )  # fmt: skip


class Desk:
    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)
        self.reader = self.database.reader()
        self.outbox = self.database.outbox()
        self.inbox = self.database.inbox()
        self.shelf = Shelf()
        self.outbox.begin_epoch(Credentials(TILL, 1, "12", bytes(32), ""))

    def write(self, *facts: PointsAdjusted | CardLinked | CardBlocked | MembersMerged) -> None:
        self.database.write(Work(facts=facts, at_ms=self.shelf.world.ms))

    def balance(self, member: uuid.UUID) -> int:
        found = self.reader.member(member)
        return found.state.balance_centi if found else 0

    def check(self) -> None:
        """What is shown is what a rebuild from snapshots and facts gives."""
        assert self.database.call(self.database.writer.check)[1] == []

    def close(self) -> None:
        self.outbox.close()
        self.inbox.close()
        assert self.database.close()
