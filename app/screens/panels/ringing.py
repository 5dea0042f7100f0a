"""Ringing up: the favourites, and the search as you type."""

from __future__ import annotations

import uuid
from typing import Final

from app.checkout.ports import Catalogue, Members, Person, Product
from app.screens import views
from app.screens.panel import Panel, Screen

FOUND_PRODUCTS: Final = 12
FOUND_PEOPLE: Final = 6

Hits = tuple[tuple[Product, ...], tuple[Person, ...]]


class Ringing(Panel):
    """Favourites: the usual state."""

    def __init__(self, screen: Screen, tiles: views.Favourites) -> None:
        super().__init__(screen)
        self.tiles = tiles

    def view(self) -> views.Favourites:
        return self.tiles


class Finder:
    """Search as you type, products and members together; the last answer is kept for the next repaint."""

    def __init__(self, catalogue: Catalogue, members: Members) -> None:
        self._catalogue, self._members = catalogue, members
        self._query: str | None = None
        self._found: Hits = ((), ())

    def find(self, query: str) -> Hits:
        if query != self._query:
            products = tuple(self._catalogue.find_products(query, FOUND_PRODUCTS))
            people = tuple(self._members.find_people(query, FOUND_PEOPLE))
            self._query, self._found = query, (products, people)
        return self._found


class Searching(Panel):
    """What was found for what is typed; a hit is rung up, or is the member."""

    def __init__(self, screen: Screen, finder: Finder, query: str) -> None:
        super().__init__(screen)
        self._finder, self.query = finder, query

    def pick(self, key: str) -> None:
        kind, _, id = key.partition(":")
        self.screen.close()
        if kind == "product":
            self.screen.ring(id)
        else:
            self.till.when_free(lambda: self.screen.tell(self.till.attach(uuid.UUID(id))))

    def view(self) -> views.Results:
        products, people = self._finder.find(self.query)
        goods = tuple(self._product(each) for each in products)
        members = tuple(person_found(each) for each in people)
        # Digits are mostly a phone number being dictated; a product's code is scanned.
        rows = members + goods if _phone_like(self.query) else goods + members
        hint = "" if rows else self.show.words.get("screen.nothing_found", query=self.query.strip())
        return views.Results(self.query, rows, hint)

    def _product(self, product: Product) -> views.Found:
        detail = " · ".join(part for part in (product.sku, product.brand) if part)
        price = self.show.amount(product.price_minor)
        return views.Found(f"product:{product.sku}", product.name_in(self.show.words.lang), detail, price)


def person_found(person: Person) -> views.Found:
    return views.Found(f"member:{person.member}", person.name, masked(person.phone), member=True)


def masked(phone: str) -> str:
    """Enough of a phone number to tell two members apart, too little to copy from the screen."""
    digits = digits_of(phone)
    return f"··· {digits[-4:]}" if len(digits) > 4 else digits


def digits_of(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())


def _phone_like(query: str) -> bool:
    return len(digits_of(query)) >= 4 and not any(char.isalpha() for char in query)
