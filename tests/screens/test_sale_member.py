"""The member at the sale screen: met by card or code, known, enrolled."""

from __future__ import annotations

import pytest

from app.screens import views
from app.screens.views import Stamp, Tone
from hardware.ports import (
    CardFailed,
    CardRemoved,
)
from tests.screens.acts import COFFEE, GOLD, LATTE, NOBODY, SILVER, tap
from tests.screens.conftest import Screen


class TestMember:
    def test_a_tap_shows_who_and_reprices(self, screen: Screen) -> None:
        screen.presenter.scan(COFFEE)
        tap(screen)
        member = screen.view.member
        assert member is not None
        assert (member.name, member.tier, member.balance) == ("Łucja Żółkiewska", "Gold tier", "1,284")
        assert member.earned == "+17"
        assert screen.view.total.figure == "17.01"

    def test_the_stamp_card_is_there_before_any_coffee(self, screen: Screen) -> None:
        tap(screen)
        assert screen.view.member is not None
        (card,) = screen.view.member.stamp_cards
        assert card.stamps == (*[Stamp.EARNED] * 5, Stamp.FREE)
        assert card.progress == "5\xa0/\xa06"

    def test_the_sixth_coffee_is_won(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(LATTE)
        assert screen.view.member is not None
        assert screen.view.member.stamp_cards[0].stamps == (*[Stamp.EARNED] * 5, Stamp.WON)
        assert screen.view.basket.lines[0].price == "0.00"

    def test_a_new_stamp_is_told_from_the_old(self, screen: Screen) -> None:
        tap(screen, SILVER)
        screen.presenter.scan(LATTE)
        assert screen.view.member is not None
        stamps = screen.view.member.stamp_cards[0].stamps
        assert stamps == (*[Stamp.EARNED] * 2, Stamp.NEW, *[Stamp.EMPTY] * 2, Stamp.FREE)

    def test_an_offer_rings_up_what_completes_it(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(LATTE)
        assert screen.view.member is not None
        offer = next(offer for offer in screen.view.member.offers if offer.product)
        assert offer.title == "Croissant with coffee"
        screen.presenter.take_offer(offer.key)
        assert screen.view.basket.lines[-1].name == "Croissant"

    def test_points_are_spent_and_kept(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        spend = screen.view.member.spend if screen.view.member else None
        assert spend is not None
        assert spend.title == "600\xa0points can be spent"
        screen.presenter.spend_points(True)
        spend = screen.view.member.spend if screen.view.member else None
        assert spend is not None
        assert spend.chosen
        assert screen.view.total.figure == "11.01"
        screen.presenter.spend_points(False)
        assert screen.view.total.figure == "17.01"

    def test_a_wrong_card_comes_off(self, screen: Screen) -> None:
        tap(screen)
        screen.presenter.scan(COFFEE)
        screen.presenter.detach()
        assert screen.view.member is None
        assert screen.view.total.figure == "18.90"

    def test_a_torn_card_says_what_to_do(self, screen: Screen) -> None:
        screen.presenter.card(CardFailed("Reader", 1, "torn"))
        assert screen.view.notice.tone is Tone.CAUTION
        assert "Hold it still" in screen.view.notice.text

    def test_taking_the_card_away_changes_nothing(self, screen: Screen) -> None:
        tap(screen)
        count = len(screen.views)
        screen.presenter.card(CardRemoved("Reader", 1))
        assert len(screen.views) == count


class TestEnrolment:
    def test_the_card_just_refused_is_the_new_members(self, screen: Screen) -> None:
        tap(screen, NOBODY)
        assert NOBODY in screen.view.notice.text
        screen.presenter.start_enrolment()
        enrol = screen.view.middle
        assert isinstance(enrol, views.Form)
        assert enrol.note == f"Card {NOBODY} is ready"
        assert not enrol.presses[-1].enabled
        screen.presenter.type("name", "Ewa Świątek")
        screen.presenter.type("phone", "+48 601 200 300")
        screen.presenter.press("yes")
        assert screen.view.member is not None
        assert screen.view.member.name == "Ewa Świątek"
        assert isinstance(screen.view.middle, views.Favourites)
        screen.presenter.detach()
        tap(screen, NOBODY)
        assert screen.view.member is not None
        assert screen.view.member.name == "Ewa Świątek"

    def test_a_card_tapped_or_scanned_during_it_becomes_theirs(self, screen: Screen) -> None:
        screen.presenter.start_enrolment()
        tap(screen, NOBODY, record="M-77")
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.note == "Card M-77 is ready"
        screen.presenter.scan("2900000009998")
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.note == "Card 2900000009998 is ready"

    def test_an_unknown_product_is_not_mistaken_for_a_card(self, screen: Screen) -> None:
        screen.presenter.scan("5900000000008")
        screen.presenter.start_enrolment()
        assert isinstance(screen.view.middle, views.Form)
        assert "Tap or scan" in screen.view.middle.note

    def test_a_refused_card_is_forgotten_when_a_member_comes(self, screen: Screen) -> None:
        tap(screen, NOBODY)
        tap(screen, GOLD)
        screen.presenter.detach()
        screen.presenter.start_enrolment()
        assert isinstance(screen.view.middle, views.Form)
        assert "Tap or scan" in screen.view.middle.note

    def test_products_go_on_being_rung(self, screen: Screen) -> None:
        screen.presenter.start_enrolment()
        screen.presenter.type("name", "Ewa")
        screen.presenter.scan(LATTE)
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.entries[1].text == "Ewa"
        assert len(screen.view.basket.lines) == 1

    def test_a_member_who_turns_up_ends_it(self, screen: Screen) -> None:
        screen.presenter.start_enrolment()
        tap(screen)
        assert isinstance(screen.view.middle, views.Favourites)
        assert screen.view.member is not None

    @pytest.mark.parametrize(("phone", "ready"), [("", True), ("+48 60", False), ("+48 601 200 300", True)])
    def test_a_phone_number_is_whole_or_not_there(self, screen: Screen, phone: str, ready: bool) -> None:
        screen.presenter.start_enrolment()
        screen.presenter.type("name", "Ewa")
        screen.presenter.type("phone", phone)
        assert isinstance(screen.view.middle, views.Form)
        assert screen.view.middle.presses[-1].enabled is ready
        assert bool(screen.view.middle.problem) is not ready
