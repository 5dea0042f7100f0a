"""What a scanned code means to this till: a product, a member, a receipt, a coupon."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from app.checkout.ports import Read
from app.config import Config
from app.store.reader import Reader
from app.values import minor_digits

if TYPE_CHECKING:
    from hardware.scanners.codes import Known


class Codes:
    """`read` is the till's `CodeReader`."""

    def __init__(self, config: Config, reader: Reader) -> None:
        self._config, self._reader = config, reader

    def read(self, text: str, aim: str | None) -> Read:
        """A code's meaning by its form, in the till's terms.

        A code that the catalogue holds is that product's, whatever else it might be; only others are worth
        the parser, which takes long to import.
        """
        if self._reader.product_by_code(text) is not None:
            return Read((text,))
        from hardware.scanners import codes

        match codes.read_code(text, aim, self._known):
            case codes.Product(keys, weight_milli, price_minor):
                return Read(keys, weight_milli, price_minor)
            case codes.MemberCode(number):
                return Read(member_card=number)
            case codes.ReceiptCode(number):
                return Read(receipt=number)
            case codes.CouponCode(number):
                return Read(coupon=number)
            case codes.PaymentCard():
                return Read(payment_card=True)
            case _:
                return Read((text,))

    @cached_property
    def _known(self) -> Known:
        from hardware.scanners.setup import known_codes

        return known_codes(
            self._config.scanner,
            lambda key: self._reader.product_by_code(key) is not None,
            minor_digits(self._config.shop.currency),
            self._config.shop.currency,
        )
