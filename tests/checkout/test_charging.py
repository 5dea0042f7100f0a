"""Money outside the till: what a card terminal can do to a sale, over a real store."""

from __future__ import annotations

import pytest

from app.checkout.basket import Stage
from app.checkout.outcome import Outcome
from app.ledger.facts import SaleTendered, SaleVoided
from hardware.simulated.terminal import Mood
from hardware.terminals.manual import ManualTerminal
from tests.support.outside import COFFEE, LATTE, Counter, DirectTerminal


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

    def _in_doubt(self, counter: Counter) -> str:
        """Five of twelve were charged, and nobody knows whether they went back: they did."""
        counter.scan(LATTE)
        counter.by_card(5_00)
        key = counter.desk.till.tenders[0].key
        counter.pos.mood, counter.pos.answers = Mood.CUT_AFTER, False
        counter.desk.till.give_back(key)
        assert counter.codes[-1] == "reverse_unknown"
        counter.pos.mood = Mood.APPROVE
        return key

    def test_money_that_may_have_gone_back_pays_nothing_meanwhile(self, counter: Counter) -> None:
        key, till = self._in_doubt(counter), counter.desk.till
        assert till.in_doubt(key)
        assert counter.in_cash(till.due_minor).code == "reverse_unknown"
        assert counter.by_card().code == "reverse_unknown"
        assert not counter.sales

    def test_it_is_asked_about_by_itself_and_never_given_twice(self, counter: Counter) -> None:
        key, till = self._in_doubt(counter), counter.desk.till
        till.give_back(key)
        assert till.in_doubt(key)
        counter.pos.answers = True
        till.remind()
        assert till.in_doubt(key), "every five seconds"
        counter.desk.world.ms += 5_000
        till.remind()
        assert (till.tenders, till.due_minor) == ((), 12_00)
        assert sum(counter.pos.charged.values()) == 0
        counter.by_card()
        assert len(counter.sales) == 1

    @pytest.mark.parametrize("back", [True, False])
    def test_where_the_terminal_never_says_the_cashier_does(self, counter: Counter, back: bool) -> None:
        key, till = self._in_doubt(counter), counter.desk.till
        if back:
            till.drop_tender(key, reversed=True)
        else:
            till.keep_charged(key)
        assert not till.in_doubt(key)
        assert till.due_minor == (12_00 if back else 7_00)
        assert counter.in_cash(till.due_minor).code == "sold"

    def test_of_two_in_doubt_each_is_asked_about(self, counter: Counter) -> None:
        counter.scan(LATTE, COFFEE)
        counter.by_card(5_00)
        counter.by_card(3_00)
        one, two = (tender.key for tender in counter.desk.till.tenders)
        counter.pos.mood, counter.pos.answers = Mood.CUT_AFTER, False
        counter.desk.till.give_back(one)
        counter.desk.till.give_back(two)
        assert counter.desk.till.in_doubt(one)
        assert counter.desk.till.in_doubt(two)
        counter.pos.mood, counter.pos.answers = Mood.APPROVE, True
        counter.desk.till.give_back(two)
        assert [tender.key for tender in counter.desk.till.tenders] == [one]
        counter.desk.world.ms += 5_000
        counter.desk.till.remind()
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
