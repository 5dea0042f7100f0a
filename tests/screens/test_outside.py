"""What comes from outside the screen: scale, terminal, fiscal device, and what the cashier sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.checkout.outside import Outside
from app.screens import views
from app.screens.views import ChipKind
from hardware.ports import DeviceProblem, FiscalStatus, ScaleFailed, Weighed
from hardware.simulated.fiscal import SimulatedFiscal, Trouble
from hardware.simulated.terminal import Mood, SimulatedTerminal
from tests.screens.conftest import Screen
from tests.support.outside import DirectFiscal, DirectTerminal
from tests.support.shop import Desk

LATTE, APPLES = "5901234000062", "5901234000185"


def quantity(screen: Screen) -> views.Quantity:
    assert isinstance(screen.view.middle, views.Quantity)
    return screen.view.middle


def ask(screen: Screen) -> views.Ask:
    assert isinstance(screen.view.middle, views.Ask)
    return screen.view.middle


class TestScale:
    def test_the_scales_weight_is_shown_and_taken_once_it_lies_still(self, screen: Screen) -> None:
        screen.presenter.weigh(Weighed(0, True))
        screen.presenter.scan(APPLES)
        assert (quantity(screen).weighed, quantity(screen).ready) == ("0.000", False)
        screen.presenter.weigh(Weighed(640, False))
        assert (quantity(screen).weighed, quantity(screen).still) == ("0.640", False)
        screen.presenter.take()
        assert "Wait" in quantity(screen).hint
        screen.presenter.weigh(Weighed(642, True))
        assert (quantity(screen).weighed, quantity(screen).still, quantity(screen).ready) == (
            "0.642",
            True,
            True,
        )
        screen.presenter.take()
        (line,) = screen.desk.till.sale.lines
        assert line.qty_milli == 642

    def test_what_is_typed_counts_before_the_scale(self, screen: Screen) -> None:
        screen.presenter.weigh(Weighed(642, True))
        screen.presenter.scan(APPLES)
        for key in "1,5":
            screen.presenter.key(key)
        screen.presenter.weigh(Weighed(700, True))
        screen.presenter.take()
        assert screen.desk.till.sale.lines[0].qty_milli == 1500

    def test_half_an_entry_does_not_fall_back_to_the_scale(self, screen: Screen) -> None:
        screen.presenter.weigh(Weighed(642, True))
        screen.presenter.scan(APPLES)
        screen.presenter.key("0")
        assert quantity(screen).ready is False

    def test_a_scale_that_fails_says_what_to_do_and_typing_works(self, screen: Screen) -> None:
        screen.presenter.weigh(ScaleFailed("unreachable"))
        screen.presenter.scan(APPLES)
        assert "type the weight" in quantity(screen).hint
        chip = next(chip for chip in screen.view.state.chips if chip.kind is ChipKind.SCALE)
        assert "cable" in chip.detail
        for key in "0,5":
            screen.presenter.key(key)
        screen.presenter.take()
        assert screen.desk.till.sale.lines[0].qty_milli == 500
        screen.presenter.weigh(Weighed(0, True))
        assert all(chip.kind is not ChipKind.SCALE for chip in screen.view.state.chips)

    def test_pieces_are_not_weighed(self, screen: Screen) -> None:
        screen.presenter.weigh(Weighed(642, True))
        screen.presenter.scan(LATTE)
        screen.presenter.ask_quantity()
        assert (quantity(screen).weighed, quantity(screen).ready) == ("", False)

    @pytest.mark.parametrize("code", ["stalled", "overload", "below_zero", "malformed", "unit"])
    def test_every_failure_has_words(self, screen: Screen, code: str) -> None:
        screen.presenter.weigh(ScaleFailed(code))
        assert any(chip.kind is ChipKind.SCALE and chip.detail for chip in screen.view.state.chips)


def test_what_stands_beside_shows_only_when_it_fails_and_the_gravest_first(screen: Screen) -> None:
    screen.presenter.display(None)
    screen.presenter.fiscal(FiscalStatus(True))
    before = {chip.kind for chip in screen.view.state.chips}
    screen.presenter.display(DeviceProblem("unreachable"))
    screen.presenter.fiscal(FiscalStatus(True, code="shift_expired"))
    chips = {chip.kind: chip for chip in screen.view.state.chips}
    assert set(chips) - before == {ChipKind.FISCAL}
    screen.presenter.explain_chip(chips[ChipKind.FISCAL])
    assert "24 hours" in screen.view.notice.text
    screen.presenter.fiscal(FiscalStatus(True))
    assert {chip.kind for chip in screen.view.state.chips} - before == {ChipKind.DISPLAY}


class Outward(Screen):
    """A screen whose till has a terminal and a fiscal device."""

    def __init__(self, folder: Path) -> None:
        self.pos, self.register = SimulatedTerminal(), SimulatedFiscal()
        desk = Desk(folder, outside=Outside(must_register=True))
        desk.till.outside.terminal = self.terminal = DirectTerminal(self.pos)
        desk.till.outside.fiscal = self.fiscal = DirectFiscal(self.register)
        super().__init__(desk.stock())


@pytest.fixture
def outward(tmp_path: Path) -> Iterator[Outward]:
    made = Outward(tmp_path / "till")
    yield made
    made.desk.close()


def pay(screen: Screen, given: str) -> None:
    screen.presenter.pay()
    for key in given:
        screen.presenter.key(key)
    screen.presenter.take()


def test_while_terminal_and_fiscal_device_are_at_it_there_is_nothing_to_press(outward: Outward) -> None:
    outward.terminal.holding = outward.fiscal.holding = True
    outward.presenter.scan(LATTE)
    outward.presenter.pay()
    outward.presenter.pay_by_card()
    assert (ask(outward).question, ask(outward).yes, ask(outward).no) == ("Follow the terminal", "", "")
    assert ask(outward).figure == "12.00\xa0zł"
    outward.presenter.answer(True)
    outward.presenter.leave()
    outward.terminal.let_go()
    assert ask(outward).question == "The sale is being registered"
    outward.presenter.answer(False)
    outward.fiscal.let_go()
    assert isinstance(outward.view.middle, views.Paid)


def test_a_declined_card_leads_back_to_paying(outward: Outward) -> None:
    outward.pos.mood = Mood.DECLINE
    outward.presenter.scan(LATTE)
    outward.presenter.pay()
    outward.presenter.pay_by_card()
    assert isinstance(outward.view.middle, views.Payment)
    assert "not charged" in outward.view.notice.text
    for key in "20":
        outward.presenter.key(key)
    outward.presenter.take()
    assert isinstance(outward.view.middle, views.Paid)


def test_a_terminal_that_does_not_know_is_asked_again_until_somebody_says(outward: Outward) -> None:
    outward.pos.mood, outward.pos.answers = Mood.CUT_AFTER, False
    outward.presenter.scan(LATTE)
    outward.presenter.pay()
    outward.presenter.pay_by_card()
    assert ask(outward).yes == "Yes, charged"
    outward.pos.answers = True
    outward.desk.world.ms += 6000
    outward.presenter.tick()
    assert isinstance(outward.view.middle, views.Paid)
    assert len(outward.pos.charged) == 1


def test_cash_waits_for_the_device_and_a_refusal_says_why(outward: Outward) -> None:
    outward.register.trouble = Trouble.PAPER_OUT
    outward.presenter.scan(LATTE)
    pay(outward, "20")
    assert isinstance(outward.view.middle, views.Payment)
    assert "no paper" in outward.view.notice.text
    outward.register.trouble = Trouble.NONE
    pay(outward, "20")
    assert isinstance(outward.view.middle, views.Paid)
    assert outward.view.middle.change == "8.00\xa0zł"


def test_a_device_that_is_silent_can_be_asked_again(outward: Outward) -> None:
    outward.register.trouble = Trouble.GONE_AFTER
    outward.presenter.scan(LATTE)
    pay(outward, "12")
    assert (ask(outward).yes, ask(outward).no) == ("Ask it now", "")
    outward.presenter.answer(True)
    assert ask(outward).yes
    outward.register.trouble = Trouble.NONE
    outward.presenter.answer(True)
    assert isinstance(outward.view.middle, views.Paid)
    assert len(outward.register.documents) == 1


def test_a_refund_on_its_way_shows_what_it_waits_for_and_goes_back_to_ringing_up(outward: Outward) -> None:
    outward.presenter.scan(LATTE)
    outward.presenter.pay()
    outward.presenter.pay_by_card()
    assert outward.desk.till.last is not None
    outward.presenter.leave()
    outward.pos.mood, outward.pos.answers = Mood.CUT_AFTER, False
    outward.terminal.holding = outward.fiscal.holding = True
    outward.desk.till.refunds.refund(
        outward.desk.till.last.sale.id, {1: 1000}, "card", answer=outward.presenter.tell
    )
    assert (ask(outward).question, ask(outward).yes) == ("The terminal gives the money back", "")
    assert "pays" not in ask(outward).detail + outward.view.notice.text
    outward.terminal.let_go()
    assert (ask(outward).figure, ask(outward).yes, ask(outward).no) == (
        "12.00\xa0zł", "Yes, it went back", "No, it did not",
    )  # fmt: skip
    # Nobody is told to give it back by hand: it may be back already.
    assert ask(outward).question == "Did the money go back to the card?"
    assert "slip" in ask(outward).detail
    outward.presenter.answer(True)
    assert ask(outward).question == "The refund is being registered"
    outward.fiscal.let_go()
    assert isinstance(outward.view.middle, views.Favourites)
    assert [entry.kind for entry in outward.register.documents] == ["sale", "refund"]


def test_nothing_beside_the_middle_can_be_used_while_it_waits(outward: Outward) -> None:
    outward.terminal.holding = True
    outward.presenter.scan(LATTE)
    assert outward.view.free
    assert views.Action.UNDO in outward.view.basket.actions
    outward.presenter.pay()
    outward.presenter.pay_by_card()
    view = outward.view
    assert (view.free, view.can_enrol, view.total.payable) == (False, False, False)
    assert outward.view.basket.actions == ()
    outward.terminal.let_go()
    assert outward.view.free


def test_while_the_device_closes_its_shift_the_screen_says_so_and_greys_what_waits(outward: Outward) -> None:
    outward.fiscal.holding = True
    outward.presenter.open_tool("shift")
    outward.presenter.press("close")
    outward.presenter.key("5")
    outward.presenter.take()
    middle = outward.view.middle
    assert isinstance(middle, views.Pad)
    assert middle.detail == "The fiscal device is at its shift. One moment."
    assert {press.key: press.enabled for press in middle.presses} == {
        "back": True, "uncounted": False, "yes": False,
    }  # fmt: skip
    assert not outward.view.free
    outward.fiscal.let_go()
    assert isinstance(outward.view.middle, views.Paid)
    assert outward.view.free
