"""The demo shop on a stage: a real till played through a day's moments, for screenshots and layout tests.

Nothing is made up for the picture: the till, its database and the programme are the real ones.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final

from msgspec.structs import replace

import resources
from app.checkout.imports import read_members, read_products
from app.checkout.pin import hash_pin
from app.checkout.ports import Inline, Product
from app.checkout.rights import Role, Staff
from app.checkout.shop import Consent, Department, Shop
from app.checkout.till import Till
from app.lanes import FixedWorld
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.screens import views
from app.screens.customer import THANKS_MS, CustomerPresenter, CustomerView
from app.screens.day import DayPresenter
from app.screens.device_page import DevicesPresenter, DevicesView, Equipment
from app.screens.sale import SalePresenter
from app.store.database import Database
from app.store.reader import Reader
from app.store.sheets import read_sheet
from hardware.ports import (
    CardFailed,
    CardTapped,
    CardWritten,
    ChargeOutcome,
    ChargeResult,
    DeviceProblem,
    FiscalStatus,
    PrinterState,
    ReadersChanged,
    ScaleFailed,
    ScannerState,
    Weighed,
)

NOW_MS: Final = 1_795_266_300_000
"""2026-11-21 14:05 in Warsaw."""
CARDS: Final = {"pl": "04A1B2C3D4E5F6", "ru": "04B1B2C3D4E5F6", "en": "04C1B2C3D4E5F6"}
GOLD: Final = CARDS["pl"]
COFFEE, MILK, APPLES, YOGHURT, LATTE = (
    "5901234000161", "5901234000178", "5901234000185", "5901234000192", "5901234000062"
)  # fmt: skip
SHOP: Final = Shop(
    name="Sklep Poranek",
    address="ul. Kwiatowa 7, Kraków",
    currency="PLN",
    time_zone="Europe/Warsaw",
    lang="pl",
    till="2",
    consents=(
        Consent(
            purpose="programme",
            version="2026-1",
            required=True,
            texts={
                "ru": "Согласен с правилами программы и хранением имени и телефона",
                "pl": "Zgadzam się na regulamin programu i zapisanie imienia oraz telefonu",
                "en": "I agree to the programme's terms and that my name and phone are kept",
            },
        ),
        Consent(
            purpose="marketing",
            version="2026-1",
            texts={
                "ru": "Согласен получать предложения по SMS и электронной почте",
                "pl": "Chcę otrzymywać oferty SMS-em i e-mailem",
                "en": "I would like offers by text message and e-mail",
            },
        ),
    ),
    departments=(
        Department(
            id="food", names={"ru": "Продукты", "pl": "Spożywcze", "en": "Food"}, tax="5", limit_minor=50_00
        ),
        Department(id="drinks", names={"ru": "Напитки", "pl": "Napoje", "en": "Drinks"}, tax="23"),
        Department(id="other", names={"ru": "Прочее", "pl": "Inne", "en": "Other"}, tax="23"),
    ),
)
WINE: Final = "9001"
_MORE: Final = Product(
    sku=WINE,
    name="Wino czerwone 0,75 l",
    names={"ru": "Вино красное 0,75 л", "pl": "Wino czerwone 0,75 l", "en": "Red wine 0.75 l"},
    price_minor=34_90,
    tags=("age18",),
    tax="23",
)
"""What the demo does not sell: goods that not everybody may buy."""


class _NoPen:
    """Card numbers for a stage that writes none."""

    def new_card_number(self) -> str:
        return "M600100299013"

    def write_card(
        self, event: int, record: str, done: Callable[[CardWritten | CardFailed], None]
    ) -> None: ...


class Stage:
    """One till with the demo's products and members, in one language, in a folder that goes with it."""

    def __init__(self, lang: str, *, training: bool = False) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="stempel-stage-"))
        self.world = FixedWorld(NOW_MS)
        self._staff: tuple[Staff, ...] = ()
        self.database = Database(self._folder / "till")
        reader = self.database.reader()
        self.till = Till(
            shop=replace(SHOP, training=training),
            catalogue=reader,
            members=reader,
            sales=reader,
            staff=self,
            journal=Inline(self.database.write),
            programme=compile_programme(load_programme(resources.path("programmes", "demo.yaml"))),
            world=self.world,
            next_sale=1840,
            next_shift=214,
        )
        self._stock(reader)
        self.sale = SalePresenter(self.till, reader, reader, self.world, lang=lang)
        self.sale.issuer = _NoPen()
        self.day = DayPresenter(self.till, reader, self.world, lang=lang)
        self.well()

    def _stock(self, reader: Reader) -> None:
        listing = read_products(read_sheet(resources.path("demo", "products.csv")), SHOP.currency)
        self.database.call(lambda: self.database.writer.put_products([*listing.products, _MORE]))
        roll = read_members(
            read_sheet(resources.path("demo", "members.csv")),
            members=reader,
            world=self.world,
            points_rule="points",
            source="members.csv",
            day=NOW_MS // 86_400_000,
        )
        for work in roll.works(self.world, "members.csv"):
            self.database.write(work)
        self.till.open_shift("Anna", 200_00)

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.database.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def staff(self) -> tuple[Staff, ...]:
        return self._staff

    # -- moments -----------------------------------------------------------------------------------------

    def well(self) -> None:
        self.sale.card(ReadersChanged(("Reader 00",), True))
        self.sale.printer(PrinterState(online=True))
        self.sale.network(True, 0)

    def empty(self) -> None:
        """The moment after a customer: nothing in the basket, the last receipt on the screen."""
        self._sell(LATTE, APPLES, cash_minor=50_00)
        self.sale.leave()

    def selling(self) -> None:
        """A gold member's basket with every kind of discount, offline."""
        self.sale.network(False, 3)
        self.tap(GOLD)
        for code in (COFFEE, COFFEE, MILK):
            self.sale.scan(code)
        self.sale.scan(APPLES)
        self._type("642")
        for code in (YOGHURT, YOGHURT, YOGHURT, LATTE):
            self.sale.scan(code)
        self.world.ms += 60_000
        self.tap(GOLD)

    def searching(self) -> None:
        self.selling()
        self.sale.search("ka")

    def found_nothing(self) -> None:
        self.selling()
        self.sale.search("xyz")

    def paying(self) -> None:
        self.selling()
        self.sale.spend_points(True)
        self.sale.pay()
        for key in "100":
            self.sale.key(key)

    def paying_in_parts(self) -> None:
        """Points, a part in cash, a part by card, and the rest being typed."""
        self.selling()
        self.sale.spend_points(True)
        self.sale.pay()
        self._type_keys("20")
        self.sale.take()
        self._type_keys("30,5")
        self.sale.pay_by_card()
        self.sale.answer(True)
        self._type_keys("5")

    def charging(self) -> None:
        self.selling()
        self.sale.pay()
        self.sale.pay_by_card()

    def paid(self) -> None:
        self.paying()
        self.sale.take()

    def enrolling(self) -> None:
        self.sale.scan(LATTE)
        self.sale.card(CardTapped("Reader 00", 7, "04D1B2C3D4E5F6", "ntag213"))
        self.sale.start_enrolment()
        self.sale.type("phone", "+48 600")
        self.sale.type("name", "Ewa Świątek")
        self.sale.pick("marketing")

    def counting(self) -> None:
        self.selling()
        self.sale.select(str(self.till.sale.lines[2].key))
        self.sale.ask_quantity()
        for key in "0,75":
            self.sale.key(key)

    def refusing(self) -> None:
        """What goes wrong says what to do."""
        self.selling()
        self.sale.card(ReadersChanged((), False))
        self.sale.printer(PrinterState(online=False, code="unreachable"))
        self.sale.network(False, 12, refused=True)
        self.sale.scan("5901234123457")

    def spending(self) -> None:
        self.selling()
        self.sale.spend_points(True)

    def crowded(self) -> None:
        """More lines than fit."""
        for tile in (
            self.sale.view.middle.tiles if isinstance(self.sale.view.middle, views.Favourites) else ()
        ):
            self.sale.ring(tile.key)
        self.selling()

    def parking(self) -> None:
        self.selling()
        self.sale.open_tool("park")

    def parked(self) -> None:
        for name, codes in (("pani z wózkiem", (COFFEE, MILK)), ("Stolik 4", (LATTE,))):
            for code in codes:
                self.sale.scan(code)
            self.sale.open_tool("park")
            self.sale.type("name", name)
            self.sale.take()
            self.world.ms += 180_000
        self.sale.open_tool("park")

    def pricing(self) -> None:
        self.selling()
        self.sale.open_tool("price")
        self._type_keys("9,5")

    def reasoning(self) -> None:
        self.pricing()
        self.sale.take()

    def discounting(self) -> None:
        self.selling()
        self.sale.open_tool("discount")
        self._type_keys("5")

    def open_price(self) -> None:
        self.selling()
        self.sale.scan("4006381333931")
        self._type_keys("12,5")

    def asking_age(self) -> None:
        self.selling()
        self.sale.ring(WINE)

    def _of_member(self, key: str) -> None:
        self.selling()
        self.sale.open_tool("member")
        if key:
            self.sale.pick(key)

    def member_menu(self) -> None:
        self._of_member("")

    def details(self) -> None:
        self._of_member("details")

    def consents(self) -> None:
        self._of_member("consents")

    def asking_consent(self) -> None:
        self.consents()
        self.sale.pick("marketing")

    def new_card(self) -> None:
        self._of_member("new_card")
        self.sale.card(CardTapped("Reader 00", 7, "04D1B2C3D4E5F6", "ntag213"))

    def goodwill(self) -> None:
        self._of_member("goodwill")
        self._type_keys("50")

    def member_pin(self) -> None:
        self._of_member("pin")
        self._type_keys("12")

    def merging(self) -> None:
        self._of_member("merge")
        self.sale.type("search", "e")

    def merge_asked(self) -> None:
        self.merging()
        self._pick_first()

    def promo_code(self) -> None:
        self.selling()
        self.sale.open_tool("code")
        self.sale.type("code", "LATO26")
        self.sale.take()

    def hire(self) -> None:
        """From now on the shop has a list of its staff; everybody's PIN is 1234."""
        pin = hash_pin("1234", lambda size: bytes(size))
        names = (
            ("Anna", Role.CASHIER),
            ("Bartek", Role.CASHIER),
            ("Celina", Role.SENIOR),
            ("Dorota", Role.MANAGER),
        )
        self._staff = tuple(Staff(id=name.lower(), name=name, role=role, pin=pin) for name, role in names)
        self.till.people.refresh()

    def locked(self) -> None:
        self.selling()
        self.hire()
        self.sale.repaint()

    def signing_in(self) -> None:
        self.locked()
        self.sale.pick("anna")
        self._type_keys("99")
        self.sale.take()
        self._type_keys("123")

    def approving(self) -> None:
        """A discount above what a cashier may give."""
        self.locked()
        self.sale.pick("anna")
        self._type_keys("1234")
        self.sale.take()
        self.sale.open_tool("discount")
        self._type_keys("30")
        self.sale.take()
        self.sale.pick("damaged")

    def shift_now(self) -> None:
        self.day_of_sales()
        self.sale.open_tool("shift")

    def counting_drawer(self) -> None:
        self.shift_now()
        self.sale.press("close")
        self._type_keys("1288,5")

    def shift_closed(self) -> None:
        self.counting_drawer()
        self.sale.take()

    def opening_shift(self) -> None:
        self.shift_closed()
        self.sale.scan(LATTE)
        self._type_keys("200")

    def paying_out(self) -> None:
        self.empty()
        self.sale.open_tool("cash")
        self.sale.pick("out")
        self._type_keys("150")

    def finding_sales(self) -> None:
        for codes in ((LATTE,), (COFFEE, MILK, YOGHURT), (APPLES, LATTE)):
            self._sell(*codes, cash_minor=100_00)
        self.sale.leave()
        self.sale.open_tool("refund")

    def refunding(self) -> None:
        """Two of three lines of a member's sale come back."""
        self.selling()
        self.sale.spend_points(True)
        self.sale.pay()
        self.sale.give(100_00)
        self.sale.leave()
        self.world.ms += 600_000
        self.sale.open_tool("refund")
        self._pick_first()
        self.sale.step("1", 1)
        self.sale.step("5", 1)

    def refunded(self) -> None:
        self.refunding()
        self.sale.take()

    def past_sale(self) -> None:
        self.selling()
        self.sale.pay()
        self.sale.give(100_00)
        self.sale.leave()
        self.sale.open_tool("history")
        self._pick_first()

    def more(self) -> None:
        self.selling()
        self.sale.open_tool("more")

    def helping(self) -> None:
        self.selling()
        self.sale.open_tool("help")

    def explaining(self) -> None:
        self.selling()
        self.sale.open_tool("why")

    def day_of_sales(self) -> None:
        for number in range(12):
            if number % 3:
                self.tap(GOLD)
            self._sell(COFFEE, LATTE, MILK, cash_minor=100_00)
        self.sale.leave()

    # -- acts --------------------------------------------------------------------------------------------

    def tap(self, uid: str) -> None:
        self.sale.card(CardTapped("Reader 00", 1, uid, "ntag213"))

    def _pick_first(self) -> None:
        middle = self.sale.view.middle
        assert isinstance(middle, views.Rows)
        self.sale.pick(middle.rows[0].key)

    def _type_keys(self, keys: str) -> None:
        for key in keys:
            self.sale.key(key)

    def _type(self, digits: str) -> None:
        for key in f"0,{digits}":
            self.sale.key(key)
        self.sale.take()

    def _sell(self, *codes: str, cash_minor: int) -> None:
        for code in codes:
            self.sale.scan(code)
            if isinstance(self.sale.view.middle, views.Quantity):
                self._type("642")
        self.sale.pay()
        self.sale.give(cash_minor)
        self.world.ms += 120_000


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "empty": Stage.empty,
    "selling": Stage.selling,
    "crowded": Stage.crowded,
    "searching": Stage.searching,
    "found-nothing": Stage.found_nothing,
    "spending": Stage.spending,
    "paying": Stage.paying,
    "paying-in-parts": Stage.paying_in_parts,
    "charging": Stage.charging,
    "paid": Stage.paid,
    "enrolling": Stage.enrolling,
    "counting": Stage.counting,
    "refusing": Stage.refusing,
    "parking": Stage.parking,
    "parked": Stage.parked,
    "price": Stage.pricing,
    "reason": Stage.reasoning,
    "discount": Stage.discounting,
    "open-price": Stage.open_price,
    "age": Stage.asking_age,
    "member-menu": Stage.member_menu,
    "member-details": Stage.details,
    "consents": Stage.consents,
    "consent": Stage.asking_consent,
    "new-card": Stage.new_card,
    "goodwill": Stage.goodwill,
    "member-pin": Stage.member_pin,
    "merging": Stage.merging,
    "merge": Stage.merge_asked,
    "promo-code": Stage.promo_code,
    "locked": Stage.locked,
    "signing-in": Stage.signing_in,
    "approving": Stage.approving,
    "shift": Stage.shift_now,
    "count": Stage.counting_drawer,
    "shift-closed": Stage.shift_closed,
    "open-shift": Stage.opening_shift,
    "pay-out": Stage.paying_out,
    "finding-sales": Stage.finding_sales,
    "refunding": Stage.refunding,
    "refunded": Stage.refunded,
    "past-sale": Stage.past_sale,
    "more": Stage.more,
    "help": Stage.helping,
    "training": Stage.selling,
    "why": Stage.explaining,
}
"""Every state of the sale screen, by the name of its picture."""


