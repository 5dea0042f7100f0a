"""A programme's terms name goods as customers know them."""

from __future__ import annotations

import pytest

import resources
from app.checkout.imports import read_products
from app.checkout.wording import terms_text
from app.loyalty.programme import load_programme
from app.store.sheets import read_sheet
from app.texts import LANGUAGES, texts

DEMO = load_programme(resources.path("programmes", "demo.yaml"))
WITH_COFFEE = {
    "ru": "вместе с: 1 × Круассан",
    "pl": "razem z: 1 × Croissant",
    "en": "together with 1 × Croissant",
}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_goods_are_called_by_their_names_where_there_is_a_catalogue(lang: str) -> None:
    goods = read_products(read_sheet(resources.path("demo", "products.csv")), "PLN").products
    names = {product.sku: product.name_in(lang) for product in goods}
    said = [line.strip() for line in terms_text(texts(lang), DEMO, lambda sku: names.get(sku, ""))]
    assert WITH_COFFEE[lang] in said
    assert not [line for line in said if "1007" in line]


def test_without_a_catalogue_they_are_products_with_a_number() -> None:
    said = terms_text(texts("en"), DEMO)
    assert "  together with 1 × product no. 1007" in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_programme_of_ours_says_an_id_for_a_category(lang: str) -> None:
    assert not [id for id, category in DEMO.categories.items() if category.name is None]
    assert not [line for line in terms_text(texts(lang), DEMO) if "press" in line]
