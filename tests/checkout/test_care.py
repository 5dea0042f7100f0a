"""Members as people: consents, cards that were lost, two that are one, PINs and goodwill."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import pytest

from app.checkout.birthdays import birthday_kept, birthday_said
from app.checkout.linking import CARD_MAX
from app.checkout.outcome import Outcome
from app.checkout.ports import Person, Work
from app.checkout.rights import Approval, Role, Staff
from app.checkout.shop import Consent
from app.ledger.facts import CardLinked, ConsentGiven, PointsAdjusted
from app.loyalty.effects import Lot, PointsEarned
from hardware.ports import CardProof
from hardware.receipt import decode_job
from tests.support.shop import SHOP, Desk

LUCJA, LUDMILA = "uid:04A1B2C3D4E5F6", "uid:04B1B2C3D4E5F6"
BEANS, MILK = "5901234000161", "5901234000178"
CONSENTS = (
    Consent(purpose="terms", version="3", texts={"pl": "Regulamin"}, required=True),
    Consent(purpose="news", version="1", texts={"pl": "Oferty"}),
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "till", shop=msgspec.structs.replace(SHOP, consents=CONSENTS)).stock()


def person(desk: Desk, card: str = LUCJA) -> Person:
    found = desk.reader.person(desk.member(card))
    assert found is not None
    return found


def written(desk: Desk, member: uuid.UUID) -> int:
    with desk.database.file.engine().connect() as connection:
        query = "SELECT updated_ms FROM person WHERE member = ?"
        return int(connection.exec_driver_sql(query, (member.bytes,)).scalar_one())


def prove(desk: Desk, pin: str) -> Outcome:
    answers: list[Outcome] = []
    desk.till.care.prove_pin(pin, answers.append)
    (answer,) = answers
    return answer


# -- enrolment and persons --------------------------------------------------------------------------------


def test_consents_are_facts_with_the_version_that_was_read(desk: Desk) -> None:
    till, said = desk.till, desk.heard
    till.enrol("Jan Nowak", "", answer=said.append)
    assert said[-1].code == "consent_missing"
    answers = {"terms": True, "news": False, "unknown": True}
    till.enrol(
        "Jan Nowak",
        "",
        card="code:J1",
        birthday="1990-04-30",
        consents=answers,
        paper=True,
        answer=said.append,
    )
    assert said[-1].code == "enrolled"
    given = [fact for fact in desk.facts() if isinstance(fact, ConsentGiven)]
    assert [(f.purpose, f.version, f.lang, f.given) for f in given] == [
        ("terms", "3", "pl", True),
        ("news", "1", "pl", False),
    ]
    assert desk.reader.count_jobs("queued") == 1
    member = desk.member("code:J1")
    till.care.consent(member, "news", given=True, answer=said.append)
    assert said[-1].code == "consent_given"
    till.care.consent(member, "spam", given=True, answer=said.append)
    assert said[-1].code == "no_consent"


def test_what_a_member_said_last_stays_with_the_person(desk: Desk) -> None:
    """Not with the facts alone: other tills know them by the person, and erasing takes it away."""
    till = desk.till
    till.enrol("Jan Nowak", "", card="code:J1", consents={"terms": True, "news": False})
    first = person(desk, "code:J1").consents
    assert {key: (each.version, each.given) for key, each in first.items()} == {
        "terms": ("3", True),
        "news": ("1", False),
    }
    desk.world.ms += 60_000
    till.care.consent(desk.member("code:J1"), "news", given=True)
    till.care.edit(msgspec.structs.replace(person(desk, "code:J1"), name="Jan N.", consents={}))
    after = person(desk, "code:J1").consents
    assert (after["terms"], after["news"].given) == (first["terms"], True), "an edit takes nothing back"
    assert after["news"].at_ms == first["news"].at_ms + 60_000
    assert till.member is not None
    assert till.member.person is not None
    assert till.member.person.consents == after, "the screen shows it at once"


def test_a_refund_under_an_id_that_was_merged_is_seen_by_the_sale_in_hand(desk: Desk) -> None:
    """Found by chance days: the sale after it was priced by the state before it."""
    till = desk.till
    till.tap(LUDMILA.partition(":")[2])
    till.scan(BEANS)
    till.care.merge(desk.member(LUCJA), desk.member(LUDMILA))
    till.pay_cash(till.due_minor, desk.heard.append)
    assert till.last is not None
    till.tap(LUCJA.partition(":")[2])
    till.refunds.refund(till.last.sale.id, {1: 1000}, "cash", answer=desk.heard.append)
    assert desk.heard[-1].code == "refunded"
    known = till.heart.load(desk.member(LUCJA))
    assert known is not None
    assert till.member is not None
    assert till.member.state == known.state
    till.scan(MILK)
    till.pay_cash(till.due_minor, desk.heard.append)
    assert desk.heard[-1].code == "sold"


def test_the_later_word_of_two_who_are_one_holds(desk: Desk) -> None:
    till = desk.till
    for card, yes in ((LUCJA, True), (LUDMILA, False)):
        desk.world.ms += 60_000
        till.care.consent(desk.member(card), "news", given=yes)
    till.care.consent(desk.member(LUCJA), "terms", given=True)
    till.care.merge(desk.member(LUCJA), desk.member(LUDMILA))
    kept = person(desk).consents
    assert {purpose: each.given for purpose, each in kept.items()} == {"news": False, "terms": True}


def test_a_person_is_completed_later_and_a_birthday_is_as_old_as_its_telling(desk: Desk) -> None:
    before = person(desk)
    assert before.birthday_since_ms > 0
    desk.world.ms += 1000
    desk.till.care.edit(
        msgspec.structs.replace(before, email="l@example.org", pin="stolen"), desk.heard.append
    )
    after = person(desk)
    assert (after.email, after.pin, after.birthday_since_ms) == (
        "l@example.org",
        "",
        before.birthday_since_ms,
    )
    desk.till.care.edit(msgspec.structs.replace(after, birthday="1988-11-21"), desk.heard.append)
    assert person(desk).birthday_since_ms == desk.world.ms
    desk.till.care.edit(msgspec.structs.replace(after, name=" "), desk.heard.append)
    assert desk.heard[-1].code == "name_missing"
    desk.till.care.edit(Person(member=uuid.uuid4(), name="X"), desk.heard.append)
    assert desk.heard[-1].code == "no_member"


# -- PINs -------------------------------------------------------------------------------------------------


def test_the_phone_pin_lifts_the_small_cap_of_a_card_that_can_be_copied(desk: Desk) -> None:
    care, till = desk.till.care, desk.till
    care.set_pin(desk.member(), "12", desk.heard.append)
    assert desk.heard[-1].code == "pin_form"
    care.set_pin(desk.member(), "2468", desk.heard.append)
    assert "2468" not in person(desk).pin
    till.tap(LUCJA[4:])
    for _ in range(10):
        till.scan(BEANS)
    assert till.redeem("max").values["points_centi"] == 600_00
    assert prove(desk, "1111").code == "pin_wrong"
    assert prove(desk, "2468").code == "pin_right"
    assert till.decision.points.spent_centi == 1200_00
    till.detach()
    till.tap(LUDMILA[4:])
    assert prove(desk, "2468").code == "no_pin"


def test_guessing_ends_with_the_sale_and_a_blocked_card_stays_blocked(desk: Desk) -> None:
    care, till, member = desk.till.care, desk.till, desk.member()
    care.set_pin(member, "2468", desk.heard.append)
    till.tap(LUCJA[4:])
    till.scan(MILK)
    assert [prove(desk, "0000").code for _ in range(4)] == ["pin_wrong"] * 3 + ["pin_tries"]
    assert prove(desk, "2468").code == "pin_tries"
    till.pay_cash(10_00, desk.heard.append)
    care.replace_card(member, [LUCJA], answer=desk.heard.append)
    assert till.tap(LUCJA[4:], proof=CardProof.GENUINE).code == "card_blocked"
    assert prove(desk, "2468").code == "card_stays_blocked"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("24.11.1990", "1990-11-24"),
        ("24.11.", "--11-24"),
        (" 1990-11-24 ", "1990-11-24"),
        ("", ""),
        ("soon", None),
    ],
)
def test_a_birthday_is_kept_or_refused_and_never_lost(desk: Desk, typed: str, kept: str | None) -> None:
    found = desk.reader.member(desk.member())
    assert found is not None
    assert found.person is not None
    desk.till.care.edit(msgspec.structs.replace(found.person, birthday=typed), desk.heard.append)
    assert desk.heard[-1].code == ("saved" if kept is not None else "birthday_unreadable")
    after = desk.reader.member(desk.member())
    assert after is not None
    assert after.person is not None
    assert after.person.birthday == (found.person.birthday if kept is None else kept)
    assert kept is None or birthday_kept(birthday_said(kept)) == kept


# -- cards ------------------------------------------------------------------------------------------------


def test_a_lost_card_finds_its_member_and_pays_no_more(desk: Desk) -> None:
    till, said, member = desk.till, desk.heard, desk.member()
    till.care.replace_card(member, [LUCJA], "uid:04NEW", answer=said.append)
    assert said[-1].code == "card_replaced"
    desk.restart()
    till = desk.till
    assert till.tap("04A1B2C3D4E5F6").code == "card_blocked"
    for _ in range(10):
        till.scan(BEANS)
    assert till.redeem("max").code == "nothing_to_redeem"
    assert till.tap("04NEW").code == "member_repriced"
    assert not till.redeem("max").refused
    for lost, card, code in (
        ([LUDMILA], "", "card_of_another"),
        ([], LUDMILA, "card_taken"),
        ([], "code:" + "7" * CARD_MAX, "card_number_long"),
        ([], "", "no_card_named"),
    ):
        till.care.replace_card(member, lost, card, answer=said.append)
        assert said[-1].code == code


def test_a_card_blocked_meanwhile_pays_no_more(desk: Desk) -> None:
    """Not for a sale that was begun with it, parked or in hand."""
    till, said, member = desk.till, desk.heard, desk.member()
    for sale in ("parked", "in hand"):
        till.tap(LUCJA[4:])
        for _ in range(5):
            till.scan(BEANS)
        assert not till.redeem("max").refused or sale == "in hand"
        if sale == "parked":
            till.parking.park(answer=said.append)
            till.care.replace_card(member, [LUCJA], answer=said.append)
            till.parking.resume(1, said.append)
        assert till.decision.points.spent_centi == 0
        assert till.redeem("max").code == "nothing_to_redeem"
        till.clear()


# -- two that are one -------------------------------------------------------------------------------------


def test_two_memberships_become_one_with_all_of_both(desk: Desk) -> None:
    till, said = desk.till, desk.heard
    one, two = desk.member(LUCJA), desk.member(LUDMILA)
    both = desk.points_centi(LUCJA) + desk.points_centi(LUDMILA)
    first, second = desk.reader.member(one), desk.reader.member(two)
    assert first is not None
    assert second is not None
    desk.sell(MILK, uid=LUDMILA[4:])
    assert till.last is not None
    sale, earned = till.last.sale, till.last.decision.points.earned_centi
    till.care.merge(one, two, answer=said.append)
    assert said[-1].code == "merged"
    merged = desk.reader.member(two)
    assert merged is not None
    assert (merged.id, merged.state.balance_centi) == (one, both + earned)
    assert merged.state.card("coffee-card") == 5 + 2
    assert merged.person == person(desk)
    assert desk.member(LUDMILA) == one
    assert desk.reader.owner(sale.id) == one
    assert [found.member for found in desk.reader.find_people("916 555")] == []
    till.care.merge(one, two, answer=said.append)
    assert said[-1].code == "same_member"
    desk.restart()
    assert desk.till.tap(LUDMILA[4:]).values["name"] == "Łucja Żółkiewska"


def test_the_name_of_the_other_is_kept_where_nobody_says_who_the_member_is(desk: Desk) -> None:
    till, one, two = desk.till, desk.member(LUCJA), desk.member(LUDMILA)
    other = person(desk, LUDMILA)
    written_ms = written(desk, two)
    desk.database.write(Work(forget=(one,), keep_basket=True))
    till.care.merge(one, two, answer=desk.heard.append)
    assert desk.heard[-1].code == "merged"
    assert person(desk) == msgspec.structs.replace(other, member=one)
    assert [found.member for found in desk.reader.find_people(other.name)] == [one]
    assert written(desk, one) == written_ms, "what the server knows of them and is later holds"
    assert till.tap(LUCJA[4:]).values["name"] == other.name


def test_sales_and_refunds_of_both_are_found_under_either_id(desk: Desk) -> None:
    one, two = desk.member(LUCJA), desk.member(LUDMILA)
    for card in (LUCJA, LUDMILA):
        desk.sell(MILK, uid=card[4:])
        assert desk.till.last is not None
        desk.till.refunds.refund(desk.till.last.sale.id, {1: 1000}, answer=desk.heard.append)
        assert desk.heard[-1].code == "refunded"
    assert [len(desk.reader.recent_refunds(each)) for each in (one, two)] == [1, 1]
    desk.till.care.merge(one, two, answer=desk.heard.append)
    for each in (one, two):
        assert [fact.number for fact in desk.reader.recent_refunds(each)] == [4, 2]
        assert [fact.number for fact in desk.reader.recent_sales(each)] == [3, 1]
    assert len(desk.reader.recent_refunds(one, 1)) == 1


def test_what_comes_late_for_the_old_id_follows_it(desk: Desk) -> None:
    one, two = desk.member(LUCJA), desk.member(LUDMILA)
    desk.till.care.merge(one, two, answer=desk.heard.append)
    before = desk.points_centi()
    id = uuid.uuid4()
    late = PointsAdjusted(
        id=id,
        at_ms=desk.world.ms,
        member=two,
        reason="late",
        effects=(PointsEarned(Lot(str(id), "points", 5_00, desk.world.ms)),),
    )
    card = CardLinked(id=uuid.uuid4(), at_ms=desk.world.ms, member=two, card="uid:04LATE")
    desk.database.write(Work(facts=(late, card), keep_basket=True))
    assert desk.points_centi() == before + 5_00
    assert desk.member("uid:04LATE") == one
    assert desk.database.writer.check()[1] == []


def test_merging_the_member_in_hand_reprices(desk: Desk) -> None:
    till = desk.till
    till.tap(LUDMILA[4:])
    till.scan(BEANS)
    till.care.merge(desk.member(LUCJA), desk.member(LUDMILA), answer=desk.heard.append)
    assert till.member is not None
    assert till.member.id == desk.member(LUCJA)
    till.pay_cash(till.due_minor, desk.heard.append)
    assert desk.heard[-1].code == "sold"
    assert desk.database.writer.check()[1] == []


def test_a_statement_is_printed_with_what_moved(desk: Desk) -> None:
    desk.sell(MILK)
    desk.till.care.goodwill(desk.member(), 5_00, reason="x", answer=desk.heard.append)
    kinds = [type(fact).__name__ for fact in desk.reader.history(desk.member())]
    assert kinds[:2] == ["PointsAdjusted", "SaleCompleted"]
    desk.till.care.print_statement(desk.member(), desk.heard.append)
    assert desk.heard[-1].code == "statement_printing"
    with desk.database.file.engine().connect() as connection:
        rows = connection.exec_driver_sql("SELECT document FROM print_job WHERE title = 'statement'").all()
    document = decode_job(rows[0][0]).document
    assert document is not None
    assert "Łucja Żółkiewska" in str(document.blocks)


# -- goodwill ---------------------------------------------------------------------------------------------


def test_goodwill_stays_within_the_limit_or_is_approved(desk: Desk) -> None:
    till, said, member = desk.till, desk.heard, desk.member()
    till.heart.staffed, till.heart.who = True, Staff(id="anna", name="Anna")
    before = desk.points_centi()
    give = till.care.goodwill
    give(member, 100_00, reason="spilt coffee", answer=said.append)
    assert (said[-1].code, desk.points_centi()) == ("points_given", before + 100_00)
    give(member, 100_01, reason="x", answer=said.append)
    assert said[-1].code == "needs_approval"
    give(member, 200_00, reason="x", approval=Approval("olga", Role.MANAGER), answer=said.append)
    assert desk.points_centi() == before + 300_00
    for points, reason, code in ((0, "x", "no_amount"), (1, " ", "reason_missing")):
        give(member, points, reason=reason, answer=said.append)
        assert said[-1].code == code


def test_a_member_merged_while_in_hand_is_known_by_both_ids(desk: Desk) -> None:
    """What changed them since, under the id that is kept, is in the price: the desk tells a stale one."""
    till, said = desk.till, desk.heard
    desk.sell(MILK, uid=LUCJA[4:])
    assert till.last is not None
    sale = till.last.sale.id
    till.tap(LUDMILA[4:])
    till.scan(BEANS)
    till.care.merge(desk.member(LUCJA), desk.member(LUDMILA), answer=said.append)
    till.refunds.refund(sale, {1: 1000}, answer=said.append)
    till.pay_cash(100_00, said.append)
    assert [outcome.code for outcome in said[-3:]] == ["merged", "refunded", "sold"]