def play(scene: str, lang: str) -> views.SaleView:
    """The view state a scene ends in."""
    with Stage(lang, training=scene == "training") as stage:
        SCENES[scene](stage)
        return stage.sale.view


CUSTOMER_SCENES: Final = ("empty", "selling", "crowded", "paying", "paid")
"""The scenes that have a customer's side worth a picture."""


def customer(scene: str, lang: str) -> CustomerView:
    """What the customer sees of a scene, all of it in one language; in "empty" the thanks are over."""
    with Stage(lang, training=scene == "training") as stage:
        SCENES[scene](stage)
        if scene == "empty":
            stage.world.ms += THANKS_MS + 1
        url = "https://poranek.example/p/{sale}"
        presenter = CustomerPresenter(
            stage.till, stage.world, lang=lang, receipt_url=url, rated=lambda sale, mark: None
        )
        presenter.follow(stage.sale.view)
        return presenter.view


def day(lang: str) -> views.DayView:
    """The manager's figures after a dozen sales."""
    with Stage(lang) as stage:
        stage.day_of_sales()
        stage.day.show()
        return stage.day.view


def devices(lang: str, *, trouble: bool = False) -> DevicesView:
    """The page of devices of a till that has everything, well or in trouble."""
    has = Equipment(
        serial_scanners=("usb:0C2E:0B61:SN7",),
        printer="tcp://192.168.1.50",
        display="usb:1A86:7523",
        window=True,
        scale="usb:0403:6001:A1",
        terminal_cabled=True,
        fiscal="simulated",
        server="https://office.example",
    )
    with Stage(lang) as stage:
        page = DevicesPresenter(stage.sale, has, _Still(), stage.world)
        stage.sale.weigh(ScaleFailed("stalled") if trouble else Weighed(642, True))
        page.scan(ScannerState("usb:0C2E:0B61:SN7", not trouble))
        page.press("reader")
        page.card(CardTapped("Reader 00", 3, GOLD, "ntag213", "LOY-0000017"))
        page.press("terminal")
        page.press("fiscal")
        if trouble:
            stage.sale.card(ReadersChanged((), False))
            stage.sale.printer(PrinterState(online=False, code="unreachable"))
            stage.sale.network(False, 12)
            stage.sale.display(DeviceProblem("unreachable"))
            stage.sale.fiscal(FiscalStatus(True, NOW_MS, "shift_expired"))
            page.show()
        return page.view


class _Still:
    """Devices that answer at once, for a picture."""

    second_screen = True

    def print_page(self) -> None: ...
    def open_drawer(self) -> None: ...
    def show_display(self) -> None: ...

    def ask_terminal(self, answer: Callable[[ChargeResult], None]) -> None:
        answer(ChargeResult(ChargeOutcome.DECLINED, code="unheard"))

    def ask_fiscal(self, answer: Callable[[FiscalStatus], None]) -> None:
        answer(FiscalStatus(True, NOW_MS - 3_600_000))
