"""The customer's window: what they buy, save and earn, large enough to read across a counter.

On a second screen, full screen; where there is none it stays away, since it would cover the till. All words
come with the state, in the customer's language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QResizeEvent, QScreen
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from app.screens.customer import CustomerStage, CustomerView, Thanks
from app.ui import scale as lk
from app.ui.controls import CENTRE, Icon, Label, Stack
from app.ui.customer_parts import BoughtLines, LoudTotal, MarkButton, MemberBoard, QrCode
from app.ui.look import Look

if TYPE_CHECKING:
    from app.screens.customer import CustomerPresenter

SMALLEST: Final = (640, 480)


class CustomerWindow(QWidget):
    """Paints a `CustomerView`; what is pressed on it goes to the presenter as a mark."""

    rated = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look
        self.view: CustomerView | None = None
        self.setMinimumSize(*SMALLEST)
        self.setWindowTitle("Stempel")
        # Nothing on it is typed or reached by keys: the keyboard is the cashier's.
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setWindowFlag(Qt.WindowType.WindowDoesNotAcceptFocus)
        self.idle, self.basket, self.thanks = _Idle(look), _Basket(look), _ThanksPage(look)
        self._pages = Stack()
        self._pages.setParent(self)
        for page in (self.idle, self.basket, self.thanks):
            self._pages.add(page)
        self.thanks.rated.connect(self.rated)
        look.changed.connect(self.update)

    def serve(self, presenter: CustomerPresenter) -> None:
        """Show the presenter's states from now on."""
        presenter.publish = self.set
        self.rated.connect(presenter.rate)
        self.set(presenter.view)

    def set(self, view: CustomerView) -> None:
        if view == self.view:
            return
        self.view = view
        match view.stage:
            case CustomerStage.IDLE:
                self.idle.set(view)
                self._pages.show_panel(self.idle)
            case CustomerStage.THANKS if view.thanks is not None:
                self.thanks.set(view.thanks)
                self._pages.show_panel(self.thanks)
            case _:
                self.basket.set(view)
                self._pages.show_panel(self.basket)

    # -- its screen --------------------------------------------------------------------------------------

    def follow_screens(self, till: QWidget) -> None:
        """Full screen on the first screen that is not the till's, whenever there is one."""
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)

        def settle(_: QScreen | None = None) -> None:
            other = next((s for s in QGuiApplication.screens() if s is not till.screen()), None)
            if other is None:
                self.hide()
            elif not self.isVisible() or self.screen() is not other:
                self.setScreen(other)
                self.setGeometry(other.geometry())
                self.showFullScreen()

        app.screenAdded.connect(settle)
        # While the signal is sent the screen is still in the list.
        app.screenRemoved.connect(lambda gone: self.hide() if self.screen() is gone else None)
        settle()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._pages.setGeometry(self.rect())

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self.look["paper"])


