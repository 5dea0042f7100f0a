"""What a member said to each consent stands beside its text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.checkout.shop import Consent
from app.screens import views
from app.screens.forms import YES, Sign
from tests.screens.acts import tap
from tests.screens.conftest import Screen
from tests.support.shop import SHOP, Desk

TERMS = Consent(purpose="terms", version="1", texts={"en": "The programme's terms"}, required=True)
NEWS = Consent(purpose="news", version="1", texts={"en": "Offers by e-mail"})


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    desk = Desk(tmp_path / "till", shop=replace(SHOP, consents=(NEWS,))).stock()
    yield Screen(desk)
    desk.close()


def row(screen: Screen) -> tuple[str, Sign]:
    screen.presenter.open_tool("member")
    screen.presenter.pick("consents")
    middle = screen.view.middle
    assert isinstance(middle, views.Rows)
    (found,) = middle.rows
    return found.detail, found.sign


def answer(screen: Screen, key: str) -> None:
    screen.presenter.pick("news")
    screen.presenter.press(key)


def test_each_answer_is_shown_with_its_day_and_an_older_text_with_its_version(screen: Screen) -> None:
    tap(screen)
    assert row(screen) == ("No answer noted here", Sign.NONE)
    answer(screen, YES)
    assert row(screen) == ("Agreed, 21/11/2026", Sign.YES)
    answer(screen, "no")
    assert row(screen) == ("Did not agree, 21/11/2026", Sign.NO)
    heart = screen.desk.till.heart
    heart.shop = replace(heart.shop, consents=(replace(NEWS, version="2"),))
    assert row(screen) == ("Did not agree, 21/11/2026 · Version 1", Sign.NO)


def test_enrolling_says_which_consent_it_waits_for(screen: Screen) -> None:
    heart, sale = screen.desk.till.heart, screen.presenter
    heart.shop = replace(heart.shop, consents=(TERMS, NEWS))
    sale.start_enrolment()
    sale.type("name", "Ewa")

    def form() -> views.Form:
        middle = screen.view.middle
        assert isinstance(middle, views.Form)
        return middle

    assert [each.text for each in form().checks[:2]] == [
        "The programme's terms (required)",
        "Offers by e-mail",
    ]
    assert (form().problem, form().presses[-1].enabled) == ("Still to do: the required consent", False)
    sale.pick("terms")
    assert (form().problem, form().presses[-1].enabled) == ("", True)
    sale.type("name", " ")
    assert (form().problem, form().presses[-1].enabled) == ("Still to do: the name", False)
