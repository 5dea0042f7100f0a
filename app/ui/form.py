"""Fields to type into and boxes to tick."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from app.screens import views
from app.screens.forms import Choice, Touched
from app.ui import scale as lk
from app.ui.controls import Field, Label
from app.ui.foot import Choices, Foot
from app.ui.look import Look, font, wrapped
from app.ui.panel import PanelCard

_BOX_PX = 24
_ECHO = (QLineEdit.EchoMode.Normal, QLineEdit.EchoMode.Password)


class Check(QAbstractButton):
    """A box to tick with its words beside it, over as many lines as they need; all of it can be pressed."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set(self, state: Choice) -> None:
        self.setText(state.text)
        self.setChecked(state.chosen)
        self.setAccessibleName(state.text)
        self.setAccessibleDescription(state.detail)
        self.updateGeometry()

    def _lines(self, width: int) -> tuple[str, ...]:
        return wrapped(self.text(), font(lk.SMALL), width - _BOX_PX - lk.S - lk.XS, 4)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        line = QFontMetrics(font(lk.SMALL)).height()
        return max(len(self._lines(width)) * line + lk.S, self._look.touch, lk.SMALL_BUTTON_PX)

    def sizeHint(self) -> QSize:
        width = max(self.width(), 200)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(100, self.heightForWidth(max(self.width(), 200)))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        box = QRect(1, (self.height() - _BOX_PX) // 2, _BOX_PX, _BOX_PX)
        if self.isChecked():
            look.draw_box(painter, box, "accent", radius=6)
            look.draw_icon(painter, box, "check", "on_accent", 18)
        else:
            look.draw_box(painter, box, "surface", "secondary", radius=6)
        face, left = font(lk.SMALL), _BOX_PX + lk.S
        lines = self._lines(self.width())
        height = QFontMetrics(face).height()
        top = (self.height() - height * len(lines)) // 2
        for number, line in enumerate(lines):
            at = QRect(left, top + number * height, self.width() - left, height)
            look.draw_text(painter, at, line, "ink", face)
        if self.hasFocus():
            look.draw_box(painter, self.rect(), None, "accent", radius=8, width=2)


class FormPanel(PanelCard):
    """Enter goes to the next field, and from the last one on."""

    ticked = Signal(str)

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._look = look
        self._presenter: Touched | None = None
        self._title = Label(look, lk.HEADING, lk.SEMIBOLD, wrap=True)
        self._detail = Label(look, lk.BODY, token="secondary", wrap=True)
        self._words: list[Label] = []
        self.fields: list[Field] = []
        self.checks: list[Check] = []
        self._keys: tuple[str, ...] = ()
        self._check_keys: tuple[str, ...] = ()
        self.choices = Choices(look)
        self._note = Label(look, lk.BODY, lk.MEDIUM, wrap=True)
        self._problem = Label(look, lk.BODY, token="caution", wrap=True)
        self.foot = Foot(look)
        self._entries, self._boxes = QGridLayout(), QVBoxLayout()
        self._entries.setHorizontalSpacing(lk.L)
        self._entries.setVerticalSpacing(lk.XS)
        self._placed = (0, 0)
        self._boxes.setSpacing(lk.XS)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(lk.L, lk.M, lk.L, lk.L)
        column.setSpacing(lk.S)
        column.addWidget(self._title)
        column.addWidget(self._detail)
        column.addLayout(self._entries)
        column.addWidget(self.choices)
        column.addLayout(self._boxes)
        column.addWidget(self._note)
        column.addWidget(self._problem)
        column.addStretch(1)
        column.addWidget(self.foot)

    def serve(self, presenter: Touched) -> None:
        self._presenter = presenter
        self.foot.pressed.connect(presenter.press)
        self.choices.chosen.connect(presenter.pick)

    def focus(self) -> QWidget | None:
        return self.fields[0] if self._keys else None

    def set(self, state: views.Form) -> None:
        self._title.set(state.title)
        self._detail.set(state.detail)
        # Where fingers need larger boxes, what is wrong comes before what is good to know.
        tight = self._look.touch > lk.LARGE_TOUCH_PX and bool(state.problem)
        self._note.set("" if tight else state.note)
        self._problem.set(state.problem)
        self.foot.set(state.presses)
        self._keys = tuple(entry.key for entry in state.entries)
        self._check_keys = tuple(check.key for check in state.checks)
        while len(self.fields) < len(state.entries):
            self._add_field()
        for place, (word, field) in enumerate(zip(self._words, self.fields, strict=True)):
            there = place < len(state.entries)
            word.setVisible(there)
            field.setVisible(there)
            if there:
                entry = state.entries[place]
                word.set(entry.label)
                field.set_icon(entry.icon)
                field.setAccessibleName(entry.label)
                field.setPlaceholderText(entry.hint)
                field.setEchoMode(_ECHO[entry.secret])
                if field.text() != entry.text:
                    field.setText(entry.text)
        self._place()
        self.choices.set(state.choices)
        while len(self.checks) < len(state.checks):
            self._add_check()
        for place, box in enumerate(self.checks):
            box.setVisible(place < len(state.checks))
            if place < len(state.checks):
                box.set(state.checks[place])

    def _add_field(self) -> None:
        place = len(self.fields)
        word, field = Label(self._look, lk.SMALL, token="secondary"), Field(self._look, height_px=48)
        field.textEdited.connect(lambda text: self._typed(place, text))
        field.returnPressed.connect(lambda: self._next(place))
        for part in (word, field):
            part.setParent(self)
        self._words.append(word)
        self.fields.append(field)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()
        super().resizeEvent(event)

    def _place(self) -> None:
        """One field under the other; two beside each other, and all closer, where the panel is low."""
        count, low = len(self._keys), self.width() > self.height() * 5 // 4
        self._column.setSpacing(lk.XS if low else lk.S)
        self._boxes.setSpacing(0 if low else lk.XS)
        columns = 2 if count > 1 and low else 1
        if self._placed == (count, columns):
            return
        self._placed = count, columns
        for column in range(2):
            self._entries.setColumnStretch(column, 1 if column < columns else 0)
        for place, (word, field) in enumerate(zip(self._words, self.fields, strict=True)):
            row, column = divmod(place, columns)
            # The last one of an odd number has its row to itself.
            across = columns if place == count - 1 and not column else 1
            self._entries.addWidget(word, 2 * row, column, 1, across)
            self._entries.addWidget(field, 2 * row + 1, column, 1, across)

    def _add_check(self) -> None:
        place, box = len(self.checks), Check(self._look)
        box.clicked.connect(lambda: self._tick(place))
        self.checks.append(box)
        self._boxes.addWidget(box)

    def _typed(self, place: int, text: str) -> None:
        if self._presenter is not None:
            self._presenter.type(self._keys[place], text)

    def _tick(self, place: int) -> None:
        if self._presenter is not None:
            self._presenter.pick(self._check_keys[place])

    def _next(self, place: int) -> None:
        if place + 1 < len(self._keys):
            self.fields[place + 1].setFocus()
        elif self._presenter is not None:
            self._presenter.take()
