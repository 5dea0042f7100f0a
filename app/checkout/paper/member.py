"""Paper for one member: where their points stand, a coupon to bring back, what they agreed to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from app.checkout.paper.sheet import Sheet, lang_of
from app.checkout.ports import Member, Person
from app.checkout.shop import Shop
from app.checkout.wording import term_text
from app.ledger.entries import POINTS, entries
from app.ledger.facts import AnyFact, ReferralSettled, WelcomeReversed
from app.loyalty.effects import Grant, Lot
from app.loyalty.engine import Compiled
from app.loyalty.rules.referral import ReferralRule
from app.loyalty.rules.stamps import StampsRule
from hardware.receipt import (
    Align,
    Barcode,
    Blank,
    Block,
    Columns,
    Document,
    Qr,
    Rule,
    RuleKind,
    Size,
    Stamps,
    Text,
)

BARS_MOST: Final = 20
"""Longer codes are printed as QR alone: as bars they would not fit narrow paper."""
PHONE_SHOWN: Final = 3


class Movement(msgspec.Struct, frozen=True):
    """One change of a member's points: when, why (a contra account of the ledger, or `referral`,
    `referral_back`, `welcome_twice`), how many."""

    at_ms: int
    reason: str
    amount_centi: int


class ConsentText(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose as it was read to the member: its text and version, and their answer."""

    text: str
    version: str
    given: bool = True


def movements(facts: Iterable[AnyFact]) -> list[Movement]:
    """What facts did to a member's points, one line a fact and reason, in their order."""
    found: list[Movement] = []
    for fact in facts:
        sums: dict[str, int] = {}
        for entry in entries(fact):
            if entry.account == POINTS:
                reason = entry.contra
                if isinstance(fact, ReferralSettled):
                    reason = "referral_back" if fact.back else "referral"
                elif isinstance(fact, WelcomeReversed):
                    reason = "welcome_twice"
                sums[reason] = sums.get(reason, 0) + entry.amount
        found += [Movement(fact.at_ms, reason, centi) for reason, centi in sums.items() if centi]
    return found


def points_statement(
    member: Member,
    shop: Shop,
    programme: Compiled,
    *,
    at_ms: int,
    moved: Sequence[Movement] = (),
) -> Document:
    """A member's points at `at_ms`: the balance, when which part expires, stamps, what they hold.

    `member.state` has been advanced to `at_ms`; `moved` are the latest movements, newest first.
    """
    sheet = Sheet(shop, programme, lang_of(member.person, shop))
    return sheet.document(_Statement(sheet, member, at_ms).blocks(moved))


def enrolment_slip(
    person: Person,
    shop: Shop,
    programme: Compiled,
    *,
    at_ms: int,
    card: str = "",
    consents: Sequence[ConsentText] = (),
    cashier: str = "",
) -> Document:
    """A new member's paper: the code of their card (if it has one to print), and what they agreed to.

    Of the phone number only the last digits are printed: slips are left on counters.
    """
    sheet = Sheet(shop, programme, lang_of(person, shop))
    return sheet.document(_enrolment(sheet, person, at_ms, card, consents, cashier))


# -- points statement ------------------------------------------------------------------------------------


class _Statement:
    def __init__(self, sheet: Sheet, member: Member, at_ms: int) -> None:
        self.sheet, self.member, self.at_ms = sheet, member, at_ms
        self.state, self.get, self.points = member.state, sheet.get, sheet.words.points

    def blocks(self, moved: Sequence[Movement]) -> Iterator[Block]:
        yield from self.sheet.shop_head()
        yield from self.sheet.title("receipt.statement")
        if self.member.person:
            yield Text(self.member.person.name, bold=True)
        yield Text(self.get("receipt.as_of", moment=self.sheet.moment(self.at_ms)))
        yield Rule(RuleKind.DOUBLE)
        balance = self.points(self.state.balance_centi)
        yield Columns(self.get("receipt.balance"), balance, bold=True, size=Size.LARGE)
        yield Blank()
        if self.state.debt_centi:
            yield Text(self.get("receipt.debt"))
        yield from self._lots()
        yield from self._stamps()
        yield from self._held()
        if moved:
            yield from self.sheet.section("receipt.movements")
        for each in moved:
            name = f"{self.sheet.date(each.at_ms)}  {self.get(f'report.{each.reason}')}"
            yield Columns(name, self.points(each.amount_centi, plus=True))

    def _lots(self) -> Iterator[Block]:
        """By day of expiry, soonest first: lots of one day are one line."""
        sums: dict[str, int] = {}
        for lot in self.state.lots:
            name = self._terms(lot)
            sums[name] = sums.get(name, 0) + lot.amount_centi
        for name, centi in sums.items():
            yield Columns(name, self.points(centi))
        rules = self.sheet.programme.rules
        friends = [lot for lot in self.state.lots if isinstance(rules.get(lot.rule), ReferralRule)]
        if friends:
            centi = sum(lot.amount_centi for lot in friends)
            yield Columns(self.get("receipt.for_friends"), self.points(centi))

    def _terms(self, lot: Lot) -> str:
        if lot.spendable_at_ms > self.at_ms:
            return self.get("receipt.spendable_from", day=self.sheet.date(lot.spendable_at_ms))
        if lot.expires_at_ms is not None:
            return self.get("receipt.valid_to", day=self.sheet.date(lot.expires_at_ms - 1))
        if lot.idle_days is not None:
            return self.get("receipt.valid_while_buying", n=lot.idle_days)
        return self.get("receipt.valid_always")

    def _stamps(self) -> Iterator[Block]:
        for rule in self.sheet.programme.programme.rules:
            have = max(self.state.card(rule.id), 0)
            if isinstance(rule, StampsRule) and have:
                yield Rule()
                yield Columns(rule.name.get(self.sheet.words.lang), f"{have} / {rule.size}")
                yield Stamps(have=min(have, rule.size), need=rule.size)

    def _held(self) -> Iterator[Block]:
        held = [grant for grant in self.state.grants if grant.uses > 0]
        if held:
            yield from self.sheet.section("receipt.held")
        for grant in summed(held):
            until = grant.expires_at_ms
            day = self.sheet.date(until - 1) if until is not None else ""
            yield Columns(grant_name(self.sheet, grant), self.get("receipt.to", day=day) if day else "")


