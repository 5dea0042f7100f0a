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
PLAIN: Final = (800, 480)
"""Where everything has its own size. It grows by a part of what a screen has more, which shows more, too."""
_GROWS: Final = 0.7


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
        self._zoom = 0.0
        self._pages = Stack()
        self._make_pages(1.0)
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

    def _make_pages(self, zoom: float) -> None:
        """The pages, `zoom` times as large: made anew when the window goes to another screen."""
        px, old = lk.Sizes(zoom), self._pages
        self._zoom = zoom
        self.idle, self.basket = _Idle(self.look, px), _Basket(self.look, px)
        self.thanks = _ThanksPage(self.look, px)
        self.thanks.rated.connect(self.rated)
        self._pages = Stack()
        self._pages.setParent(self)
        for page in (self.idle, self.basket, self.thanks):
            self._pages.add(page)
        self._pages.setGeometry(self.rect())
        old.hide()
        old.deleteLater()
        self._pages.show()
        view, self.view = self.view, None
        if view is not None:
            self.set(view)

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
        zoom = zoom_for(self.width(), self.height())
        if zoom != self._zoom:
            self._make_pages(zoom)
        self._pages.setGeometry(self.rect())

    def paintEvent(self, _event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), self.look["paper"])


def zoom_for(width: int, height: int) -> float:
    """How many times as large as on the smallest usual display everything is, in steps of a twentieth."""
    long, short = max(width, height) / PLAIN[0], min(width, height) / PLAIN[1]
    return round((1 + max(min(long, short) - 1, 0) * _GROWS) * 20) / 20


class _Idle(QWidget):
    """Between two customers: whose shop this is, and what to do first."""

    def __init__(self, look: Look, px: lk.Sizes) -> None:
        super().__init__()
        self._shop = Label(look, px.TOTAL, lk.BOLD, align=CENTRE, wrap=True)
        self._greeting = Label(look, px.BALANCE, lk.SEMIBOLD, "accent", align=CENTRE, wrap=True)
        self._hint = Label(look, px.NAME, token="secondary", align=CENTRE, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(px.XXL, px.XXL, px.XXL, px.XXL)
        column.setSpacing(px.L)
        column.addStretch(2)
        for label in (self._shop, self._greeting):
            column.addWidget(label)
        column.addStretch(1)
        column.addWidget(Icon(look, "nfc", px(72), "accent"), 0, CENTRE)
        column.addWidget(self._hint)
        column.addStretch(2)

    def set(self, view: CustomerView) -> None:
        self._shop.set(view.shop)
        self._greeting.set(view.greeting)
        self._hint.set(view.hint)


class _Basket(QWidget):
    """While goods are rung up, and while they are paid."""

    def __init__(self, look: Look, px: lk.Sizes) -> None:
        super().__init__()
        self._px = px
        self.lines, self.total = BoughtLines(look, px), LoudTotal(look, px)
        self.member = MemberBoard(look, px)

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
        px = self._px
        room = self.rect().adjusted(px.XL, px.XL, -px.XL, -px.XL)
        with_member = not self.member.isHidden()
        total_px = px(150)
        if room.height() > room.width():
            top = room.top()
            if with_member:
                member_px = self.member.height_in(room.width(), room.height() * 2 // 5)
                self.member.setGeometry(room.left(), top, room.width(), member_px)
                top += member_px + px.L
            low = room.bottom() + 1 - total_px
            self.lines.setGeometry(room.left(), top, room.width(), low - px.L - top)
            self.total.setGeometry(room.left(), low, room.width(), total_px)
            return
        right_px = min(max(room.width() * 2 // 5, px(280)), px(520))
        left_px = room.width() - right_px - px.L
        right = room.left() + left_px + px.L
        self.lines.setGeometry(room.left(), room.top(), left_px, room.height())
        self.total.setGeometry(right, room.bottom() + 1 - total_px, right_px, total_px)
        if with_member:
            member_px = self.member.height_in(right_px, room.height() - total_px - px.L)
            self.member.setGeometry(right, room.top(), right_px, member_px)


class _ThanksPage(QWidget):
    """Thanks, the change, what was earned; the purchase as a code; five marks."""

    rated = Signal(int)

    def __init__(self, look: Look, px: lk.Sizes) -> None:
        super().__init__()
        self._px = px
        self._title = Label(look, px.TOTAL, lk.BOLD, align=CENTRE, wrap=True)
        self._paid = Label(look, px.NAME, token="secondary", align=CENTRE, wrap=True)
        self._change = Label(look, px.TOTAL, lk.BOLD, "pay", align=CENTRE, wrap=True)
        self._saved = Label(look, px.NAME, lk.SEMIBOLD, "gain", align=CENTRE, wrap=True)
        self._earned = Label(look, px.NAME, lk.SEMIBOLD, "accent", align=CENTRE, wrap=True)
        self._news = Label(look, px.NAME, lk.MEDIUM, align=CENTRE, wrap=True)
        self._asked = Label(look, px.NAME, lk.MEDIUM, align=CENTRE, wrap=True)
        self._code = QrCode(look)
        self._code_of = Label(look, px.HEADING, lk.MEDIUM, align=CENTRE, wrap=True)
        self.marks = [MarkButton(look, mark, px) for mark in range(1, 6)]
        words = QVBoxLayout()
        words.setSpacing(px.M)
        words.addStretch(1)
        for label in (self._title, self._change, self._paid, self._saved, self._earned, self._news):
            words.addWidget(label)
        words.addStretch(1)
        code = QVBoxLayout()
        code.setSpacing(px.S)
        code.addStretch(1)
        code.addWidget(self._code, 0, CENTRE)
        code.addWidget(self._code_of)
        code.addStretch(1)
        self._head = head = QHBoxLayout()
        head.setSpacing(px.XXL)
        head.addLayout(words, 3)
        head.addLayout(code, 2)
        row = QHBoxLayout()
        row.setSpacing(px.M)
        for button in self.marks:
            button.clicked.connect(lambda _=False, mark=button.mark: self.rated.emit(mark))
            row.addWidget(button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(px.XXL, px.XL, px.XXL, px.XL)
        column.setSpacing(px.M)
        column.addLayout(head, 1)
        column.addWidget(self._asked)
        column.addLayout(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        px, upright = self._px, self.height() > self.width()
        directions = QBoxLayout.Direction
        self._head.setDirection(directions.TopToBottom if upright else directions.LeftToRight)
        side = min(self.width() * 2 // 5, (self.height() - px(260)) // (2 if upright else 1), px(340))
        side = max(side, px(140))
        self._code.setFixedSize(side, side)

    def set(self, thanks: Thanks) -> None:
        self._title.set(thanks.title)
        self._paid.set(thanks.paid)
        self._change.set(thanks.change)
        self._saved.set(thanks.saved)
        self._earned.set(thanks.earned)
        self._news.set(thanks.news)
        self._asked.set(thanks.asked)
        self._code.set(thanks.code, thanks.code_of)
        self._code.setVisible(bool(thanks.code))
        self._code_of.set(thanks.code_of)
        for button in self.marks:
            button.setVisible(bool(thanks.marks))
            if thanks.marks:
                word = thanks.marks[button.mark - 1]
                button.set(word, thanks.mark == button.mark, not thanks.mark)
