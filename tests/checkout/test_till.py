from __future__ import annotations

import uuid

import msgspec
import pytest

import resources
from app.checkout.basket import Stage
from app.checkout.linking import CARD_MAX
from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Done, NotWritten, Work
from app.ledger.facts import SaleCompleted, SaleTendered, SaleVoided
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from hardware.ports import CardProof
from hardware.receipt import decode_job
from tests.support.facts import product
from tests.support.shop import NOON_MS, SHOP, Desk

LUCJA = "04A1B2C3D4E5F6"


def log(desk: Desk) -> list[str]:
    return [type(fact).__struct_config__.tag for fact in facts(desk)]  # type: ignore[misc]


def facts(desk: Desk) -> list[object]:
    from app.ledger.facts import decode

    return [decode(body) for _, body in desk.reader.log()]


def test_the_picture_basket_costs_what_the_picture_says(desk: Desk) -> None:
    """Design, look.md: 68,11 to pay, 19,98 saved, 12,40 more gives 10 %, the sixth coffee is free."""
    till = desk.till
    till.tap(LUCJA)
    for code in ("5901234000161", "5901234000161", "5901234000178"):
        till.scan(code)
    till.ring_sku("1018", 642)
    for code in ("5901234000192",) * 3 + ("5901234000062",):
        till.scan(code)
    decision = till.decision
    assert (decision.total_minor, decision.discount_minor) == (68_11, 19_98)
    assert [line.net_minor for line in decision.lines] == [34_02, 6_49, 19_20, 8_40, 0]
    near = next(reason for reason in till.explained().why if reason.rule == "fresh-10")
    assert near.params["missing_minor"] == 12_40


def test_a_sale_is_written_whole(desk: Desk) -> None:
    before = desk.points_centi()
    outcome = desk.sell(cash_minor=100_00)
    last = desk.till.last
    assert last is not None
    sale = last.sale
    assert outcome == Outcome("sold", values={"change_minor": 100_00 - sale.total_minor, "number": 1})
    assert desk.reader.fact(sale.id) == sale
    assert desk.points_centi() == before + last.decision.points.earned_centi
    assert last.decision.points.balance_after_centi == desk.points_centi()
    assert sum(tender.amount_minor for tender in sale.tenders) == sale.total_minor
    assert sum(line.net_minor for line in sale.lines) == sale.total_minor
    assert sale.business_day == "2026-11-21"
    assert (desk.till.sale.lines, desk.till.member, desk.reader.basket()) == ((), None, None)
    assert desk.sell(uid="").values["number"] == 2


def test_cash_short_is_refused_and_nothing_happens(desk: Desk) -> None:
    desk.till.scan("5901234000178")
    answers: list[Outcome] = []
    desk.till.pay_cash(6_48, answers.append)
    assert answers == [Outcome("short", answers[0].weight, {"missing_minor": 1})]
    assert answers[0].refused
    assert "sale_completed" not in log(desk)
    desk.till.pay_cash(6_49, answers.append)
    assert answers[-1].code == "sold"


def test_points_pay_up_to_what_the_card_proves(desk: Desk) -> None:
    """A UID is easily copied: such a card pays up to the cap; one that proves itself pays up to the share."""
    desk.till.tap(LUCJA)
    for _ in range(10):
        desk.till.scan("5901234000161")
    copied = desk.till.redeem("max")
    assert copied.values == {"points_centi": 600_00, "value_minor": 6_00}
    due_minor = desk.till.due_minor
    desk.till.tap(LUCJA, proof=CardProof.GENUINE)
    genuine = desk.till.redeem("max")
    assert genuine.values["points_centi"] == 1200_00
    assert desk.till.due_minor < due_minor
    answers: list[Outcome] = []
    desk.till.pay_cash(desk.till.due_minor, answers.append)
    assert desk.till.last is not None
    sale = desk.till.last.sale
    assert sale.points_minor == 12_00
    assert sale.total_minor - sale.points_minor == sum(tender.amount_minor for tender in sale.tenders)
    assert desk.points_centi() == desk.till.last.decision.points.balance_after_centi


