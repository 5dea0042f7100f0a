"""A till whose card readers fail in every way sells on by keyboard, and knows the next card once it can."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.till_process import WEDGE_GAP_MS, TillProcess
from tests.support.virtual_card import VirtualCard, ntag213
from tests.support.vpcd import Pcscd, pcscd_stopped
from tests.support.xvfb import Xvfb

__all__ = ["pcscd_stopped"]

UID, NAME = "04A1B2C3D4E5F6", "Łucja Żółkiewska"
MILK = "5901234000178"


def sells(till: TillProcess) -> None:
    """One more sale, by keys alone."""
    till.scan(MILK)
    till.until(lambda: till.pieces() == 1)
    till.pay_cash("10")


def knows_the_next_card(till: TillProcess, pcscd: Pcscd) -> None:
    card = pcscd.insert(ntag213(UID))
    till.until(lambda: till.member_name() == NAME)
    sells(till)
    assert till.sales()[-1].member is not None
    card.remove()
    time.sleep(0.6)  # longer than pcscd's polling: the same card laid down at once would be no new tap


def hanging_card() -> VirtualCard:
    def hang(apdu: bytes) -> None:
        card.release.wait(60)

    card = VirtualCard(ntag213(UID), hang)
    return card


@pytest.mark.timeout(180)
def test_the_till_sells_through_every_fault_of_its_readers(
    pcscd_stopped: Pcscd, xvfb: Xvfb, tmp_path: Path
) -> None:
    pcscd = pcscd_stopped
    till = TillProcess(tmp_path / "shop", xvfb, scanner={"wedge_gap_ms": WEDGE_GAP_MS})
    try:
        till.start()
        sells(till)  # no card service at all

        pcscd.start()
        knows_the_next_card(till, pcscd)

        hung = hanging_card()
        pcscd.insert(hung)
        sells(till)  # a card that hangs on the reader
        assert till.sales()[-1].member is None
        hung.remove()
        time.sleep(0.6)
        knows_the_next_card(till, pcscd)

        pcscd.freeze()
        sells(till)  # a service that is there and says nothing
        pcscd.thaw()
        knows_the_next_card(till, pcscd)

        pcscd.kill()
        sells(till)  # a service that died
        pcscd.start()
        knows_the_next_card(till, pcscd)

        pcscd.stop()
        sells(till)  # one that was stopped
        assert len(till.sales()) == 9
    finally:
        till.stop()
