"""The customer's window: what they buy, save and earn, large enough to read across a counter.

On a second screen, full screen; where there is none it stays away, since it would cover the till. All words come
with the state, in the customer's language.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import segno
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QPainter, QPaintEvent, QResizeEvent, QScreen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.screens import views
from app.screens.customer import CustomerStage, CustomerView, Thanks
from app.ui import scale as lk
from app.ui.controls import CENTRE, RIGHT, Card, Icon, Label, Stack
from app.ui.look import Look, font, wrapped
from app.ui.stamps import Stamps

if TYPE_CHECKING:
    from app.screens.customer import CustomerPresenter

SMALLEST: Final = (640, 480)
_HUGE: Final = 64
_LARGE: Final = lk.TOTAL
_QUIET: Final = 4
"""Modules of white around a QR code (ISO/IEC 18004)."""


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
        self._shop = Label(look, _LARGE, lk.BOLD, align=CENTRE, wrap=True)
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


class _Lines(Card):
    """The newest lines, as many as fit; the last stays at the bottom, where it was put."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._look = look
        self._lines: tuple[views.Line, ...] = ()
        self._near: views.NearMiss | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set(self, lines: tuple[views.Line, ...], near: views.NearMiss | None) -> None:
        self._lines, self._near = lines, near
        words = [f"{line.name} {line.quantity} {line.price} {line.why}".strip() for line in lines]
        self.setAccessibleName("; ".join(words))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter, look = QPainter(self), self._look
        inner = self.rect().adjusted(lk.L, lk.S, -lk.L, -lk.S)
        if self._near is not None:
            inner = self._paint_near(painter, inner)
        fitting: list[tuple[views.Line, int]] = []
        room = inner.height()
        for line in reversed(self._lines):
            height = _line_px(line, inner.width())
            if height > room:
                break
            room -= height
            fitting.insert(0, (line, height))
        hidden = len(self._lines) - len(fitting)
        top = inner.top()
        if hidden and fitting and room < 24:
            # Room for the sign that there is more above.
            hidden, room = hidden + 1, room + fitting.pop(0)[1]
        if hidden:
            head = QRect(inner.left(), top, inner.width(), 24)
            look.draw_text(painter, head, f"↑ {hidden}", "secondary", font(lk.BODY, lk.MEDIUM))
            top = inner.bottom() + 1 - sum(height for _, height in fitting)
        for number, (line, height) in enumerate(fitting):
            at = QRect(inner.left(), top, inner.width(), height)
            self._paint_line(painter, at, line, last=number + 1 == len(fitting))
            top += height

    def _paint_line(self, painter: QPainter, at: QRect, line: views.Line, *, last: bool) -> None:
        look = self._look
        if not last:
            painter.fillRect(QRect(at.left(), at.bottom(), at.width(), 1), look["hairline"])
        row = at.adjusted(0, lk.S, 0, -lk.S)
        head = QRect(row.left(), row.top(), row.width(), 28)
        used = look.draw_text(painter, head, line.price, "ink", font(lk.NAME, lk.SEMIBOLD), RIGHT)
        if line.was:
            was = head.adjusted(0, 0, -used - lk.S, 0)
            used += (
                look.draw_text(painter, was, line.was, "secondary", font(lk.BODY, strike=True), RIGHT) + lk.S
            )
        used += look.draw_text(
            painter, head.adjusted(0, 0, -used - lk.L, 0), line.quantity, "secondary", font(lk.BODY), RIGHT
        )
        name = font(lk.NAME, lk.SEMIBOLD if last else lk.MEDIUM)
        room = head.adjusted(0, 0, -used - 2 * lk.L, 0)
        for text in wrapped(line.name, name, room.width(), 2):
            look.draw_text(painter, room, text, "ink", name)
            room.translate(0, 26)
        room.setTop(room.top() + 2)
        room.setHeight(22)
        room.setRight(head.right() if _names_px(line, at.width()) == 1 else room.right())
        why = font(lk.BODY, lk.MEDIUM)
        for text in wrapped(line.why, why, at.width(), 2) if line.why else ():
            look.draw_text(painter, QRect(at.left(), room.top(), at.width(), 22), text, "gain", why)
            room.translate(0, 22)

    def _paint_near(self, painter: QPainter, inner: QRect) -> QRect:
        assert self._near is not None
        face = font(lk.HEADING, lk.MEDIUM)
        text = f"{self._near.text} {self._near.missing}".strip()
        lines = wrapped(text, face, inner.width() - 2 * lk.L, 2)
        height = len(lines) * 26 + lk.L
        bar = QRect(inner.left(), inner.bottom() - height, inner.width(), height)
        self._look.draw_box(painter, bar, "accent_soft")
        for number, line in enumerate(lines):
            at = QRect(bar.left() + lk.L, bar.top() + lk.S + number * 26, bar.width() - 2 * lk.L, 26)
            self._look.draw_text(painter, at, line, "accent", face)
        return inner.adjusted(0, 0, 0, -height - lk.S)