def test_a_member_who_comes_late_reprices_the_basket(desk: Desk) -> None:
    till = desk.till
    till.scan("5901234000161")
    assert till.decision.total_minor == 18_90
    assert till.tap(LUCJA).code == "member_repriced"
    assert till.decision.total_minor == 17_01
    assert till.detach().code == "member_gone"
    assert till.decision.total_minor == 18_90
    assert till.detach().refused


def test_unknown_codes_and_cards_of_nobody_change_nothing(desk: Desk) -> None:
    desk.till.scan("5901234000178")
    before = desk.till.sale
    assert desk.till.scan("4006381333931") == Outcome(
        "unknown_code", desk.till.scan("4006381333931").weight, {"code": "4006381333931"}
    )
    assert desk.till.tap("04FFFFFFFFFFFF").code == "card_of_nobody"
    assert desk.till.scan("").refused
    assert desk.till.sale == before


def test_printed_card_numbers_scan_like_chips(desk: Desk) -> None:
    assert desk.till.scan("2900000000025").code == "member_here"
    assert desk.till.member is not None
    assert desk.till.member.person is not None
    assert desk.till.member.person.name == "Людмила Щербакова"


def test_undo_walks_back_through_everything(desk: Desk) -> None:
    till = desk.till
    states = [till.sale.lines]
    till.scan("5901234000178")
    states.append(till.sale.lines)
    till.scan("5901234000178")
    till.tap(LUCJA)
    till.set_qty(1, 5000)
    till.void_line(1)
    assert till.sale.lines == ()
    for expected in (5000, 2000, 2000, 1000):
        assert till.undo().code == "undone"
        assert till.sale.lines[0].qty_milli == expected
    assert till.member is None
    assert till.undo().code == "undone"
    assert till.undo().code == "nothing_to_undo"


def test_quantities_stay_within_reason(desk: Desk) -> None:
    till = desk.till
    till.scan("5901234000178")
    assert till.set_qty(1, 5_901_234_000_178).code == "qty_too_large"
    assert till.step_qty(1, -1).code == "voided"
    till.ring_sku("1018", 642)
    assert till.step_qty(2, 1).code == "weighed"
    assert till.set_qty(99, 1000).code == "no_line"


def test_nothing_is_sold_without_a_shift(tmp_path: object, desk: Desk) -> None:
    answers: list[Outcome] = []
    desk.till.close_shift(0, 0, answers.append)
    assert answers[-1].code == "shift_closed"
    assert desk.till.scan("5901234000178").code == "no_shift"
    desk.till.open_shift("Anna", 0, answers.append)
    assert answers[-1].values == {"number": 2}
    assert not desk.till.scan("5901234000178").refused
    desk.till.close_shift(0, 0, answers.append)
    assert answers[-1].code == "basket_open"


def test_enrolling_reprices_and_the_card_works_at_once(desk: Desk) -> None:
    till = desk.till
    till.scan("5901234000185")
    answers: list[Outcome] = []
    till.enrol("Jan Nowak", "+48 601 202 303", card="uid:04D1D2D3D4D5D6", lang="pl", answer=answers.append)
    assert answers[-1] == Outcome("enrolled", values={"name": "Jan Nowak"})
    assert till.decision.points.earned_centi > 0
    till.pay_cash(100_00, answers.append)
    assert till.tap("04D1D2D3D4D5D6").code == "member_here"
    till.enrol("Kto Inny", "", card="uid:04D1D2D3D4D5D6", answer=answers.append)
    assert answers[-1].code == "card_taken"
    till.enrol("Kto Inny", "", card="code:" + "7" * CARD_MAX, answer=answers.append)
    assert answers[-1].code == "card_number_long"
    till.enrol("Kto Inny", "", card=("code:" + "7" * CARD_MAX)[:CARD_MAX], answer=answers.append)
    assert answers[-1].code == "enrolled"
    till.enrol("  ", "", answer=answers.append)
    assert answers[-1].code == "name_missing"


def test_no_personal_data_in_facts(desk: Desk) -> None:
    answers: list[Outcome] = []
    desk.till.enrol("Hieronim Brzęczyszczykiewicz", "+48 601 202 303", answer=answers.append)
    desk.sell()
    everything = b"".join(body for _, body in desk.reader.log()).decode()
    for secret in ("Hieronim", "601 202", "600 100", "Łucja", "Żółkiewska"):
        assert secret not in everything


