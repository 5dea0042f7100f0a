"""Masks of the shop's own codes, and the codes that a shop's scale prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from stdnum import ean, luhn
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10, mod_37_36

Check = Literal["none", "luhn", "ean", "mod_11_10", "mod_37_36"]
_CHECKS: Final = {"luhn": luhn.validate, "ean": ean.validate, "mod_11_10": mod_11_10.validate,
                  "mod_37_36": mod_37_36.validate}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MaskMatch:
    """`number` in capitals if it `fits`; `wrong_check` if all but the check character is right."""

    fits: bool
    number: str = ""
    wrong_check: bool = False


@dataclass(frozen=True)
class Mask:
    """The form of a code: `#` a digit, `@` a letter, `?` either, anything else itself, capitals or not.

    `check` is computed over the variable characters, of which the last is the check character
    (ISO/IEC 7064 mod 11,10 and mod 37,36; Luhn; the EAN check digit).
    """

    pattern: str
    check: Check = "none"

    def match(self, text: str) -> MaskMatch:
        found = self._regex.fullmatch(text)
        if found is None:
            return MaskMatch(False)
        number = text.upper()
        if self.check != "none" and not _passes(self.check, "".join(found.groups()).upper()):
            return MaskMatch(False, wrong_check=True)
        return MaskMatch(True, number)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        kinds = {"#": "([0-9])", "@": "([A-Za-z])", "?": "([0-9A-Za-z])"}
        return re.compile(
            "".join(kinds.get(char) or re.escape(char) for char in self.pattern), re.ASCII | re.IGNORECASE
        )


def _passes(check: str, text: str) -> bool:
    try:
        _CHECKS[check](text)
    except ValidationError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class InStoreItem:
    """`code` is the scale's item, kept as the rule's fixed digits and the item's; one of the two is given."""

    code: str
    weight_milli: int | None = None
    price_minor: int | None = None


@dataclass(frozen=True)
class InStoreRule:
    """A code made in the shop, by its pattern: `22IIIIIWWWWWC`.

    Digits stand for themselves (GS1's restricted prefixes 20 to 29), `I` is the item, `W` the weight in
    grams, `P` the price in minor units, `X` a digit that does not matter, `C` the EAN check digit.
    """

    pattern: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"2[0-9]*I+X*(W+|P+)X*C", self.pattern) or len(self.pattern) not in (12, 13):
            raise ValueError(
                f"{self.pattern!r} is no pattern such as 22IIIIIWWWWWC: a prefix from 2 on, the item I, "
                "the weight W or the price P, and the check digit C, on 13 places (EAN) or 12 (UPC)"
            )

    def match(self, text: str) -> InStoreItem | None:
        """The item and its weight or price; None if the code has another form or a wrong check digit."""
        found = self._regex.fullmatch(text)
        if found is None or not ean.is_valid(text):
            return None
        prefix, item, value = found["prefix"], found["item"], int(found["value"])
        if "W" in self.pattern:
            return InStoreItem(prefix + item, weight_milli=value)
        return InStoreItem(prefix + item, price_minor=value)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        runs = re.fullmatch(r"(2[0-9]*)(I+)(X*)(W+|P+)(X*)C", self.pattern)
        assert runs is not None
        item, skip, value, tail = (len(runs[i]) for i in (2, 3, 4, 5))
        return re.compile(
            f"(?P<prefix>{runs[1]})(?P<item>[0-9]{{{item}}})[0-9]{{{skip}}}"
            f"(?P<value>[0-9]{{{value}}})[0-9]{{{tail + 1}}}",
            re.ASCII,
        )
