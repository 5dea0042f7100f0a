"""The till killed at each step of paying and registering: nobody pays twice, nothing is registered twice."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.checkout.basket import Stage
from app.checkout.outside import Outside
from app.ledger.facts import SaleCompleted, decode
from hardware.simulated.fiscal import SimulatedFiscal
from tests.support.outside import DirectFiscal
from tests.support.shop import Desk
from tests.support.tender_process import LATTE, STEPS, open_till


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop with its shift open on till and fiscal device, and the device's books."""
    folder = tmp_path_factory.mktemp("stocked")
    (folder / "books").mkdir()
    desk = Desk(folder / "till", outside=Outside(must_register=True))
    device = SimulatedFiscal(file=folder / "books" / "fiscal.json", world=desk.world)
    desk.till.outside.fiscal = DirectFiscal(device)
    desk.stock().close()
    return folder


def sales(desk: Desk) -> list[SaleCompleted]:
    facts = [decode(body) for _, body in desk.reader.log()]
    return [fact for fact in facts if isinstance(fact, SaleCompleted)]


@pytest.mark.parametrize(("means", "step"), [(means, step) for means in STEPS for step in STEPS[means]])
def test_killed_at(stocked: Path, tmp_path: Path, means: str, step: str) -> None:
    shop = tmp_path / "shop"
    shutil.copytree(stocked, shop)
    folder, books = shop / "till", shop / "books"
    command = [sys.executable, "-m", "tests.support.tender_process", str(folder), str(books), step, means]
    died = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr

    desk, terminal, fiscal, heard = open_till(folder, books)
    done = step in ("fiscal_done", "before_completed", "completed", "terminal_done")
    assert len(sales(desk)) == int(done), heard
    if not done:
        # The basket is there and open; what a card paid already is on its list.
        assert desk.till.sale.stage is Stage.OPEN
        if not desk.till.sale.lines:
            desk.till.scan(LATTE)
        paid_minor = sum(terminal.charged.values())
        assert paid_minor == desk.till.sale.tendered_minor
        desk.till.pay_cash(12_00 - paid_minor)
    (sale,) = sales(desk)
    assert sale.total_minor == 12_00
    cards = [tender for tender in sale.tenders if tender.means == "card"]
    assert terminal.charged == {tender.request: tender.amount_minor for tender in cards}
    (document,) = fiscal.documents
    assert (document.number, document.amount_minor) == (sale.fiscal, 12_00)
    assert desk.database.call(desk.database.writer.check)[1] == []
    desk.close()
