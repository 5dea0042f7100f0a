"""PC/SC in plain types: the only module that calls `smartcard.scard`.

Every call here may block for ever when the service is frozen or a card hangs, and each releases the
interpreter while it does; so a session belongs to one `Hand`, a thread that may be given up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from smartcard import scard

from hardware.cards.link import CardProblem

_WORD: Final = 0xFFFF_FFFF


def _codes(*names: str) -> frozenset[int]:
    return frozenset(getattr(scard, name) & _WORD for name in names)


_CASES: Final = {
    "torn": _codes(
        "SCARD_W_REMOVED_CARD", "SCARD_E_NO_SMARTCARD", "SCARD_F_COMM_ERROR", "SCARD_E_NOT_TRANSACTED"
    ),
    "reset": _codes("SCARD_W_RESET_CARD"),
    "busy": _codes("SCARD_E_SHARING_VIOLATION"),
    "mute": _codes(
        "SCARD_W_UNRESPONSIVE_CARD", "SCARD_W_UNPOWERED_CARD", "SCARD_W_UNSUPPORTED_CARD",
        "SCARD_E_PROTO_MISMATCH", "SCARD_E_CARD_UNSUPPORTED",
    ),
    "gone": _codes("SCARD_E_UNKNOWN_READER", "SCARD_E_READER_UNAVAILABLE"),
}  # fmt: skip
_PROTOCOLS: Final = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_TIMEOUT: Final = scard.SCARD_E_TIMEOUT & _WORD
_NO_READERS: Final = scard.SCARD_E_NO_READERS_AVAILABLE & _WORD


class PcscError(Exception):
    """A PC/SC call that failed: `hresult` unsigned; `case` is torn, reset, busy, mute, gone
    (the reader is not there) or service."""

    def __init__(self, call: str, hresult: int) -> None:
        self.hresult = hresult & _WORD
        super().__init__(f"{call}: 0x{self.hresult:08X} {scard.SCardGetErrorMessage(hresult)}")

    @property
    def case(self) -> str:
        return next((case for case, codes in _CASES.items() if self.hresult in codes), "service")


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader at one moment. `raw` is PC/SC's state word, handed back to wait for a change of it."""

    name: str
    raw: int

    @property
    def counter(self) -> int:
        """Counts insertions and removals: two cards with the same ATR differ in it."""
        return self.raw >> 16 & 0xFFFF

    @property
    def present(self) -> bool:
        return bool(self.raw & scard.SCARD_STATE_PRESENT)

    @property
    def mute(self) -> bool:
        return bool(self.raw & scard.SCARD_STATE_MUTE)


class Session:
    """One PC/SC context, made when first needed and after each loss of the service."""

    def __init__(self) -> None:
        self._context: int | None = None

    def readers(self) -> list[str]:
        """Names of the readers that are there, none if there are none."""
        hresult, names = scard.SCardListReaders(self._established(), [])
        if hresult & _WORD == _NO_READERS:
            return []
        _check("SCardListReaders", hresult)
        return list(names)

    def wait(self, states: Sequence[ReaderState], timeout_s: float) -> list[ReaderState]:
        """The readers' states once one differs from `states`, or unchanged after the timeout."""
        asked = [(state.name, state.raw) for state in states]
        hresult, answer = scard.SCardGetStatusChange(self._established(), int(timeout_s * 1000), asked)
        if hresult & _WORD != _TIMEOUT:
            _check("SCardGetStatusChange", hresult)
        return [ReaderState(name, raw & ~scard.SCARD_STATE_CHANGED) for name, raw, _ in answer]

    def state(self, reader: str) -> ReaderState:
        """One reader's state now."""
        return self.wait([ReaderState(reader, scard.SCARD_STATE_UNAWARE)], 0)[0]

    def serial(self, reader: str) -> str:
        """The reader's own serial number, "" if it tells none; no card is touched."""
        hresult, handle, _ = scard.SCardConnect(
            self._established(), reader, scard.SCARD_SHARE_DIRECT, scard.SCARD_PROTOCOL_UNDEFINED
        )
        _check("SCardConnect", hresult)
        try:
            hresult, value = scard.SCardGetAttrib(handle, scard.SCARD_ATTR_VENDOR_IFD_SERIAL_NO)
        finally:
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)
        # Most drivers have no such attribute, and each has an error of its own to say so.
        if hresult != scard.SCARD_S_SUCCESS:
            return ""
        return bytes(value).decode("ascii", errors="replace").strip("\0 ")

    @contextmanager
    def connected(self, reader: str, *, power_up: bool = False) -> Iterator[PcscLink]:
        """A conversation with the card on a reader, shared with other programs; the card is left as it is.

        With `power_up` it is powered down and up first: of a card that came unseen, PC/SC still tells the ATR
        of the card before.
        """
        hresult, card, protocol = scard.SCardConnect(
            self._established(),
            reader,
            scard.SCARD_SHARE_SHARED,
            _PROTOCOLS,
        )
        _check("SCardConnect", hresult)
        try:
            if power_up:
                hresult, protocol = scard.SCardReconnect(
                    card, scard.SCARD_SHARE_SHARED, _PROTOCOLS, scard.SCARD_UNPOWER_CARD
                )
                _check("SCardReconnect", hresult)
            yield PcscLink(card, protocol, reader)
        finally:
            # Its answer is of no use: a torn card cannot be disconnected, and nothing is held.
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)

    def close(self) -> None:
        """Release the context; a lost service cannot be told so, and need not be."""
        if self._context is not None:
            context, self._context = self._context, None
            scard.SCardReleaseContext(context)

    def _established(self) -> int:
        if self._context is None:
            hresult, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
            _check("SCardEstablishContext", hresult)
            self._context = int(context)
        return self._context


class PcscLink:
    """A card behind a PC/SC handle."""

    def __init__(self, card: int, protocol: int, reader: str) -> None:
        self._card = card
        self._pci: Any = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
        self.reader = reader
        hresult, _, _, _, atr = scard.SCardStatus(card)
        _check("SCardStatus", hresult)
        self.atr = bytes(atr)

    def send(self, apdu: bytes) -> tuple[bytes, int]:
        data, sw = self._transmit(apdu)
        if sw >> 8 == 0x6C:
            # T=0: the card names the length it has (ISO/IEC 7816-3, 10.3.3).
            data, sw = self._transmit(apdu[:4] + bytes([sw & 0xFF]))
        while sw >> 8 == 0x61 and len(data) < 65_536:
            more, sw = self._transmit(bytes([apdu[0] & 0xFC, 0xC0, 0x00, 0x00, sw & 0xFF]))
            data += more
        return data, sw

    def _transmit(self, apdu: bytes) -> tuple[bytes, int]:
        hresult, answer = scard.SCardTransmit(self._card, self._pci, list(apdu))
        _check("SCardTransmit", hresult)
        if not answer:
            # A success without a status word: what some drivers make of a card pulled away.
            raise PcscError("SCardTransmit", scard.SCARD_F_COMM_ERROR)
        if len(answer) < 2:
            raise CardProblem("malformed", f"an answer of {len(answer)} bytes")
        return bytes(answer[:-2]), answer[-2] << 8 | answer[-1]


def _check(call: str, hresult: int) -> None:
    if hresult != scard.SCARD_S_SUCCESS:
        raise PcscError(call, hresult)