def _names_px(line: views.Line, width: int) -> int:
    """Rows that the name takes, beside its figures."""
    used = QFontMetrics(font(lk.NAME, lk.SEMIBOLD)).horizontalAdvance(line.price) + lk.L
    used += QFontMetrics(font(lk.BODY)).horizontalAdvance(line.quantity) + 2 * lk.L
    if line.was:
        used += QFontMetrics(font(lk.BODY)).horizontalAdvance(line.was) + lk.S
    return len(wrapped(line.name, font(lk.NAME, lk.SEMIBOLD), width - used, 2))


def _line_px(line: views.Line, width: int) -> int:
    whys = len(wrapped(line.why, font(lk.BODY, lk.MEDIUM), width, 2)) if line.why else 0
    return 2 * lk.S + 28 + 26 * (_names_px(line, width) - 1) + 22 * whys


class _Total(Card):
    """The one loud thing: the total, or what is to pay; shrunk, never cut."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._look = look
        self._label, self._total, self._loud = "", views.Total("", ""), False
        self.setMinimumHeight(150)

    def set(self, label: str, total: views.Total, *, loud: bool) -> None:
        self._label, self._total, self._loud = label, total, loud
        self.setAccessibleName(f"{label} {total.figure} {total.currency}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, look, total = QPainter(self), self._look, self._total
        look.draw_box(
            painter, self.rect(), "pay" if self._loud else "surface", None if self._loud else "hairline"
        )
        ink = "on_pay" if self._loud else "ink"
        soft = ink if self._loud else "secondary"
        inner = self.rect().adjusted(lk.XL, lk.L, -lk.XL, -lk.L)
        head = QRect(inner.left(), inner.top(), inner.width(), 30)
        look.draw_text(painter, head, self._label, soft, font(lk.NAME, lk.MEDIUM))
        saved = font(lk.HEADING, lk.SEMIBOLD)
        look.draw_text(
            painter,
            QRect(inner.left(), inner.bottom() - 26, inner.width(), 26),
            total.saved,
            ink if self._loud else "gain",
            saved,
            RIGHT,
        )
        figure = (
            f"{total.currency}\u00a0{total.figure}"
            if total.currency_first
            else f"{total.figure}\u00a0{total.currency}"
        )
        size = _HUGE
        while size > lk.NAME and QFontMetrics(font(size, lk.BOLD)).horizontalAdvance(figure) > inner.width():
            size -= 2
        middle = inner.adjusted(0, 30, 0, -26 if total.saved else 0)
        look.draw_text(painter, middle, figure, ink, font(size, lk.BOLD), RIGHT)


class _Member(Card):
    """Who is served, their points, and their stamps."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self._name = Label(look, lk.BALANCE, lk.SEMIBOLD)
        self._tier = Label(look, lk.HEADING, lk.SEMIBOLD, "accent")
        self._balance = Label(look, _LARGE, lk.BOLD)
        self._balance_of = Label(look, lk.BODY, token="secondary")
        self._earned = Label(look, lk.HEADING, lk.SEMIBOLD, "gain", wrap=True)
        self._spend = Label(look, lk.HEADING, lk.MEDIUM, "accent", wrap=True)
        self._cards = [_StampCard(look) for _ in range(2)]
        column = QVBoxLayout(self)
        column.setContentsMargins(lk.XL, lk.L, lk.XL, lk.L)
        column.setSpacing(lk.XS)
        for part in (self._name, self._tier, self._balance, self._balance_of, self._earned, self._spend):
            column.addWidget(part)
        column.addSpacing(lk.S)
        for card in self._cards:
            column.addWidget(card)
        column.addStretch(1)

    def set(self, member: views.Member) -> None:
        self._name.set(member.name)
        self._tier.set(member.tier)
        self._balance.set(member.balance)
        self._balance_of.set(member.balance_of)
        self._earned.set(f"{member.earned} {member.earned_of}".strip())
        self._spend.set(f"{member.spend.title} · {member.spend.detail}" if member.spend else "")
        self._all = member.stamp_cards
        self._fit()

    def _fit(self) -> None:
        # A low screen shows fewer stamp cards rather than half of one.
        most = 2 if self.height() > 420 else 1 if self.height() > 300 else 0
        shown = getattr(self, "_all", ())[:most]
        for place, card in enumerate(self._cards):
            card.setVisible(place < len(shown))
            if place < len(shown):
                card.set(shown[place])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


