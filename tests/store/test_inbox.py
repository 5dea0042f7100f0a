"""Pulled pages in the till's database: never double, never missing, whatever comes in between."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec

from app.checkout.ports import Agreed, Person, Work
from app.ledger.facts import CardBlocked, CardLinked
from app.loyalty.state import EMPTY
from app.store.inbox import StoredInbox
from app.store.printing import StoredPrintQueue
from hardware.ports import PrintOutcome
from sync import protocol
from sync.outbox import Credentials
from tests.store.inbox_desk import OTHER, TILL, Desk, earned, page, row, state
from tests.support.facts import START_MS, product


def test_own_later_facts_are_folded_on_top_and_none_twice(desk: Desk) -> None:
    ann = uuid.uuid4()
    facts = [earned(desk.shelf, ann, centi) for centi in (100, 20, 3)]
    theirs = earned(desk.shelf, ann, 4000)
    desk.write(*facts)
    desk.outbox.set_acked(1, 2)
    desk.inbox.apply(page(row(ann, state(*facts[:2], theirs), {1: 2})), START_MS + 10**6)
    assert desk.balance(ann) == 4123
    desk.write(earned(desk.shelf, ann, 50000))
    assert desk.balance(ann) == 54123
    desk.check()
    desk.inbox.apply(page(row(ann, state(*facts[:2], theirs), {1: 2})), START_MS + 10**6)
    assert desk.balance(ann) == 54123, "the same page again"
    desk.check()
    desk.outbox.set_acked(1, 3)
    desk.inbox.apply(page(row(ann, state(*facts, theirs), {1: 3}), cursor="c2"), START_MS + 10**6)
    assert desk.balance(ann) == 54123
    assert desk.inbox.cursor() == "c2"
    desk.check()


def test_a_member_of_another_till_is_known_with_card_and_person(desk: Desk) -> None:
    bob = uuid.uuid4()
    person = Person(member=bob, name="Łukasz Bąk", phone="+48 600 100 200", lang="pl")
    data = msgspec.Raw(msgspec.json.encode(person))
    arrival = desk.inbox.apply(
        page(
            row(bob, state(earned(desk.shelf, bob, 700)), {}, (protocol.CardRow("uid:04B0", START_MS),)),
            protocol.PersonRow(member=bob, updated_ms=START_MS, origin=OTHER, data=data),
        ),
        START_MS + 10**6,
    )
    assert arrival.members == {bob}
    holder = desk.reader.holder("uid:04B0")
    assert holder is not None
    found = desk.reader.member(holder.member)
    assert found is not None
    assert (found.state.balance_centi, found.person) == (700, person)
    assert found.as_of_ms == START_MS + 10**6, "as of the last time the server had nothing more"
    assert [one.member for one in desk.reader.find_people("lukasz")] == [bob]
    assert desk.inbox.persons(10) == [], "what the server sent need not be handed to it"
    desk.check()


def test_a_copied_disks_facts_do_not_hide_ones_own(desk: Desk) -> None:
    """The server knows numbers of this epoch, and of later ones, from a copy of this till's disk."""
    ann = uuid.uuid4()
    mine, copys = earned(desk.shelf, ann, 100), earned(desk.shelf, ann, 4000)
    desk.inbox.apply(page(row(ann, state(copys), {1: 1, 2: 7})), START_MS)
    desk.write(mine)
    assert desk.balance(ann) == 4100
    desk.inbox.apply(page(row(ann, state(copys), {1: 1, 2: 7}), cursor="c2"), START_MS)
    assert desk.balance(ann) == 4100
    desk.check()


def test_a_new_epoch_keeps_what_a_snapshot_holds(desk: Desk) -> None:
    """A restored server knows less; what a snapshot had before is known under the new numbers, too."""
    ann = uuid.uuid4()
    facts = [earned(desk.shelf, ann, centi) for centi in (1, 20, 300)]
    desk.write(*facts)
    desk.outbox.set_acked(1, 2)
    desk.inbox.apply(page(row(ann, state(*facts[:2]), {1: 2})), START_MS)
    desk.outbox.set_acked(1, 1)
    desk.outbox.begin_epoch(Credentials(TILL, 2, "12", bytes(32), ""))
    assert desk.balance(ann) == 321
    desk.check()
    desk.outbox.set_acked(2, 2)
    desk.inbox.apply(page(row(ann, state(*facts), {1: 1, 2: 2}), cursor="c2"), START_MS)
    assert desk.balance(ann) == 321
    desk.check()


