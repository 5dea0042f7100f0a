"""Goods brought back: what terminal and fiscal device can do to a refund, over a real store."""

from __future__ import annotations

import pytest

from app.checkout.basket import Stage
from app.checkout.outcome import Outcome
from app.checkout.receiptless import BroughtBack
from app.checkout.refunds import Means
from app.ledger.facts import SaleCompleted, SaleRefunded
from hardware.simulated.fiscal import POLISH, SimulatedFiscal, Trouble
from hardware.simulated.terminal import Mood
from tests.support.outside import COFFEE, LATTE, Counter, DirectFiscal


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