# -- an irreversible act outside --------------------------------------------------------------------------


def tender_by_card(desk: Desk) -> None:
    desk.till.tap(LUCJA)
    desk.till.scan("5901234000161")
    answers: list[Outcome] = []
    desk.till.ask_terminal(answers.append)
    assert answers[-1].values == {"due_minor": 17_01}


def test_the_terminal_is_asked_only_after_the_tender_is_durable(desk: Desk) -> None:
    tender_by_card(desk)
    assert log(desk)[-1] == "sale_tendered"
    for answer in (
        desk.till.scan("5901234000178"),
        desk.till.undo(),
        desk.till.detach(),
        desk.till.tap(LUCJA),
        desk.till.clear(),
    ):
        assert answer.code == "tender_open"
    answers: list[Outcome] = []
    desk.till.settle_terminal(charged=True, reference="A17", answer=answers.append)
    assert answers[-1].code == "sold"
    sale = facts(desk)[-1]
    assert isinstance(sale, SaleCompleted)
    assert sale.tenders[0].reference == "A17"
    desk.till.settle_terminal(charged=True, answer=answers.append)
    assert answers[-1].code == "nothing_tendered"


def test_a_power_cut_while_the_terminal_works_is_asked_about(desk: Desk) -> None:
    """After the restart the till does nothing else until somebody has looked at the terminal."""
    tender_by_card(desk)
    desk.world.ms += 3_600_000
    desk.restart()
    assert desk.till.sale.stage is Stage.TENDERED
    assert desk.till.scan("5901234000178").values == {"due_minor": 17_01}
    answers: list[Outcome] = []
    desk.till.settle_terminal(charged=True, answer=answers.append)
    assert answers[-1].code == "sold"
    tendered, sale = facts(desk)[-2:]
    assert isinstance(tendered, SaleTendered)
    assert isinstance(sale, SaleCompleted)
    assert (sale.id, sale.total_minor) == (tendered.sale, tendered.total_minor)
    assert sale.effects


def test_a_card_that_was_not_charged_gives_the_basket_back(desk: Desk) -> None:
    tender_by_card(desk)
    tendered = desk.till.sale.id
    desk.restart()
    answers: list[Outcome] = []
    desk.till.settle_terminal(charged=False, answer=answers.append)
    assert answers[-1].code == "not_charged"
    voided = facts(desk)[-1]
    assert isinstance(voided, SaleVoided)
    assert voided.sale == tendered
    assert desk.till.sale.id != tendered
    desk.till.pay_cash(20_00, answers.append)
    assert answers[-1].code == "sold"


# -- what must survive ------------------------------------------------------------------------------------


def test_the_open_basket_survives_a_power_cut(desk: Desk) -> None:
    desk.till.tap(LUCJA)
    for code in ("5901234000161", "5901234000178"):
        desk.till.scan(code)
    desk.till.redeem("max")
    before, total = desk.till.sale, desk.till.due_minor
    desk.restart()
    assert desk.till.sale == before
    assert desk.till.due_minor == total
    assert desk.till.member is not None


def test_after_the_commit_the_basket_is_gone_and_the_sale_stays(desk: Desk) -> None:
    desk.sell()
    desk.restart()
    assert desk.till.sale.lines == ()
    assert desk.reader.day("2026-11-21").sales == 1
    assert desk.sell().values["number"] == 2


