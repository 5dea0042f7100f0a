"""The settings that shops change, as they stand in the till's file; the rest is changed there."""

from __future__ import annotations

from app.checkout.ports import Work
from app.checkout.rights import Role
from app.screens.corner.page import Corner, Page, Setting
from app.screens.forms import BACK, YES, Choice, Entry, Form, Press, Row, Rows

DOTS = "●●●●"


class Settings(Page):
    """A list; picking one opens it. Wrong values are refused before anything is written."""

    needs = Role.MANAGER

    def __init__(self, corner: Corner) -> None:
        super().__init__(corner)
        self._picked: Setting | None = None
        self._text = self._problem = ""
        self._changed = self._waiting = False

    @property
    def deep(self) -> bool:
        return self._picked is not None

    def opened(self) -> None:
        self._picked = None

    def pick(self, key: str) -> None:
        if self._picked is not None:
            self._text = key
            return
        self._picked = next((one for one in self.corner.back.settings() if one.key == key), None)
        self._text = "" if self._picked is None or self._picked.secret else self._picked.value
        self._problem = ""

    def type(self, field: str, text: str) -> None:
        self._text = text

    def press(self, key: str) -> None:
        if key == BACK:
            self._picked = None
        elif key == YES and self._picked is not None and not self._waiting:
            self._waiting = True
            self.corner.back.change_setting(self._picked.key, self._text.strip(), self._answered)

    def _answered(self, problem: str) -> None:
        self._waiting, self._problem = False, problem
        if not problem and self._picked is not None:
            self._note_down(self._picked.key)
            self._picked, self._changed = None, True
        self.corner.show()

    def _note_down(self, key: str) -> None:
        heart = self.corner.till.heart
        fact = heart.privileged("setting_changed", reason=key)
        heart.note_down(Work(facts=(fact,), keep_basket=True, at_ms=fact.at_ms))

    def body(self) -> Rows | Form:
        return self._list() if self._picked is None else self._form(self._picked)

    def _list(self) -> Rows:
        return Rows(
            title=self.say("tab.settings"),
            detail=self.say("settings.restart" if self._changed else "settings.detail"),
            rows=tuple(
                Row(one.key, self.say(f"setting.{one.key}"), one.key, self._shown(one))
                for one in self.corner.back.settings()
            ),
            pickable=True,
        )

    def _shown(self, one: Setting) -> str:
        if one.secret and one.value:
            return DOTS
        return self._word(one, one.value) or self.say("settings.none")

    def _word(self, one: Setting, value: str) -> str:
        id = f"corner.value.{value or 'default'}"
        words = self.corner.words
        return words.get(id) if one.choices and words.has(id) else value

    def _form(self, one: Setting) -> Form:
        leave = Press(BACK, self.say("back"), "Esc", icon="arrow-left")
        presses = (leave, self.go(self.say("settings.save")))
        title, label = self.say(f"setting.{one.key}"), one.key
        if one.choices:
            choices = tuple(
                Choice(value, self._word(one, value), value == self._text) for value in one.choices
            )
            return Form(title=title, detail=label, choices=choices, problem=self._problem, presses=presses)
        hint = self.say(f"hint.{one.key}") if self.corner.words.has(f"corner.hint.{one.key}") else ""
        entry = Entry("value", title, self._text, hint=hint)
        return Form(title=title, detail=label, entries=(entry,), problem=self._problem, presses=presses)
