"""The desk beside the till, from settings to sale: devices made, joined on their lanes, asked again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.config import (
    Config,
    ConfigProblem,
    DisplaySection,
    FiscalSection,
    ScaleSection,
    TerminalSection,
    load,
)
from app.desk import NOTHING, Side, made
from app.doctor import Finding, examine
from app.ledger.facts import Feedback, SaleCompleted, decode
from app.main import practice
from app.rig import Devices, Rig
from app.screens.sale import SalePresenter
from hardware.ports import DeviceProblem, DisplayText, FiscalStatus, ScaleEvent, Weighed
from hardware.simulated.display import SimulatedDisplay
from hardware.simulated.fiscal import SimulatedFiscal, Trouble
from hardware.simulated.scale import SimulatedScale
from hardware.simulated.terminal import Mood, SimulatedTerminal
from tests.support.scale import Pan
from tests.support.serial_pair import SerialPair
from tests.support.storm import DeskStorm
from tests.support.vpcd import Pcscd, pcscd
from tests.test_rig import Posted, folder, shop

__all__ = ["folder", "pcscd", "shop"]

LATTE = "5901234000062"


def with_settings(folder: Path, **sections: msgspec.Struct) -> Config:
    return msgspec.structs.replace(load(folder), **sections)


class Counter:
    """A whole till on lanes, without a window."""

    def __init__(self, folder: Path, side: Side, *, fiscal: bool = False) -> None:
        self.posted = Posted()
        section = FiscalSection(mode="simulated" if fiscal else "none")
        self.rig = Rig(folder, with_settings(folder, fiscal=section), post=self.posted)
        self.scales: list[ScaleEvent] = []
        self.displays: list[DeviceProblem | None] = []
        self.fiscals: list[FiscalStatus] = []
        self.rig.begin_day()
        self.presenter = SalePresenter(
            self.rig.till, self.rig.reader, self.rig.reader, self.rig.world, lang="en"
        )
        self.rig.start_devices(
            Devices(side=side),
            on_card=lambda event: None,
            on_scan=lambda event: None,
            on_print=lambda event: None,
            on_scale=self.scales.append,
            on_display=self.displays.append,
            on_fiscal=self.fiscals.append,
        )
        self.posted.until(lambda: self.rig.till.shift is not None and not self.rig.till.busy)

    def by_card(self) -> None:
        self.rig.till.scan(LATTE)
        self.rig.till.ask_terminal()

    @property
    def sales(self) -> list[SaleCompleted]:
        facts = [decode(body) for _, body in self.rig.reader.log()]
        return [fact for fact in facts if isinstance(fact, SaleCompleted)]

    def until_sold(self, count: int = 1) -> None:
        self.posted.until(lambda: len(self.sales) == count and not self.rig.till.busy)


@pytest.fixture
def no_thread_stays() -> Iterator[None]:
    yield
    names = ("lane-terminal", "hand terminal", "lane-fiscal", "hand fiscal", "lane-scale", "lane-display")
    assert [thread.name for thread in threading.enumerate() if thread.name in names] == []


@pytest.mark.usefixtures("no_thread_stays")
def test_weight_display_terminal_and_fiscal_device_in_one_sale(folder: Path) -> None:
    scale, display = SimulatedScale(), SimulatedDisplay()
    terminal, fiscal = SimulatedTerminal(), SimulatedFiscal()
    counter = Counter(folder, Side(display, scale, terminal, fiscal), fiscal=True)
    scale.put(642)
    counter.posted.until(lambda: Weighed(642, True) in counter.scales)
    assert counter.rig.beside is not None
    counter.rig.beside.show(DisplayText("Razem", "", "12,00"))
    counter.by_card()
    counter.until_sold()
    (sale,) = counter.sales
    assert terminal.charged == {sale.tenders[0].request: 12_00}
    assert sale.fiscal == fiscal.documents[0].number
    assert display.lines[0] == "Razem          12,00"
    assert fiscal.shift_opened_ms is not None
    assert counter.fiscals[-1].online
    assert counter.rig.close()


@pytest.mark.usefixtures("no_thread_stays")
def test_a_fiscal_device_that_comes_late_opens_the_shift_then(folder: Path) -> None:
    fiscal = SimulatedFiscal()
    fiscal.trouble = Trouble.OFFLINE
    posted = Posted()
    config = with_settings(folder, fiscal=FiscalSection(mode="simulated"))
    rig = Rig(folder, config, post=posted)
    heard: list[str] = []
    rig.till.outside.heard = lambda outcome: heard.append(outcome.code)
    rig.begin_day()
    rig.start_devices(
        Devices(side=Side(fiscal=fiscal)), on_card=print, on_scan=print, on_print=lambda event: None
    )
    posted.until(lambda: "fiscal_unreachable" in heard)
    assert rig.till.shift is None
    fiscal.trouble = Trouble.NONE
    rig.look()
    posted.until(lambda: rig.till.shift is not None)
    assert fiscal.shift_opened_ms is not None
    assert rig.close()


@pytest.mark.usefixtures("no_thread_stays")
@pytest.mark.parametrize("mood", [Mood.CUT_BEFORE, Mood.CUT_AFTER])
def test_a_till_started_anew_asks_its_terminal(folder: Path, tmp_path: Path, mood: Mood) -> None:
    terminal = SimulatedTerminal(tmp_path / "books.json")
    terminal.mood, terminal.answers = mood, False
    counter = Counter(folder, Side(terminal=terminal))
    counter.by_card()
    counter.posted.until(lambda: counter.presenter.view.notice.text.startswith("The terminal does not say"))
    assert counter.rig.close()
    again = Counter(folder, Side(terminal=SimulatedTerminal(tmp_path / "books.json")))
    if mood is Mood.CUT_AFTER:
        again.until_sold()
        assert again.sales[0].tenders[0].reference.startswith("SIM")
    else:
        again.posted.until(lambda: again.rig.till.sale.pending is None)
        assert again.sales == []
    assert again.rig.close()


@pytest.mark.usefixtures("no_thread_stays")
def test_a_hung_terminal_leaves_the_till_usable_by_cash_after_the_cashiers_word(folder: Path) -> None:
    terminal = SimulatedTerminal()
    terminal.mood = Mood.HANG
    counter = Counter(folder, Side(terminal=terminal, pay_s=0.3))
    counter.by_card()
    counter.posted.until(lambda: counter.presenter.view.notice.text.startswith("The terminal does not say"))
    counter.rig.till.settle_terminal(charged=False)
    counter.posted.until(lambda: counter.rig.till.sale.pending is None and not counter.rig.till.busy)
    counter.rig.till.pay_cash(12_00)
    counter.until_sold()
    terminal.release()
    assert counter.rig.close()


def test_a_customers_mark_is_a_fact(folder: Path) -> None:
    from app.checkout.feedback import mark_sale

    counter = Counter(folder, NOTHING)
    counter.rig.till.scan(LATTE)
    counter.rig.till.pay_cash(12_00)
    counter.until_sold()
    sale = counter.sales[0].id
    mark_sale(counter.rig.till.heart, sale, 4)
    with pytest.raises(ValueError, match="1 to 5"):
        mark_sale(counter.rig.till.heart, sale, 6)
    assert counter.rig.close()
    again = Counter(folder, NOTHING)
    facts = [decode(body) for _, body in again.rig.reader.log()]
    (mark,) = [fact for fact in facts if isinstance(fact, Feedback)]
    assert (mark.sale, mark.mark) == (sale, 4)
    assert again.rig.database.call(again.rig.database.writer.check)[1] == []
    assert again.rig.close()


class TestSettings:
    def test_every_device_is_made_from_its_section(self, folder: Path) -> None:
        side = made(
            with_settings(
                folder,
                display=DisplaySection(port="usb:1A86:7523"),
                scale=ScaleSection(port="COM4", protocol="and"),
                terminal=TerminalSection(kind="simulated"),
                fiscal=FiscalSection(mode="simulated", rules="pl"),
            ),
            folder,
        )
        assert side.display is not None
        assert side.scale is not None
        assert side.terminal is not None
        assert not side.terminal.manual
        assert side.fiscal is not None
        assert not side.fiscal.abilities.refunds

    def test_a_shop_without_any_has_a_manual_terminal(self, folder: Path) -> None:
        side = made(load(folder), folder)
        assert (side.display, side.scale, side.fiscal) == (None, None, None)
        assert side.terminal is not None
        assert side.terminal.manual

    @pytest.mark.parametrize(
        ("section", "value", "said"),
        [
            ("display", DisplaySection(port="usb:1"), r"\[display\].*usb:1A86:7523"),
            ("display", DisplaySection(port="COM1", page="utf-8"), r"\[display\] page is one of"),
            ("scale", ScaleSection(port="COM1", protocol="x"), r"\[scale\] protocol is one of toledo"),
        ],
    )
    def test_a_wrong_setting_names_its_section(
        self, folder: Path, section: str, value: msgspec.Struct, said: str
    ) -> None:
        with pytest.raises(ConfigProblem, match=said):
            made(with_settings(folder, **{section: value}), folder)

    def test_who_practises_takes_no_money_and_registers_nothing(self, folder: Path) -> None:
        asked = with_settings(
            folder, terminal=TerminalSection(kind="simulated"), fiscal=FiscalSection(mode="simulated")
        )
        place, config = practice(folder, asked)
        side = made(config, place)
        assert side.fiscal is None
        assert side.terminal is not None
        assert side.terminal.manual

    @pytest.mark.parametrize(
        "section",
        [{"terminal": TerminalSection(kind="simulated")}, {"fiscal": FiscalSection(mode="simulated")}],
    )
    def test_made_up_money_never_stands_beside_a_real_shop(
        self, folder: Path, tmp_path: Path, section: dict[str, msgspec.Struct]
    ) -> None:
        shutil.copytree(folder, tmp_path / "real")
        (tmp_path / "real" / "DEMO-SHOP").unlink()
        with pytest.raises(ConfigProblem, match="demo's folder"):
            made(with_settings(folder, **section), tmp_path / "real")


class TestDoctor:
    def findings(self, folder: Path, text: str) -> dict[str, Finding]:
        file = folder / "stempel.toml"
        file.write_text(file.read_text("utf-8") + text, "utf-8")
        return {each.subject: each for each in examine(folder)}

    def test_a_desk_beside_the_till_is_asked(self, folder: Path, tmp_path: Path) -> None:
        pair = SerialPair(tmp_path).plug()
        pan = Pan(pair.device_end, "stream")
        pan.weight_milli = 642
        settings = f"""
