"""How the devices and the network are, as chips that say what is wrong and what to do."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from app.screens.views import Chip, ChipKind, Tone
from app.texts import Texts
from hardware.ports import (
    DeviceProblem,
    FiscalStatus,
    PaperState,
    PrinterState,
    ReadersChanged,
    ScaleEvent,
    ScaleFailed,
)

STUCK_S: Final = 3.0
"""A reader lane that has not beaten for so long does not answer."""
_PRINTER_CODES: Final = frozenset({"unreachable", "cover_open", "paper_out", "stalled"})


_BESIDE: Final = (ChipKind.FISCAL, ChipKind.SCALE, ChipKind.DISPLAY)
"""What has a chip only when it does not work, the gravest first: a state line has no room for all."""
_FISCAL_CODES: Final = frozenset({"unreachable", "stalled", "shift_expired", "memory_full", "paper_out"})


class Network(Struct, frozen=True):
    """Whether the server answers, how many facts wait, and whether it refuses them."""

    online: bool = False
    waiting: int = 0
    refused: bool = False


class Devices(Struct, frozen=True):
    """What is known now; None: the till has no such device."""

    readers: ReadersChanged | None = None
    reader_stuck: bool = False
    printer: PrinterState | None = None
    undecided: int = 0
    """Receipts of which nobody knows whether they are on paper."""
    network: Network | None = None
    scale: ScaleEvent | None = None
    display: DeviceProblem | None = None
    fiscal: FiscalStatus | None = None

    def chips(self, words: Texts) -> tuple[Chip, ...]:
        """One for each device that is always there, and one for the gravest trouble of all others."""
        others = [kind for kind in _BESIDE if self.message(kind)][:1]
        kinds = [kind for kind in ChipKind if kind not in _BESIDE or kind in others]
        return tuple(self._chip(words, kind, message) for kind in kinds if (message := self.message(kind)))

    def message(self, kind: ChipKind) -> str:
        """The message id of a chip's state; empty for a device the till has not."""
        states = {
            ChipKind.READER: self._reader,
            ChipKind.PRINTER: self._printer,
            ChipKind.NETWORK: self._network,
            ChipKind.SCALE: self._scale,
            ChipKind.DISPLAY: self._display,
            ChipKind.FISCAL: self._fiscal,
        }
        state = states[kind]()
        return f"screen.{kind}.{state}" if state else ""

    @property
    def values(self) -> dict[str, str | int]:
        return {"n": self.network.waiting if self.network else 0}

    def _chip(self, words: Texts, kind: ChipKind, message: str) -> Chip:
        todo = to_do(message)
        detail = words.get(todo) if words.has(todo) else ""
        return Chip(kind, Tone.CAUTION if detail else Tone.WELL, words.get(message, **self.values), detail)

    def _reader(self) -> str:
        if self.readers is None:
            return ""
        if not self.readers.service:
            return "service"
        if self.reader_stuck:
            return "stuck"
        return "well" if self.readers.readers else "missing"

    def _printer(self) -> str:
        if self.printer is None:
            return ""
        if not self.printer.online:
            return self.printer.code if self.printer.code in _PRINTER_CODES else "error"
        if self.undecided:
            return "undecided"
        return {PaperState.OK: "well", PaperState.LOW: "low", PaperState.OUT: "paper_out"}[self.printer.paper]

    # What the cashier sees working anyway has a chip only when it does not.

    def _scale(self) -> str:
        return self.scale.code if isinstance(self.scale, ScaleFailed) else ""

    def _display(self) -> str:
        return self.display.code if self.display is not None else ""

    def _fiscal(self) -> str:
        if self.fiscal is None or (self.fiscal.online and not self.fiscal.code):
            return ""
        return self.fiscal.code if self.fiscal.code in _FISCAL_CODES else "error"

    def _network(self) -> str:
        if self.network is None:
            return ""
        if self.network.refused:
            return "refused"
        if self.network.online:
            return "sending" if self.network.waiting else "well"
        return "waiting" if self.network.waiting else "offline"


def to_do(message: str) -> str:
    """The message id that says what to do about a state."""
    return "screen.network.offline.do" if message == "screen.network.waiting" else f"{message}.do"
