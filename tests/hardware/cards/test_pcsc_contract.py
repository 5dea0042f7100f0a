"""The real reader service on a real pcscd passes the contract of every CardReader."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hardware.cards.pcsc import PcscReaders
from tests.hardware.cards.conftest import QUICK
from tests.hardware.contracts import CardReaderContract, CardWriterContract
from tests.support.virtual_card import VirtualCard, factory213, ntag213
from tests.support.vpcd import Pcscd


class PcscDesk:
    def __init__(self, pcscd: Pcscd) -> None:
        self.reader = PcscReaders(QUICK)
        self._pcscd = pcscd
        self._card: VirtualCard | None = None

    def lay(self, uid: str, record: str | None) -> None:
        chip = ntag213(uid, record) if record is not None else factory213(uid)
        self._card = self._pcscd.insert(chip)

    def lift(self) -> None:
        assert self._card is not None
        self._card.remove()


class TestPcscReaders(CardReaderContract, CardWriterContract):
    @pytest.fixture
    def desk(self, pcscd: Pcscd) -> Iterator[PcscDesk]:
        desk = PcscDesk(pcscd)
        yield desk
        assert desk.reader.stop()
