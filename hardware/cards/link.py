"""The one seam between a card and what reads it: an APDU goes out, data and a status word come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from hardware.ports import CardProof

SW_OK: Final = 0x9000
"""ISO/IEC 7816-4, 5.6: normal processing."""


class CardLink(Protocol):
    """A conversation with one card. `atr` is its answer to reset, `reader` the reader's name."""

    atr: bytes
    reader: str

    def send(self, apdu: bytes) -> tuple[bytes, int]:
        """Send one command APDU; the answer's data and its status word (0x9000 is success).

        Raises CardProblem for what a card can do and PcscError for what the reader or its service can do.
        """
        ...


class CardProblem(Exception):
    """A card that cannot be read now; `code` as in `hardware.ports.CardFailed`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class CardContent:
    """What a card said of itself; the fields are those of `hardware.ports.CardTapped`."""

    uid: str
    kind: str
    record: str | None = None
    proof: CardProof = CardProof.COPYABLE
    flaw: str = ""
    counter: int | None = None


def read_uid(link: CardLink) -> str:
    """The card's serial number in upper-case hex by GET DATA (PC/SC part 3, 3.2.2.1.3).

    Raises CardProblem "unsupported" where reader and card have none, as for contact cards.
    """
    data, sw = link.send(b"\xff\xca\x00\x00\x00")
    if sw != SW_OK:
        raise CardProblem("unsupported", f"no serial number: SW {sw:04X}")
    if not 4 <= len(data) <= 10:
        raise CardProblem("malformed", f"a serial number of {len(data)} bytes")
    return data.hex().upper()