[scale]
port = "{pair.till_end}"
protocol = "and-stream"
bits = "8N1"
[display]
port = "usb:DEAD:BEEF"
[terminal]
kind = "simulated"
[fiscal]
mode = "simulated"
"""
        found = self.findings(folder, settings)
        pan.close()
        pair.unplug()
        assert "weight_milli=642" in found["scale"].state
        assert found["display"].wrong
        assert "Plug it in" in found["display"].todo
        assert found["terminal"].state == "answers"
        assert found["fiscal device"].state == "no shift is open"

    def test_a_section_that_cannot_be_says_so_and_the_rest_goes_on(self, folder: Path) -> None:
        found = self.findings(folder, '\n[scale]\nport = "COM1"\nprotocol = "x"\n')
        assert "[scale] protocol is one of" in found["desk"].todo
        assert "disk" in found


def test_a_sale_by_keyboard_completes_through_faults_of_every_device(
    pcscd: Pcscd, folder: Path, tmp_path: Path
) -> None:
    """The short run; tests/faults/test_desk.py is the long one."""
    before = set(threading.enumerate())
    storm = DeskStorm(folder, tmp_path / "parts", pcscd, seed=3)
    for step in range(30):
        storm.step()
        if step % 5 == 4:
            storm.sell()
            storm.check()
    storm.close()
    assert [thread.name for thread in set(threading.enumerate()) - before if thread.is_alive()] == []
    assert storm.sold == 6