class Broken:
    """A journal whose disk is full."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def write(self, work: Work, done: Done) -> None:
        done(self.error if work.facts else None)


def test_a_full_disk_loses_nothing_and_says_so(desk: Desk) -> None:
    desk.till.scan("5901234000178")
    journal = desk.till.heart.journal
    desk.till.heart.journal = Broken(NotWritten("The disk is full"))
    answers: list[Outcome] = []
    desk.till.pay_cash(10_00, answers.append)
    assert answers[-1].code == "not_written"
    assert desk.till.sale.lines, "the basket is still there to be paid"
    desk.till.heart.journal = journal
    desk.till.pay_cash(10_00, answers.append)
    assert answers[-1].code == "sold"


def test_a_bug_in_writing_is_reported_and_the_basket_stays(desk: Desk) -> None:
    desk.till.scan("5901234000178")
    journal, reported = desk.till.heart.journal, list[BaseException]()
    desk.till.heart.journal, desk.till.heart.on_write_failed = Broken(ZeroDivisionError("?")), reported.append
    desk.till.pay_cash(10_00)
    assert [type(error) for error in reported] == [ZeroDivisionError]
    desk.till.heart.journal = journal


class Later:
    """A journal that answers when told to, as the database lane does."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.waiting = desk, list[tuple[Work, Done]]()

    def write(self, work: Work, done: Done) -> None:
        self.waiting.append((work, done))

    def answer(self) -> None:
        waiting, self.waiting = self.waiting, []
        for work, done in waiting:
            self.desk.database.write(work)
            done(None)


def test_a_scan_during_the_commit_belongs_to_the_next_customer(desk: Desk) -> None:
    till, later = desk.till, Later(desk)
    till.heart.journal = later
    till.scan("5901234000178")
    answers: list[Outcome] = []
    heard: list[Outcome] = []
    till.pay_cash(10_00, answers.append)
    till.pay_cash(10_00, answers.append)
    assert [answer.code for answer in answers] == ["busy"], "pressed twice: one sale"
    till.when_free(lambda: heard.append(till.scan("5901234000161")))
    assert till.sale.line(1) is not None
    later.answer()
    assert answers[-1].code == "sold"
    assert [line.sku for line in till.sale.lines] == ["1016"]
    later.answer()
    assert log(desk).count("sale_completed") == 1


def test_the_price_shown_is_the_price_paid(desk: Desk) -> None:
    """Time goes on between the total said aloud and the money handed over; the price does not."""
    desk.till.tap(LUCJA)
    desk.till.scan("5901234000161")
    desk.till.start_payment()
    shown = desk.till.due_minor
    desk.world.ms += 10 * 86_400_000 * 366
    answers: list[Outcome] = []
    desk.till.pay_cash(shown, answers.append)
    assert answers[-1].values["change_minor"] == 0


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b'{"id": 1}', b"\xff\xfe"])
def test_a_basket_that_cannot_be_read_is_told_not_hidden(desk: Desk, payload: bytes) -> None:
    desk.database.writer.commit(Work(basket=payload))
    with pytest.raises((ValueError, msgspec.ValidationError)):
        desk.restart()
    desk.database.writer.commit(Work(basket=None))
    desk.restart()


def test_ids_come_from_the_world(desk: Desk) -> None:
    """The same acts on the same clock make the same facts, byte for byte."""
    assert SHOP.currency == "PLN"
    first = desk.till.sale.id
    assert isinstance(first, uuid.UUID)
    assert first.version == 7
    assert first.int >> 80 >= NOON_MS - 1


def test_the_print_job_is_part_of_the_sale(desk: Desk) -> None:
    desk.sell()
    with desk.database.file.engine().connect() as connection:
        rows = connection.exec_driver_sql("SELECT document, state FROM print_job").all()
    assert [row[1] for row in rows] == ["queued"]
    job = decode_job(rows[0][0])
    assert job.open_drawer
    assert job.document is not None
    assert job.document.language == "pl"


def test_goods_that_the_programme_keeps_for_others_are_not_sold(desk: Desk) -> None:
    """What the engine refuses, the till must not take money for; without them the rest is paid."""
    rules = resources.path("programmes", "gallery", "access.yaml").read_text("utf-8")
    desk.till.use(compile_programme(load_programme(rules.replace("2026-03-07", "2027-03-07").encode())))
    desk.till.ring(product("NEW-1", tags=("new-season",)))
    desk.till.scan("5901234000178")
    answers: list[Outcome] = []
    assert desk.till.start_payment() == refused("not_for_sale", line=1, rule="early")
    desk.till.pay_cash(100_00, answers.append)
    desk.till.ask_terminal(answers.append)
    assert [answer.code for answer in answers] == ["not_for_sale"] * 2
    assert "sale_completed" not in log(desk)
    desk.till.void_line(1)
    desk.till.pay_cash(100_00, answers.append)
    assert answers[-1].code == "sold"
