"""Members that are merged here and at the server, in any order: one person, whose points count once."""

from __future__ import annotations

import uuid

import msgspec
import pytest

from app.ledger.facts import MembersMerged
from app.loyalty.state import EMPTY
from sync import protocol
from tests.store.inbox_desk import Desk, earned, page, row, state
from tests.support.facts import START_MS


def test_members_merged_elsewhere_are_one_here_too(desk: Desk) -> None:
    ann, anna = uuid.uuid4(), uuid.uuid4()
    theirs, hers, mine = (earned(desk.shelf, member, n) for member, n in ((ann, 1), (anna, 20), (anna, 300)))
    cards = (protocol.CardRow("uid:0A", START_MS),)
    desk.inbox.apply(page(row(ann, state(theirs), {}), row(anna, state(hers), {}, cards)), START_MS)
    desk.write(mine)
    assert (desk.balance(ann), desk.balance(anna)) == (1, 320)
    gone = msgspec.structs.replace(row(anna, EMPTY, {}), merged_into=ann)
    one = row(ann, state(theirs, hers), {}, cards)
    for pages in ((gone, one), (one, gone)):
        for number, each in enumerate(pages):
            desk.inbox.apply(page(each, cursor=f"m{number}"), START_MS)
        assert (desk.balance(ann), desk.balance(anna)) == (321, 321), "its own late sale follows"
        holder = desk.reader.holder("uid:0A")
        assert holder is not None
        assert holder.member == ann
        desk.check()
    desk.write(earned(desk.shelf, anna, 4000))
    assert desk.balance(ann) == 4321
    desk.check()


def test_a_merge_that_the_server_has_not_heard_of_holds_here(desk: Desk) -> None:
    ann, anna = uuid.uuid4(), uuid.uuid4()
    first, second = earned(desk.shelf, ann, 1), earned(desk.shelf, anna, 20)
    desk.inbox.apply(page(row(ann, state(first), {}), row(anna, state(second), {})), START_MS)
    merge = MembersMerged(id=uuid.uuid4(), at_ms=desk.shelf.world.ms, member=ann, other=anna)
    desk.write(merge)
    assert desk.balance(ann) == desk.balance(anna) == 21
    more = earned(desk.shelf, anna, 300)
    desk.inbox.apply(page(row(anna, state(second, more), {}), cursor="2"), START_MS)
    assert desk.balance(ann) == 321
    desk.check()
    desk.outbox.set_acked(1, 1)
    gone = msgspec.structs.replace(row(anna, EMPTY, {}), merged_into=ann)
    desk.inbox.apply(page(gone, row(ann, state(first, second, more), {1: 1}), cursor="3"), START_MS)
    assert desk.balance(ann) == 321, "and once it has, nothing counts twice"
    desk.check()


@pytest.mark.parametrize("backwards", [False, True])
def test_a_server_put_back_that_merges_in_another_order_shows_nothing_twice(
    desk: Desk, backwards: bool
) -> None:
    ann, cleo, dora = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    hers, of_cleo, of_dora = (earned(desk.shelf, one, n) for one, n in ((ann, 1), (cleo, 300), (dora, 20)))

    def told(history: str, *members: protocol.MemberRow) -> None:
        named = [msgspec.structs.replace(one, version=1) for one in members]
        whole = page(*(reversed(named) if backwards else named), cursor=history)
        desk.inbox.apply(msgspec.structs.replace(whole, feed_epoch=history), START_MS)
        desk.check()

    def into(member: uuid.UUID) -> protocol.MemberRow:
        return msgspec.structs.replace(row(ann, EMPTY, {}), merged_into=member)

    told("first", row(dora, state(hers, of_dora), {}), into(dora))
    assert desk.balance(ann) == desk.balance(dora) == 21
    desk.inbox.begin_again()
    told("second", row(cleo, state(hers, of_cleo), {}), into(cleo))
    assert desk.balance(ann) == desk.balance(cleo) == desk.balance(dora) == 21, "less, and never more"
    mine = earned(desk.shelf, ann, 4000)
    desk.write(mine)
    assert desk.balance(cleo) == 4021
    told("second", row(dora, state(of_dora), {}))
    assert desk.balance(ann) == 4321
    assert desk.database.call(desk.database.writer.rebuild) == 1
    assert desk.balance(ann) == 4321
