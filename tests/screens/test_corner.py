"""The manager's corner: what each page shows, who may see it, and what is changed there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from app.checkout.pin import hash_pin, verify_pin
from app.checkout.rights import NEEDS, Role, Staff
from app.checkout.shop import Department
from app.ledger.facts import Privileged
from app.screens.corner.page import Coming, Setting
from app.screens.corner.presenter import PAGES, CornerPresenter
from app.screens.forms import BACK, Form, Rows, Sign
from app.screens.views import DayView
from app.texts import LANGUAGES, texts
from tests.loyalty.support import programme
from tests.screens.conftest import Screen
from tests.support.shop import SHOP, Desk

PIN = hash_pin("1234", lambda size: bytes(size))
MILK = "5901234000178"


class Behind:
    """The corner's way behind a till whose database is its own."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.office = False
        self.problem = ""
        self.kept = {"printer.address": "", "till.lang": "pl", "server.enrol_code": "ABCD"}

    def coming(self) -> Sequence[Coming]:
        return (Coming("autumn", 4, self.screen.desk.world.now_ms() + 86_400_000),)

    @property
    def staff_from_office(self) -> bool:
        return self.office

    def put_staff(self, people: Sequence[Staff], answer: Callable[[str], None]) -> None:
        if not self.problem:
            database = self.screen.desk.database
            database.call(lambda: database.writer.put_staff(people, whole=True))
            self.screen.desk.till.people.refresh()
        answer(self.problem)

    def settings(self) -> Sequence[Setting]:
        return tuple(
            Setting(
                key,
                value,
                ("", "ru", "pl", "en") if key == "till.lang" else (),
                secret=key == "server.enrol_code",
            )
            for key, value in self.kept.items()
        )

    def change_setting(self, key: str, value: str, answer: Callable[[str], None]) -> None:
        if not self.problem:
            self.kept[key] = value
        answer(self.problem)


class Opened:
    def __init__(self, screen: Screen, lang: str = "en") -> None:
        desk = screen.desk
        self.desk, self.behind = desk, Behind(screen)
        self.corner = CornerPresenter(desk.till, desk.reader, self.behind, desk.world, lang=lang)

    def rows(self, page: str) -> Rows:
        self.corner.open(page)
        return self.list

    @property
    def list(self) -> Rows:
        body = self.corner.view().body
        assert isinstance(body, Rows)
        return body

    @property
    def form(self) -> Form:
        body = self.corner.view().body
        assert isinstance(body, Form)
        return body

    def hire(self, *people: Staff) -> None:
        database = self.desk.database
        database.call(lambda: database.writer.put_staff(people, whole=True))
        self.desk.till.people.refresh()

    def sign_in(self, id: str) -> None:
        self.desk.till.people.sign_in(id, "1234")

    def acts(self) -> list[tuple[str, str]]:
        """Privileged acts in the log, with their reasons."""
        facts = self.desk.reader.exceptions(0, 1000)
        return [(fact.act, fact.reason) for fact in facts if isinstance(fact, Privileged)]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    other = Department(id="other", names={"en": "Other"}, tax="23")
    desk = Desk(tmp_path / "till", shop=msgspec.structs.replace(SHOP, departments=(other,))).stock()
    yield Opened(Screen(desk))
    desk.close()


ANNA = Staff(id="anna", name="Anna", role=Role.CASHIER, pin=PIN)
DOROTA = Staff(id="dorota", name="Dorota", role=Role.MANAGER, pin=PIN)


def test_the_rail_names_every_page_in_every_language(screen: Screen) -> None:
    for lang in LANGUAGES:
        opened = Opened(screen, lang)
        opened.corner.open()
        view = opened.corner.view()
        assert [tab.key for tab in view.tabs] == [spec.key for spec in PAGES if spec.key != "devices"]
        assert isinstance(view.body, DayView)


def test_acts_by_hand_are_listed_the_latest_first(opened: Opened) -> None:
    desk = opened.desk
    till = desk.till
    till.adjusting.ring_open("other", 4_50, code="4600000000017")
    till.clear()
    desk.world.ms += 60_000
    till.drawer.no_sale(reason="change_money")
    rows = opened.rows("exceptions").rows
    assert [row.title for row in rows] == ["Drawer opened without a sale", "Basket abandoned", "Open price"]
    assert rows[0].detail.endswith("Coins for change"), "a chosen reason has its words"
    assert rows[1].detail.endswith("Other"), "a department in the manager's language, not the shop's"
    assert rows[2].figure == "4.50\xa0zł"


