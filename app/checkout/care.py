"""What is done for members beside a sale: who they are, what they agreed to, cards, merging, goodwill."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import msgspec

from app.checkout.birthdays import birthday_kept
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.linking import cannot_link
from app.checkout.outcome import Outcome, done, refused
from app.checkout.paper.member import movements, points_statement
from app.checkout.pin import hash_pin, verify_pin
from app.checkout.ports import Agreed, Person, Slip, Work, latest_said
from app.checkout.rights import Approval
from app.ledger.facts import (
    AnyFact,
    CardBlocked,
    CardLinked,
    ConsentGiven,
    MembersMerged,
    PinFailed,
    PointsAdjusted,
)
from app.loyalty.effects import Lot, PointsEarned
from app.loyalty.rules.points import PointsRule
from app.loyalty.state import advance
from hardware.receipt import PrintJob

MOVEMENTS: Final = 10
"""How many of a member's latest movements a statement shows."""
PIN_TRIES: Final = 3
"""Wrong phone PINs in one sale before its card stays with the small cap."""


class Care:
    """Members as people."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart
        self._wrong_pins: tuple[uuid.UUID, int] = (heart.sale.id, 0)

    # -- who they are ------------------------------------------------------------------------------------

    def edit(self, person: Person, answer: Answer = ignore) -> None:
        """Complete or mend what is known of a member; their PIN and segments stay as they are."""
        heart = self._heart
        if heart.locked:
            return answer(refused("locked"))
        known = heart.members.member(person.member)
        if known is None:
            return answer(refused("no_member"))
        if not person.name.strip():
            return answer(refused("name_missing"))
        if (birthday := birthday_kept(person.birthday)) is None:
            return answer(refused("birthday_unreadable"))
        person, before = msgspec.structs.replace(person, birthday=birthday), known.person
        if before is not None:
            # Another birthday is known from now on only.
            since_ms = before.birthday_since_ms if birthday == birthday_kept(before.birthday) else 0
            person = msgspec.structs.replace(
                person, pin=before.pin, segments=before.segments, birthday_since_ms=since_ms
            )
        return self._keep(msgspec.structs.replace(person, name=person.name.strip()), (), "saved", answer)

    def consent(
        self, member: uuid.UUID, purpose: str, *, given: bool, lang: str = "", answer: Answer = ignore
    ) -> None:
        """A member agrees to a purpose by today's text of the shop, or withdraws."""
        heart = self._heart
        if heart.locked:
            return answer(refused("locked"))
        text = next((each for each in heart.shop.consents if each.purpose == purpose), None)
        if text is None:
            return answer(refused("no_consent"))
        fact = consent_fact(heart, member, purpose, text.version, lang or heart.shop.lang, given=given)
        known = heart.members.member(member)
        people = (having_said(known.person, fact),) if known and known.person else ()

        def written() -> Outcome:
            heart.refresh_member(member)
            return done("consent_given" if given else "consent_withdrawn")

        work = Work(facts=(fact,), people=people, keep_basket=True, at_ms=fact.at_ms)
        return heart.write(work, written, answer)

    def set_pin(self, member: uuid.UUID, pin: str, answer: Answer = ignore) -> None:
        """The PIN with which the member's copyable card pays in full; an empty one takes it away."""
        heart, found = self._heart, self._heart.members.member(member)
        if heart.locked:
            return answer(refused("locked"))
        if found is None or found.person is None:
            return answer(refused("no_member"))
        if pin and not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
            return answer(refused("pin_form"))

        def hashed(kept: str) -> None:
            now = heart.members.member(member)
            if now is None or now.person is None:
                return answer(refused("no_member"))
            return self._keep(msgspec.structs.replace(now.person, pin=kept), (), "pin_kept", answer)

        if not pin:
            return hashed("")
        return heart.aside(lambda: hash_pin(pin, heart.world.random_bytes), hashed)

    def prove_pin(self, pin: str, answer: Answer = ignore) -> None:
        """The customer's PIN lifts what a card that can be copied may pay with in this sale."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        person = heart.member.person if heart.member else None
        if person is None or not person.pin:
            return answer(refused("no_pin"))
        holder = heart.members.holder(heart.sale.card) if heart.sale.card else None
        if holder is not None and holder.blocked:
            return answer(refused("card_stays_blocked"))
        sale, wrong = self._wrong_pins if self._wrong_pins[0] == heart.sale.id else (heart.sale.id, 0)
        if wrong >= PIN_TRIES:
            return answer(refused("pin_tries"))
        # Counted as wrong until it is known to be right: no other is looked at beside it.
        self._wrong_pins = sale, wrong + 1
        card = heart.sale.card

        def heard(right: bool) -> None:
            if not right:
                fact = PinFailed(id=heart.world.new_id(), at_ms=heart.world.now_ms())
                heart.note_down(Work(facts=(fact,), keep_basket=True, at_ms=fact.at_ms))
                return answer(refused("pin_wrong"))
            if self._wrong_pins[0] == sale:
                self._wrong_pins = sale, wrong
            heart.when_free(lambda: answer(self._proved(sale, person, card)))
            return None

        return heart.aside(lambda: verify_pin(pin, person.pin), heard)

    def _proved(self, sale: uuid.UUID, person: Person, card: str) -> Outcome:
        """The PIN was right: of this sale, if it is still the same customer's with the same card."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        now = heart.member.person if heart.member else None
        if heart.sale.id != sale or heart.sale.card != card or now is None or now.member != person.member:
            return refused("no_member")
        proved = msgspec.structs.replace(heart.sale, redeem_cap_centi=None)
        return heart.change(proved) or done("pin_right")

    # -- on paper ----------------------------------------------------------------------------------------

    def print_statement(self, member: uuid.UUID, answer: Answer = ignore) -> None:
        """Where the member's points stand, when which part expires, and how they moved here."""
        heart, found = self._heart, self._heart.members.member(member)
        if heart.locked:
            return answer(refused("locked"))
        if found is None:
            return answer(refused("no_member"))
        at_ms = heart.world.now_ms()
        state = advance(found.state, at_ms)
        paper = points_statement(
            msgspec.structs.replace(found, state=state),
            heart.shop,
            heart.programme,
            at_ms=at_ms,
            moved=movements(heart.members.history(found.id))[:MOVEMENTS],
        )
        work = Work(slips=(Slip("statement", PrintJob(paper)),), keep_basket=True, at_ms=at_ms)
        return heart.write(work, lambda: done("statement_printing"), answer)

    # -- cards -------------------------------------------------------------------------------------------

    def replace_card(
        self,
        member: uuid.UUID,
        lost: Sequence[str],
        card: str = "",
        *,
        reason: str = "lost",
        approval: Approval | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Block lost cards and, with `card`, link another: the old ones keep finding the member, and earn."""
        heart = self._heart
        if heart.locked:
            return answer(refused("locked"))
        if heart.members.member(member) is None:
            return answer(refused("no_member"))
        if (lacking := heart.lacking("replace_card", approval)) is not None:
            return answer(lacking)
        if card and (no := cannot_link(heart.members, card, member)) is not None:
            return answer(no)
        if not lost and not card:
            return answer(refused("no_card_named"))
        for token in lost:
            held = heart.members.holder(token)
            if held is None or held.member != member:
                return answer(refused("card_of_another"))
        at_ms = heart.world.now_ms()
        facts: list[AnyFact] = [
            CardBlocked(
                id=heart.world.new_id(),
                at_ms=at_ms,
                member=member,
                card=token,
                reason=reason,
                cashier=heart.cashier,
            )
            for token in lost
        ]
        if card:
            facts.append(CardLinked(id=heart.world.new_id(), at_ms=at_ms, member=member, card=card))
        work = Work(facts=tuple(facts), keep_basket=True, at_ms=at_ms)

        def written() -> Outcome:
            heart.refresh_member(member)
            return done("card_replaced")

        return heart.write(work, written, answer)

    def merge(
        self,
        member: uuid.UUID,
        other: uuid.UUID,
        *,
        approval: Approval | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Two memberships are one person's: the other's points, cards and sales become the member's.

        Where the server proposes it, any cashier may: head office's word stands for the approval.
        """
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        one, two = heart.members.member(member), heart.members.member(other)
        if one is None or two is None:
            return answer(refused("no_member"))
        if one.id == two.id:
            return answer(refused("same_member"))
        act = "merge_proposed" if heart.members.twin(one.id) == two.id else "merge"
        names = " + ".join(each.person.name for each in (one, two) if each.person)
        if (lacking := heart.lacking(act, approval, about={"name": names})) is not None:
            return answer(lacking)
        at_ms = heart.world.now_ms()
        fact = MembersMerged(
            id=heart.world.new_id(), at_ms=at_ms, member=one.id, other=two.id, cashier=heart.cashier
        )
        facts = (fact, heart.privileged(act, approval, subject=one.id))
        people = (_completed(one.person, two.person),) if one.person and two.person else ()
        renamed = () if one.person else ((two.id, one.id),)

        def written() -> Outcome:
            heart.refresh_member()
            return done("merged")

        work = Work(
            facts=facts, people=people, renamed=renamed, forget=(two.id,), keep_basket=True, at_ms=at_ms
        )
        return heart.write(work, written, answer)

    # -- goodwill ----------------------------------------------------------------------------------------

    def goodwill(
        self,
        member: uuid.UUID,
        points_centi: int,
        *,
        reason: str,
        approval: Approval | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Points as an apology, within the shop's limit."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        found = heart.members.member(member)
        if found is None:
            return answer(refused("no_member"))
        if points_centi <= 0:
            return answer(refused("no_amount"))
        if not reason.strip():
            return answer(refused("reason_missing"))
        rule = next((r.id for r in heart.programme.programme.rules if isinstance(r, PointsRule)), None)
        if rule is None:
            return answer(refused("no_points_rule"))
        above = points_centi > heart.shop.goodwill_limit_centi
        name = found.person.name if found.person else ""
        no = heart.lacking(
            "goodwill", approval, above=above, about={"name": name, "points_centi": points_centi}
        )
        if no is not None:
            return answer(no)
        id, at_ms = heart.world.new_id(), heart.world.now_ms()
        fact = PointsAdjusted(
            id=id,
            at_ms=at_ms,
            member=found.id,
            reason=reason,
            cashier=heart.cashier,
            effects=(PointsEarned(Lot(str(id), rule, points_centi, at_ms)),),
        )
        act = heart.privileged("goodwill", approval, reason=reason, subject=id)

        def written() -> Outcome:
            heart.refresh_member()
            return done("points_given", points_centi=points_centi)

        return heart.write(Work(facts=(fact, act), keep_basket=True, at_ms=at_ms), written, answer)

    def _keep(self, person: Person, facts: tuple[AnyFact, ...], code: str, answer: Answer) -> None:
        heart = self._heart

        def written() -> Outcome:
            heart.refresh_member(person.member)
            return done(code)

        work = Work(facts=facts, people=(person,), keep_basket=True, at_ms=heart.world.now_ms())
        heart.write(work, written, answer)


def consent_fact(
    heart: Heart, member: uuid.UUID, purpose: str, version: str, lang: str, *, given: bool
) -> ConsentGiven:
    """The fact of a yes or no to one purpose."""
    return ConsentGiven(
        id=heart.world.new_id(),
        at_ms=heart.world.now_ms(),
        member=member,
        purpose=purpose,
        version=version,
        lang=lang,
        given=given,
        cashier=heart.cashier,
    )


def having_said(person: Person, *facts: ConsentGiven) -> Person:
    """A person, and what they have just said to consents."""
    said = {each.purpose: Agreed(version=each.version, given=each.given, at_ms=each.at_ms) for each in facts}
    return msgspec.structs.replace(person, consents={**person.consents, **said})


def _completed(person: Person, other: Person) -> Person:
    """What is known of one person under two memberships: the kept one's word first."""
    return msgspec.structs.replace(
        person,
        phone=person.phone or other.phone,
        email=person.email or other.email,
        birthday=person.birthday or other.birthday,
        lang=person.lang or other.lang,
        pin=person.pin or other.pin,
        segments=tuple(dict.fromkeys((*person.segments, *other.segments))),
        consents=latest_said(person.consents, other.consents),
    )
