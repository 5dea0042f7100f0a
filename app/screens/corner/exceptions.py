"""What a manager looks at once a day: all that was done by hand, taken out of baskets, or given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from app.checkout.adjusting import department_name
from app.checkout.rights import Role
from app.ledger.facts import (
    AnyFact,
    CashMoved,
    LineVoided,
    NoSale,
    PinFailed,
    Privileged,
    SaleAbandoned,
    SaleRefunded,
    SaleVoided,
    ShiftClosed,
)
from app.screens.corner.page import Corner, Page
from app.screens.forms import Press, Row, Rows, Sign
from app.values import QTY_MILLI

MOST: Final = 300
"""Rows shown; a busy month has more, and all of them are counted."""
_COUNTED: Final = 20_000
_GRAVE: Final = frozenset({"drawer_short", "pin_failed", "refund_without_sale"})
_DAY_MS: Final = 86_400_000
_PERIODS: Final = {"today": 1, "week": 7, "month": 31}
_PUT_BACK: Final = {"line_put_back": "line_voided", "sale_put_back": "sale_abandoned"}
_TOLD_BY_THEIR_OWN_FACT: Final = frozenset(
    {"pay_in", "pay_out", "no_sale", "refund", "refund_without_sale", "age_checked", "drop_parked"}
)
"""Acts whose approval says no more than the fact of the act itself, and the daily question of age."""


class _Line:
    """One exception in figures: `kind` names it, `amount_minor` is what it took from the shop."""

    def __init__(
        self,
        kind: str,
        amount_minor: int = 0,
        reason: str = "",
        approved_by: str = "",
        goods: tuple[tuple[str, str, int], ...] = (),
    ) -> None:
        self.kind, self.amount_minor, self.reason, self.approved_by = kind, amount_minor, reason, approved_by
        self.goods = goods
        """Article number, name and quantity (thousandths) of what was taken out."""


def _read(fact: AnyFact) -> _Line | None:
    match fact:
        case Privileged(act=act) if act not in _TOLD_BY_THEIR_OWN_FACT:
            return _Line(act, fact.amount_minor, fact.reason, fact.approved_by)
        case SaleRefunded():
            kind = "refund" if fact.sale else "refund_without_sale"
            return _Line(kind, fact.total_minor, fact.reason, fact.approved_by)
        case CashMoved(amount_minor=amount):
            return _Line("pay_in" if amount > 0 else "pay_out", abs(amount), fact.reason)
        case NoSale():
            return _Line("no_sale", reason=fact.reason)
        case LineVoided(qty_milli=qty_milli, why=why):
            kind = "line_put_back" if qty_milli < 0 else "line_too_young" if why == "age" else "line_voided"
            return _Line(kind, abs(fact.amount_minor), goods=((fact.sku, fact.name, abs(qty_milli)),))
        case SaleAbandoned(lines=lines, amount_minor=amount):
            kind = "sale_put_back" if lines and lines[0].qty_milli < 0 else "sale_abandoned"
            goods = tuple((line.sku, line.name, abs(line.qty_milli)) for line in lines)
            return _Line(kind, abs(amount), fact.reason, fact.approved_by, goods)
        case SaleVoided():
            return _Line("sale_voided", reason=fact.reason)
        case PinFailed():
            return _Line("pin_failed")
        case ShiftClosed(counted_minor=int(counted)) if counted != fact.expected_minor:
            off_minor = counted - fact.expected_minor
            return _Line("drawer_over" if off_minor > 0 else "drawer_short", abs(off_minor))
        case _:
            return None


class Exceptions(Page):
    """The latest first, over a day, a week or a month."""

    needs = Role.MANAGER

    def __init__(self, corner: Corner) -> None:
        super().__init__(corner)
        self._period = "today"

    def press(self, key: str) -> None:
        if key in _PERIODS:
            self._period = key

    def body(self) -> Rows:
        corner = self.corner
        now_ms = corner.world.now_ms()
        since_ms = now_ms - _PERIODS[self._period] * _DAY_MS
        facts = corner.past.exceptions(since_ms, _COUNTED)
        found = [(fact, line) for fact in facts if (line := _read(fact)) is not None]
        names = {one.id: one.name for one in corner.till.people.staff}

        def name(id: str) -> str:
            return names.get(id, id)

        return Rows(
            title=self.say("tab.exceptions"),
            detail=self.say(f"exceptions.{self._period}"),
            rows=tuple(self._row(fact, line, name) for fact, line in found[:MOST]),
            sums=self._sums(found, name),
            empty=self.say("exceptions.empty"),
            presses=tuple(
                Press(key, self.say(f"exceptions.press.{key}"), loud=key == self._period) for key in _PERIODS
            ),
        )

    def _row(self, fact: AnyFact, line: _Line, name: Callable[[str], str]) -> Row:
        who = getattr(fact, "cashier", "")
        parts = [self.moment(fact.at_ms)]
        if who:
            parts.append(name(who))
        if line.approved_by and line.approved_by != who:
            parts.append(self.say("exceptions.approved", name=name(line.approved_by)))
        if line.goods:
            parts.append(self._goods(line.goods))
        if line.reason:
            parts.append(self._reason(line.reason))
        return Row(
            key=fact.id.hex,
            title=self._act(line.kind),
            detail=" · ".join(parts),
            figure=self.money(line.amount_minor) if line.amount_minor else "",
            sign=Sign.WARN if line.kind in _GRAVE else Sign.NONE,
        )

    def _act(self, kind: str) -> str:
        """An act of a newer till is shown by its name rather than not at all."""
        id = f"corner.act.{kind}"
        return self.corner.words.get(id) if self.corner.words.has(id) else kind

    def _reason(self, reason: str) -> str:
        """A reason that was chosen has its words; any other was typed."""
        words, id = self.corner.words, f"panel.reason.{reason}"
        return words.get(id) if words.has(id) else reason

    def _goods(self, goods: tuple[tuple[str, str, int], ...]) -> str:
        """The first two of what was taken out, in the manager's language."""
        words, till = self.corner.words, self.corner.till
        catalogue = till.heart.catalogue
        named: list[str] = []
        for sku, name, qty_milli in goods[:2]:
            product = catalogue.product(sku) if sku else None
            open_name = department_name(sku, till.shop, words.lang) or name
            title = product.name_in(words.lang) if product else open_name
            named.append(title if qty_milli == QTY_MILLI else f"{title} × {words.qty(qty_milli)}")
        rest = f" +{len(goods) - 2}" if len(goods) > 2 else ""
        return ", ".join(named) + rest

    def _sums(self, found: list[tuple[AnyFact, _Line]], name: Callable[[str], str]) -> tuple[Row, ...]:
        """What was taken out of baskets, and by whom how often: the same name again and again is what a
        manager looks for. What was put back takes itself off again."""
        by_name: Counter[str] = Counter()
        times: Counter[str] = Counter()
        amounts: Counter[str] = Counter()
        for fact, line in found:
            kind, sign = _PUT_BACK.get(line.kind, line.kind), -1 if line.kind in _PUT_BACK else 1
            times[kind] += sign
            amounts[kind] += sign * line.amount_minor
            if who := getattr(fact, "cashier", ""):
                by_name[name(who)] += sign
        sums = [
            Row(kind, self.say(f"exceptions.{kind}"), figure=f"{times[kind]} · {self.money(amounts[kind])}")
            for kind in ("line_voided", "sale_abandoned")
            if times[kind] > 0
        ]
        listed = " · ".join(f"{who} {often}" for who, often in by_name.most_common(6) if often > 0)
        if listed:
            sums.append(Row("by", self.say("exceptions.by"), figure=listed, loud=True))
        return tuple(sums)
