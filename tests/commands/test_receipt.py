"""`stempel receipt`: paper to look at, from files and from the till itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

import resources
from app.checkout.ports import Slip, Work
from app.cli import app
from app.config import FILE
from app.store.database import Database
from hardware.printers.escpos import encode
from hardware.printers.profile import PROFILES
from hardware.printers.testpage import printer_test_page
from hardware.receipt import PrintJob, encode_job
from tests.hardware.printers.samples import sale, sale_job
from tests.support.tcp_printer import TcpPrinter


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["receipt", *(str(each) for each in arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "till"
    folder.mkdir()
    shutil.copy(resources.path("demo", FILE), folder / FILE)
    return folder


def test_bytes_and_jobs_are_shown_alike(folder: Path, tmp_path: Path) -> None:
    job, sent = tmp_path / "job.json", tmp_path / "sent.bin"
    job.write_bytes(encode_job(sale_job("ru")))
    sent.write_bytes(encode(sale_job("ru"), PROFILES["80mm"]))
    shown = run("preview", job, "--data", folder)
    assert shown.exit_code == 0
    assert "Пекарня" in shown.output
    assert run("preview", sent, "--data", folder).output == shown.output
    narrow = run("preview", job, "--profile", "58mm").output
    assert max(map(len, narrow.splitlines())) <= 40 < max(map(len, shown.output.splitlines()))


def test_a_picture_is_written_and_the_text_only_if_asked_for(folder: Path, tmp_path: Path) -> None:
    job, png = tmp_path / "job.json", tmp_path / "paper.png"
    job.write_bytes(encode_job(sale_job("pl")))
    assert run("preview", job, "--png", png, "--data", folder).output == ""
    with Image.open(png) as picture:
        assert picture.width > 2 * 576
    assert "Łódź" in run("preview", job, "--png", png, "--text", "--data", folder).output


def test_the_newest_paper_of_the_till_is_shown(folder: Path) -> None:
    nothing = run("preview", "--last", "--data", folder)
    assert nothing.exit_code == 2
    assert "has printed nothing yet" in nothing.output
    database = Database(folder)
    for job in (sale_job("en"), PrintJob(sale("pl", copy=True)), PrintJob(open_drawer=True)):
        database.write(Work(slips=(Slip("test", job),), at_ms=1))
    shown = run("preview", "--last", "--data", folder)  # while the till runs
    assert shown.exit_code == 0
    assert "KOPIA" in shown.output
    assert database.close()


def test_the_shops_logo_is_on_it(folder: Path, tmp_path: Path) -> None:
    from hardware.receipt import Document, Text
    from hardware.receipt import Image as Logo

    Image.new("L", (80, 40), 0).save(folder / "logo.png")
    file = folder / FILE
    file.write_text(file.read_text("utf-8") + '\n[printer]\nlogo = "logo.png"\n', "utf-8")
    job = tmp_path / "job.json"
    job.write_bytes(encode_job(PrintJob(Document((Logo("logo"), Text("Sklep"))))))
    assert "[picture 80 × 40]" in run("preview", job, "--data", folder).output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "Name a file, or ask for --last"),
        (("x.json", "--last"), "Name a file, or ask for --last"),
        (("{tmp}/bad.json",), "is no print job"),
        (("{tmp}/bad.json", "--profile", "A4"), "no printer profile 'A4'"),
        (("{tmp}/none.json",), "none.json"),
    ],
)
def test_wrong_input_is_named(folder: Path, tmp_path: Path, arguments: tuple[str, ...], why: str) -> None:
    (tmp_path / "bad.json").write_text('{"document": 5}')
    refused = run("preview", *(each.format(tmp=tmp_path) for each in arguments), "--data", folder)
    assert refused.exit_code in (1, 2)
    assert why in refused.output


def test_a_test_page_is_printed_on_every_printer_of_the_till(folder: Path) -> None:
    assert "No printer is named" in run("test-page", "--data", folder).output
    with TcpPrinter() as paper, TcpPrinter() as spare:
        file = folder / FILE
        settings = f'''
[printer]
address = "{paper.address}"
profile = "58mm"
[[printer.also]]
name = "Kuchnia"
address = "{spare.address}"
'''
        file.write_text(file.read_text("utf-8") + settings, "utf-8")
        assert run("test-page", "--data", folder).exit_code == 0
        assert bytes(paper.printed) == printer_test_page(PROFILES["58mm"])
        assert bytes(spare.printed) == printer_test_page(PROFILES["80mm"])
        paper.cover_open = True
        assert run("test-page", "--data", folder).exit_code == 1


def test_a_test_page_is_printed_on_a_printer_that_no_till_has_yet() -> None:
    with TcpPrinter() as paper:
        assert run("test-page", paper.address, "--profile", "58mm").exit_code == 0
        assert bytes(paper.printed) == printer_test_page(PROFILES["58mm"])
