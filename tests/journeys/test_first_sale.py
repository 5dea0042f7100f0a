"""From a tapped card to head office: the whole journey, on real parts, in the real process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.ledger.facts import SaleCompleted
from hardware.printers.preview import as_png, as_text
from hardware.printers.profile import PROFILES
from tests.support.serial_pair import SerialPair
from tests.support.tcp_printer import TcpPrinter
from tests.support.till_process import WEDGE_GAP_MS, TillProcess
from tests.support.virtual_card import ntag213
from tests.support.vpcd import Pcscd
from tests.support.xvfb import Xvfb
from tests.sync.postgres import running
from tests.sync.process import ServerProcess

CARDS = {"pl": "04A1B2C3D4E5F6", "ru": "04B1B2C3D4E5F6", "en": "04C1B2C3D4E5F6"}
NAMES = {"pl": "Łucja Żółkiewska", "ru": "Людмила Щербакова", "en": "Emily Carter"}
WORDS = {
    "pl": ("RAZEM", "Stan konta", "DOKUMENT NIEFISKALNY", "Reszta", "Karta kawowa"),
    "ru": ("ИТОГО", "Баланс", "НЕ ЯВЛЯЕТСЯ КАССОВЫМ ЧЕКОМ", "Сдача", "Кофейная карта"),
    "en": ("TOTAL", "Balance", "NOT A FISCAL RECEIPT", "Change", "Coffee card"),
}
WEDGE = ("5901234000161", "5901234000161", "5901234000178", "5901234000062", "5901234000192")
KICK = b"\x1bp\x00"


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    folder = tmp_path / "server"
    folder.mkdir()
    if request.param == "sqlite":
        process = ServerProcess(folder)
        yield process
        process.stop()
        return
    with running() as postgres:
        process = ServerProcess(folder, postgres.fresh_database())
        yield process
        process.stop()


def feed(server: ServerProcess) -> list[dict[str, object]]:
    """Everything by GET /v1/feed, as head office would fetch it."""
    headers = {"Authorization": f"Bearer {server.first_run['office_token']}"}
    found: list[dict[str, object]] = []
    cursor = ""
    while True:
        page = httpx.get(f"{server.url}/v1/feed", params={"cursor": cursor}, headers=headers).json()
        found += page["facts"]
        cursor = page["cursor"]
        if not page["more"]:
            return found


def test_from_a_tapped_card_to_head_office(
    pcscd: Pcscd, xvfb: Xvfb, server: ServerProcess, tmp_path: Path
) -> None:
    cable = SerialPair(tmp_path).plug()
    with TcpPrinter() as printer:
        till = TillProcess(
            tmp_path / "shop",
            xvfb,
            server={"url": server.url, "enrol_code": server.first_run["enrol_code"]},
            printer={"address": printer.address, "profile": "80mm"},
            scanner={"serial": [str(cable.till_end)], "wedge_gap_ms": WEDGE_GAP_MS},
        )
        try:
            till.start()
            for lang in ("pl", "ru", "en"):
                sell_to(lang, till, pcscd, cable, printer)
            till.until(lambda: till.reader.unsynced()[0] == 0)
            at_head_office(server, till)
        finally:
            till.stop()
            cable.unplug()


def sell_to(lang: str, till: TillProcess, pcscd: Pcscd, cable: SerialPair, printer: TcpPrinter) -> None:
    """A card on the reader, five products by wedge, one by serial, cash, paper."""
    card = pcscd.insert(ntag213(CARDS[lang]))
    till.until(lambda: till.member_name() == NAMES[lang])
    for count, code in enumerate(WEDGE, start=1):
        till.scan(code)
        till.until(lambda count=count: till.pieces() == count)
    cable.write(b"5901234000093\r")
    till.until(lambda: till.pieces() == len(WEDGE) + 1)
    card.remove()
    printed = len(printer.printed)
    till.pay_cash("100")
    sale = till.sales()[-1]
    assert sale.change_minor == 100_00 - sale.total_minor
    assert sale.member is not None
    till.until(lambda: KICK in printer.printed[printed:] and printer.printed.endswith(b"VB\x00"))
    paper = bytes(printer.printed[printed:])
    read_back(lang, paper, sale, till)


def read_back(lang: str, paper: bytes, sale: SaleCompleted, till: TillProcess) -> None:
    """The receipt rendered from its own bytes says what the fact says, in the member's language."""
    profile = PROFILES["80mm"]
    text = as_text(paper, profile)
    for word in (*WORDS[lang], NAMES[lang]):
        assert word in text, text
    comma = "." if lang == "en" else ","
    assert f"{sale.total_minor // 100}{comma}{sale.total_minor % 100:02}" in text
    member = till.reader.member(sale.member) if sale.member else None
    assert member is not None
    whole = f"{member.state.balance_centi // 100:,}".replace(",", "," if lang == "en" else " ")
    assert whole in text, (whole, text)
    assert "?" not in text
    assert as_png(paper, profile).startswith(b"\x89PNG")


def at_head_office(server: ServerProcess, till: TillProcess) -> None:
    """The same facts by HTTP and by the command, each once, byte for byte."""
    facts = feed(server)
    kinds = [fact["body"]["kind"] for fact in facts]  # type: ignore[index]
    assert kinds.count("sale_completed") == 3
    assert len(facts) == len(till.facts())
    command = [sys.executable, "-m", "app.main", "feed", "--url", server.url]
    run = subprocess.run(
        [*command, "--token", server.first_run["office_token"]],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert [json.loads(line)["body"]["id"] for line in run.stdout.splitlines()] == [
        fact["body"]["id"]  # type: ignore[index]
        for fact in facts
    ]
    refused = httpx.get(f"{server.url}/v1/feed")
    assert refused.status_code == 401
