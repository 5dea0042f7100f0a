"""Money and law outside the till: what a terminal and a fiscal device can do to a sale, over a real store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.checkout.basket import Stage
from app.checkout.outcome import Outcome
from app.checkout.outside import Outside
from app.checkout.receiptless import BroughtBack
from app.checkout.refunds import Means
from app.ledger.facts import AnyFact, SaleCompleted, SaleRefunded, SaleTendered, SaleVoided, decode
from hardware.simulated.fiscal import HOUR_MS, POLISH, SimulatedFiscal, Trouble
from hardware.simulated.terminal import Mood, SimulatedTerminal
from hardware.terminals.manual import ManualTerminal
from tests.support.outside import DirectFiscal, DirectTerminal
from tests.support.shop import Desk

LATTE, COFFEE = "5901234000062", "5901234000161"


class Counter:
    """A till with whatever of terminal and fiscal device a test wants, and all that it heard."""

    def __init__(self, folder: Path, *, fiscal: bool = False, terminal: bool = True) -> None:
        self.pos = SimulatedTerminal()
        self.register = SimulatedFiscal()
        self.fiscal = fiscal
        self.heard: list[Outcome] = []
        self.desk = Desk(folder, outside=Outside(must_register=fiscal))
        self.terminal = DirectTerminal(self.pos)
        self.device = DirectFiscal(self.register)
        self.cabled = terminal
        self.join()
        self.desk.stock()

    def join(self) -> None:
        outside = self.desk.till.outside
        outside.heard = self.heard.append
        outside.terminal = self.terminal if self.cabled else None
        outside.fiscal = self.device if self.fiscal else None

    def restart(self) -> None:
        self.desk.outside = Outside(must_register=self.fiscal)
        self.desk.restart()
        self.heard.clear()
        self.join()
        self.desk.till.resume()

    def facts(self) -> list[AnyFact]:
        return [decode(body) for _, body in self.desk.reader.log()]

    def of(self, kind: type[AnyFact]) -> list[AnyFact]:
        return [fact for fact in self.facts() if isinstance(fact, kind)]

    @property
    def sales(self) -> list[SaleCompleted]:
        return [fact for fact in self.facts() if isinstance(fact, SaleCompleted)]

    def scan(self, *codes: str) -> None:
        for code in codes:
            assert not self.desk.till.scan(code).refused

    def by_card(self, amount_minor: int | None = None) -> Outcome:
        answers: list[Outcome] = []
        self.desk.till.ask_terminal(answers.append, amount_minor)
        return answers[0]

    def in_cash(self, amount_minor: int) -> Outcome:
        answers: list[Outcome] = []
        self.desk.till.pay_cash(amount_minor, answers.append)
        return answers[0]

    @property
    def codes(self) -> list[str]:
        return [outcome.code for outcome in self.heard]

    def all_adds_up(self) -> None:
        """Each sale's card tenders are what the terminal took, each fiscal document a sale, neither twice."""
        charged = {
            tender.request: tender.amount_minor
            for sale in self.sales
            for tender in sale.tenders
            if tender.means == "card"
        }
        assert charged == {key: minor for key, minor in self.pos.charged.items() if "/" not in key}
        if self.fiscal:
            documents = self.register.documents
            assert len({entry.request for entry in documents}) == len(documents)
            assert [entry.number for entry in documents] == [sale.fiscal for sale in self.sales]
            paid = [sum(tender.amount_minor for tender in sale.tenders) for sale in self.sales]
            assert [entry.amount_minor for entry in documents] == paid


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path / "till")
    yield made
    made.desk.close()


