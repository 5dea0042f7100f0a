"""Law outside the till: what a fiscal device can do to a sale, over a real store."""

from __future__ import annotations

import pytest

from app.checkout.basket import Stage
from app.checkout.outcome import Outcome
from app.ledger.facts import SaleTendered, ShiftClosed
from hardware.simulated.fiscal import HOUR_MS, SimulatedFiscal, Trouble
from hardware.simulated.terminal import Mood
from tests.support.outside import COFFEE, LATTE, Counter, DirectFiscal


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

    def test_nothing_is_sold_while_the_device_closes_the_shift(self, lawful: Counter) -> None:
        """Or it would be of a shift that is closed, and the cash that should be there another sum."""
        till, said = lawful.desk.till, lawful.heard
        lawful.scan(LATTE)
        lawful.in_cash(12_00)
        assert till.last is not None
        lawful.device.holding = True
        till.drawer.close(215_00, said.append)
        for act in (
            lambda: said.append(till.scan(LATTE)),
            lambda: till.drawer.pay_in(5_00, reason="x", answer=said.append),
            lambda: till.drawer.no_sale(answer=said.append),
            lambda: till.refunds.refund(lawful.sales[0].id, {1: 1000}, answer=said.append),
            lambda: till.receiptless.refund([], reason="x", answer=said.append),
            lambda: till.drawer.close(0, said.append),
        ):
            act()
            assert said[-1].code == "shift_at_device"
        assert not till.sale.lines
        lawful.device.let_go()
        assert said[-1].code in ("shift_closed", "shift_differs", "terminal_settled")
        (fact,) = lawful.of(ShiftClosed)
        assert isinstance(fact, ShiftClosed)
        assert fact.expected_minor == lawful.desk.reader.shift_figures(fact.shift).expected_minor
        lawful.device.holding = False
        till.open_shift("Anna")
        assert not till.scan(LATTE).refused

    def test_a_device_that_will_not_close_lets_the_shift_go_on(self, lawful: Counter) -> None:
        lawful.register.trouble = Trouble.OFFLINE
        lawful.desk.till.drawer.close(0, lawful.heard.append)
        assert lawful.codes[-1] == "fiscal_unreachable"
        lawful.register.trouble = Trouble.NONE
        lawful.scan(LATTE)
        lawful.in_cash(12_00)
        assert len(lawful.sales) == 1

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