def test_the_later_link_of_a_card_holds_and_a_block_stays(desk: Desk) -> None:
    ann, bob = uuid.uuid4(), uuid.uuid4()
    desk.shelf.world.ms += 5000
    at_ms = desk.shelf.world.ms
    desk.write(CardLinked(id=uuid.uuid4(), at_ms=at_ms, member=ann, card="uid:01"))

    def holder() -> tuple[uuid.UUID, bool]:
        found = desk.reader.holder("uid:01")
        assert found is not None
        return found.member, found.blocked

    desk.inbox.apply(page(row(bob, EMPTY, {}, (protocol.CardRow("uid:01", at_ms - 1),))), START_MS)
    assert holder() == (ann, False), "an earlier link of another till does not count"
    desk.inbox.apply(
        page(row(bob, EMPTY, {}, (protocol.CardRow("uid:01", at_ms + 1),)), cursor="2"), START_MS
    )
    assert holder() == (bob, False)
    desk.check()
    desk.write(CardBlocked(id=uuid.uuid4(), at_ms=at_ms + 5, member=bob, card="uid:01"))
    desk.inbox.apply(
        page(row(bob, EMPTY, {}, (protocol.CardRow("uid:01", at_ms + 1),)), cursor="3"), START_MS
    )
    assert holder() == (bob, True), "the server has not heard of the block yet"
    desk.check()
    assert desk.database.call(desk.database.writer.rebuild) == 2
    assert holder() == (bob, True)


def test_lists_come_and_go(desk: Desk) -> None:
    def listed(name: str, key: str, body: object = None) -> protocol.Listed:
        raw = protocol.NOTHING if body is None else msgspec.Raw(msgspec.json.encode(body))
        return protocol.Listed(list=name, key=key, body=raw)

    milk = product("1017", codes=("590123",))
    anna = {"id": "7", "name": "Anna", "role": "manager", "pin": "$scrypt$x", "card": "uid:07"}
    arrival = desk.inbox.apply(
        page(
            listed("product", "1017", milk),
            listed("staff", "7", anna),
            listed("weather", "today", {"sun": 1}),
        ),
        START_MS,
    )
    assert arrival.lists == {"product", "staff", "weather"}
    found = desk.reader.product_by_code("590123")
    assert found is not None
    assert (found.sku, found.price_minor) == ("1017", 649)
    assert desk.reader.count("staff") == 1
    desk.inbox.apply(
        page(listed("product", "1017"), listed("staff", "7"), listed("product", "none")), START_MS
    )
    assert desk.reader.product("1017") is None
    assert desk.reader.find_products("mleko") == []
    assert desk.reader.count("staff") == 0
    assert desk.reader.listed("weather"), "a list of a later version is kept for it"


def test_beginning_again_replaces_lists_and_hands_persons_again(desk: Desk, tmp_path: Path) -> None:
    def goods(sku: str) -> protocol.Listed:
        return protocol.Listed(list="product", key=sku, body=msgspec.Raw(msgspec.json.encode(product(sku))))

    ann = uuid.uuid4()
    data = msgspec.Raw(msgspec.json.encode(Person(member=ann, name="Ann")))
    desk.database.call(lambda: desk.database.writer.put_products([product("own")]))
    row_of_staff = protocol.Listed(list="staff", key="7", body=msgspec.Raw(b'{"id":"7","name":"Anna"}'))
    theirs = protocol.PersonRow(member=ann, updated_ms=5, origin=OTHER, data=data)
    desk.inbox.apply(page(goods("1"), goods("2"), row_of_staff, theirs), START_MS)
    desk.inbox.begin_again()
    assert (desk.inbox.cursor(), [one.member for one in desk.inbox.persons(9)]) == ("", [ann])
    desk.inbox.apply(page(goods("2"), cursor="a", more=True), START_MS)
    after_a_crash = desk.database.inbox()
    assert after_a_crash.cursor() == "", "half of it tells nothing about what is gone"
    assert desk.reader.product("1") is not None
    after_a_crash.apply(page(goods("2"), cursor="a", more=True), START_MS)
    after_a_crash.apply(page(goods("3"), cursor="b"), START_MS)
    skus = [sku for sku in ("1", "2", "3", "own") if desk.reader.product(sku)]
    assert skus == ["2", "3", "own"], "what came is what there is, and what the shop has of its own"
    assert desk.reader.count("staff") == 1, "a list that came empty leaves the one before"
    assert after_a_crash.cursor() == "b"
    after_a_crash.close()


