"""Settings of the shop as they stand in the file: read whole, wrong ones named."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.config import FILE, ConfigProblem, load

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
