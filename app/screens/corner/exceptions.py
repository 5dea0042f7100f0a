"""What a manager looks at once a day: all that was done by hand, and all that was given back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from app.checkout.rights import Role
from app.ledger.facts import (
    AnyFact,
    CashMoved,
    NoSale,
    PinFailed,
    Privileged,
    SaleRefunded,
    SaleVoided,
    ShiftClosed,
)
from app.screens.corner.page import Corner, Page
from app.screens.forms import Press, Row, Rows, Sign

MOST: Final = 300
_GRAVE: Final = frozenset({"drawer_short", "pin_failed", "refund_without_sale"})
_DAY_MS: Final = 86_400_000
_PERIODS: Final = {"today": 1, "week": 7, "month": 31}
_TOLD_BY_THEIR_OWN_FACT: Final = frozenset(
    {"pay_in", "pay_out", "no_sale", "refund", "refund_without_sale", "age_checked"}
)
"""Acts whose approval says no more than the fact of the act itself, and the daily question of age."""


class _Line:
    """One exception in figures: `kind` names it, `amount_minor` is what it took from the shop."""

    def __init__(self, kind: str, amount_minor: int = 0, reason: str = "", approved_by: str = "") -> None:
        self.kind, self.amount_minor, self.reason, self.approved_by = kind, amount_minor, reason, approved_by


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
        facts = corner.past.exceptions(since_ms, MOST)
        found = [(fact, line) for fact in facts if (line := _read(fact)) is not None]
        names = {one.id: one.name for one in corner.till.people.staff}

        def name(id: str) -> str:
            return names.get(id, id)

        return Rows(
            title=self.say("tab.exceptions"),
            detail=self.say(f"exceptions.{self._period}"),
            rows=tuple(self._row(fact, line, name) for fact, line in found),
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

    def _sums(self, found: list[tuple[AnyFact, _Line]], name: Callable[[str], str]) -> tuple[Row, ...]:
        """By whom how often: the same name again and again is what a manager looks for."""
        by_name = Counter(name(who) for fact, _ in found if (who := getattr(fact, "cashier", "")))
        if not by_name:
            return ()
        listed = " · ".join(f"{who} {times}" for who, times in by_name.most_common(6))
        return (Row("by", self.say("exceptions.by"), figure=listed, loud=True),)
