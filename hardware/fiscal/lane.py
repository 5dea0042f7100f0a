"""A fiscal device away from the window: requests with deadlines, doubts settled by its last document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.lanes import World
from hardware.asking import AskedDevice
from hardware.ports import (
    DeviceProblem,
    FiscalAbilities,
    FiscalDevice,
    FiscalDocument,
    FiscalOutcome,
    FiscalResult,
    FiscalStatus,
)

Answer = Callable[[FiscalResult], None]


@dataclass(frozen=True, slots=True)
class FiscalPatience:
    """How long a request may take; a document is printed while it is registered."""

    register_s: float = 30.0
    ask_s: float = 10.0
    shift_s: float = 60.0


class FiscalLane:
    """One fiscal device's requests, answered on its lane within their deadlines.

    A document is registered at most once: when its outcome is unknown, the device is asked for its last
    document, and only what that says is answered. UNKNOWN then means that it cannot be asked now.
    """

    def __init__(
        self, device: FiscalDevice, patience: FiscalPatience | None = None, world: World | None = None
    ) -> None:
        self._device, self._patience = device, patience or FiscalPatience()
        self._asked = AskedDevice("fiscal", world)

    @property
    def abilities(self) -> FiscalAbilities:
        return self._device.abilities

    def start(self) -> FiscalLane:
        self._asked.start()
        return self

    def stop(self, deadline_s: float = 5.0) -> bool:
        """End; True if no call to the device hangs any more."""
        return self._asked.stop(deadline_s)

    def age_s(self) -> float:
        return self._asked.age_s()

    def register(self, document: FiscalDocument, answer: Answer) -> None:
        """Register a document under a request id that was never used before."""

        def heard(result: FiscalResult) -> None:
            if result.outcome is FiscalOutcome.UNKNOWN:
                self.resolve(document.request, answer)
            else:
                answer(result)

        self._ask(lambda: self._device.register(document), heard, self._patience.register_s)

    def resolve(self, request: str, answer: Answer) -> None:
        """What became of a request whose outcome nobody heard: registered, or REFUSED "not_registered"."""
        self._asked.ask(
            lambda: self._look(request),
            answer,
            deadline_s=self._patience.ask_s,
            late=_unknown,
            never=_unknown,
        )

    def open_shift(self, cashier: str, answer: Answer) -> None:
        self._ask(lambda: self._device.open_shift(cashier), answer, self._patience.shift_s)

    def close_shift(self, cashier: str, answer: Answer) -> None:
        self._ask(lambda: self._device.close_shift(cashier), answer, self._patience.shift_s)

    def status(self, answer: Callable[[FiscalStatus], None]) -> None:
        def silent() -> FiscalStatus:
            return FiscalStatus(online=False, code="stalled")

        self._asked.ask(
            self._device.status, answer, deadline_s=self._patience.ask_s, late=silent, never=silent
        )

    def print_text(self, lines: tuple[str, ...], answer: Answer) -> None:
        """A slip that is no fiscal document, on the device's own paper."""
        self._ask(lambda: self._device.print_text(lines), answer, self._patience.register_s)

    # -- within ------------------------------------------------------------------------------------------

    def _ask(self, call: Callable[[], FiscalResult], answer: Answer, deadline_s: float) -> None:
        self._asked.ask(call, answer, deadline_s=deadline_s, late=_unknown, never=_never)

    def _look(self, request: str) -> FiscalResult:
        try:
            last = self._device.last_document()
        except DeviceProblem as problem:
            return FiscalResult(FiscalOutcome.UNKNOWN, code=problem.code, detail=problem.detail)
        if last is not None and last[0] == request:
            return last[1]
        # One till, one device, one request at a time: what is not its last document was never registered.
        return FiscalResult(FiscalOutcome.REFUSED, code="not_registered")


def _unknown() -> FiscalResult:
    return FiscalResult(FiscalOutcome.UNKNOWN, code="timeout")


def _never() -> FiscalResult:
    """The device never heard of it: an earlier call still hangs."""
    return FiscalResult(FiscalOutcome.REFUSED, code="unreachable", detail="an earlier request hangs")
