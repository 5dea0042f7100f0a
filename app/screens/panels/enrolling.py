"""Enrolling a member in under ten seconds: phone, name, what they agree to, and a card if one lies ready."""

from __future__ import annotations

from typing import Final

from app.checkout.outcome import Outcome, done, refused
from app.checkout.ports import Person
from app.checkout.shop import Consent
from app.loyalty.rules.referral import ReferralRule
from app.screens import views
from app.screens.forms import YES, Choice, Entry, Press
from app.screens.panel import Panel, Screen
from app.screens.panels.ringing import digits_of, masked
from hardware.ports import CardFailed, CardWritten

PHONE_DIGITS: Final = range(7, 16)
"""ITU-T E.164: at most fifteen digits, and no subscriber's number is shorter than seven."""
PAPER: Final = "paper"
WRITE: Final = "write"


class Enrolling(Panel):
    """A card tapped or scanned meanwhile becomes the member's; goods are rung up behind it."""

    stays = True
    enrols = True

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.phone = self.name = self.friend = ""
        self.card = screen.loose_card
        self.agreed = {each.purpose: False for each in self.till.shop.consents}
        self.paper = bool(self.till.shop.consents)
        self._writing = False

    def type(self, field: str, text: str) -> None:
        if field == "phone":
            self.phone = text
        elif field == "name":
            self.name = text
        elif field == "friend":
            self.friend = text

    def pick(self, key: str) -> None:
        if key == PAPER:
            self.paper = not self.paper
        elif key in self.agreed:
            self.agreed[key] = not self.agreed[key]

    def unclaimed(self, card: str) -> bool:
        self.card = card
        return True

    def press(self, key: str) -> None:
        if key == WRITE:
            self._write()
        elif key != YES:
            super().press(key)
        elif self._ready:
            self.till.enrol(
                self.name,
                self.phone,
                card=self.card,
                lang=self.show.words.lang,
                consents=self.agreed,
                paper=self.paper,
                referred_by=self._referrer.member if self._referrer else None,
                answer=self._enrolled,
            )

    @property
    def _writable(self) -> bool:
        return self.screen.issuer is not None and self.screen.blank is not None and not self._writing

    def _write(self) -> None:
        """Make the blank card on the reader a member's: a number of its own, written on it."""
        issuer, blank = self.screen.issuer, self.screen.blank
        if issuer is None or blank is None or self._writing:
            return
        number, self._writing = issuer.new_card_number(), True

        def written(outcome: CardWritten | CardFailed) -> None:
            self._writing = False
            if isinstance(outcome, CardFailed):
                return self.screen.tell(refused(f"card_{outcome.code}"))
            self.card = self.screen.loose_card = f"code:{number}"
            self.screen.blank = None
            return self.screen.tell(done("card_written", card=number))

        issuer.write_card(blank.event, number, written)
        self.screen.repaint()

    def _enrolled(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self.screen.loose_card = ""
            self.screen.close()
        self.screen.tell(outcome)

    @property
    def _phone_ok(self) -> bool:
        return not self.phone.strip() or len(digits_of(self.phone)) in PHONE_DIGITS

    @property
    def _ready(self) -> bool:
        """A name, a phone number or none at all, and what there is no membership without."""
        return not (self._problem() or self.till.busy)

    @property
    def _brings(self) -> bool:
        """Whether the programme gives anything for bringing a friend."""
        return any(isinstance(rule, ReferralRule) for rule in self.till.programme.programme.rules)

    @property
    def _referrer(self) -> Person | None:
        """Who brought them, by card, phone or name: nobody while several could be meant."""
        asked, members = self.friend.strip(), self.screen.members
        holder = members.holder(f"code:{asked}") if asked else None
        found = members.member(holder.member) if holder is not None else None
        if found is not None:
            return found.person or Person(member=found.id, name="")
        people = members.find_people(asked, 2) if asked else ()
        return people[0] if len(people) == 1 else None

    @property
    def _nobody(self) -> bool:
        return bool(self.friend.strip()) and self._referrer is None

    def _problem(self) -> str:
        """What is wrong, or what lacks: why the key that goes on is greyed."""
        if not self._phone_ok:
            return self.show.words.get("screen.phone_wrong")
        if self._nobody:
            return self.say("enrol.friend_unknown")
        agreed = all(self.agreed[each.purpose] for each in self.till.shop.consents if each.required)
        lacking = [
            *(() if self.name.strip() else (self.say("enrol.lacks_name"),)),
            *(() if agreed else (self.say("enrol.lacks_consent"),)),
        ]
        return self.say("enrol.lacks", what=", ".join(lacking)) if lacking else ""

    def _asked(self, consent: Consent) -> str:
        """A text in the cashier's language, and that there is no membership without it."""
        text = consent.texts.get(self.show.words.lang) or next(iter(consent.texts.values()))
        return f"{text} ({self.say('enrol.required')})" if consent.required else text

    def _note(self) -> str:
        number, friend = self.card.partition(":")[2], self._referrer
        card = self.show.words.get("screen.card_ready", card=number) if self.card else self.say("enrol.card")
        name = f"{friend.name} {masked(friend.phone)}".strip() if friend else ""
        return f"{self.say('enrol.brought', name=name)} · {card}" if name else card

    def view(self) -> views.Form:
        checks = [
            Choice(each.purpose, self._asked(each), yes, each.version)
            for each, yes in zip(self.till.shop.consents, self.agreed.values(), strict=True)
        ]
        write = Press(WRITE, self.say("enrol.write"), icon="nfc", enabled=not self._writing)
        offered = (write,) if self._writable or self._writing else ()
        friend = (Entry("friend", self.say("enrol.friend"), self.friend, "users"),) if self._brings else ()
        paper = Choice(PAPER, self.say("enrol.paper"), self.paper)
        return views.Form(
            title=self.say("enrol.title"),
            entries=(
                Entry("phone", self.say("enrol.phone"), self.phone, "smartphone"),
                Entry("name", self.say("enrol.name"), self.name, "user-round"),
                *friend,
            ),
            checks=(*checks, paper) if checks else (),
            note=self._note(),
            problem=self._problem(),
            presses=(self.back(), *offered, self.go(self.say("enrol.do"), enabled=self._ready)),
        )
