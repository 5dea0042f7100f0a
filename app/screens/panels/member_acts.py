"""Acts for a member that leave a fact: another card, goodwill, the PIN, two memberships become one."""

from __future__ import annotations

import uuid
from typing import Final

from msgspec.structs import replace

from app.checkout.outcome import Outcome
from app.checkout.ports import Person
from app.checkout.rights import Approval
from app.screens import cash, views
from app.screens.forms import BACK, YES, Press, Row, Side, Sign
from app.screens.panel import Screen
from app.screens.panels.member import OfMember
from app.screens.panels.people import DOT
from app.screens.panels.pricing import Figure
from app.screens.panels.ringing import masked

GOODWILL_REASONS: Final = ("apology", "waited", "damaged", "agreed")


class NewCard(OfMember):
    """A lost card: another is tapped or scanned, the old ones keep finding the member and pay nothing."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.card = screen.loose_card
        self.lost = list(screen.members.cards(self.id))

    def unclaimed(self, card: str) -> bool:
        self.card = card
        return True

    def press(self, key: str) -> None:
        if key == YES:
            self._replace()
        else:
            super().press(key)

    def _replace(self, approval: Approval | None = None) -> None:
        def heard(outcome: Outcome) -> None:
            if self.approve(outcome, self._replace):
                return
            if not outcome.refused:
                self.screen.loose_card = ""
            self.heard(outcome)

        self.till.care.replace_card(self.id, self.lost, self.card, approval=approval, answer=heard)

    def view(self) -> views.Rows:
        number = self.card.partition(":")[2]
        rows = [
            Row(card, card.partition(":")[2], self.say("member.card_lost"), sign=Sign.NO)
            for card in self.lost
        ]
        if self.card:
            rows.insert(0, Row("new", number, self.say("member.card_new"), sign=Sign.YES, loud=True))
        return views.Rows(
            title=self.say("member.new_card"),
            detail=self.say("member.new_card_detail"),
            rows=tuple(rows),
            empty=self.say("enrol.card"),
            presses=(
                self.back(),
                self.go(
                    self.say("member.replace" if self.card else "member.block"),
                    enabled=bool(self.card or self.lost),
                ),
            ),
        )


class Goodwill(OfMember, Figure):
    """Points as an apology, within the shop's limit."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.decimals = 0

    @property
    def reasons(self) -> tuple[str, ...]:
        return GOODWILL_REASONS

    def press(self, key: str) -> None:
        if key == BACK:
            OfMember.press(self, key)
        else:
            Figure.press(self, key)

    def summary(self) -> str:
        return f"{self.person.name}: {self.show.words.counted_points(self._centi, plus=True)}"

    @property
    def _centi(self) -> int:
        return (self.figure or 0) * 100

    def finish(self, reason: str, approval: Approval | None = None) -> None:
        def heard(outcome: Outcome) -> None:
            if not self.approve(outcome, lambda given: self.finish(reason, given)):
                self.heard(outcome)

        self.till.care.goodwill(self.id, self._centi, reason=reason, approval=approval, answer=heard)

    def view(self) -> views.Pad:
        limit = self.show.words.counted_points(self.till.shop.goodwill_limit_centi)
        return views.Pad(
            title=self.say("member.goodwill"),
            detail=self.say("member.goodwill_detail", points=limit),
            figure=self.entry,
            decimal=False,
            presses=(self.back(), self.go(self.say("member.give"), enabled=bool(self.figure))),
        )