class _Idle(QWidget):
    """Between two customers: whose shop this is, and what to do first."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._shop = Label(look, lk.TOTAL, lk.BOLD, align=CENTRE, wrap=True)
        self._greeting = Label(look, lk.BALANCE, lk.SEMIBOLD, "accent", align=CENTRE, wrap=True)
        self._hint = Label(look, lk.NAME, token="secondary", align=CENTRE, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XXL, lk.XXL, lk.XXL, lk.XXL)
        column.setSpacing(lk.L)
        column.addStretch(2)
        for label in (self._shop, self._greeting):
            column.addWidget(label)
        column.addStretch(1)
        column.addWidget(Icon(look, "nfc", 72, "accent"), 0, CENTRE)
        column.addWidget(self._hint)
        column.addStretch(2)

    def set(self, view: CustomerView) -> None:
        self._shop.set(view.shop)
        self._greeting.set(view.greeting)
        self._hint.set(view.hint)


class _Basket(QWidget):
    """While goods are rung up, and while they are paid."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.lines, self.total, self.member = BoughtLines(look), LoudTotal(look), MemberBoard(look)

    def set(self, view: CustomerView) -> None:
        paying = view.stage is CustomerStage.PAYING
        self.lines.set(view.lines, view.near_miss.text if view.near_miss else "")
        self.total.set(view.labels.to_pay if paying else view.labels.total, view.total, loud=paying)
        self.member.setVisible(view.member is not None)
        if view.member is not None:
            self.member.set(view.member)
        for part in (self.lines, self.total, self.member):
            part.setParent(self)
        self.lines.show()
        self.total.show()
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        room = self.rect().adjusted(lk.XL, lk.XL, -lk.XL, -lk.XL)
        with_member = not self.member.isHidden()
        total_px = 172 if room.height() > 560 else 150
        if room.height() > room.width():
            top = room.top()
            if with_member:
                member_px = self.member.height_in(room.width(), room.height() // 3)
                self.member.setGeometry(room.left(), top, room.width(), member_px)
                top += member_px + lk.L
            low = room.bottom() + 1 - total_px
            self.lines.setGeometry(room.left(), top, room.width(), low - lk.L - top)
            self.total.setGeometry(room.left(), low, room.width(), total_px)
            return
        right_px = min(max(room.width() * 2 // 5, 280), 520)
        left_px = room.width() - right_px - lk.L
        right = room.left() + left_px + lk.L
        self.lines.setGeometry(room.left(), room.top(), left_px, room.height())
        self.total.setGeometry(right, room.bottom() + 1 - total_px, right_px, total_px)
        if with_member:
            member_px = self.member.height_in(right_px, room.height() - total_px - lk.L)
            self.member.setGeometry(right, room.top(), right_px, member_px)


class _ThanksPage(QWidget):
    """Thanks, the change, what was earned; the purchase as a code; five marks."""

    rated = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._title = Label(look, lk.TOTAL, lk.BOLD, align=CENTRE, wrap=True)
        self._paid = Label(look, lk.NAME, token="secondary", align=CENTRE, wrap=True)
        self._change = Label(look, lk.TOTAL, lk.BOLD, "pay", align=CENTRE, wrap=True)
        self._saved = Label(look, lk.NAME, lk.SEMIBOLD, "gain", align=CENTRE, wrap=True)
        self._earned = Label(look, lk.NAME, lk.SEMIBOLD, "accent", align=CENTRE, wrap=True)
        self._asked = Label(look, lk.NAME, lk.MEDIUM, align=CENTRE, wrap=True)
        self._code = QrCode(look)
        self._code_of = Label(look, lk.HEADING, lk.MEDIUM, align=CENTRE, wrap=True)
        self.marks = [MarkButton(look, mark) for mark in range(1, 6)]
        words = QVBoxLayout()
        words.setSpacing(lk.M)
        words.addStretch(1)
        for label in (self._title, self._change, self._paid, self._saved, self._earned):
            words.addWidget(label)
        words.addStretch(1)
        code = QVBoxLayout()
        code.setSpacing(lk.S)
        code.addStretch(1)
        code.addWidget(self._code, 0, CENTRE)
        code.addWidget(self._code_of)
        code.addStretch(1)
        self._head = head = QHBoxLayout()
        head.setSpacing(lk.XXL)
        head.addLayout(words, 3)
        head.addLayout(code, 2)
        row = QHBoxLayout()
        row.setSpacing(lk.M)
        for button in self.marks:
            button.clicked.connect(lambda _=False, mark=button.mark: self.rated.emit(mark))
            row.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XXL, lk.XL, lk.XXL, lk.XL)
        column.setSpacing(lk.M)
        column.addLayout(head, 1)
        column.addWidget(self._asked)
        column.addLayout(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        upright = self.height() > self.width()
        directions = QBoxLayout.Direction
        self._head.setDirection(directions.TopToBottom if upright else directions.LeftToRight)
        side = min(self.width() * 2 // 5, (self.height() - 260) // (2 if upright else 1), 340)
        self._code.setFixedSize(max(side, 140), max(side, 140))

    def set(self, thanks: Thanks) -> None:
        self._title.set(thanks.title)
        self._paid.set(thanks.paid)
        self._change.set(thanks.change)
        self._saved.set(thanks.saved)
        self._earned.set(thanks.earned)
        self._asked.set(thanks.asked)
        self._code.set(thanks.code, thanks.code_of)
        self._code.setVisible(bool(thanks.code))
        self._code_of.set(thanks.code_of)
        for button in self.marks:
            button.setVisible(bool(thanks.marks))
            if thanks.marks:
                word = thanks.marks[button.mark - 1]
                button.set(word, thanks.mark == button.mark, not thanks.mark)
