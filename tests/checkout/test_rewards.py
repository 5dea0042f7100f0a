"""Things for points, gifts that wait, uses of a service: taken at the till, handed over when it is paid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.checkout.paper.copy import copy_document
from app.checkout.ports import Work
from app.checkout.receipt import sale_document
from app.checkout.rewards import Choice
from app.ledger.again import context_of, differences, price_again
from app.ledger.alone import alone_of
from app.ledger.facts import PointsAdjusted, SaleCompleted, encode
from app.ledger.handed import Handed, handed_over
from app.ledger.inputs import context_from
from app.loyalty.effects import Grant, Granted
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from hardware.receipt import Columns, Document
from sync.protocol.batch import read_bodies, write_bodies
from tests.support.outside import Counter
from tests.support.shop import Desk

LUCJA = "04A1B2C3D4E5F6"
BEANS, MILK = "5901234000161", "5901234000178"
RULES = """
stempel: 1
id: rewards
version: 1
name: {ru: Награды, pl: Nagrody, en: Rewards}
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
rules:
  - id: catalogue
    kind: reward
    name: {ru: Каталог, pl: Katalog, en: Catalogue}
    items:
      - {id: mug, name: {ru: Кружка, pl: Kubek, en: Mug}, points: 500, per_member: 1}
      - {id: spoon, name: {ru: Ложка, pl: Łyżka, en: Spoon}, points: 100}
      - {id: yacht, name: {ru: Яхта, pl: Jacht, en: Yacht}, points: 900000}
  - id: care
    kind: entitlement
    name: {ru: Уход, pl: Opieka, en: Care}
    products: {skus: ["1017"]}
    uses: 3
  - id: birthday
    kind: stamps
    name: {ru: Карта, pl: Karta, en: Card}
    size: 2
    per: receipt
    reward: {gift: spoon}
  - id: points
    kind: points
    name: {ru: Баллы, pl: Punkty, en: Points}
    redeem: {value: 0.01}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "till").stock()
    desk.programme = compile_programme(load_programme(RULES.encode()))
    desk.till.use(desk.programme)
    yield desk
    desk.close()


def handed(document: Document) -> list[tuple[str, str]]:
    """The lines of a paper that say what was handed over."""
    rows = [block for block in document.blocks if isinstance(block, Columns)]
    return [(row.left, row.right) for row in rows if row.left.startswith("Wydano:")]


def choices(desk: Desk) -> dict[str, Choice]:
    return {choice.name: choice for choice in desk.till.rewards.choices()}