# -- coupon ----------------------------------------------------------------------------------------------


def grant_name(sheet: Sheet, grant: Grant) -> str:
    """What a member was given, with how many uses if several."""
    name = sheet.rule(grant.thing)
    return name if grant.uses == 1 else f"{name} ({grant.uses})"


def summed(grants: Iterable[Grant]) -> list[Grant]:
    """Uses of one thing until one day together, whichever lines gave them; a coupon is a slip of its own."""
    found: dict[tuple[str, str, str, int | None], Grant] = {}
    for grant in grants:
        key = (grant.kind, grant.thing, grant.code if grant.kind == "coupon" else "", grant.expires_at_ms)
        had = found.get(key)
        found[key] = replace(had, uses=had.uses + grant.uses) if had is not None else grant
    return list(found.values())


def coupon_blocks(sheet: Sheet, grant: Grant, code: str) -> Iterator[Block]:
    """A coupon's slip, behind a receipt: what it gives, until when, on which terms, its code to scan."""
    yield from sheet.shop_head()
    yield Text(sheet.get("receipt.coupon"), align=Align.CENTER)
    yield Text(grant_name(sheet, grant), align=Align.CENTER, bold=True, size=Size.LARGE)
    yield Blank()
    for term in _terms(sheet, grant.rule):
        yield Text(term, align=Align.CENTER)
    if grant.starts_at_ms > grant.issued_at_ms:
        yield Text(
            sheet.get("receipt.valid_from", day=sheet.date(grant.starts_at_ms)), align=Align.CENTER, bold=True
        )
    if grant.expires_at_ms is not None:
        day = sheet.date(grant.expires_at_ms - 1)
        yield Text(sheet.get("receipt.valid_to", day=day), align=Align.CENTER, bold=True)
    yield from _code(code)
    yield Text(sheet.get("receipt.coupon_show"), align=Align.CENTER)


def _terms(sheet: Sheet, id: str) -> Iterator[str]:
    """A rule's terms as the programme promises them; none where it no longer knows the rule."""
    from app.loyalty.terms import explain  # knows every kind; most receipts have no coupon

    rule = sheet.programme.rules.get(id)
    if rule is None:
        return
    alone = msgspec.structs.replace(sheet.programme.programme, rules=(rule,))
    for terms in explain(alone):
        for term in terms.terms:
            # A kind of rule younger than its words: the coupon is printed, and a test misses the text.
            if sheet.words.has(f"terms.{term.code}"):
                yield term_text(sheet.words, sheet.currency, term, sheet.called)
        if terms.fine_print is not None:
            yield terms.fine_print.get(sheet.words.lang)


def _code(code: str) -> Iterator[Block]:
    """Short codes as bars, which every scanner reads, with their text; longer ones as QR."""
    if len(code) <= BARS_MOST and code.isascii():
        yield Barcode(code)
    else:
        yield Qr(code)


# -- enrolment -------------------------------------------------------------------------------------------


def masked(phone: str) -> str:
    """A phone number of which only the last digits are left: "*** 200"; "" for none."""
    digits = [char for char in phone if char.isdigit()]
    return f"*** {''.join(digits[-PHONE_SHOWN:])}" if len(digits) > 2 * PHONE_SHOWN else ""


def _enrolment(
    sheet: Sheet, person: Person, at_ms: int, card: str, consents: Sequence[ConsentText], cashier: str
) -> Iterator[Block]:
    yield from sheet.shop_head()
    yield from sheet.title("receipt.welcome")
    yield Text(person.name, align=Align.CENTER, bold=True)
    if phone := masked(person.phone):
        yield Text(sheet.get("receipt.phone", phone=phone), align=Align.CENTER)
    if card:
        yield Blank()
        yield Text(sheet.get("receipt.your_card"), align=Align.CENTER)
        yield from _code(card)
    if consents:
        yield from sheet.section("receipt.consents")
    for consent in consents:
        yield Text(consent.text)
        answer = sheet.get("receipt.agreed" if consent.given else "receipt.not_agreed")
        yield Columns(answer, sheet.get("receipt.version", version=consent.version), bold=True)
        yield Blank()
    yield Text(sheet.moment(at_ms))
    yield sheet.served(cashier)
    if consents:
        yield from sheet.signature("receipt.sign_member")
