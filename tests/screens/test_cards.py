"""What the sale screen makes of a card: whose reader it lay on, what it proved, why it could not be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.screens.views import Form, Tone
from hardware.ports import CardFailed, CardProof, CardRemoved, CardTapped, CardWritten, ReaderRole
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


class Issuer:
    """Writes as told, once it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        self.done: Callable[[CardWritten | CardFailed], None] = lambda _: None

    def new_card_number(self) -> str:
        return f"M{len(self.asked):012}"

    def write_card(self, event: int, record: str, done: Callable[[CardWritten | CardFailed], None]) -> None:
        self.asked.append((event, record))
        self.done = done


def enrolling(screen: Screen) -> Issuer:
    """The enrol panel, with a blank card on the reader."""
    screen.presenter.issuer = issuer = Issuer()
    screen.presenter.start_enrolment()
    screen.presenter.type("name", "Zofia Nowak")
    screen.presenter.card(CardTapped("Reader", 7, "04AA", "ntag213"))
    return issuer


def presses(screen: Screen) -> list[str]:
    middle = screen.view.middle
    assert isinstance(middle, Form)
    return [press.key for press in middle.presses if press.enabled]


def test_a_blank_card_is_written_and_becomes_the_members(screen: Screen) -> None:
    issuer = enrolling(screen)
    assert "write" in presses(screen)
    screen.presenter.press("write")
    screen.presenter.press("write")
    assert issuer.asked == [(7, "M000000000000")]
    issuer.done(CardWritten("Reader", 7, "04AA", "M000000000000"))
    assert "M000000000000" in screen.view.notice.text
    assert "write" not in presses(screen)
    screen.presenter.press("yes")
    holder = screen.desk.reader.holder("code:M000000000000")
    assert holder is not None
    assert screen.desk.till.member is not None
    assert holder.member == screen.desk.till.member.id


@pytest.mark.parametrize("code", ["not_blank", "read_only", "too_long", "torn"])
def test_a_card_that_cannot_be_written_stays_what_it_was(screen: Screen, code: str) -> None:
    issuer = enrolling(screen)
    screen.presenter.press("write")
    issuer.done(CardFailed("Reader", 7, code))
    assert screen.view.notice.tone is Tone.CAUTION
    assert "write" in presses(screen)
    screen.presenter.press("yes")
    assert screen.desk.reader.holder("uid:04AA") is not None


def test_a_card_with_a_record_or_one_that_is_gone_is_not_offered(screen: Screen) -> None:
    enrolling(screen)
    screen.presenter.card(CardRemoved("Reader", 7))
    assert "write" not in presses(screen)
    screen.presenter.card(CardTapped("Reader", 8, "04BB", "ntag213", "M900000000001"))
    assert "write" not in presses(screen)
    screen.presenter.card(CardTapped("Reader", 9, "04CC", "type4"))
    assert "write" not in presses(screen)