@pytest.fixture
def lawful(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(tmp_path / "till", fiscal=True)
    yield made
    made.desk.close()


class TestTerminal:
    def test_an_approved_card_completes_the_sale_with_its_reference(self, counter: Counter) -> None:
        counter.scan(LATTE)
        assert counter.by_card().code == "follow_terminal"
        assert counter.codes == ["sold"]
        (sale,) = counter.sales
        (tender,) = sale.tenders
        assert tender.reference.startswith("SIM")
        assert counter.pos.charged == {tender.request: 12_00}
        (tendered,) = counter.of(SaleTendered)
        assert tendered.sale == sale.id  # type: ignore[union-attr]

    def test_the_sale_is_durable_before_the_terminal_hears_of_it(self, counter: Counter) -> None:
        seen: list[int] = []
        counter.pos.on_request = lambda request, amount: seen.append(len(counter.of(SaleTendered)))
        counter.scan(LATTE)
        counter.by_card()
        assert seen == [1]

    @pytest.mark.parametrize(
        ("mood", "code"),
        [
            (Mood.DECLINE, "card_declined"),
            (Mood.OFF, "terminal_unreachable"),
            (Mood.CUT_BEFORE, "terminal_unheard"),
        ],
    )
    def test_a_card_that_was_not_charged_reopens_the_basket(
        self, counter: Counter, mood: Mood, code: str
    ) -> None:
        counter.pos.mood = mood
        counter.scan(LATTE)
        counter.by_card()
        assert counter.codes == [code]
        assert counter.desk.till.sale.stage is Stage.OPEN
        assert counter.pos.charged == {}
        counter.pos.mood = Mood.APPROVE
        counter.by_card()
        assert len(counter.sales) == len(counter.of(SaleVoided)) == 1
        counter.all_adds_up()

    def test_a_cut_after_charging_is_told_by_asking(self, counter: Counter) -> None:
        counter.pos.mood = Mood.CUT_AFTER
        counter.scan(LATTE)
        counter.by_card()
        assert counter.codes == ["sold"]
        counter.all_adds_up()

    def test_while_the_terminal_is_at_it_nobody_else_says_what_happened(self, counter: Counter) -> None:
        counter.terminal.holding = True
        counter.scan(LATTE)
        counter.by_card()
        answers: list[Outcome] = []
        counter.desk.till.settle_terminal(charged=False, answer=answers.append)
        assert answers[0].code == "terminal_asked"
        assert counter.desk.till.scan(COFFEE).refused
        counter.terminal.let_go()
        assert counter.codes == ["sold"]

    @pytest.mark.parametrize("charged", [True, False])
    def test_what_the_terminal_cannot_say_the_cashier_does(self, counter: Counter, charged: bool) -> None:
        counter.pos.mood, counter.pos.answers = Mood.CUT_AFTER if charged else Mood.CUT_BEFORE, False
        counter.scan(LATTE)
        counter.by_card()
        assert counter.codes == ["charge_unknown"]
        assert counter.desk.till.sale.stage is Stage.TENDERED
        counter.desk.till.settle_terminal(charged=charged)
        assert len(counter.sales) == int(charged)
        counter.all_adds_up()

    @pytest.mark.parametrize("mood", [Mood.CUT_BEFORE, Mood.CUT_AFTER])
    def test_after_a_restart_the_terminal_is_asked(self, counter: Counter, mood: Mood) -> None:
        counter.pos.mood, counter.pos.answers = mood, False
        counter.scan(LATTE)
        counter.by_card()
        counter.pos.answers, counter.pos.mood = True, Mood.APPROVE
        counter.restart()
        charged = mood is Mood.CUT_AFTER
        assert counter.codes == ["sold" if charged else "terminal_unheard"]
        assert len(counter.pos.requests) == 1
        if not charged:
            counter.by_card()
        assert len(counter.sales) == 1
        counter.all_adds_up()

    def test_two_cards_pay_a_sale_and_one_is_given_back(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.by_card(5_00)
        assert counter.codes == ["left_to_pay"]
        (paid,) = counter.desk.till.tenders
        assert counter.desk.till.gives_back(paid.key)
        counter.desk.till.give_back(paid.key)
        assert sum(counter.pos.charged.values()) == 0
        assert counter.desk.till.tenders == ()
        assert counter.desk.till.due_minor == 12_00
        counter.by_card()
        assert len(counter.sales) == 1

    def test_money_that_may_have_gone_back_is_asked_about_after_a_restart(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.by_card(5_00)
        counter.pos.mood, counter.pos.answers = Mood.CUT_AFTER, False
        counter.desk.till.give_back(counter.desk.till.tenders[0].key)
        assert counter.codes[-1] == "reverse_unknown"
        assert counter.desk.till.tenders
        counter.pos.answers, counter.pos.mood = True, Mood.APPROVE
        counter.restart()
        assert counter.desk.till.tenders == ()
        assert sum(counter.pos.charged.values()) == 0

    def test_a_terminal_that_gives_nothing_back_leaves_it_paid(self, counter: Counter) -> None:
        counter.scan(LATTE)
        counter.by_card(5_00)
        counter.pos.mood = Mood.DECLINE
        counter.desk.till.give_back(counter.desk.till.tenders[0].key)
        assert counter.codes[-1] == "reverse_refused"
        assert counter.desk.till.due_minor == 7_00

    def test_a_manual_terminal_is_the_cashiers(self, counter: Counter) -> None:
        counter.desk.till.outside.terminal = DirectTerminal(ManualTerminal())
        counter.scan(LATTE)
        assert counter.by_card().code == "ask_terminal"
        assert counter.heard == []
        counter.desk.till.settle_terminal(charged=True)
        (sale,) = counter.sales
        assert sale.tenders[0].request == ""


class TestFiscal:
    def test_a_sale_is_registered_and_carries_the_number(self, lawful: Counter) -> None:
        lawful.scan(LATTE)
        assert lawful.in_cash(20_00).code == "registering"
        assert lawful.codes == ["sold"]
        (sale,) = lawful.sales
        assert sale.fiscal == lawful.register.documents[0].number
        assert sale.change_minor == 8_00
        lawful.all_adds_up()

    def test_points_and_discounts_are_off_the_document(self, lawful: Counter) -> None:
        lawful.desk.till.tap("04A1B2C3D4E5F6")
        lawful.scan(COFFEE, COFFEE, LATTE)
        lawful.desk.till.redeem("max")
        lawful.in_cash(100_00)
        (sale,) = lawful.sales
        assert sale.points_minor
        assert sale.discount_minor
        lawful.all_adds_up()

    @pytest.mark.parametrize(
        ("trouble", "code"),
        [
            (Trouble.REFUSE, "fiscal_refused"),
            (Trouble.OFFLINE, "fiscal_unreachable"),
            (Trouble.MEMORY_FULL, "fiscal_memory_full"),
            (Trouble.PAPER_OUT, "fiscal_paper_out"),
            (Trouble.LOST_BEFORE, "fiscal_not_registered"),
        ],
    )
    def test_no_sale_without_the_device(self, lawful: Counter, trouble: Trouble, code: str) -> None:
        lawful.register.trouble = trouble
        lawful.scan(LATTE)
        lawful.in_cash(20_00)
        assert lawful.codes == [code]
        assert lawful.sales == []
        assert lawful.desk.till.sale.stage is Stage.OPEN
        assert lawful.desk.till.sale.lines
        lawful.register.trouble = Trouble.NONE
        lawful.in_cash(12_00)
        assert len(lawful.sales) == 1
        lawful.all_adds_up()

    def test_a_till_without_its_device_sells_nothing_and_says_so(self, lawful: Counter) -> None:
        lawful.desk.till.outside.fiscal = None
        lawful.scan(LATTE)
        assert lawful.in_cash(20_00).code == "fiscal_missing"
        assert lawful.sales == []
        assert lawful.of(SaleTendered) == []

    def test_a_lost_answer_is_found_in_the_device(self, lawful: Counter) -> None:
        lawful.register.trouble = Trouble.LOST_AFTER
        lawful.scan(LATTE)
        lawful.in_cash(12_00)
        assert lawful.codes == ["sold"]
        lawful.all_adds_up()

    @pytest.mark.parametrize("trouble", [Trouble.GONE_BEFORE, Trouble.GONE_AFTER])
    @pytest.mark.parametrize("restarted", [True, False])
    def test_what_nobody_knows_is_asked_until_it_is_known(
        self, lawful: Counter, trouble: Trouble, restarted: bool
    ) -> None:
        lawful.register.trouble = trouble
        lawful.scan(LATTE)
        lawful.in_cash(12_00)
        assert lawful.codes == ["fiscal_unknown"]
        assert lawful.desk.till.registering
        assert lawful.desk.till.scan(COFFEE).refused
        for _ in range(20):
            lawful.desk.world.ms += 1000
            lawful.desk.till.remind()
        assert 3 <= len(lawful.heard) <= 6
        lawful.register.trouble = Trouble.NONE
        if restarted:
            lawful.restart()
        else:
            lawful.desk.world.ms += 6000
            lawful.desk.till.remind()
        after = trouble is Trouble.GONE_AFTER
        assert lawful.codes[-1] == ("sold" if after else "fiscal_not_registered")
        if not after:
            lawful.in_cash(12_00)
        assert len(lawful.sales) == 1
        lawful.all_adds_up()

    def test_a_charged_card_stays_paid_when_the_device_refuses(self, lawful: Counter) -> None:
        lawful.register.trouble = Trouble.OFFLINE
        lawful.scan(LATTE)
        lawful.by_card()
        assert (
            lawful.codes == ["registering", "fiscal_unreachable"] or lawful.codes[-1] == "fiscal_unreachable"
        )
        (paid,) = lawful.desk.till.tenders
        assert (paid.means, paid.amount_minor) == ("card", 12_00)
        assert lawful.desk.till.due_minor == 0
        lawful.restart()
        lawful.register.trouble = Trouble.NONE
        lawful.in_cash(0)
        assert len(lawful.sales) == 1
        assert len(lawful.pos.charged) == 1
        lawful.all_adds_up()

    def test_a_card_and_the_device_both_after_a_restart(self, lawful: Counter) -> None:
        lawful.pos.mood, lawful.pos.answers = Mood.CUT_AFTER, False
        lawful.scan(LATTE)
        lawful.by_card()
        lawful.register.trouble = Trouble.GONE_AFTER
        lawful.pos.answers = True
        lawful.restart()
        assert lawful.codes[-1] == "fiscal_unknown"
        lawful.register.trouble = Trouble.NONE
        lawful.restart()
        assert lawful.codes[-1] == "sold"
        assert len(lawful.pos.charged) == 1
        lawful.all_adds_up()

    def test_a_shift_of_more_than_a_day_says_what_to_do(self, lawful: Counter) -> None:
        lawful.register = SimulatedFiscal(world=lawful.desk.world)
        lawful.device = DirectFiscal(lawful.register)
        lawful.join()
        lawful.register.open_shift("Anna")
        lawful.desk.world.ms += 24 * HOUR_MS + 1
        lawful.scan(LATTE)
        lawful.in_cash(12_00)
        assert lawful.codes == ["fiscal_shift_expired"]
        lawful.desk.till.clear()
        lawful.desk.till.close_shift(0, None)
        lawful.desk.till.open_shift("Anna")
        lawful.scan(LATTE)
        lawful.in_cash(12_00)
        assert len(lawful.sales) == 1

    def test_the_devices_shift_goes_along(self, lawful: Counter) -> None:
        assert lawful.register.shift_opened_ms is not None
        lawful.desk.till.close_shift(0, None)
        assert lawful.register.shift_opened_ms is None
        lawful.register.trouble = Trouble.OFFLINE
        answers: list[Outcome] = []
        lawful.desk.till.open_shift("Anna", 0, answers.append)
        assert [answer.code for answer in answers] == ["fiscal_unreachable"]
        assert lawful.desk.till.shift is None
        lawful.register.trouble = Trouble.NONE
        # The till died between the device's word and its own: the device is open already.
        lawful.register.open_shift("Anna")
        lawful.desk.till.open_shift("Anna", 0, answers.append)
        assert answers[-1].code == "shift_opened"

    def test_a_device_that_is_gone_for_good_leaves_the_word_to_the_cashier(self, lawful: Counter) -> None:
        lawful.register.trouble = Trouble.GONE_AFTER
        lawful.scan(LATTE)
        lawful.in_cash(12_00)
        lawful.fiscal = False
        lawful.restart()
        answers: list[Outcome] = []
        lawful.desk.till.settle_fiscal(registered=True, answer=answers.append)
        assert answers[-1].code == "sold"
        assert [sale.fiscal for sale in lawful.sales] == ["by_hand"]


class TestRefund:
    """Money back on the terminal, the refund at the fiscal device, then the fact."""

    @staticmethod
    def sold(counter: Counter, *, card: bool = True) -> SaleCompleted:
        counter.scan(LATTE)
        if card:
            counter.by_card()
        else:
            counter.in_cash(12_00)
        (sale,) = counter.sales
        counter.heard.clear()
        return sale

    @staticmethod
    def give_back(counter: Counter, sale: SaleCompleted, means: Means = "card") -> Outcome:
        answers: list[Outcome] = []
        counter.desk.till.refunds.refund(sale.id, {1: 1000}, means, answer=answers.append)
        return answers[0]

    @staticmethod
    def refunds(counter: Counter) -> list[SaleRefunded]:
        return [fact for fact in counter.facts() if isinstance(fact, SaleRefunded)]

    def test_the_terminal_gives_back_what_it_took(self, counter: Counter) -> None:
        sale = self.sold(counter)
        assert self.give_back(counter, sale).code == "follow_terminal"
        assert counter.codes == ["refunded"]
        (refund,) = self.refunds(counter)
        assert sum(counter.pos.charged.values()) == 0
        assert refund.tenders[0].reference.startswith("SIM")
        assert counter.desk.till.sale.stage is Stage.OPEN

    def test_the_basket_in_hand_stays_as_it_was(self, counter: Counter) -> None:
        sale = self.sold(counter)
        counter.scan(COFFEE)
        before = counter.desk.till.sale
        counter.terminal.holding = True
        self.give_back(counter, sale)
        assert counter.desk.till.scan(COFFEE).refused
        counter.terminal.let_go()
        assert counter.desk.till.sale == before
        assert len(self.refunds(counter)) == 1

    def test_a_terminal_that_says_no_gives_nothing_back(self, counter: Counter) -> None:
        sale = self.sold(counter)
        counter.pos.mood = Mood.DECLINE
        self.give_back(counter, sale)
        assert counter.codes == ["reverse_refused"]
        assert self.refunds(counter) == []
        assert counter.desk.till.sale.stage is Stage.OPEN

    @pytest.mark.parametrize("mood", [Mood.CUT_BEFORE, Mood.CUT_AFTER])
    @pytest.mark.parametrize("by", ["restart", "time", "cashier"])
    def test_what_the_terminal_did_is_found_out(self, counter: Counter, mood: Mood, by: str) -> None:
        sale = self.sold(counter)
        counter.pos.mood, counter.pos.answers = mood, False
        self.give_back(counter, sale)
        assert counter.codes == ["reverse_unknown"]
        assert counter.desk.till.returning
        given = mood is Mood.CUT_AFTER
        if by == "cashier":
            counter.desk.till.settle_return(given=given)
        else:
            counter.pos.answers, counter.pos.mood = True, Mood.APPROVE
            if by == "restart":
                counter.restart()
            else:
                counter.desk.world.ms += 6000
                counter.desk.till.remind()
        assert len(self.refunds(counter)) == int(given)
        assert sum(counter.pos.charged.values()) == (0 if given else 12_00)
        assert counter.desk.till.sale.stage is Stage.OPEN

    def test_a_manual_terminal_is_the_cashiers(self, counter: Counter) -> None:
        sale = self.sold(counter, card=False)
        assert self.give_back(counter, sale).code == "refunded"

    def test_the_fiscal_device_takes_a_refund_of_its_sale(self, lawful: Counter) -> None:
        sale = self.sold(lawful, card=False)
        assert self.give_back(lawful, sale, "cash").code == "registering"
        (refund,) = self.refunds(lawful)
        document = lawful.register.documents[-1]
        assert (document.kind, document.number, document.amount_minor) == ("refund", refund.fiscal, 12_00)

    def test_terminal_and_device_one_after_the_other(self, lawful: Counter) -> None:
        sale = self.sold(lawful)
        self.give_back(lawful, sale)
        (refund,) = self.refunds(lawful)
        assert refund.fiscal
        assert refund.tenders[0].request
        assert sum(lawful.pos.charged.values()) == 0

    def test_a_refused_refund_in_cash_gives_nothing_back(self, lawful: Counter) -> None:
        sale = self.sold(lawful, card=False)
        lawful.register.trouble = Trouble.PAPER_OUT
        self.give_back(lawful, sale, "cash")
        assert lawful.codes == ["fiscal_paper_out"]
        assert self.refunds(lawful) == []
        assert lawful.desk.till.sale.stage is Stage.OPEN

    @pytest.mark.parametrize("trouble", [Trouble.PAPER_OUT, Trouble.GONE_BEFORE, Trouble.GONE_AFTER])
    @pytest.mark.parametrize("restarted", [True, False])
    def test_a_card_that_got_its_money_back_is_registered_once_in_the_end(
        self, lawful: Counter, trouble: Trouble, restarted: bool
    ) -> None:
        sale = self.sold(lawful)
        lawful.register.trouble = trouble
        self.give_back(lawful, sale)
        assert self.refunds(lawful) == []
        assert sum(lawful.pos.charged.values()) == 0
        lawful.register.trouble = Trouble.NONE
        if restarted:
            lawful.restart()
        for _ in range(4):
            lawful.desk.world.ms += 6000
            lawful.desk.till.remind()
        assert len(self.refunds(lawful)) == 1
        assert [entry.kind for entry in lawful.register.documents] == ["sale", "refund"]
        assert len(lawful.pos.charged) == 2

    def test_a_device_that_takes_no_refunds_leaves_them_to_the_book(self, lawful: Counter) -> None:
        lawful.register = SimulatedFiscal(POLISH, world=lawful.desk.world)
        lawful.device = DirectFiscal(lawful.register)
        lawful.join()
        lawful.register.open_shift("Anna")
        sale = self.sold(lawful, card=False)
        assert self.give_back(lawful, sale, "cash").code == "refunded"
        assert self.refunds(lawful)[0].fiscal == ""
        assert [entry.kind for entry in lawful.register.documents] == ["sale"]

    def test_a_device_gone_for_good_leaves_the_word_to_the_cashier(self, lawful: Counter) -> None:
        sale = self.sold(lawful, card=False)
        lawful.register.trouble = Trouble.GONE_AFTER
        self.give_back(lawful, sale, "cash")
        lawful.fiscal = False
        lawful.restart()
        lawful.desk.till.settle_return(given=True)
        assert [refund.fiscal for refund in self.refunds(lawful)] == ["by_hand"]

    def test_a_refund_without_its_sale_is_none_for_the_device(self, lawful: Counter) -> None:
        product = lawful.desk.reader.product_by_code(LATTE)
        assert product is not None
        answers: list[Outcome] = []
        goods = [BroughtBack(product, 1000, 12_00)]
        lawful.desk.till.receiptless.refund(goods, reason="no receipt", answer=answers.append)
        assert answers[0].code == "fiscal_no_sale"
