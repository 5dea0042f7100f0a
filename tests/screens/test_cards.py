"""What the sale screen makes of a card: whose reader it lay on, what it proved, why it could not be read."""

from __future__ import annotations

import pytest

from hardware.ports import CardFailed, CardProof, CardTapped, ReaderRole
from tests.screens.conftest import Screen

GOLD = "04A1B2C3D4E5F6"


def proved(counter: int) -> CardTapped:
    return CardTapped("Reader", counter, GOLD, "ntag424", None, CardProof.GENUINE, counter=counter)


def test_a_members_card_on_the_staffs_reader_brings_no_member(screen: Screen) -> None:
    screen.presenter.card(
        CardTapped("Staff", 1, GOLD, "ntag213", None, CardProof.COPYABLE, role=ReaderRole.STAFF)
    )
    assert screen.view.member is None
    assert screen.desk.till.member is None


def test_a_replayed_card_is_told_and_brings_nobody(screen: Screen) -> None:
    screen.presenter.card(proved(61))
    assert screen.view.member is not None
    screen.presenter.detach()
    screen.presenter.card(proved(61))
    assert screen.view.member is None
    assert "copy" in screen.view.notice.text
    screen.presenter.card(proved(62))
    assert screen.view.member is not None


@pytest.mark.parametrize("lang", ["ru", "pl", "en"])
@pytest.mark.parametrize("code", ["torn", "mute", "malformed", "unsupported", "refused", "busy", "timeout"])
def test_each_failure_of_a_card_says_what_to_do(screen: Screen, code: str, lang: str) -> None:
    screen.presenter.switch_language(lang)
    screen.presenter.card(CardFailed("Reader", 1, code))
    assert len(screen.view.notice.text) > 30
    assert "card_" not in screen.view.notice.text
