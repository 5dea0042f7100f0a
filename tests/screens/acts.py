"""What a cashier does at the sale screen's presenter, and with which cards and goods."""

from __future__ import annotations

from hardware.ports import (
    CardProof,
    CardTapped,
)
from tests.screens.conftest import Screen

GOLD, SILVER, NOBODY = "04A1B2C3D4E5F6", "04B1B2C3D4E5F6", "04FFFFFFFFFFFF"
COFFEE, MILK, APPLES, LATTE = "5901234000161", "5901234000178", "5901234000185", "5901234000062"


def tap(screen: Screen, uid: str = GOLD, record: str | None = None) -> None:
    screen.presenter.card(CardTapped("Reader", 1, uid, "ntag213", record, CardProof.COPYABLE))


def type_keys(screen: Screen, keys: str) -> None:
    for key in keys:
        screen.presenter.key(key)


def pay(screen: Screen, given: str) -> None:
    screen.presenter.pay()
    type_keys(screen, given)
    screen.presenter.take()
