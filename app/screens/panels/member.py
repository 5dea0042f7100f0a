"""What is done for a member beside the sale: their data, what they agree to, cards, merging, goodwill."""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from app.checkout.birthdays import birthday_said
from app.checkout.outcome import Outcome
from app.checkout.ports import Member, Person
from app.checkout.shop import Consent
from app.screens import views
from app.screens.forms import BACK, YES, Entry, Row, Sign, Tool
from app.screens.panel import Panel, Screen
from app.screens.panels.ringing import masked

_TILES: Final = (
    ("details", "user-round-pen"),
    ("consents", "list-checks"),
    ("new_card", "id-card"),
    ("by_hand", "sparkles"),
    ("goodwill", "gift"),
    ("pin", "lock"),
    ("sales", "history"),
    ("statement", "file-text"),
    ("merge", "merge"),
)
_ACTS: Final = {"new_card": "NewCard", "goodwill": "Goodwill", "pin": "MemberPin", "merge": "Merging"}


class OfMember(Panel):
    """About the member on the sale; gone when they are."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        member = screen.till.member
        assert member is not None
        self.id = member.id

    @property
    def member(self) -> Member:
        member = self.till.member
        assert member is not None
        return member

    @property
    def person(self) -> Person:
        return self.member.person or Person(member=self.id, name="")

    def goes_on(self) -> bool:
        return self.till.member is not None and self.till.member.id == self.id

    def press(self, key: str) -> None:
        if key == BACK:
            self.screen.open(MemberMenu(self.screen))

    def heard(self, outcome: Outcome) -> None:
        """After an act: back to the menu, unless it was refused."""
        if not outcome.refused and self.goes_on():
            self.screen.open(MemberMenu(self.screen))
        self.screen.tell(outcome)


class MemberMenu(OfMember):
    """A tile for each thing that can be done for the member."""

    def press(self, key: str) -> None:
        if key == BACK:
            self.screen.close()

    def pick(self, key: str) -> None:
        if key == "sales":
            return self.screen.open_tool("history")
        if key == "statement":
            return self.till.care.print_statement(self.id, self.screen.tell)
        if key == "by_hand":
            from app.screens.panels.giving import Giving

            return self.screen.open(Giving(self.screen))
        if key in _ACTS:
            from app.screens.panels import member_acts

            return self.screen.open(getattr(member_acts, _ACTS[key])(self.screen))
        return self.screen.open(Details(self.screen) if key == "details" else Consents(self.screen))

    def view(self) -> views.Tools:
        usable = {
            "consents": bool(self.till.shop.consents),
            "by_hand": bool(self.till.giving.chances()),
        }
        return views.Tools(
            title=self.person.name or self.show.words.get("screen.member_without_name"),
            detail=masked(self.person.phone),
            tools=tuple(
                Tool(key, self.say(f"member.{key}"), icon, str(place), enabled=usable.get(key, True))
                for place, (key, icon) in enumerate(_TILES, start=1)
            ),
            presses=(self.back(),),
        )


class Details(OfMember):
    """Completed later, when there is no queue."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.changed = replace(self.person, birthday=birthday_said(self.person.birthday))

    def type(self, field: str, text: str) -> None:
        self.changed = replace(self.changed, **{field: text})

    def press(self, key: str) -> None:
        if key == YES:
            self.till.care.edit(self.changed, self.heard)
        else:
            super().press(key)

    def view(self) -> views.Form:
        fields = (("name", "user-round"), ("phone", "smartphone"), ("email", "at-sign"), ("birthday", "cake"))
        return views.Form(
            title=self.say("member.details"),
            entries=tuple(
                Entry(
                    field,
                    self.say(f"member.{field}"),
                    getattr(self.changed, field),
                    icon,
                    self.say("member.birthday_hint") if field == "birthday" else "",
                )
                for field, icon in fields
            ),
            presses=(self.back(), self.go(self.say("member.save"), enabled=bool(self.changed.name.strip()))),
        )


class Consents(OfMember):
    """Today's texts of the shop; a touch asks the customer's yes or no to one."""

    def pick(self, key: str) -> None:
        text = next(each for each in self.till.shop.consents if each.purpose == key)
        self.screen.open(AskingConsent(self.screen, text))

    def view(self) -> views.Rows:
        return views.Rows(
            title=self.say("member.consents"),
            detail=self.say("member.consents_detail"),
            rows=tuple([self._row(each) for each in self.till.shop.consents]),
            pickable=True,
            presses=(self.back(),),
        )

    def _row(self, text: Consent) -> Row:
        member, words = self.till.member, self.show.words
        person = member.person if member else None
        said = person.consents.get(text.purpose) if person else None
        if said is None:
            state, sign = self.say("member.never_said"), Sign.NONE
        else:
            date = words.date(said.at_ms, self.till.shop.time_zone)
            state = self.say("member.agreed" if said.given else "member.declined", date=date)
            if said.version != text.version:
                state = f"{state} · {self.say('member.version', v=said.version)}"
            sign = Sign.YES if said.given else Sign.NO
        return Row(text.purpose, _text(text, words.lang), state, sign=sign)


class AskingConsent(OfMember):
    """The customer's answer to one text."""

    def __init__(self, screen: Screen, text: Consent) -> None:
        super().__init__(screen)
        self._text = text

    def take(self) -> None:
        """Enter is no answer: the customer says it."""

    def press(self, key: str) -> None:
        if key == BACK:
            return super().press(key)
        given, lang = key == YES, self.show.words.lang
        return self.till.care.consent(self.id, self._text.purpose, given=given, lang=lang, answer=self.heard)

    def view(self) -> views.Ask:
        return views.Ask(
            question=_text(self._text, self.show.words.lang),
            detail=self.say("member.version", v=self._text.version),
            yes=self.say("member.agrees"),
            no=self.say("member.withdraws"),
            busy=self.till.busy,
        )


def _text(consent: Consent, lang: str) -> str:
    return consent.texts.get(lang) or next(iter(consent.texts.values()))
