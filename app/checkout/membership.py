"""The member of the sale in hand: cards, enrolment, points to pay with."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from app.checkout.basket import Redeem
from app.checkout.birthdays import birthday_kept
from app.checkout.care import consent_fact, having_said
from app.checkout.heart import Answer, Heart, ignore
from app.checkout.linking import cannot_link
from app.checkout.moment import budgets_left
from app.checkout.outcome import Outcome, done, note, refused
from app.checkout.paper.member import ConsentText, enrolment_slip
from app.checkout.ports import Person, Slip, Work
from app.ledger.facts import AnyFact, CardLinked, MemberEnrolled
from app.loyalty import events
from app.loyalty.basket import Context
from hardware.ports import CardProof
from hardware.receipt import PrintJob


class Membership:
    """Whose sale it is."""

    def __init__(self, heart: Heart) -> None:
        self._heart: Final = heart
        # Ahead of the database, which the journal writes in its own time.
        self._tap_counters: dict[str, int] = {}

    def tap(
        self,
        uid: str,
        record: str | None = None,
        proof: CardProof = CardProof.COPYABLE,
        counter: int | None = None,
    ) -> Outcome:
        """A chip card on a reader: known by its serial number, or by the member record written on it.

        `counter` is the tap counter that a genuine card proved: one that was seen before is a recording.
        """
        if counter is not None and not self._rises(uid, counter):
            return refused("card_replayed")
        tokens = [f"uid:{uid}"] + ([f"code:{record}"] if record else [])
        for token in tokens:
            if self._heart.members.holder(token) is not None:
                return self.present_card(token, proof)
        return self._asked(tokens, proof) or refused("card_of_nobody", card=uid)

    def _rises(self, uid: str, counter: int) -> bool:
        """Whether a tap counter is above every one seen of this card; it is seen from now on."""
        heart = self._heart
        seen = max(heart.members.tap_counter(uid) or 0, self._tap_counters.get(uid, 0))
        if counter <= seen:
            return False
        self._tap_counters[uid] = counter
        heart.note_down(Work(tap_counters=((uid, counter),), keep_basket=True, at_ms=heart.world.now_ms()))
        return True

    def present_card(self, token: str, proof: CardProof) -> Outcome:
        """Attach the holder of a card to the sale."""
        holder = self._heart.members.holder(token)
        if holder is None or holder.away:
            asked = self._asked([token], proof)
            if asked is not None:
                return asked
        return self._present(token, proof)

    def _asked(self, tokens: Sequence[str], proof: CardProof) -> Outcome | None:
        """Ask whose a card is that this till is not told of; None where nobody could know. The sale goes on
        meanwhile, and the answer is for this sale alone."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if not any(heart.elsewhere.may_know(token) for token in tokens):
            return None
        sale = heart.sale.id

        def answered(found: str) -> None:
            if heart.sale.id != sale:
                return
            card = found or tokens[-1]
            outcome = self._present(card, proof)
            if outcome.code == "card_of_nobody":
                outcome = refused("card_of_nobody", card=card.partition(":")[2], token=card)
            heart.outside.heard(outcome)

        heart.elsewhere.find(tokens, lambda found: heart.when_free(lambda: answered(found)))
        return note("card_asked")

    def _present(self, token: str, proof: CardProof) -> Outcome:
        heart = self._heart
        holder = heart.members.holder(token)
        if holder is None:
            return refused("card_of_nobody", card=token.partition(":")[2])
        cap = None if proof is CardProof.GENUINE else heart.shop.redeem_cap_centi
        if holder.blocked:
            cap = 0
        outcome = self.attach(holder.member, card=token, redeem_cap_centi=cap)
        return note("card_blocked") if holder.blocked and not outcome.refused else outcome

    def attach(self, member: uuid.UUID, *, card: str = "", redeem_cap_centi: int | None = None) -> Outcome:
        """Make it this member's sale; the basket is priced anew."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        loaded = heart.load(member)
        if loaded is None:
            return refused("card_of_nobody", card=card.partition(":")[2])
        same = heart.sale.member == member
        theirs = msgspec.structs.replace(
            heart.sale,
            member=member,
            card=card,
            redeem_cap_centi=redeem_cap_centi if card else heart.shop.redeem_cap_centi,
            redeem=heart.sale.redeem if same else 0,
            rewards=heart.sale.rewards if same else (),
            uses=heart.sale.uses if same else (),
        )
        if (refusal := heart.change(theirs, loaded)) is not None:
            return refusal
        code = "member_repriced" if heart.sale.lines else "member_here"
        return done(code, name=loaded.person.name if loaded.person else "")

    def detach(self) -> Outcome:
        """A wrong or withdrawn card: the sale is nobody's again."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.sale.member is None:
            return refused("no_member")
        nobodys = msgspec.structs.replace(
            heart.sale, member=None, card="", redeem=0, rewards=(), uses=(), redeem_cap_centi=None
        )
        return heart.change(nobodys) or done("member_gone")

    def redeem(self, wish: Redeem) -> Outcome:
        """Pay with points: an amount in hundredths, "max" for all that is safe, 0 for none."""
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return stopped
        if heart.sale.member is None:
            return refused("no_member")
        if (refusal := heart.change(msgspec.structs.replace(heart.sale, redeem=wish))) is not None:
            return refusal
        if wish and heart.holding.behind == "asking":
            return note("points_asked")
        if wish and not heart.decision.points.spent_centi:
            heart.put_back(heart.past.pop())
            return refused("nothing_to_redeem")
        spent = heart.decision.points
        if not wish:
            return done("not_redeeming")
        return done("redeeming", points_centi=spent.spent_centi, value_minor=spent.spent_value_minor)

    def enrol(
        self,
        name: str,
        phone: str,
        *,
        card: str = "",
        lang: str = "",
        email: str = "",
        birthday: str = "",
        consents: Mapping[str, bool] | None = None,
        paper: bool = False,
        referred_by: uuid.UUID | None = None,
        answer: Answer = ignore,
    ) -> None:
        """Make a member of the customer in front of the till and attach them; durable before the answer.

        `referred_by` is the member who brought them; the programme says what that gives. `consents` are the
        answers by purpose to the shop's texts, `paper` prints them with the card's code.
        """
        heart = self._heart
        if (stopped := heart.stopped()) is not None:
            return answer(stopped)
        if not name.strip():
            return answer(refused("name_missing"))
        if (born := birthday_kept(birthday)) is None:
            return answer(refused("birthday_unreadable"))
        if card and (no := cannot_link(heart.members, card, None)) is not None:
            return answer(no)
        asked = {each.purpose: each for each in heart.shop.consents}
        answers = {purpose: yes for purpose, yes in (consents or {}).items() if purpose in asked}
        if any(each.required and not answers.get(each.purpose) for each in heart.shop.consents):
            return answer(refused("consent_missing"))
        at_ms, member = heart.world.now_ms(), heart.world.new_id()
        facts: list[AnyFact] = [self._begun(member, at_ms, referred_by)]
        if card:
            facts.append(CardLinked(id=heart.world.new_id(), at_ms=at_ms, member=member, card=card))
        said = [
            consent_fact(heart, member, purpose, asked[purpose].version, lang or heart.shop.lang, given=yes)
            for purpose, yes in answers.items()
        ]
        facts += said
        person = Person(
            member=member,
            name=name.strip(),
            phone=phone.strip(),
            email=email.strip(),
            birthday=born,
            lang=lang,
        )
        person = having_said(person, *said)
        slips = (self._welcome(person, card, answers, at_ms),) if paper else ()

        def written() -> Outcome:
            attached = self.attach(member, card=card, redeem_cap_centi=heart.shop.redeem_cap_centi)
            return attached if attached.refused else done("enrolled", name=person.name)

        return heart.write(
            Work(facts=tuple(facts), people=(person,), slips=slips, keep_basket=True, at_ms=at_ms),
            written,
            answer,
        )

    def _begun(self, member: uuid.UUID, at_ms: int, referred_by: uuid.UUID | None) -> MemberEnrolled:
        heart, id = self._heart, self._heart.world.new_id()
        if referred_by is None:
            return MemberEnrolled(id=id, at_ms=at_ms, member=member)
        context = Context(
            at_ms=at_ms,
            store=heart.shop.store,
            till=heart.shop.till,
            sale_id=str(id),
            member_id=str(member),
            time_zone=heart.shop.time_zone,
            budgets=budgets_left(heart.programme, heart.sales),
        )
        begun = events.enrol(heart.programme, context, str(referred_by))
        return MemberEnrolled(id=id, at_ms=at_ms, member=member, effects=begun.effects)

    def _welcome(self, person: Person, card: str, answers: Mapping[str, bool], at_ms: int) -> Slip:
        heart = self._heart
        lang = person.lang or heart.shop.lang
        agreed = [
            ConsentText(
                text=each.texts.get(lang) or next(iter(each.texts.values()), each.purpose),
                version=each.version,
                given=answers[each.purpose],
            )
            for each in heart.shop.consents
            if each.purpose in answers
        ]
        document = enrolment_slip(
            person,
            heart.shop,
            heart.programme,
            at_ms=at_ms,
            card=card.removeprefix("code:") if card.startswith("code:") else "",
            consents=agreed,
            cashier=heart.cashier,
        )
        return Slip("enrolment", PrintJob(document))
