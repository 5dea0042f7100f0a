"""Settings of the shop as they stand in the file: read whole, wrong ones named."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from app.config import FILE, ConfigProblem, load, receipt_url
from sync.answers import is_address

HEAD = """
[shop]
name = "Kiosk"
currency = "CZK"
time_zone = "Europe/Prague"
discount_limit_centi = 500
gift_cards = "here"
"""
REST = """
[[shop.departments]]
id = "misc"
names = { en = "Other", ru = "Разное" }
tax = "21"
limit_minor = 50000

[[shop.consents]]
purpose = "news"
version = "2"
texts = { en = "May we write to you?" }

[shop.restrictions.alcohol]
age = 18
between = ["22:00", "06:00"]
"""


def settings(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


def test_everything_that_a_shop_may_set(tmp_path: Path) -> None:
    shop = load(settings(tmp_path, HEAD + REST)).shop
    assert (shop.discount_limit_centi, shop.gift_cards) == (500, "here")
    assert shop.departments[0].limit_minor == 500_00
    assert shop.consents[0].texts["en"] == "May we write to you?"
    assert shop.restrictions["alcohol"].between == ("22:00", "06:00")


def test_without_settings_goods_tagged_so_ask_for_age(tmp_path: Path) -> None:
    assert load(settings(tmp_path, HEAD)).shop.restrictions["age18"].age == 18


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"22:00"', '"22"', "between"),
        ('"06:00"', '"24:00"', "between"),
        ('gift_cards = "here"', 'gift_cards = "yes"', "gift_cards"),
        ("limit_minor", "limit", "limit"),
        ('version = "2"\n', "", "version"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = HEAD + REST
    assert old in text
    with pytest.raises(ConfigProblem, match=named):
        load(settings(tmp_path, text.replace(old, new)))


@pytest.mark.parametrize(
    "url",
    [
        "https://server:port",
        "https://server:99999",
        "https://",
        "https:///path",
        "https://[::1",
        "https://xn--",
        "https://a..b",
        "https://loyalty example",
        "https://-\u2603-.example",
        "https://192.168.1.999",
        "https://[::g]",
        "https://loyalty.example\\n",
        "loyalty.example",
        "ftp://loyalty.example",
    ],
)
def test_an_address_of_no_server_is_refused_with_one_that_would_do(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigProblem, match=r"\[server\] url .*https://"):
        load(settings(tmp_path, f'{HEAD}[server]\nurl = "{url}"\n'))


@pytest.mark.parametrize(
    "url",
    [
        "https://loyalty.example",
        "https://loyalty.example:8443/",
        "http://127.0.0.1:8788",
        "https://[fd00::1]:8788",
        "https://lojalność.example",
        "http://till_server.lan:8788",
        "https://xn--lojalno-c5a96e.example",
        "https://office.example/stempel",
    ],
)
def test_an_address_of_a_server_is_taken(tmp_path: Path, url: str) -> None:
    assert load(settings(tmp_path, f'{HEAD}[server]\nurl = "{url}"\n')).server.url == url
    assert is_address(url), "sync takes it, too"


def test_an_address_from_outside_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMPEL_SERVER", "https://server:port")
    with pytest.raises(ConfigProblem, match="STEMPEL_SERVER"):
        load(settings(tmp_path, HEAD))


def test_a_mark_that_editors_put_before_utf_8_is_read_over(tmp_path: Path) -> None:
    assert load(settings(tmp_path, "\ufeff" + HEAD)).shop.name == "Kiosk"


# -- where a purchase can be seen --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("server", "given", "seen"),
    [
        ("https://loyalty.poranek.example", "", "https://loyalty.poranek.example/r/{sale}"),
        ("https://loyalty.poranek.example/", "", "https://loyalty.poranek.example/r/{sale}"),
        ("https://8.8.4.4:8443", "", "https://8.8.4.4:8443/r/{sale}"),
        ("http://loyalty.poranek.example", "", ""),
        ("https://192.168.1.10:8788", "", ""),
        ("https://[fd00::1]", "", ""),
        ("https://server", "", ""),
        ("https://server.lan", "", ""),
        ("http://192.168.1.10:8788", "server", "http://192.168.1.10:8788/r/{sale}"),
        ("https://loyalty.poranek.example", "off", ""),
        ("https://loyalty.poranek.example", "https://e.example/{sale}", "https://e.example/{sale}"),
        ("", "", ""),
        ("", "server", ""),
        ("", "https://e.example/{sale}", "https://e.example/{sale}"),
    ],
)
def test_where_a_purchase_can_be_seen(tmp_path: Path, server: str, given: str, seen: str) -> None:
    more = f'[server]\nurl = "{server}"\n[display]\nreceipt_url = "{given}"\n'
    config = load(settings(tmp_path, HEAD + more))
    assert receipt_url(config) == seen
    training = replace(config, shop=replace(config.shop, training=True))
    assert receipt_url(training) == "", "practice is nobody's purchase"


def test_an_address_that_names_no_sale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblem, match="receipt_url has"):
        load(settings(tmp_path, HEAD + '[display]\nreceipt_url = "https://e.example/receipts"\n'))
