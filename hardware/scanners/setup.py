"""From the words of a shop's settings to scanners and the codes they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, cast

from hardware.scanners.codes import Known
from hardware.scanners.masks import Check, InStoreRule, Mask

T = TypeVar("T")


class CodeForm(Protocol):
    """A form and the check character in it; see `hardware.scanners.masks.Mask`."""

    @property
    def form(self) -> str: ...
    @property
    def check(self) -> str: ...


class CodeSettings(Protocol):
    """The forms of a shop's own codes, with or without a check character."""

    @property
    def member_cards(self) -> Sequence[str | CodeForm]: ...
    @property
    def receipts(self) -> Sequence[str | CodeForm]: ...
    @property
    def coupons(self) -> Sequence[str | CodeForm]: ...
    @property
    def in_store(self) -> Sequence[str]: ...


def known_codes(
    settings: CodeSettings,
    is_product: Callable[[str], bool] = lambda key: False,
    minor_digits: int = 2,
    currency: str = "",
) -> Known:
    """What the shop's codes look like. Raises ValueError that names the setting and says what would do."""
    return Known(
        is_product=is_product,
        members=_each("member_cards", settings.member_cards, mask_of),
        receipts=_each("receipts", settings.receipts, mask_of),
        coupons=_each("coupons", settings.coupons, mask_of),
        in_store=_each("in_store", settings.in_store, InStoreRule),
        minor_digits=minor_digits,
        currency=currency,
    )


def mask_of(form: str | CodeForm) -> Mask:
    return Mask(form) if isinstance(form, str) else Mask(form.form, cast(Check, form.check))


def _each(name: str, settings: Sequence[object], make: Callable[..., T]) -> tuple[T, ...]:
    try:
        return tuple(make(each) for each in settings)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
