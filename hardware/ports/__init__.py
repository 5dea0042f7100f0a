"""What the till asks of a device and what a device tells the till.

One narrow seam per device; the simulated desk and every real driver pass the same contract tests.
Events are frozen values, delivered on the device's own lane to a sink given at start; whoever shows
them on a screen carries them to the window's thread.
"""

from __future__ import annotations

from hardware.ports.cards import (
    CardEvent,
    CardFailed,
    CardProof,
    CardReader,
    CardReaders,
    CardRemoved,
    CardTapped,
    CardWriter,
    CardWritten,
    ReaderRole,
    ReadersChanged,
)
from hardware.ports.displays import CustomerDisplay, DisplayText
from hardware.ports.fiscal import (
    FiscalAbilities,
    FiscalDevice,
    FiscalDocument,
    FiscalLine,
    FiscalOutcome,
    FiscalResult,
    FiscalStatus,
)
from hardware.ports.printing import (
    CashDrawer,
    JobPrinted,
    JobState,
    JobUndecided,
    PaperState,
    PrinterChanged,
    PrinterState,
    PrintEvent,
    PrintOutcome,
    PrintQueue,
    PrintResult,
    QueuedJob,
    ReceiptPrinter,
)
from hardware.ports.problems import DeviceProblem
from hardware.ports.scales import Scale, ScaleEvent, ScaleFailed, Weighed
from hardware.ports.scanners import Scan, ScanEvent, Scanner, ScannerState
from hardware.ports.terminals import ChargeOutcome, ChargeResult, PaymentTerminal

__all__ = [
    "CardEvent",
    "CardFailed",
    "CardProof",
    "CardReader",
    "CardReaders",
    "CardRemoved",
    "CardTapped",
    "CardWriter",
    "CardWritten",
    "CashDrawer",
    "ChargeOutcome",
    "ChargeResult",
    "CustomerDisplay",
    "DeviceProblem",
    "DisplayText",
    "FiscalAbilities",
    "FiscalDevice",
    "FiscalDocument",
    "FiscalLine",
    "FiscalOutcome",
    "FiscalResult",
    "FiscalStatus",
    "JobPrinted",
    "JobState",
    "JobUndecided",
    "PaperState",
    "PaymentTerminal",
    "PrintEvent",
    "PrintOutcome",
    "PrintQueue",
    "PrintResult",
    "PrinterChanged",
    "PrinterState",
    "QueuedJob",
    "ReaderRole",
    "ReadersChanged",
    "ReceiptPrinter",
    "Scale",
    "ScaleEvent",
    "ScaleFailed",
    "Scan",
    "ScanEvent",
    "Scanner",
    "ScannerState",
    "Weighed",
]
