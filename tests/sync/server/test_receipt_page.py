"""The receipt's page in a real browser: on a narrow phone nothing is cut, small or pale, in either theme."""

from __future__ import annotations

import html
import json
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from app.ledger.facts import Discount
from app.texts import LANGUAGES, texts
from sync.server.receipts import page
from sync.server.receipts.sold import Shop, Sold
from tests.support.shop import demo_programme
from tests.sync.server.receipt_day import morning

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
WIDTHS = (320, 390)
SCHEMES = {"light": "1", "dark": "0"}
MEASURE = """
<script>
const channels = colour => (colour.match(/[0-9.]+/g) || []).map(Number);
const light = c => c.slice(0, 3).map(v => v / 255)
  .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = one => {
  for (; one; one = one.parentElement) {
    const colour = channels(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
};
const looked = frame => {
  const found = {wide: 0, small: [], pale: [], texts: 0}, page = frame.contentDocument;
  found.wide = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  for (const one of page.body.querySelectorAll("*")) {
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const style = getComputedStyle(one), text = one.textContent.slice(0, 40);
    const box = one.getBoundingClientRect();
    if (parseFloat(style.fontSize) < 13) found.small.push(text);
    if (box.right > frame.clientWidth || box.left < 0) found.small.push("cut: " + text);
    const pair = [light(channels(style.color)), light(behind(one))].sort((a, b) => b - a);
    if ((pair[0] + 0.05) / (pair[1] + 0.05) < 4.5) found.pale.push(text);
    found.texts += 1;
  }
  found.dark = light(behind(page.body)) < 0.5;
  return found;
};
onload = () => {
  const found = [...document.querySelectorAll("iframe")].map(looked);
  document.body.replaceChildren(JSON.stringify(found));
};
</script>
"""


def hard() -> Sold:
    """A receipt with what is long: names, sums, a note, discounts."""
    day = morning()
    line = day.bought.lines[0]
    long = msgspec.structs.replace(
        line,
        name="Herbata liściasta Darjeeling Ambootia First Flush SFTGFOP1 250g-Sondergrößenverpackung",
        qty_milli=1_234_567,
        price_minor=99_999_99,
        gross_minor=123_455_466_99,
        note="https://poranek.example/a-very-long-address-that-does-not-want-to-break/anywhere-at-all",
        discounts=(*line.discounts, Discount("unknown-rule", 1_234_567_89)),
    )
    sale = msgspec.structs.replace(day.bought, lines=(*day.bought.lines, long), total_minor=123_455_466_99)
    return Sold(
        sale=sale,
        shop=Shop(name="Kawiarnia i Piekarnia Rzemieślnicza „Pod Złotym Rogalem”", address="Kraków"),
        programme=demo_programme(),
        owner=True,
        effects=sale.effects,
    )


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.faults)])
def test_it_can_be_read_on_a_phone(scheme: str, tmp_path: Path) -> None:
    assert BROWSER is not None
    pages = [
        shown
        for lang in LANGUAGES
        for shown in (page.receipt(hard(), texts(lang)), page.note(texts(lang), "waiting"))
    ]
    frames = [
        f'<iframe srcdoc="{html.escape(shown)}" style="width:{width}px;height:3000px;border:0"></iframe>'
        for shown in pages
        for width in WIDTHS
    ]
    file = tmp_path / "frames.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{MEASURE}<body>{''.join(frames)}</body>", "utf-8")
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, timeout=100)
    found = json.loads(html.unescape(told.stdout.partition("<body>")[2].partition("</body>")[0]))
    assert len(found) == len(frames)
    for one in found:
        assert one["texts"] >= 5
        assert one["dark"] == (scheme == "dark")
        assert (one["wide"], one["small"], one["pale"]) == (0, [], []), one
