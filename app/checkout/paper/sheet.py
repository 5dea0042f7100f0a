"""What the shop's documents have in common: its head, money, names, moments, a line to sign on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from app.checkout.ports import Person, Product
from app.checkout.shop import Shop
from app.checkout.wording import rule_name
from app.ledger.facts import SoldLine
from app.ledger.original import is_weighed
from app.loyalty.engine import Compiled
from app.texts import LANGUAGES, texts
from app.values import utc_ms
from hardware.receipt import Align, Blank, Block, Columns, Document, Image, Rule, Size, Text

LOGO: Final = "logo"
"""The name under which a printer's side knows the shop's picture, if the shop has one."""


def lang_of(person: Person | None, shop: Shop) -> str:
    """The person's own language where we speak it, or the shop's."""
    return person.lang if person and person.lang in LANGUAGES else shop.lang


def unknown(_sku: str) -> Product | None:
    """A catalogue without goods."""
    return None


class Sheet:
    """Blocks in the language and currency of one document: the shop's, if it has none of its own."""

    def __init__(
        self,
        shop: Shop,
        programme: Compiled,
        lang: str = "",
        currency: str = "",
        product: Callable[[str], Product | None] = unknown,
    ) -> None:
        self.shop, self.programme, self._product = shop, programme, product
        self.currency = currency or shop.currency
        self.words = texts(lang or shop.lang, paper=True)
        self.get = self.words.get

    def document(self, blocks: Iterable[Block]) -> Document:
        return Document(tuple(blocks), language=self.words.lang)

    # -- words and figures -------------------------------------------------------------------------------

    def amount(self, minor: int) -> str:
        """Minor units without the currency, for columns of figures."""
        return self.words.amount(minor, self.currency)

    def money(self, minor: int, *, plus: bool = False) -> str:
        return self.words.money(minor, self.currency, plus=plus)

    def moment(self, at_ms: int) -> str:
        return self.words.moment(at_ms, self.shop.time_zone)

    def date(self, at_ms: int) -> str:
        return self.words.date(at_ms, self.shop.time_zone)

    def day(self, iso: str) -> str:
        """A calendar day, as a business day is kept."""
        return self.words.date(utc_ms(datetime.fromisoformat(iso).replace(tzinfo=UTC)), "UTC")

    def rule(self, id: str) -> str:
        """The name of a rule, a level or a reward; its id where the programme no longer knows it."""
        return rule_name(self.programme, id, self.words.lang)

    def called(self, sku: str) -> str:
        """The name of goods by their article number; "" where the catalogue does not know them."""
        product = self._product(sku)
        return product.name_in(self.words.lang) if product is not None else ""

    # -- blocks ------------------------------------------------------------------------------------------

    def shop_head(self) -> Iterator[Block]:
        """Logo, name and address, as on every slip for a customer."""
        yield Image(LOGO)
        yield Text(self.shop.name, align=Align.CENTER, bold=True, size=Size.LARGE)
        if self.shop.address:
            yield Text(self.shop.address, align=Align.CENTER)
        yield Blank()

    def title(self, message: str) -> Iterator[Block]:
        """What this paper is, large."""
        yield Text(self.get(message), align=Align.CENTER, bold=True, size=Size.LARGE)
        yield Blank()

    def served(self, cashier: str) -> Block:
        return Text(self.get("receipt.served", till=self.shop.till, cashier=cashier).rstrip(" ·"))

    def goods(self, line: SoldLine, sign: int = 1) -> Iterator[Block]:
        """A line as sold or, with `sign` -1, as it comes back, with what its discounts were."""
        yield Columns(line.name, self.amount(sign * line.gross_minor))
        if sold := self.words.sold(line.qty_milli, weighed=is_weighed(line)):
            yield Text(f"  {sold} x {self.amount(line.price_minor)}")
        if line.note:
            yield Text(f"  {line.note}")
        for discount in line.discounts:
            yield Columns(self.rule(discount.rule), self.amount(-sign * discount.amount_minor), indent=2)

    def section(self, message: str) -> Iterator[Block]:
        """The heading of a part of a report."""
        yield Rule()
        yield Text(self.get(message), bold=True)

    def signature(self, message: str) -> Iterator[Block]:
        """Room to sign, and below it who signs."""
        yield Blank(2)
        yield Rule()
        yield Text(self.get(message), align=Align.CENTER)

    def thanks(self) -> Block:
        return Text(self.shop.footer.get(self.words.lang) or self.get("receipt.thanks"), align=Align.CENTER)