class _StampCard(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._name = Label(look, lk.BODY, lk.SEMIBOLD)
        self._progress = Label(look, lk.BODY, token="secondary", align=RIGHT)
        self._stamps = Stamps(look)
        head = QHBoxLayout()
        head.addWidget(self._name, 1)
        head.addWidget(self._progress)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, lk.S, 0, 0)
        column.setSpacing(lk.XS)
        column.addLayout(head)
        column.addWidget(self._stamps)

    def set(self, card: views.StampCard) -> None:
        self._name.set(card.name)
        self._progress.set(card.progress)
        self._stamps.set(card)


class _Basket(QWidget):
    """While goods are rung up, and while they are paid."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.lines, self.total, self.member = _Lines(look), _Total(look), _Member(look)

    def set(self, view: CustomerView) -> None:
        paying = view.stage is CustomerStage.PAYING
        self.lines.set(view.lines, view.near_miss)
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
        upright = room.height() > room.width()
        with_member = not self.member.isHidden()
        total_px = 172 if room.height() > 560 else 150
        if upright or (room.width() < 760 and not with_member):
            member_px = min(360, room.height() // 3) if with_member else 0
            top = room.top()
            if with_member:
                self.member.setGeometry(room.left(), top, room.width(), member_px)
                top += member_px + lk.L
            self.lines.setGeometry(room.left(), top, room.width(), room.bottom() - top - total_px - lk.L)
            self.total.setGeometry(room.left(), room.bottom() - total_px, room.width(), total_px)
            return
        right_px = min(max(room.width() * 2 // 5, 280), 520)
        left_px = room.width() - right_px - lk.L
        right = room.left() + left_px + lk.L
        self.lines.setGeometry(room.left(), room.top(), left_px, room.height())
        self.total.setGeometry(right, room.bottom() + 1 - total_px, right_px, total_px)
        self.member.setGeometry(right, room.top(), right_px, room.height() - total_px - lk.L)


class QrCode(QWidget):
    """A QR code, dark on white in either theme: cameras read it best so."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._text = ""
        self._modules: list[bytearray] = []
        self.setMinimumSize(160, 160)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setSizePolicy(policy)

    def set(self, text: str, name: str) -> None:
        if text != self._text:
            self._text = text
            self._modules = [bytearray(row) for row in segno.make_qr(text, error="m").matrix] if text else []
        self.setAccessibleName(name)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(280, 280)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._modules:
            return
        painter, count = QPainter(self), len(self._modules) + 2 * _QUIET
        dots = max(min(self.width(), self.height()) // count, 1)
        side = dots * count
        left, top = (self.width() - side) // 2, (self.height() - side) // 2
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#FFFFFF"))
        painter.drawRoundedRect(QRectF(left, top, side, side), lk.RADIUS, lk.RADIUS)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        for y, row in enumerate(self._modules):
            for x, dark in enumerate(row):
                if dark:
                    at = QRect(left + (x + _QUIET) * dots, top + (y + _QUIET) * dots, dots, dots)
                    painter.fillRect(at, QColor("#000000"))


class MarkButton(QAbstractButton):
    """One of five marks: its figure and its word."""

    def __init__(self, look: Look, mark: int) -> None:
        super().__init__()
        self._look, self.mark, self.chosen = look, mark, False
        self.setMinimumSize(96, 84)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set(self, word: str, chosen: bool, open: bool) -> None:
        self.setText(word)
        self.setAccessibleName(f"{self.mark}: {word}")
        self.chosen = chosen
        self.setEnabled(open)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(max(QFontMetrics(font(lk.BODY)).horizontalAdvance(self.text()) + lk.XL, 96), 84)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, look = QPainter(self), self._look
        full = self.chosen or self.isDown()
        look.draw_box(painter, self.rect(), "accent" if full else "surface", None if full else "hairline")
        ink = "on_accent" if full else "ink"
        head = QRect(0, lk.S, self.width(), 40)
        look.draw_text(painter, head, str(self.mark), ink, font(lk.BALANCE, lk.BOLD), CENTRE)
        word = QRect(lk.XS, 48, self.width() - 2 * lk.XS, 26)
        look.draw_text(painter, word, self.text(), ink if full else "secondary", font(lk.BODY), CENTRE)


class _ThanksPage(QWidget):
    """Thanks, the change, what was earned; the purchase as a code; five marks."""

    rated = Signal(int)

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._title = Label(look, _LARGE, lk.BOLD, align=CENTRE, wrap=True)
        self._paid = Label(look, lk.NAME, token="secondary", align=CENTRE, wrap=True)
        self._change = Label(look, _LARGE, lk.BOLD, "pay", align=CENTRE, wrap=True)
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
        code.addWidget(self._code, 1)
        code.addWidget(self._code_of)
        head = QHBoxLayout()
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
