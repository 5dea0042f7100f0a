from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.lanes import Backoff
from hardware.cards.pcsc import PcscReaders
from hardware.cards.settings import PcscSettings
from hardware.ports import ReadersChanged
from tests.support.told import Told
from tests.support.vpcd import Pcscd, pcscd, pcscd_stopped

__all__ = ["pcscd", "pcscd_stopped"]

QUICK = PcscSettings(
    poll_s=0.2,
    watch_deadline_s=0.8,
    read_deadline_s=1.0,
    write_deadline_s=1.0,
    glance_s=0.2,
    backoff=Backoff(0.05, 0.4),
)
"""Shorter limits, so that a fault and its end fit in a second or two."""


@pytest.fixture
def readers() -> Iterator[PcscReaders]:
    service = PcscReaders(QUICK)
    yield service
    assert service.stop()


@pytest.fixture
def told(pcscd: Pcscd, readers: PcscReaders) -> Told:
    """The running service on a running pcscd, both readers known."""
    told = Told()
    readers.start(told)
    assert set(Pcscd.READERS) <= set(told.wait(ReadersChanged).readers)
    return told
