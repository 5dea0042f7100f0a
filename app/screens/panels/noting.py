"""A note on the marked line, and one on the whole receipt: shown, printed, and kept with the sale."""

from __future__ import annotations

from app.screens import views
from app.screens.forms import YES, Entry
from app.screens.panel import Panel, Screen


class Noting(Panel):
    """Goods are rung up behind it; the note stays with the line that was marked when it was opened."""

    stays = True

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._line = screen.selected
        line = self.till.sale.line(self._line) if self._line is not None else None
        self.notes = {"line": line.note if line else "", "sale": self.till.sale.note}
        self._problem = ""

    def goes_on(self) -> bool:
        return bool(self.till.sale.lines)

    def type(self, field: str, text: str) -> None:
        self.notes[field], self._problem = text, ""

    def press(self, key: str) -> None:
        if key != YES:
            return super().press(key)
        adjusting, sale = self.till.adjusting, self.till.sale
        line = sale.line(self._line) if self._line is not None else None
        if line is not None and self.notes["line"] != line.note:
            outcome = adjusting.note_line(line.key, self.notes["line"])
            if outcome.refused:
                return self._refused(outcome.code)
        if self.notes["sale"] != sale.note:
            outcome = adjusting.note_sale(self.notes["sale"])
            if outcome.refused:
                return self._refused(outcome.code)
        return self.screen.close()

    def _refused(self, code: str) -> None:
        self._problem = self.show.words.get(f"till.{code}")

    def view(self) -> views.Form:
        line = self.till.sale.line(self._line) if self._line is not None else None
        name = line.name_in(self.show.words.lang) if line else ""
        entries = [Entry("sale", self.say("note.sale"), self.notes["sale"], "receipt-text")]
        if line is not None:
            entries.insert(0, Entry("line", self.say("note.line", name=name), self.notes["line"], "tag"))
        return views.Form(
            title=self.say("tool.note"),
            detail=self.say("note.detail"),
            entries=tuple(entries),
            problem=self._problem,
            presses=(self.back(), self.go(self.say("note.keep"))),
        )
