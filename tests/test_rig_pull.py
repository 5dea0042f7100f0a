"""What a pulled page does to a till in use: the member in hand, the programme in force."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.config import ServerSection
from app.lanes import FixedWorld
from app.loyalty.effects import Lot, PointsEarned
from app.loyalty.state import apply
from app.rig import Rig
from sync import protocol
from tests.test_rig import Posted, folder, posted, rig, shop, world

__all__ = ["folder", "posted", "rig", "shop", "world"]

CARD = "2900000000018"
MEMBERS_ONLY = 10**6


def test_the_member_in_hand_is_priced_anew_when_their_state_comes(rig: Rig, posted: Posted) -> None:
    changes: list[int] = []
    rig.syncing.start(ServerSection(), lambda _: None, lambda: changes.append(1))
    assert rig.till.scan(CARD).code == "member_here"
    assert rig.till.member is not None
    member, before = rig.till.member.id, rig.till.member.state
    more = apply(before, (PointsEarned(Lot("elsewhere", "points", 5_000, rig.world.now_ms())),), 1)
    row = protocol.MemberRow(
        member=member,
        at_ms=rig.world.now_ms(),
        state=msgspec.Raw(msgspec.json.encode(more)),
        applied={0: MEMBERS_ONLY},
    )
    page = protocol.PullPage(feed_epoch="f", cursor="1", more=False, members=[row])
    rig.database.call(lambda: rig.database.writer.set_acked(0, MEMBERS_ONLY))
    inbox = rig.database.inbox()
    later_ms = rig.world.now_ms() + 60_000
    arrival = inbox.apply(page, later_ms)
    rig.syncing.arrived(arrival)
    posted.until(lambda: bool(changes))
    shown = rig.till.member
    assert shown is not None
    assert shown.state.balance_centi == before.balance_centi + 5_000
    assert shown.as_of_ms == later_ms, "as of when the server was asked"
    rig.syncing.arrived(msgspec.structs.replace(arrival, members=frozenset()))
    inbox.close()


def test_a_published_programme_prices_the_basket_in_hand(
    rig: Rig, folder: Path, posted: Posted, world: FixedWorld
) -> None:
    changes: list[int] = []
    rig.syncing.start(ServerSection(), lambda _: None, lambda: changes.append(1))
    file = (folder / "programme.yaml").read_text("utf-8")
    old = rig.till.programme.programme
    source = file.replace(f"version: {old.version}", f"version: {old.version + 1}", 1)
    body = protocol.ProgrammeBody(
        id=old.id, version=old.version + 1, valid_from_ms=world.ms - 1, source=source
    )
    key = f"{old.id}@{old.version + 1}"
    row = protocol.Listed(list="programme", key=key, body=msgspec.Raw(protocol.encode(body)))
    inbox = rig.database.inbox()
    page = protocol.PullPage(feed_epoch="f", cursor="1", more=False, listed=[row])
    rig.syncing.arrived(inbox.apply(page, world.ms))
    posted.until(lambda: bool(changes))
    assert rig.till.programme.programme.version == old.version + 1
    inbox.close()