def test_what_cannot_be_read_does_not_keep_the_rest_back(desk: Desk) -> None:
    ann = uuid.uuid4()
    bad = protocol.MemberRow(member=uuid.uuid4(), at_ms=1, state=msgspec.Raw(b'{"lots": 5}'), applied={})
    nobody = protocol.PersonRow(member=ann, updated_ms=1, origin=OTHER, data=msgspec.Raw(b"[]"))
    goods = protocol.Listed(list="product", key="1", body=msgspec.Raw(b'{"sku": 1}'))
    huge = b'{"sku": "2", "name": "a", "price_minor": 1, "favourite": 100000000000000000000}'
    none_holds = protocol.Listed(list="product", key="2", body=msgspec.Raw(huge))
    since = b'{"member": "%s", "name": "A", "birthday_since_ms": 100000000000000000000}' % str(ann).encode()
    ever = protocol.PersonRow(member=ann, updated_ms=2, origin=OTHER, data=msgspec.Raw(since))
    rows = (bad, nobody, goods, none_holds, ever, row(ann, state(earned(desk.shelf, ann, 5)), {}))
    desk.inbox.apply(page(*rows), START_MS)
    assert (desk.balance(ann), desk.inbox.cursor()) == (5, "c1")


def test_persons_are_handed_once_and_the_later_version_holds(desk: Desk) -> None:
    member, work = desk.shelf.enrolled("Ann")
    desk.database.write(work)
    (first,) = desk.inbox.persons(10)
    changed = Person(member=member, name="Anna", phone="1")
    desk.database.write(Work(people=(changed,), keep_basket=True, at_ms=START_MS - 10**9))
    desk.inbox.handed([first])
    (second,) = desk.inbox.persons(10)
    assert second.updated_ms > first.updated_ms, "later, though the till's clock was put back"
    theirs = msgspec.json.encode(Person(member=member, name="Their Ann"))
    older = protocol.PersonRow(
        member=member, updated_ms=first.updated_ms, origin=OTHER, data=msgspec.Raw(theirs)
    )
    desk.inbox.apply(page(older), START_MS)
    assert desk.reader.person(member) == changed, "what was entered here since is on its way"
    desk.inbox.handed([second])
    assert desk.inbox.persons(10) == []
    newer = msgspec.structs.replace(older, updated_ms=second.updated_ms + 1)
    desk.inbox.apply(page(newer), START_MS)
    found = desk.reader.person(member)
    assert found is not None
    assert found.name == "Their Ann"
    desk.inbox.apply(page(protocol.PersonRow(member=member, updated_ms=0)), START_MS)
    assert desk.reader.person(member) is None
    assert desk.reader.find_people("their") == []


def test_each_consent_is_as_it_was_said_last_wherever_that_was(desk: Desk) -> None:
    """The later version of a person holds; of what they said, the later word on each purpose."""
    ann = uuid.uuid4()
    here = {
        "news": Agreed(version="1", given=False, at_ms=20),
        "terms": Agreed(version="1", given=True, at_ms=1),
    }
    there = {
        "news": Agreed(version="1", given=True, at_ms=10),
        "calls": Agreed(version="1", given=True, at_ms=30),
    }
    desk.database.write(Work(people=(Person(member=ann, name="Ann", consents=here),), at_ms=START_MS))
    data = msgspec.Raw(msgspec.json.encode(Person(member=ann, name="Anna", consents=there)))
    desk.inbox.apply(
        page(protocol.PersonRow(member=ann, updated_ms=START_MS + 1, origin=OTHER, data=data)), START_MS
    )
    found = desk.reader.person(ann)
    assert found is not None
    assert found.name == "Anna"
    assert {key: (each.given, each.at_ms) for key, each in found.consents.items()} == {
        "news": (False, 20),
        "terms": (True, 1),
        "calls": (True, 30),
    }


