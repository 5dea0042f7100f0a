"""Reports of a shift: X in the middle, Z at its end, and the slip of cash put in or taken out.

The same figures in the same order on both, so that a Z is read against the X before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from app.checkout.paper.sheet import Sheet
from app.checkout.shop import Shop
from app.ledger.facts import CashMoved
from app.loyalty.engine import Compiled
from app.stats.moved import PointsMoved
from app.stats.shift import CASH, ShiftFigures, Takings, tax_included_minor
from hardware.receipt import Align, Blank, Block, Columns, Document, Rule, RuleKind, Size, Text

_REASONS: Final = ("issued", "redeemed", "returned", "withdrawn", "adjusted", "imported")


def x_report(
    figures: ShiftFigures, shop: Shop, programme: Compiled, *, at_ms: int, cashier: str = "", lang: str = ""
) -> Document:
    """The shift so far, at the moment `at_ms`; nothing is closed by it."""
    sheet = Sheet(shop, programme, lang, figures.currency)
    return sheet.document(_Report(sheet, figures).blocks("report.x", at_ms, cashier))


def z_report(figures: ShiftFigures, shop: Shop, programme: Compiled, *, lang: str = "") -> Document:
    """A closed shift. ValueError if it is still open."""
    if figures.closed_ms is None:
        raise ValueError("a Z report is of a closed shift")
    sheet = Sheet(shop, programme, lang, figures.currency)
    return sheet.document(_Report(sheet, figures).blocks("report.z", figures.closed_ms, figures.closed_by))


def cash_slip(moved: CashMoved, shop: Shop, programme: Compiled, *, lang: str = "") -> Document:
    """Cash put into the drawer or taken out of it without a sale, to be signed."""
    sheet = Sheet(shop, programme, lang)
    return sheet.document(_cash_slip(sheet, moved))


def _cash_slip(sheet: Sheet, moved: CashMoved) -> Iterator[Block]:
    yield from sheet.shop_head()
    yield from sheet.title("report.cash_in" if moved.amount_minor >= 0 else "report.cash_out")
    yield sheet.served(moved.cashier)
    yield Text(sheet.moment(moved.at_ms))
    yield Rule(RuleKind.DOUBLE)
    amount = sheet.money(abs(moved.amount_minor))
    yield Columns(sheet.get("tender.cash"), amount, bold=True, size=Size.LARGE)
    yield Blank()
    if moved.reason:
        yield Text(sheet.get("receipt.reason", reason=moved.reason))
    yield from sheet.signature("report.sign")


class _Report:
    def __init__(self, sheet: Sheet, figures: ShiftFigures) -> None:
        self.sheet, self.figures = sheet, figures
        self.get, self.amount = sheet.get, sheet.amount

    def blocks(self, title: str, at_ms: int, cashier: str) -> Iterator[Block]:
        yield from self._head(title, at_ms, cashier)
        yield from self._sales()
        yield from self._payments()
        yield from self._drawer()
        yield from self._taxes()
        yield from self._discounts()
        yield from self._members()
        yield from self._programme()
        yield from self._unsold()
        yield from self._acts()
        if self.figures.closed_ms is not None:
            yield from self.sheet.signature("report.sign")

    def _head(self, title: str, at_ms: int, cashier: str) -> Iterator[Block]:
        sheet, figures = self.sheet, self.figures
        yield from sheet.shop_head()
        yield Text(self.get(title), align=Align.CENTER, bold=True, size=Size.LARGE)
        yield Text(self.get("report.shift", number=figures.number, till=sheet.shop.till), align=Align.CENTER)
        yield Blank()
        yield Columns(self.get("report.day"), sheet.day(figures.business_day))
        yield Columns(self.get("report.opened", name=figures.cashier), self._when(figures.opened_ms))
        end = "report.so_far" if figures.closed_ms is None else "report.closed"
        yield Columns(self.get(end, name=cashier).rstrip(" ·"), self._when(at_ms))
        if figures.first_number:
            numbers = f"{figures.first_number}-{figures.last_number}"
            yield Columns(self.get("report.numbers"), numbers)

    def _when(self, at_ms: int) -> str:
        """The time alone on the business day itself, which stands above."""
        sheet = self.sheet
        if sheet.date(at_ms) == sheet.day(self.figures.business_day):
            return sheet.words.time(at_ms, sheet.shop.time_zone)
        return sheet.moment(at_ms)

    def _sales(self) -> Iterator[Block]:
        figures = self.figures
        yield Rule(RuleKind.DOUBLE)
        net = self.sheet.money(figures.net_minor)
        yield Columns(self.get("report.net"), net, bold=True, size=Size.LARGE)
        yield Blank()
        yield self._row("receipt.goods", figures.goods_minor)
        if figures.discount_minor:
            yield self._row("report.discounts", -figures.discount_minor)
        yield self._counted("report.sales", figures.sales, figures.total_minor)
        if figures.refunds:
            yield self._counted("report.refunds", figures.refunds, -figures.refunded_minor)
        if figures.sales:
            yield self._row("report.average", figures.average_minor)

    def _unsold(self) -> Iterator[Block]:
        """What was rung and not paid for: in no sum above."""
        figures = self.figures
        if not (figures.voids or figures.abandoned or figures.voided):
            return
        yield from self.sheet.section("report.unsold")
        if figures.voids:
            yield self._counted("report.voids", figures.voids, figures.voids_minor)
        if figures.abandoned:
            yield self._counted("report.abandoned", figures.abandoned, figures.abandoned_minor)
        if figures.voided:
            yield Columns(self.get("report.voided"), str(figures.voided))

    def _payments(self) -> Iterator[Block]:
        figures = self.figures
        paid_in_points = figures.points_paid_minor - figures.points_refunded_minor
        if not figures.tenders and not paid_in_points:
            return
        yield from self.sheet.section("report.payments")
        for means, taken in sorted(figures.tenders.items(), key=lambda item: item[0] != CASH):
            yield self._counted(f"tender.{means}", taken.sales, taken.sales_minor)
            if taken.refunds:
                name = self.get("report.given_back")
                yield Columns(f"{name} ({taken.refunds})", self.amount(-taken.refunds_minor), indent=2)
        if paid_in_points:
            yield self._row("report.in_points", paid_in_points)
        if figures.rounding_minor:
            yield self._row("receipt.rounding", figures.rounding_minor)

    def _drawer(self) -> Iterator[Block]:
        figures = self.figures
        cash = figures.tenders.get(CASH, Takings())
        yield from self.sheet.section("report.drawer")
        yield self._row("report.float", figures.float_minor)
        yield self._row("report.cash_sales", cash.sales_minor)
        if cash.refunds_minor:
            yield self._row("report.cash_refunds", -cash.refunds_minor)
        if figures.paid_in_minor:
            yield self._row("report.paid_in", figures.paid_in_minor)
        if figures.paid_out_minor:
            yield self._row("report.paid_out", -figures.paid_out_minor)
        yield self._row("report.expected", figures.expected_minor, bold=True)
        yield from self._counted_cash()
        if figures.no_sales:
            yield Columns(self.get("report.no_sales"), str(figures.no_sales))

    def _counted_cash(self) -> Iterator[Block]:
        figures = self.figures
        if figures.closed_ms is None:
            return
        difference = figures.difference_minor
        if figures.counted_minor is None or difference is None:
            yield Text(self.get("report.not_counted"))
            return
        yield self._row("report.counted", figures.counted_minor, bold=True)
        if difference == 0:
            yield Text(self.get("report.even"), bold=True)
            return
        name = "report.over" if difference > 0 else "report.short"
        figure = self.sheet.money(difference, plus=True)
        yield Columns(self.get(name), figure, bold=True, size=Size.TALL)

    def _taxes(self) -> Iterator[Block]:
        taxes = self.figures.taxes
        if not any(taxes):  # a shop outside the tax
            return
        yield from self.sheet.section("report.taxes")
        for tax, paid_minor in sorted(taxes.items(), key=lambda item: (len(item[0]), item[0]), reverse=True):
            included = tax_included_minor(paid_minor, tax)
            rate = tax if included is None else self.sheet.words.percent(tax.rstrip(" %"))
            name = self.get("report.rate", rate=rate) if tax else self.get("report.no_rate")
            yield Columns(name, self.amount(paid_minor))
            if included:
                yield Columns(self.get("report.tax_included"), self.amount(included), indent=2)

    def _discounts(self) -> Iterator[Block]:
        rules = {rule: amount for rule, amount in self.figures.rules.items() if amount}
        if not rules:
            return
        yield from self.sheet.section("report.discounts")
        for rule, amount in sorted(rules.items(), key=lambda item: (-item[1], item[0])):
            yield Columns(self.sheet.rule(rule), self.amount(-amount))

    def _members(self) -> Iterator[Block]:
        figures = self.figures
        if not figures.member_sales and not figures.enrolled:
            return
        yield from self.sheet.section("report.members")
        share = self.get("report.of", some=figures.member_sales, all=figures.sales)
        yield Columns(self.get("report.member_sales"), share)
        yield self._row("report.member_total", figures.member_total_minor)
        yield Columns(self.get("report.enrolled"), str(figures.enrolled))

    def _programme(self) -> Iterator[Block]:
        """Points and stamps by rule: each sum is that of the ledger's entries."""
        figures = self.figures
        if not figures.points and not figures.stamps:
            return
        yield from self.sheet.section("report.points")
        for rule, moved in sorted(figures.points.items()):
            yield from self._moved(self.sheet.rule(rule), moved)
        if len(figures.points) > 1:
            net = self.sheet.words.points(figures.points_moved.net_centi, plus=True)
            yield Columns(self.get("report.all_points"), net, bold=True)
        for rule, stamps in sorted(figures.stamps.items()):
            yield Text(self.sheet.rule(rule))
            yield Columns(self.get("report.stamps_issued"), f"+{stamps.issued}", indent=2)
            if stamps.filled:
                yield Columns(self.get("report.stamps_filled"), f"-{stamps.filled}", indent=2)

    def _moved(self, name: str, moved: PointsMoved) -> Iterator[Block]:
        points = self.sheet.words.points
        yield Columns(name, points(moved.net_centi, plus=True))
        for reason in _REASONS:
            centi = getattr(moved, f"{reason}_centi")
            if centi:
                yield Columns(self.get(f"report.{reason}"), points(centi, plus=True), indent=2)

    def _acts(self) -> Iterator[Block]:
        if not self.figures.privileged:
            return
        yield from self.sheet.section("report.acts")
        for act, times in sorted(self.figures.privileged.items()):
            message = f"report.act_{act}"
            yield Columns(self.get(message) if self.sheet.words.has(message) else act, str(times))

    def _row(self, message: str, minor: int, *, bold: bool = False) -> Block:
        return Columns(self.get(message), self.amount(minor), bold=bold)

    def _counted(self, message: str, count: int, minor: int) -> Block:
        return Columns(f"{self.get(message)} ({count})", self.amount(minor))
