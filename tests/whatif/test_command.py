"""`stempel what-if`: a till's own sales, the console, the page and the JSON."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

import resources
from app.cli import app
from app.config import FILE
from app.store.database import Database
from app.texts import LANGUAGES
from tests.support.facts import Shelf

DRAFT = """
stempel: 1
id: demo
version: 7
name: {ru: Проект, pl: Projekt, en: "Draft <b>bold</b>"}
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
rules:
  - id: dairy
    kind: price
    name: {ru: Молочное, pl: Nabiał, en: Dairy for less}
    products: {categories: [dairy]}
    percent: 10%
  - {id: points, kind: points, name: {ru: Баллы, pl: Punkty, en: Points}, earn: {points: 1, per: 1.00}}
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["what-if", *(str(each) for each in arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A till that has sold four times: twice to a member, twice to nobody."""
    folder = tmp_path / "till"
    folder.mkdir()
    shutil.copy(resources.path("demo", FILE), folder / FILE)
    shutil.copy(resources.path("programmes", "demo.yaml"), folder / "programme.yaml")
    (folder / "draft.yaml").write_text(DRAFT, "utf-8")
    shelf = Shelf()
    database = Database(folder)
    member, enrolled = shelf.enrolled()
    for work in (
        shelf.opened(), enrolled,
        shelf.sold(member), shelf.sold(member, 1), shelf.sold(), shelf.sold(lines=3),
    ):  # fmt: skip
        database.write(work)
    database.close()
    return folder


def test_a_tills_own_sales_against_its_own_programme(folder: Path, tmp_path: Path) -> None:
    figures = tmp_path / "out.json"
    done = run(folder / "draft.yaml", "--data", folder, "--warm-up", "0", "--json", figures)
    assert done.exit_code == 0, done.output
    assert "4 receipts, 8 lines, 1 members, 2 receipts of nobody" in done.output
    made = json.loads(figures.read_text("utf-8"))
    # lines of 9.99: a tenth of each is 1.00 off; eight lines, three of them the member's
    assert made["draft"]["totals"]["discount_minor"] == 800
    dairy = made["draft"]["rules"][0]
    assert (dairy["rule"], dairy["nobody"]["discount_minor"], dairy["members"]) == ("dairy", 500, 1)
    assert dairy["new"]["cost_minor"] + dairy["existing"]["cost_minor"] == 300
    assert made["assumptions"] == {
        "redemption": "maximum", "share": None, "coupons": True, "warm_up_days": 0,
    }  # fmt: skip
    assert made["past"]["receipts"] == 4
    assert made["examples"][0]["way"] == "cheaper"
    assert made["examples"][0]["draft"]["lines"][0]["discounts"] == [{"rule": "dairy", "amount": "1.00"}]


def test_json_on_standard_output_is_nothing_else(folder: Path) -> None:
    done = run(folder / "draft.yaml", "--data", folder, "--warm-up", "0", "--json", "-")
    assert json.loads(done.output)["currency"] == "PLN"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_stands_alone(folder: Path, tmp_path: Path, lang: str) -> None:
    page = tmp_path / "report.html"
    done = run(folder / "draft.yaml", "--data", folder, "--warm-up", "0", "--html", page, "--lang", lang)
    assert done.exit_code == 0, done.output
    text = page.read_text("utf-8")
    assert f'<html lang="{lang}">' in text
    assert not re.search(r"(?:src|href)=|@import|url\(|https?://", text)
    assert "<b>bold</b>" not in text  # names are words, never markup
    assert "{" not in _Words.of(text)  # every placeholder is filled
    charts = [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", text, re.S)]
    assert len(charts) == 3
    assert all(chart.get("aria-label") for chart in charts)
    widths = [float(rect.get("width", "0")) for chart in charts for rect in chart.iter("rect")]
    assert widths
    assert all(0 < width <= 880 for width in widths)


def test_what_is_wrong_is_said(folder: Path, tmp_path: Path) -> None:
    draft = folder / "draft.yaml"
    assert "either --sales or --data" in run(draft).output
    assert "--in-force" in run(draft, "--sales", "complete-journey").output
    nowhere = run(draft, "--sales", tmp_path, "--in-force", draft)
    assert nowhere.exit_code == 1
    assert "parquet" in nowhere.output
    share = run(draft, "--data", folder, "--share", "10%")
    assert (share.exit_code, share.output) == (2, "--share goes with --redemption same-share\n")
    warm = run(draft, "--data", folder, "--warm-up", "90")
    assert warm.exit_code == 1
    assert "choose a shorter one" in warm.output
    draft.write_text(DRAFT.replace("10%", "110%"), "utf-8")
    wrong = run(draft, "--data", folder)
    assert wrong.exit_code == 2
    assert f"{draft}:line 14, rules[0].percent" in wrong.output
    draft.write_text(DRAFT.replace("PLN", "EUR"), "utf-8")
    assert run(draft, "--data", folder).exit_code == 2


class _Words(HTMLParser):
    """The words of a page, without its style."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.quiet = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.quiet = tag == "style"

    def handle_data(self, data: str) -> None:
        if not self.quiet:
            self.words.append(data)

    @classmethod
    def of(cls, text: str) -> str:
        parser = cls()
        parser.feed(text)
        return " ".join(parser.words)
