"""Who works here: added, changed and taken off by a manager, unless head office publishes the list."""

from __future__ import annotations

from typing import Final

import msgspec

from app.checkout.pin import hash_pin
from app.checkout.ports import Work
from app.checkout.rights import Role, Staff
from app.screens.corner.page import Corner, Page
from app.screens.forms import BACK, YES, Choice, Entry, Form, Press, Row, Rows

PIN_LEAST: Final = 4
PIN_MOST: Final = 8
NEW: Final = "new"


class _Draft(msgspec.Struct):
    """Somebody as they are being entered; `before` is who they were, None for somebody new."""

    before: Staff | None = None
    name: str = ""
    role: Role = Role.CASHIER
    pin: str = ""
    problem: str = ""


class StaffPage(Page):
    """A list; picking somebody opens them. A PIN is typed anew, nobody can see an old one."""

    needs = Role.MANAGER

    def __init__(self, corner: Corner) -> None:
        super().__init__(corner)
        self._draft: _Draft | None = None
        self._waiting = False

    @property
    def _people(self) -> tuple[Staff, ...]:
        return self.corner.till.people.staff

    @property
    def deep(self) -> bool:
        return self._draft is not None

    def opened(self) -> None:
        self._draft = None

    # -- intents -------------------------------------------------------------------------------------------

    def pick(self, key: str) -> None:
        if self._draft is not None:
            self._draft.role = Role(key)
            return
        found = next((one for one in self._people if one.id == key), None)
        if found is not None and not self.corner.back.staff_from_office:
            self._draft = _Draft(found, found.name, found.role)

    def type(self, field: str, text: str) -> None:
        if self._draft is None:
            return
        if field == "name":
            self._draft.name = text
        elif field == "pin":
            self._draft.pin = text

    def press(self, key: str) -> None:
        if self._waiting:
            return
        if key == NEW:
            # The first of a list must be able to make the others.
            self._draft = _Draft(role=Role.CASHIER if self._people else Role.MANAGER)
        elif key == BACK:
            self._draft = None
        elif key == YES and self._draft is not None:
            self._keep(self._draft)
        elif key == "remove" and self._draft is not None and self._draft.before is not None:
            self._remove(self._draft, self._draft.before)

    def _keep(self, draft: _Draft) -> None:
        name, pin, before = " ".join(draft.name.split()), draft.pin.strip(), draft.before
        if (problem := self._wrong(name, pin, draft)) is not None:
            draft.problem = self.say(problem)
            return None
        one = before or Staff(id=self._free_id(), name="")
        one = msgspec.structs.replace(one, name=name, role=draft.role)
        if not pin:
            return self._put(one)
        # Hashing takes as long as guessing should: not in the window's thread.
        self._waiting = True
        random = self.corner.world.random_bytes

        def hashed(kept: str) -> None:
            self._put(msgspec.structs.replace(one, pin=kept))

        return self.corner.till.heart.aside(lambda: hash_pin(pin, random), hashed)

    def _put(self, one: Staff) -> None:
        self._write([*(each for each in self._people if each.id != one.id), one], one.id)

    def _wrong(self, name: str, pin: str, draft: _Draft) -> str | None:
        if not name:
            return "staff.name_missing"
        if pin and not (pin.isascii() and pin.isdigit() and PIN_LEAST <= len(pin) <= PIN_MOST):
            return "staff.pin_wrong"
        if not pin and (draft.before is None or not (draft.before.pin or draft.before.token)):
            return "staff.pin_missing"
        others = (each for each in self._people if draft.before is None or each.id != draft.before.id)
        if draft.role is not Role.MANAGER and not any(each.role is Role.MANAGER for each in others):
            return "staff.no_manager"
        return None

    def _remove(self, draft: _Draft, one: Staff) -> None:
        left = [each for each in self._people if each.id != one.id]
        if left and not any(each.role is Role.MANAGER for each in left):
            draft.problem = self.say("staff.no_manager")
            return
        self._write(left, one.id)

    def _free_id(self) -> str:
        """The next number: ids stand in facts for ever, names do not."""
        taken = {one.id for one in self._people}
        return next(str(number) for number in range(1, len(taken) + 2) if str(number) not in taken)

    def _write(self, people: list[Staff], changed: str) -> None:
        self._waiting = True

        def answered(problem: str) -> None:
            self._waiting = False
            if problem and self._draft is not None:
                self._draft.problem = problem
            elif not problem:
                self._draft = None
                self._note_down(changed)
            self.corner.show()

        self.corner.back.put_staff(people, answered)

    def _note_down(self, changed: str) -> None:
        heart = self.corner.till.heart
        fact = heart.privileged("staff_changed", reason=changed)
        heart.note_down(Work(facts=(fact,), keep_basket=True, at_ms=fact.at_ms))

    # -- showing -------------------------------------------------------------------------------------------

    def body(self) -> Rows | Form:
        return self._list() if self._draft is None else self._form(self._draft)

    def _list(self) -> Rows:
        office, words = self.corner.back.staff_from_office, self.corner.words
        return Rows(
            title=self.say("tab.staff"),
            detail=self.say("staff.office" if office else "staff.detail"),
            rows=tuple(
                Row(one.id, one.name, self._ways(one), words.get(f"panel.role.{one.role}"))
                for one in self._people
            ),
            empty=self.say("staff.empty"),
            pickable=not office,
            presses=() if office else (Press(NEW, self.say("staff.add"), loud=True, icon="user-round-plus"),),
        )

    def _ways(self, one: Staff) -> str:
        """How somebody signs in."""
        ways = [self.say("staff.by_pin")] if one.pin else []
        if one.token:
            ways.append(self.say("staff.by_card"))
        return " · ".join((self.say("staff.id", id=one.id), *ways))

    def _form(self, draft: _Draft) -> Form:
        words, before = self.corner.words, draft.before
        roles = tuple(Choice(role, words.get(f"panel.role.{role}"), role is draft.role) for role in Role)
        pin_hint = self.say("staff.pin_stays" if before is not None and before.pin else "staff.pin_rule")
        remove = (Press("remove", self.say("staff.remove"), icon="trash-2"),) if before is not None else ()
        return Form(
            title=before.name if before is not None else self.say("staff.add"),
            entries=(
                Entry("name", self.say("staff.name"), draft.name, icon="user-round"),
                Entry("pin", self.say("staff.pin"), draft.pin, icon="lock", hint=pin_hint, secret=True),
            ),
            choices=roles,
            problem=draft.problem,
            presses=(
                Press(BACK, self.say("back"), "Esc", icon="arrow-left"),
                *remove,
                self.go(self.say("settings.save")),
            ),
        )