def test_what_was_taken_out_is_counted_with_its_goods_and_by_whom(opened: Opened) -> None:
    desk = opened.desk
    till = desk.till
    for _ in range(3):
        till.scan(MILK)
    till.step_qty(1, -1)
    till.void_line(1)
    till.undo()
    page = opened.rows("exceptions")
    assert [row.title for row in page.rows] == ["Line put back", "Line voided", "Line voided"]
    assert page.rows[0].detail.endswith("Milk 3.2% 1 l × 2")
    assert page.rows[2].detail.endswith("Anna · Milk 3.2% 1 l")
    price = till.sale.lines[0].price_minor
    figures = {row.key: row.figure for row in page.sums}
    assert figures["line_voided"] == f"1 · {opened.corner.words.money(price, 'PLN')}", "what came back is off"
    assert figures["by"] == "Anna 1"
    till.clear()
    figures = {row.key: row.figure for row in opened.rows("exceptions").sums}
    assert figures["sale_abandoned"] == f"1 · {opened.corner.words.money(2 * price, 'PLN')}"


def test_more_than_the_rows_shown_are_counted(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.screens.corner.exceptions.MOST", 3)
    for _ in range(5):
        opened.desk.till.scan(MILK)
        opened.desk.till.void_line(opened.desk.till.sale.lines[0].key)
    page = opened.rows("exceptions")
    assert len(page.rows) == 3
    assert page.sums[0].figure.startswith("5 · ")


def test_older_exceptions_need_a_longer_look_back(opened: Opened) -> None:
    opened.desk.till.drawer.no_sale(reason="change_money")
    opened.desk.world.ms += 3 * 86_400_000
    assert opened.rows("exceptions").rows == ()
    opened.corner.press("week")
    assert len(opened.list.rows) == 1
    assert [press.loud for press in opened.list.presses] == [False, True, False]


def test_every_act_that_needs_somebody_has_its_words(opened: Opened) -> None:
    for lang in LANGUAGES:
        missing = [act for act in NEEDS if not texts(lang).has(f"corner.act.{act}")]
        assert missing == [], lang


def test_an_unknown_code_is_listed_until_the_catalogue_has_it(opened: Opened) -> None:
    till = opened.desk.till
    for _ in range(2):
        till.adjusting.ring_open("other", 4_50, code="4600000000017")
    (row,) = opened.rows("repair").rows
    assert (row.title, row.figure) == ("4600000000017", "4.50\xa0zł")
    assert "2 times" in row.detail
    till.adjusting.ring_open("other", 4_50, code=MILK)
    assert len(opened.rows("repair").rows) == 1, "milk is in the price list"


def test_the_programme_is_told_in_plain_words_with_what_is_to_come(opened: Opened) -> None:
    page = opened.rows("programme")
    programme = opened.desk.programme.programme
    assert f"{programme.id}, version {programme.version}" in page.detail
    assert len(page.rows) == len(programme.rules) + 1
    assert all(row.detail for row in page.rows)
    assert page.sums[0].figure == "autumn, version 4"


def test_the_programme_tells_what_is_left_of_budgets_and_stocks(opened: Opened) -> None:
    limited = programme(
        "- {id: autumn, kind: price, NAME, products: {categories: [dairy]}, percent: 50%,\n"
        "   budget: {total: 9.00}}\n"
        "- {id: hello, kind: price, NAME, percent: 1%, budget: {total: 3.00, new_members: 1.00}}\n"
        "- {id: gifts, kind: reward, NAME, items: [{id: mug, NAME, points: 5, stock: 2}]}\n"
    )
    opened.desk.till.use(limited)

    def shown() -> dict[str, tuple[str, str, str, Sign]]:
        found = opened.rows("programme").rows
        rows = [row for row in found if row.key.startswith("left:")]
        return {row.key[5:]: (row.title, row.detail, row.figure, row.sign) for row in rows}

    assert shown() == {
        "autumn": ("Budget of the offer", "", "9.00\xa0zł of 9.00\xa0zł left", Sign.YES),
        "hello#new": ("Budget for new members", "", "1.00\xa0zł of 1.00\xa0zł left", Sign.YES),
        "hello#existing": ("Budget for everyone else", "", "2.00\xa0zł of 2.00\xa0zł left", Sign.YES),
        "gifts/mug": ("name: stock", "", "2 of 2 left", Sign.YES),
    }
    keys = " ".join(row.key for row in opened.list.rows)
    assert keys == "autumn left:autumn hello left:hello#new left:hello#existing gifts left:gifts/mug general"
    opened.desk.sell(MILK, uid="")
    assert shown()["autumn"][2] == "5.75\xa0zł of 9.00\xa0zł left"
    opened.desk.sell(MILK, MILK, uid="")
    used_up = "Used up; the offer is paused"
    assert shown()["autumn"] == ("Budget of the offer", used_up, "0.00\xa0zł of 9.00\xa0zł left", Sign.PAUSE)


def test_who_is_no_manager_sees_no_exceptions_until_one_signs_in(opened: Opened) -> None:
    opened.hire(ANNA, DOROTA)
    opened.sign_in("anna")
    for page in ("exceptions", "staff", "settings"):
        assert "Only a manager" in opened.rows(page).empty
    opened.corner.press("new")
    assert opened.rows("staff").rows == (), "a page that is not shown takes no intent"
    opened.sign_in("dorota")
    assert len(opened.rows("staff").rows) == 2


def test_the_first_of_the_staff_is_a_manager_and_can_sign_in(opened: Opened) -> None:
    opened.rows("staff")
    opened.corner.press("new")
    assert [choice.chosen for choice in opened.form.choices] == [False, False, True]
    opened.corner.type("name", "  Ewa   Nowak ")
    opened.corner.type("pin", "4711")
    opened.corner.take()
    (one,) = opened.desk.till.people.staff
    assert (one.id, one.name, one.role) == ("1", "Ewa Nowak", Role.MANAGER)
    assert verify_pin("4711", one.pin)
    assert ("staff_changed", "1") in opened.acts()


@pytest.mark.parametrize(
    ("name", "pin", "problem"),
    [
        ("", "4711", "Type a name."),
        ("Ewa", "", "Type a PIN; nobody could sign in otherwise."),
        ("Ewa", "47", "A PIN has 4 to 8 digits."),
        ("Ewa", "47١١", "A PIN has 4 to 8 digits."),
    ],
)
def test_what_cannot_be_kept_is_said_and_stays(opened: Opened, name: str, pin: str, problem: str) -> None:
    opened.rows("staff")
    opened.corner.press("new")
    opened.corner.type("name", name)
    opened.corner.type("pin", pin)
    opened.corner.take()
    assert opened.form.problem == problem
    assert opened.form.entries[0].text == name
    assert opened.desk.till.people.staff == ()


def test_there_is_always_a_manager(opened: Opened) -> None:
    opened.hire(ANNA, DOROTA)
    opened.sign_in("dorota")
    opened.rows("staff")
    opened.corner.pick("dorota")
    opened.corner.pick("cashier")
    opened.corner.take()
    assert opened.form.problem == "Somebody has to be a manager."
    opened.corner.press("remove")
    assert opened.form.problem == "Somebody has to be a manager."
    opened.corner.press(BACK)
    opened.corner.pick("anna")
    opened.corner.press("remove")
    assert [one.id for one in opened.desk.till.people.staff] == ["dorota"]


def test_a_pin_stays_when_none_is_typed(opened: Opened) -> None:
    opened.hire(ANNA, DOROTA)
    opened.sign_in("dorota")
    opened.rows("staff")
    opened.corner.pick("anna")
    opened.corner.pick("senior")
    opened.corner.take()
    anna = next(one for one in opened.desk.till.people.staff if one.id == "anna")
    assert (anna.role, anna.pin) == (Role.SENIOR, PIN)


def test_head_offices_list_is_only_read(opened: Opened) -> None:
    opened.behind.office = True
    page = opened.rows("staff")
    assert (page.pickable, page.presses) == (False, ())


def test_a_setting_is_changed_and_said_to_need_a_restart(opened: Opened) -> None:
    page = opened.rows("settings")
    assert [row.figure for row in page.rows] == ["none", "Polski", "●●●●"], "a code once given is not shown"
    opened.corner.pick("till.lang")
    assert [choice.chosen for choice in opened.form.choices] == [False, False, True, False]
    opened.corner.pick("ru")
    opened.corner.take()
    assert opened.behind.kept["till.lang"] == "ru"
    assert "start it again" in opened.list.detail
    assert ("setting_changed", "till.lang") in opened.acts()


def test_a_setting_that_would_not_do_stays_on_the_screen_with_why(opened: Opened) -> None:
    opened.rows("settings")
    opened.corner.pick("printer.address")
    opened.behind.problem = "no such address"
    opened.corner.type("value", "tpc://1")
    opened.corner.take()
    assert (opened.form.problem, opened.form.entries[0].text) == ("no such address", "tpc://1")
    assert opened.corner.leave(), "Escape leads back to the list first"
    assert not opened.corner.leave()
