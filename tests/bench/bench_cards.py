"""How long from a card laid on the reader to its event, beside what the reader stack itself takes.

Both on one real pcscd with a virtual reader, in the same insertion: the bare stack is pcscd's own notice
(SCardGetStatusChange) and then the same four commands by plain SCardTransmit. pcscd polls this reader every
0.4 s, which is most of the time; the last line leaves it out.

Run: python -m tests.bench.bench_cards
"""

from __future__ import annotations

import random
import statistics
import threading
import time

from smartcard import scard

from hardware.cards.pcsc import PcscReaders
from hardware.ports import CardRemoved, CardTapped, ReadersChanged
from tests.support.told import Told
from tests.support.virtual_card import ntag213
from tests.support.vpcd import Pcscd

ROUNDS = 40
COMMANDS = ("FFCA000000", "FFB0000310", "FFB0000410", "FFB0000810", "FFCA000000")
READER = Pcscd.READERS[0]


def notice_s(context: int, known: int, told: list[float]) -> None:
    """Wait for pcscd to notice the card, and note when it did."""
    scard.SCardGetStatusChange(context, 3000, [(READER, known)])
    told.append(time.perf_counter())


def bare_read_s(context: int) -> float:
    started_s = time.perf_counter()
    _, card, _ = scard.SCardConnect(context, READER, scard.SCARD_SHARE_SHARED, 3)
    for command in COMMANDS:
        scard.SCardTransmit(card, scard.SCARD_PCI_T1, list(bytes.fromhex(command)))
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    return time.perf_counter() - started_s


def one_round(pcscd: Pcscd, context: int, told: Told) -> tuple[float, float, float]:
    """Seconds from insertion to our event, to the bare stack's result, and from notice to our event."""
    time.sleep(random.random() * 0.4)
    _, states = scard.SCardGetStatusChange(context, 0, [(READER, scard.SCARD_STATE_UNAWARE)])
    told.clear()
    noticed: list[float] = []
    known = states[0][1] & ~scard.SCARD_STATE_CHANGED
    waiter = threading.Thread(target=notice_s, args=(context, known, noticed))
    waiter.start()
    started_s = time.perf_counter()
    card = pcscd.insert(ntag213("04A1B2C3D4E580", "LOY-0000017"))
    told.wait(CardTapped)
    ours_s = time.perf_counter() - started_s
    waiter.join()
    bare_s = noticed[0] - started_s + bare_read_s(context)
    after_notice_s = started_s + ours_s - noticed[0]
    card.remove()
    told.wait(CardRemoved)
    return ours_s, bare_s, after_notice_s


def main() -> None:
    pcscd, told, readers = Pcscd().start(), Told(), PcscReaders()
    readers.start(told)
    told.wait(ReadersChanged)
    context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)[1]
    rounds = [one_round(pcscd, context, told) for _ in range(ROUNDS)]
    ours, bare, after = (statistics.median(column) * 1000 for column in zip(*rounds, strict=True))
    print(f"insert to event: {ours:.1f} ms, the bare stack {bare:.1f} ms: {ours / bare:.3f}x, n = {ROUNDS}")
    print(f"from pcscd's notice to event: {after:.2f} ms")
    readers.stop()
    pcscd.kill()


if __name__ == "__main__":
    main()
