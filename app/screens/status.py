"""What lanes tell of devices and the network: kept, and put into chips and advice."""

from __future__ import annotations

from msgspec.structs import replace

from app.screens import views
from app.screens.devices import STUCK_S, Devices, Network, to_do
from app.screens.saying import Said
from app.screens.views import ChipKind
from app.texts import Texts
from hardware.ports import DeviceProblem, FiscalStatus, PrinterState, ReadersChanged, ScaleEvent


class Status:
    """The devices as they are now, and the receipts of which nobody knows whether they are on paper."""

    def __init__(self) -> None:
        self.devices = Devices()
        self.undecided: list[int] = []

    def readers(self, event: ReadersChanged) -> None:
        self.devices = replace(self.devices, readers=event)

    def reader_age(self, age_s: float) -> None:
        self.devices = replace(self.devices, reader_stuck=age_s > STUCK_S)

    def printer(self, state: PrinterState) -> None:
        self.devices = replace(self.devices, printer=state)

    def network(self, online: bool, waiting: int, refused: bool) -> None:
        self.devices = replace(self.devices, network=Network(online, waiting, refused))

    def scale(self, event: ScaleEvent) -> None:
        self.devices = replace(self.devices, scale=event)

    def display(self, problem: DeviceProblem | None) -> None:
        self.devices = replace(self.devices, display=problem)

    def fiscal(self, status: FiscalStatus) -> None:
        self.devices = replace(self.devices, fiscal=status)

    def doubt(self, job: int) -> None:
        """A print job that may or may not be on paper."""
        if job not in self.undecided:
            self.undecided.append(job)
        self.count()

    def count(self) -> None:
        """The jobs in doubt have become more or fewer."""
        self.devices = replace(self.devices, undecided=len(self.undecided))

    def advice(self, chip: views.Chip, words: Texts) -> Said:
        """What to do about a chip's state, or the state itself where there is nothing to do."""
        message = self.devices.message(chip.kind)
        said = to_do(message) if words.has(to_do(message)) else message
        return Said(said, chip.tone, self.devices.values)

    def asks(self, chip: views.Chip) -> bool:
        return chip.kind is ChipKind.PRINTER and bool(self.undecided)
