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
from app.screens.sale import SalePresenter
from app.store.database import Database
from app.store.reader import Reader
from app.store.sheets import read_sheet
from hardware.ports import (
    CardFailed,
    CardTapped,
    CardWritten,
    PrinterState,
    ReadersChanged,
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
EMPTY: Final = "9002"
_BOTTLE: Final = Product(
    sku=EMPTY,
    name="Butelka zwrotna",
    names={"ru": "Возвратная бутылка", "pl": "Butelka zwrotna", "en": "Returnable bottle"},
    price_minor=-50,
    tags=("deposit",),
    codes=("5901234000999",),
)
"""What a customer brings back, at the deposit that is paid for it."""
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
        self.well()

    def _stock(self, reader: Reader) -> None:
        listing = read_products(read_sheet(resources.path("demo", "products.csv")), SHOP.currency)
        self.database.call(lambda: self.database.writer.put_products([*listing.products, _MORE, _BOTTLE]))
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

    def failed_pins(self, since_ms: int) -> dict[str, tuple[int, int]]:
        return {}

    def well(self) -> None:
        self.sale.card(ReadersChanged(("Reader 00",), True))
        self.sale.printer(PrinterState(online=True))
        self.sale.network(True, 0)

    def hire(self) -> None:
        """From now on the shop has a list of its staff; everybody's PIN is 1234, their badge their id."""
        pin = hash_pin("1234", lambda size: bytes(size))
        names = (
            ("Anna", Role.CASHIER),
            ("Bartek", Role.CASHIER),
            ("Celina", Role.SENIOR),
            ("Dorota", Role.MANAGER),
        )
        self._staff = tuple(
            Staff(id=name.lower(), name=name, role=role, pin=pin, token=f"code:{name.lower()}")
            for name, role in names
        )
        self.till.people.refresh()

    def day_of_sales(self) -> None:
        for number in range(12):
            if number % 3:
                self.tap(GOLD)
            self.sell(COFFEE, LATTE, MILK, cash_minor=100_00)
        self.sale.leave()

    def tap(self, uid: str) -> None:
        self.sale.card(CardTapped("Reader 00", 1, uid, "ntag213"))

    def pick_first(self) -> None:
        middle = self.sale.view.middle
        assert isinstance(middle, views.Rows)
        self.sale.pick(middle.rows[0].key)

    def type(self, keys: str) -> None:
        for key in keys:
            self.sale.key(key)

    def weigh(self, digits: str) -> None:
        for key in f"0,{digits}":
            self.sale.key(key)
        self.sale.take()

    def sell(self, *codes: str, cash_minor: int) -> None:
        for code in codes:
            self.sale.scan(code)
            if isinstance(self.sale.view.middle, views.Quantity):
                self.weigh("642")
        self.sale.pay()
        self.sale.give(cash_minor)
        self.world.ms += 120_000