class MemberPin(OfMember):
    """The customer types it: proved, a card that can be copied pays in full; without one yet, it is set."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._pin = ""
        self._checking = False

    def key(self, key: str) -> None:
        if self._checking:
            return
        typed = cash.typed(self._pin, key, 0) if key == "\b" else self._pin + key
        self._pin = typed if typed.isdigit() or not typed else self._pin

    def press(self, key: str) -> None:
        if key == YES and self._pin and not self._checking:
            self._checking = True
            if self.person.pin:
                self.till.care.prove_pin(self._pin, self._checked)
            else:
                self.till.care.set_pin(self.id, self._pin, self._checked)
        elif key != YES:
            super().press(key)

    def _checked(self, outcome: Outcome) -> None:
        self._checking, self._pin = False, ""
        if self.screen.panel is self:
            self.heard(outcome)
        else:
            self.screen.tell(outcome)

    def view(self) -> views.Pad:
        asked = "member.pin_prove" if self.person.pin else "member.pin_set"
        return views.Pad(
            title=self.say("member.pin"),
            detail=self.say("people.checking" if self._checking else asked),
            figure=DOT * len(self._pin),
            decimal=False,
            secret=True,
            presses=(
                self.back(),
                self.go(self.say("member.pin_go"), enabled=len(self._pin) >= 4 and not self._checking),
            ),
        )


class Merging(OfMember):
    """The other membership of the same person is looked for; its points, cards and sales come here."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._query = ""
        self._other: Person | None = None

    def type(self, field: str, text: str) -> None:
        self._query = text

    def pick(self, key: str) -> None:
        self._other = next((each for each in self._found() if str(each.member) == key), None)

    def take(self) -> None:
        """Enter is no answer: nobody merges two people by accident."""

    def press(self, key: str) -> None:
        if self._other is None:
            return super().press(key)
        if key == YES:
            return self._merge(self._other.member)
        self._other = None
        return None

    def _merge(self, other: uuid.UUID, approval: Approval | None = None) -> None:
        def heard(outcome: Outcome) -> None:
            if not self.approve(outcome, lambda given: self._merge(other, given)):
                self.heard(outcome)

        self.till.care.merge(self.id, other, approval=approval, answer=heard)

    def _found(self) -> list[Person]:
        if not self._query.strip():
            return []
        return [each for each in self.screen.members.find_people(self._query) if each.member != self.id]

    def _side(self, member: uuid.UUID, person: Person, fate: str) -> Side:
        """One membership as far as it tells whether both are one person's."""
        words, found = self.show.words, self.screen.members.member(member)
        latest = self.till.refunds.latest(member, 1)
        visit = words.date(latest[0].at_ms, self.till.shop.time_zone) if latest else "–"
        rows = (
            ("phone", masked(person.phone) or "–"),
            ("points", words.points(found.state.balance_centi) if found else "–"),
            ("cards", str(len(self.screen.members.cards(member)))),
            ("visit", visit),
        )
        named = tuple(Row(key, self.say(f"member.side_{key}"), figure=figure) for key, figure in rows)
        return Side(person.name, self.say(fate), named)

    def view(self) -> views.Rows | views.Compare:
        if self._other is not None:
            return views.Compare(
                title=self.say("member.merge_question"),
                sides=(
                    self._side(self.id, self.person, "member.merge_stays"),
                    self._side(self._other.member, self._other, "member.merge_joins"),
                ),
                detail=self.say("member.merge_detail"),
                presses=(
                    self.back(),
                    Press(YES, self.say("member.merge_yes"), loud=True, enabled=not self.till.busy),
                ),
            )
        return views.Rows(
            title=self.say("member.merge"),
            detail=self.say("member.merge_find"),
            rows=tuple(
                Row(str(each.member), each.name, masked(each.phone), sign=Sign.MEMBER)
                for each in self._found()
            ),
            empty="" if not self._query.strip() else self.say("member.nobody"),
            pickable=True,
            search=self._query,
            search_hint=self.say("member.search"),
            presses=(self.back(),),
        )


class Proposed(Merging):
    """The server found one phone number under two members, one of whom is here: the cashier is asked, and
    may go on as if not."""

    def __init__(self, screen: Screen, other: uuid.UUID) -> None:
        super().__init__(screen)
        found = screen.members.member(other)
        unknown = Person(member=other, name=self.show.words.get("screen.member_without_name"))
        self._other = (found.person if found else None) or unknown

    def press(self, key: str) -> None:
        if key == BACK:
            self.screen.close()
        else:
            super().press(key)

    def heard(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.close()
        self.screen.tell(outcome)

    def view(self) -> views.Rows | views.Compare:
        asked = super().view()
        assert isinstance(asked, views.Compare)
        detail = f"{self.say('member.merge_proposed')} {asked.detail}"
        later = replace(self.back(), text=self.say("member.merge_later"))
        return replace(asked, detail=detail, presses=(later, *asked.presses[1:]))