def pay(desk: Desk) -> SaleCompleted:
    """Paid; and whoever prices it again from its fact, or gets it by the wire, has the same."""
    state = desk.till.heart.state
    desk.till.pay_cash(max(desk.till.due_minor, 0), desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert desk.till.last is not None
    sale = desk.till.last.sale
    assert sale.basis is not None
    again = price_again(sale, desk.programme, state, context_of(sale, sale.basis))
    assert list(differences(sale, again)) == []
    bodies = [encode(sale), encode(sale)]
    packed = write_bodies(bodies)
    assert packed is None or list(read_bodies(packed, 2, 1 << 20)) == bodies
    return sale


def test_a_card_blocked_meanwhile_fetches_nothing_that_was_taken_before(desk: Desk) -> None:
    """As it would be refused if it were tapped now."""
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    assert not till.rewards.take("catalogue/mug").refused
    till.care.replace_card(desk.member(), [f"uid:{LUCJA}"], answer=desk.heard.append)
    assert desk.heard[-1].code == "card_replaced"
    assert (till.sale.rewards, till.decision.points.rewards_centi) == ((), 0)


def give(desk: Desk, *grants: Grant) -> None:
    """The member comes back holding these, as if sales of the past had given them."""
    fact = PointsAdjusted(
        id=desk.world.new_id(),
        at_ms=desk.world.ms,
        member=desk.member(),
        reason="test",
        cashier="Anna",
        effects=tuple(Granted(grant) for grant in grants),
    )
    desk.database.write(Work(facts=(fact,)))


def test_a_thing_for_points_is_taken_put_back_and_handed_over_when_paid(desk: Desk) -> None:
    till, before = desk.till, desk.points_centi()
    till.tap(LUCJA)
    till.scan(BEANS)
    due = till.due_minor
    assert till.rewards.take("catalogue/mug").code == "reward_taken"
    again = choices(desk)["mug"]
    assert (again.taken, again.more, again.why_not.code if again.why_not else "") == (1, False, "reward_had")
    assert till.rewards.take("catalogue/mug").code == "reward_not_now"
    assert till.rewards.put_back("catalogue/mug").code == "reward_back"
    assert till.rewards.put_back("catalogue/mug").code == "no_reward"
    assert till.rewards.take("catalogue/mug").code == "reward_taken"
    assert till.rewards.take("catalogue/spoon").code == "reward_taken"
    assert till.due_minor == due
    sale = pay(desk)
    assert desk.points_centi() == before - 600_00
    assert handed_over(sale.effects) == [Handed("mug", 1, 500_00), Handed("spoon", 1, 100_00)]
    assert alone_of(sale).points_centi == 600_00
    assert sale.basis is not None
    context = context_from(sale.basis, sale_id="", member_id="", sold_ms=sale.at_ms)
    assert context.redeem.rewards == ("catalogue/mug", "catalogue/spoon")


def test_what_cannot_be_had_says_why_and_rewards_come_before_points_as_money(desk: Desk) -> None:
    till, balance = desk.till, desk.points_centi()
    till.tap(LUCJA)
    till.scan(BEANS)
    dear = choices(desk)["yacht"]
    assert (dear.more, dear.why_not.code if dear.why_not else "") == (False, "reward_too_dear")
    # This card can be copied: so much it may spend here, as rewards and money together.
    assert till.sale.redeem_cap_centi == 600_00 < balance
    for _ in range(5):
        assert till.rewards.take("catalogue/spoon").code == "reward_taken"
    till.redeem("max")
    assert (till.decision.points.rewards_centi, till.decision.points.spent_centi) == (500_00, 100_00)
    till.rewards.take("catalogue/spoon")
    assert till.decision.points.spent_centi == 0
    too_many = choices(desk)["spoon"]
    assert (too_many.more, too_many.why_not and too_many.why_not.code) == (False, "reward_beyond_limit")


def test_rewards_are_the_members_and_go_with_them(desk: Desk) -> None:
    till = desk.till
    assert (till.rewards.there, till.rewards.choices()) == (False, ())
    assert till.rewards.take("catalogue/mug").code == "no_member"
    till.tap(LUCJA)
    till.rewards.take("catalogue/mug")
    till.tap(LUCJA)
    assert till.sale.rewards == ("catalogue/mug",)
    desk.restart()
    assert desk.till.sale.rewards == ("catalogue/mug",)
    desk.till.detach()
    assert desk.till.sale.rewards == ()
    desk.till.undo()
    assert desk.till.sale.rewards == ("catalogue/mug",)


def test_a_gift_that_waits_is_fetched_without_any_goods(desk: Desk) -> None:
    give(desk, Grant("old:birthday", "birthday", "reward", desk.world.ms, 1, item="spoon"))
    till, before = desk.till, desk.points_centi()
    till.tap(LUCJA)
    assert [grant.code for grant in till.rewards.held] == ["old:birthday"]
    assert till.start_payment().code == "nothing_to_pay"
    assert till.rewards.take("old:birthday").code == "gift_taken"
    assert till.rewards.held == ()
    assert till.rewards.take("old:birthday").code == "reward_not_now"
    sale = pay(desk)
    assert (sale.lines, sale.total_minor, desk.points_centi()) == ((), 0, before)
    assert handed_over(sale.effects) == [Handed("spoon", 1)]
    till.tap(LUCJA)
    assert till.rewards.held == ()


def test_a_gift_alone_is_no_sale_that_a_fiscal_device_must_register(tmp_path: Path) -> None:
    counter = Counter(tmp_path, fiscal=True)
    desk = counter.desk
    desk.programme = compile_programme(load_programme(RULES.encode()))
    desk.till.use(desk.programme)
    give(desk, Grant("old:birthday", "birthday", "reward", desk.world.ms, 1, item="spoon"))
    desk.till.tap(LUCJA)
    desk.till.rewards.take("old:birthday")
    assert pay(desk).fiscal == ""
    desk.till.tap(LUCJA)
    desk.till.scan(MILK)
    desk.till.pay_cash(100_00, desk.heard.append)
    assert desk.heard[-1].code == "registering"
    desk.close()


def test_of_several_gifts_those_that_are_taken_wait_no_more(desk: Desk) -> None:
    give(desk, Grant("old:birthday", "birthday", "reward", desk.world.ms, 2, item="spoon"))
    desk.till.tap(LUCJA)
    assert [grant.uses for grant in desk.till.rewards.held] == [2]
    desk.till.rewards.take("old:birthday")
    assert [grant.uses for grant in desk.till.rewards.held] == [1]
    desk.till.rewards.take("old:birthday")
    assert desk.till.rewards.held == ()


def test_a_use_covers_what_is_in_the_basket_and_waits_for_it(desk: Desk) -> None:
    give(desk, Grant("old:care", "care", "uses", desk.world.ms, 2))
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    alone = till.due_minor
    assert till.rewards.take("care").code == "use_taken"
    assert choices(desk)["care"].waits
    till.scan(MILK)
    assert (till.due_minor, choices(desk)["care"].waits) == (alone, False)
    assert till.rewards.take("care").code == "use_taken"
    assert till.rewards.take("care").code == "reward_not_now"
    assert till.rewards.put_back("care").code == "reward_back"
    pay(desk)
    till.tap(LUCJA)
    assert choices(desk)["care"].left == 1


def test_what_went_elsewhere_meanwhile_is_not_handed_over(desk: Desk) -> None:
    give(desk, Grant("old:birthday", "birthday", "reward", desk.world.ms, 1, item="spoon"))
    till = desk.till
    till.tap(LUCJA)
    till.scan(BEANS)
    till.rewards.take("old:birthday")
    desk.world.ms += 1
    give(desk, Grant("old:birthday", "birthday", "reward", desk.world.ms, -1, item="spoon"))
    till.refresh_member()
    assert till.start_payment().code == "reward_not_now"
    assert till.rewards.put_back("old:birthday").code == "reward_back"
    assert till.start_payment().code == "due"


def test_the_paper_says_what_was_handed_over_and_a_refund_brings_the_points_back(desk: Desk) -> None:
    give(desk, Grant("old:birthday", "birthday", "reward", desk.world.ms, 1, item="spoon"))
    till, before = desk.till, desk.points_centi()
    till.tap(LUCJA)
    till.scan(BEANS)
    for key in ("catalogue/mug", "old:birthday"):
        assert not till.rewards.take(key).refused
    sale = pay(desk)
    assert till.last is not None
    uses = Grant("t:care:1", "care", "uses", 0, 3, item="1")
    assert (uses.thing, Grant("t:s:cup", "s", "reward", 0, item="cup").thing) == ("care", "cup")
    shown = handed(sale_document(till.last, till.shop, desk.programme))
    assert shown == [("Wydano: Łyżka", ""), ("Wydano: Kubek", "-500")]
    member = desk.reader.member(desk.member())
    assert handed(copy_document(sale, till.shop, desk.programme, member=member)) == shown
    till.refunds.refund(sale.id, {sale.lines[0].line: 1000}, "cash", answer=desk.heard.append)
    assert desk.points_centi() == before
    till.tap(LUCJA)
    assert [grant.code for grant in till.rewards.held] == ["old:birthday"]


def test_a_blocked_card_fetches_nothing(desk: Desk) -> None:
    till = desk.till
    till.attach(desk.member(), card=f"uid:{LUCJA}", redeem_cap_centi=0)
    assert till.rewards.take("catalogue/spoon").code == "reward_blocked_card"