def test_a_page_is_taken_in_short_transactions_with_others_in_between(desk: Desk) -> None:
    """A clock that jumps makes every chunk one row; a crash after any of them leaves the old cursor."""
    people = [uuid.uuid4() for _ in range(6)]
    rows = [row(member, state(earned(desk.shelf, member, 10)), {}) for member in people]
    ticks = iter(range(10**6))
    between: list[int] = []

    def pause(_: float) -> None:
        assert desk.inbox.cursor() == "c0"
        desk.write(earned(desk.shelf, people[0], 1))
        between.append(1)

    inbox = StoredInbox(
        desk.database.file, desk.database.writer, desk.database.call, pause, lambda: next(ticks) / 10
    )
    inbox.apply(msgspec.structs.replace(page(), cursor="c0"), START_MS)
    inbox.apply(page(*rows), START_MS)
    assert (len(between), inbox.cursor()) == (6, "c1")
    assert desk.balance(people[0]) == 16
    assert all(desk.balance(member) == 10 for member in people[1:])
    desk.check()
    inbox.close()


def test_a_till_that_is_being_set_up_makes_no_pauses(desk: Desk) -> None:
    """Nobody sells by members that never were there: fewer, larger transactions, each page written once."""
    rows = [row(member, state(earned(desk.shelf, member, 10)), {}) for member in map(_new, range(40))]
    ticks = iter(range(10**6))
    paused: list[float] = []
    transactions: list[int] = []

    def in_lane(job: Callable[[], bool]) -> bool:
        transactions.append(1)
        return desk.database.call(job)

    inbox = StoredInbox(
        desk.database.file, desk.database.writer, in_lane, paused.append, lambda: next(ticks) / 1000
    )
    inbox.apply(page(*rows), START_MS)
    first = len(transactions)
    inbox.apply(page(*rows), START_MS)
    assert paused, "from now on, somebody may be selling"
    assert len(transactions) - first > first
    inbox.close()


def _new(_: int) -> uuid.UUID:
    return uuid.uuid4()


def test_rows_that_a_store_is_told_of_no_more_are_as_of_when_they_came(desk: Desk) -> None:
    ann, bob = uuid.uuid4(), uuid.uuid4()
    fact = earned(desk.shelf, ann, 100)
    both = [row(one, state(fact), {}) for one in (ann, bob)]
    desk.inbox.apply(page(*both, cursor="c1"), START_MS + 10**6)
    desk.inbox.begin_again()
    assert desk.inbox.cursor() == ""
    limited = msgspec.structs.replace(
        page(row(ann, state(fact), {}), cursor="c2"), limited=True, card_key=b"k"
    )
    desk.inbox.apply(msgspec.structs.replace(limited, more=True), START_MS + 2 * 10**6)
    assert as_of(desk, bob) == START_MS + 10**6, "until it is known who comes, nobody is left out"
    desk.inbox.apply(limited, START_MS + 2 * 10**6)
    assert as_of(desk, ann) == START_MS + 2 * 10**6
    assert as_of(desk, bob) < START_MS + 10**6, "nobody tells of them: not known since their last fact"
    assert desk.reader.setting("pull.card_key") == b"k"
    desk.inbox.begin_again()
    desk.inbox.apply(page(*both, cursor="c3"), START_MS + 3 * 10**6)
    assert as_of(desk, bob) == START_MS + 3 * 10**6, "a chain that is whole again tells of everybody"
    assert desk.reader.setting("pull.card_key") is None


def as_of(desk: Desk, member: uuid.UUID) -> int:
    found = desk.reader.member(member)
    assert found is not None
    return found.as_of_ms


def test_who_is_erased_stands_on_no_printed_paper_of_the_queue(desk: Desk) -> None:
    """What is not on paper yet is still printed: the receipt is the customer's own."""
    ann, queue = uuid.uuid4(), StoredPrintQueue(desk.database.writer, desk.database.call)
    desk.database.write(desk.shelf.opened())
    for _ in range(2):
        desk.database.write(desk.shelf.sold(ann))
    printed = queue.take()
    assert printed is not None
    queue.settle(printed.id, PrintOutcome.PRINTED)
    desk.inbox.apply(page(protocol.PersonRow(member=ann, updated_ms=START_MS, origin=OTHER)), START_MS)
    with desk.database.writer.transaction() as sql:
        assert sql.execute("SELECT id FROM print_job").fetchall() == [(printed.id + 1,)]
