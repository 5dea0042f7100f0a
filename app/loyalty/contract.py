"""`stempel price`: a case as JSON in, a decision as JSON out. Others build on these shapes.

One object a line (NDJSON). A case that cannot be read is answered by {"error": …} in its place, so
that the answers stay in step with the cases. The exact shapes: docs/reference/price.md and
resources/schemas/price-*.schema.json.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, BinaryIO

import msgspec

from app.loyalty.basket import Basket, Birthday, Code, Context, GiftCard, Line, Redeem
from app.loyalty.compiled import Compiled
from app.loyalty.decision import (
    DecidedLine,
    Decision,
    Discount,
    LinePoints,
    LineStamps,
    Owed,
    Points,
    Reason,
)
from app.loyalty.effects import AnyEffect, ReferralDue
from app.loyalty.engine import evaluate
from app.loyalty.owed import settlement
from app.loyalty.plain import Plain, PlainProblem, expect, load, text, time_ms, time_text
from app.loyalty.reading import SCALARS
from app.loyalty.refund import refund
from app.loyalty.state import MemberState, apply
from app.values import AMOUNT_MAX, ValueProblem, format_short

CASE_KEYS = {
    "at", "store", "till", "channel", "sale", "member", "basket", "codes", "redeem", "refund_of",
    "refunded", "time_zone", "points_limit", "budgets",
}  # fmt: skip
LINES_MAX = 10_000
CASE_MAX_BYTES = 20_000_000


def price(stream_in: BinaryIO, stream_out: BinaryIO, compiled: Compiled) -> int:
    """Answer every case of a stream, line by line; the number of cases that could not be read."""
    contract = Contract(compiled)
    errors = 0
    for number, line in enumerate(_lines(stream_in), 1):
        if not line.strip():
            continue
        try:
            answer = contract.answer(line)
        except PlainProblem as problem:
            errors += 1
            answer = {"error": {"case": number, "path": problem.path, "reason": problem.reason}}
        stream_out.write(msgspec.json.encode(answer) + b"\n")
    return errors


def _lines(stream: BinaryIO) -> Iterable[bytes]:
    """Lines of bounded length; the rest of one that is longer is skipped, and it fails as a case."""
    while line := stream.readline(CASE_MAX_BYTES):
        whole = line
        while not line.endswith(b"\n") and len(line) >= CASE_MAX_BYTES:
            line = stream.readline(CASE_MAX_BYTES)
            whole = b"\xff"  # not UTF-8: refused as no case
            if not line:
                break
        yield whole


def _given(fields: dict[str, Any], key: str) -> Any:
    """A part that may be left out or null; anything else is read, and refused if it is no object."""
    value = fields.get(key)
    return {} if value is None else value


class Contract:
    """Cases and decisions of one compiled programme."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.plain = Plain(compiled.programme.currency)

    def answer(self, case: bytes | str) -> dict[str, Any]:
        """The decision of one case. Raises PlainProblem."""
        fields = expect(load(case), dict, "")
        unknown = set(fields) - CASE_KEYS
        if unknown:
            raise PlainProblem("", f"unknown key {min(unknown)!r}")
        if "at" not in fields:
            raise PlainProblem("at", "this is missing")
        if fields.get("refund_of") is not None:
            return self._refund(fields)
        if fields.get("refunded"):
            raise PlainProblem("refunded", "this belongs to a refund, and refund_of is missing")
        state, context = self._member_and_context(fields)
        basket = self._basket(fields)
        decision = evaluate(self.compiled, state, basket, context, explain=True)
        return self.decision(decision)

    # -- reading a case ----------------------------------------------------------------------------------

    def _member_and_context(self, fields: dict[str, Any]) -> tuple[MemberState | None, Context]:
        member = fields.get("member")
        state: MemberState | None = None
        extra: dict[str, Any] = {}
        if member is not None:
            member = expect(member, dict, "member")
            state = self._state(_given(member, "state"))
            extra = self._person(member)
            state = self._referred(member, state, time_ms(fields["at"], "at"))
        context = Context(
            at_ms=time_ms(fields["at"], "at"),
            store=text(fields.get("store", ""), "store"),
            till=text(fields.get("till", ""), "till"),
            channel=text(fields.get("channel", "till"), "channel"),
            sale_id=text(fields.get("sale", ""), "sale"),
            time_zone=self._zone(fields),
            codes=tuple(
                self._code(each, f"codes[{n}]")
                for n, each in enumerate(expect(fields.get("codes", []), list, "codes"))
            ),
            redeem=self._redeem(_given(fields, "redeem")),
            points_limit_centi=self._limit(fields),
            budgets=self.plain_budgets(_given(fields, "budgets")),
            **extra,
        )
        return state, context

    def _state(self, value: Any) -> MemberState:
        state = self.plain.read_struct(MemberState, value, "member.state")
        if state.debt_centi < 0:
            raise PlainProblem("member.state.debt", "a debt is not below zero")
        for number, lot in enumerate(state.lots):
            if lot.amount_centi < 0:
                raise PlainProblem(f"member.state.lots[{number}].amount", "a lot is not below zero")
        return state

    def _referred(self, member: dict[str, Any], state: MemberState, at_ms: int) -> MemberState:
        """With what friends' decisions say is owed to this member."""
        due = self.plain.read(tuple[ReferralDue, ...], member.get("referrals", []), "member.referrals")
        for number, one in enumerate(due):
            if one.referrer != member.get("id", ""):
                raise PlainProblem(f"member.referrals[{number}].referrer", "this is owed to somebody else")
            state = apply(state, settlement(state, one), at_ms)
        return state

    def _zone(self, fields: dict[str, Any]) -> str:
        name = text(fields.get("time_zone", ""), "time_zone")
        if name:
            try:
                SCALARS["zone"](name, 0)
            except ValueProblem as problem:
                raise PlainProblem("time_zone", str(problem)) from None
        return name

    def _limit(self, fields: dict[str, Any]) -> int | None:
        limit = fields.get("points_limit")
        return None if limit is None else self.plain.scaled(limit, 2, "points_limit")

    def plain_budgets(self, value: Any) -> dict[str, int]:
        entries = expect(value, dict, "budgets")
        return {k: self.plain.scaled(v, self.plain.digits, f"budgets.{k}") for k, v in entries.items()}

    def _person(self, member: dict[str, Any]) -> dict[str, Any]:
        unknown = set(member) - {"id", "state", "segments", "birthday", "referrals"}
        if unknown:
            raise PlainProblem("member", f"unknown key {min(unknown)!r}")
        extra: dict[str, Any] = {"member_id": text(member.get("id", ""), "member.id")}
        segments = expect(member.get("segments", []), list, "member.segments")
        extra["segments"] = tuple(text(each, "member.segments") for each in segments)
        if member.get("birthday") is not None:
            extra["birthday"] = self._birthday(member["birthday"])
        return extra

    def _birthday(self, value: Any) -> Birthday:
        birthday = self.plain.read_struct(Birthday, value, "member.birthday")
        try:
            date(2000, birthday.month, birthday.day)  # a year with a 29 February
        except (ValueError, OverflowError):
            raise PlainProblem("member.birthday", "there is no such day") from None
        return birthday

    def _code(self, value: Any, path: str) -> Code:
        if isinstance(value, str):
            return Code(text(value, path))
        return self.plain.read_struct(Code, value, path)

    def _redeem(self, value: Any) -> Redeem:
        entries = dict(expect(value, dict, "redeem"))
        points = entries.pop("points", "0")
        rest = self.plain.read_struct(_Wishes, entries, "redeem")
        if any(card.balance_minor < 0 for card in rest.gift_cards):
            raise PlainProblem("redeem.gift_cards", "a balance is not below zero")
        if points == "max":
            return Redeem("max", rest.gift_cards, rest.rewards, rest.entitlements)
        centi = self.plain.scaled(points, 2, "redeem.points")
        if centi < 0:
            raise PlainProblem("redeem.points", "points to spend are not below zero")
        return Redeem(centi, rest.gift_cards, rest.rewards, rest.entitlements)

    def _basket(self, fields: dict[str, Any]) -> Basket:
        rows = expect(fields.get("basket"), list, "basket")
        if len(rows) > LINES_MAX:
            raise PlainProblem("basket", f"more than {LINES_MAX} lines")
        lines = tuple(self._line(row, f"basket[{n}]") for n, row in enumerate(rows))
        if len({line.id for line in lines}) != len(lines):
            raise PlainProblem("basket", "two lines have the same name")
        if sum(line.unit_price_minor * line.qty_milli for line in lines) > AMOUNT_MAX * 1000:
            raise PlainProblem("basket", "the basket is worth more than can be")
        return Basket(lines)

    def _line(self, row: Any, path: str) -> Line:
        entries = dict(expect(row, dict, path))
        entries["id"] = entries.pop("line", None)
        if entries["id"] is None:
            raise PlainProblem(f"{path}.line", "this is missing")
        entries.setdefault("category", "")
        line = self.plain.read_struct(Line, entries, path)
        if line.qty_milli < 0:
            raise PlainProblem(f"{path}.qty", "a quantity below zero: a return goes through refund_of")
        if line.unit_price_minor < 0:
            raise PlainProblem(f"{path}.unit_price", "a price below zero")
        return line

    # -- a refund ----------------------------------------------------------------------------------------

    def _refund(self, fields: dict[str, Any]) -> dict[str, Any]:
        original = self.read_decision(fields["refund_of"])
        state, context = self._member_and_context(fields)
        returned: dict[str, int] = {}
        for n, row in enumerate(expect(fields.get("basket"), list, "basket")):
            entry = expect(row, dict, f"basket[{n}]")
            name = text(entry.get("line"), f"basket[{n}].line")
            returned[name] = returned.get(name, 0) + self.plain.scaled(
                entry.get("qty"), 3, f"basket[{n}].qty"
            )
        already = {
            name: self.plain.scaled(qty, 3, f"refunded.{name}")
            for name, qty in expect(_given(fields, "refunded"), dict, "refunded").items()
        }
        try:
            back = refund(original, returned, already=already, at_ms=context.at_ms, state=state)
        except ValueProblem as problem:
            raise PlainProblem("basket", str(problem)) from None
        return self.decision(back)

    def read_decision(self, value: Any) -> Decision:
        """A decision as `decision` wrote it; what a refund needs of it."""
        fields, path = expect(value, dict, "refund_of"), "refund_of"
        lines = tuple(
            self._read_line(expect(row, dict, f"{path}.lines[{n}]"), f"{path}.lines[{n}]")
            for n, row in enumerate(expect(fields.get("lines"), list, f"{path}.lines"))
        )
        effects: tuple[AnyEffect, ...] = self.plain.read(
            tuple[AnyEffect, ...], fields.get("effects", []), f"{path}.effects"
        )
        cards = self.plain.read(tuple[Owed, ...], fields.get("gift_cards", []), f"{path}.gift_cards")
        money, digits = self.plain.scaled, self.plain.digits
        return Decision(
            programme=text(fields.get("programme", ""), f"{path}.programme"),
            version=int(fields.get("version", 1)) if str(fields.get("version", 1)).isdigit() else 1,
            at_ms=time_ms(fields.get("at"), f"{path}.at"),
            lines=lines,
            goods_minor=money(fields.get("goods_total"), digits, f"{path}.goods_total"),
            delivery_minor=money(fields.get("delivery_total", "0"), digits, f"{path}.delivery_total"),
            delivery_lines=self.plain.read(tuple[str, ...], fields.get("delivery_lines", []), path),
            gift_cards=cards,
            effects=effects,
        )

    def _read_line(self, row: dict[str, Any], path: str) -> DecidedLine:
        money, digits = self.plain.scaled, self.plain.digits
        line = DecidedLine(
            id=text(row.get("line"), f"{path}.line"),
            qty_milli=money(row.get("qty"), 3, f"{path}.qty"),
            gross_minor=money(row.get("gross"), digits, f"{path}.gross"),
            net_minor=money(row.get("net"), digits, f"{path}.net"),
            tax=text(row.get("tax", ""), f"{path}.tax"),
            discounts=self.plain.read(tuple[Discount, ...], row.get("discounts", []), f"{path}.discounts"),
            points_minor=money(row.get("paid_in_points", "0"), digits, f"{path}.paid_in_points"),
            earned=self.plain.read(tuple[LinePoints, ...], row.get("earned", []), f"{path}.earned"),
            stamps=self.plain.read(tuple[LineStamps, ...], row.get("stamps", []), f"{path}.stamps"),
        )
        if line.qty_milli < 0 or line.net_minor < 0:
            raise PlainProblem(path, "a refund cannot be refunded")
        return line

    # -- writing a decision ------------------------------------------------------------------------------

    def decision(self, decision: Decision) -> dict[str, Any]:
        """A decision as plain JSON."""
        money, write = self.plain.money, self.plain.write
        plain: dict[str, Any] = {
            "programme": decision.programme,
            "version": decision.version,
            "at": time_text(decision.at_ms),
            "total": money(decision.total_minor),
            "goods_total": money(decision.goods_minor),
            "delivery_total": money(decision.delivery_minor),
            "discount_total": money(decision.discount_minor),
            "due": money(decision.due_minor),
            "lines": [self._line_out(line) for line in decision.lines],
            "tax": write(decision.taxes),
            "points": self._points_out(decision.points),
            "stamps": write(decision.stamps),
            "tier": [self._tier_out(view) for view in decision.tiers],
            "gift_cards": write(decision.gift_cards),
            "issued": write(decision.issued),
            "why": [self._reason(reason) for reason in decision.why],
            "offers": [self._reason(Reason(o.rule, False, o.code, o.params)) for o in decision.offers],
            "refused": [self._reason(reason) for reason in decision.refused],
            "effects": write(decision.effects),
            "state_after": None if decision.state_after is None else write(decision.state_after),
        }
        if decision.delivery_lines:
            plain["delivery_lines"] = list(decision.delivery_lines)
        return plain

    def _line_out(self, line: DecidedLine) -> dict[str, Any]:
        plain: dict[str, Any] = {
            "line": line.id,
            "qty": format_short(line.qty_milli, 3),
            "gross": self.plain.money(line.gross_minor),
            "discounts": self.plain.write(line.discounts),
            "net": self.plain.money(line.net_minor),
            "tax": line.tax,
        }
        if line.points_minor:
            plain["paid_in_points"] = self.plain.money(line.points_minor)
        if line.earned:
            plain["earned"] = self.plain.write(line.earned)
        if line.stamps:
            plain["stamps"] = self.plain.write(line.stamps)
        return plain

    def _points_out(self, points: Points) -> dict[str, Any]:
        text_of, money = self.plain.points, self.plain.money
        return {
            "earned": text_of(points.earned_centi),
            "by_rule": self.plain.write(points.by_rule),
            "spent": text_of(points.spent_centi),
            "spent_value": money(points.spent_value_minor),
            "spendable": text_of(points.spendable_centi),
            "spendable_value": money(points.spendable_value_minor),
            "rewards": text_of(points.rewards_centi),
            "balance_before": text_of(points.balance_before_centi),
            "balance_after": text_of(points.balance_after_centi),
        }

    def _tier_out(self, view: Any) -> dict[str, Any]:
        missing = {"spend": self.plain.money, "points": self.plain.points}.get(view.basis, str)
        plain: dict[str, Any] = {"rule": view.rule, "level": view.level, "level_after": view.level_after}
        if view.next_level:
            plain |= {"next_level": view.next_level, "basis": view.basis, "missing": missing(view.missing)}
        return plain

    def _reason(self, reason: Reason) -> dict[str, Any]:
        params = self.plain.params(reason.params)
        plain: dict[str, Any] = {"rule": reason.rule, "applied": reason.applied, "reason": reason.code}
        if "missing" in params:
            plain["missing"] = str(params.pop("missing"))
        elif not reason.applied and "n" in params:
            plain["missing"] = str(params.pop("n"))
        return plain | ({"params": params} if params else {})


class _Wishes(msgspec.Struct, frozen=True):
    gift_cards: tuple[GiftCard, ...] = ()
    rewards: tuple[str, ...] = ()
    entitlements: tuple[str, ...] = ()
