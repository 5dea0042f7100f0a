"""Masks of the shop's own codes, and the codes that a shop's scale prints."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal, Protocol

from stdnum import ean, luhn
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10, mod_37_36

Check = Literal["none", "luhn", "ean", "mod_11_10", "mod_37_36"]


class _Algorithm(Protocol):
    def validate(self, number: str) -> str: ...
    def calc_check_digit(self, number: str) -> str: ...


_CHECKS: Final[dict[str, _Algorithm]] = {
    "luhn": luhn, "ean": ean, "mod_11_10": mod_11_10, "mod_37_36": mod_37_36,
}  # fmt: skip
_OF_THE_WHOLE: Final = ("luhn", "ean")
"""Computed over every digit of the code, fixed ones included; the others over its variable characters."""
_ALPHABETS: Final = {
    "#": string.digits,
    "@": string.ascii_uppercase,
    "?": string.digits + string.ascii_uppercase,
}
_DRAWN_BYTES: Final = 16
"""For each character drawn: so many that no character is likelier than another."""


@dataclass(frozen=True, slots=True)
class MaskMatch:
    """`number` in capitals if it `fits`; `wrong_check` if all but the check character is right."""

    fits: bool
    number: str = ""
    wrong_check: bool = False


@dataclass(frozen=True)
class Mask:
    """The form of a code: `#` a digit, `@` a letter, `?` either, anything else itself, capitals or not.

    With a `check` its last character is the check character: of all its digits (Luhn, ISO/IEC 7812-1; the EAN
    check digit) or of its variable characters (ISO/IEC 7064 mod 11,10 for digits, mod 37,36 for both).
    Raises ValueError for a pattern that cannot have that check.
    """

    pattern: str
    check: Check = "none"

    def __post_init__(self) -> None:
        if not self.pattern.isascii() or not self.pattern.isprintable():
            raise ValueError(f"{self.pattern!r} has characters that barcodes and keyboards do not share")
        if not any(char in _ALPHABETS for char in self.pattern):
            raise ValueError(f"{self.pattern!r} has no variable character: # a digit, @ a letter, ? either")
        if self.check == "none":
            return
        if self.check not in _CHECKS:
            raise ValueError(f"{self.check!r} is no check: one of none, {', '.join(_CHECKS)}")
        last = "?" if self.check == "mod_37_36" else "#"
        if self.pattern[-1] != last:
            raise ValueError(f"{self.pattern!r} ends in no {last}, the place of its check character")
        if last == "#" and any(char in "@?" for char in self.pattern):
            raise ValueError(f"{self.pattern!r} has letters, which only mod_37_36 covers")
        if self.check in _OF_THE_WHOLE and not re.fullmatch(r"[0-9#]+", self.pattern):
            raise ValueError(f"{self.pattern!r} is not all digits, as {self.check} needs: take mod_11_10")

    def match(self, text: str) -> MaskMatch:
        found = self._regex.fullmatch(text)
        if found is None:
            return MaskMatch(False)
        if self.check != "none" and not _passes(self.check, self._covered(found)):
            return MaskMatch(False, wrong_check=True)
        return MaskMatch(True, text.upper())

    @property
    def room(self) -> int:
        """How many characters a number of one's own has, the check character not counted."""
        return self._regex.groups - (self.check != "none")

    def code(self, payload: str) -> str:
        """The code of a number of one's own, with its check character. ValueError if it does not fit."""
        if len(payload) != self.room:
            raise ValueError(f"{payload!r} has {len(payload)} characters, {self.pattern!r} takes {self.room}")
        fill = iter(payload + ("0" if self.check != "none" else ""))
        made = "".join(next(fill) if char in _ALPHABETS else char for char in self.pattern).upper()
        found = self._regex.fullmatch(made)
        if found is None:
            raise ValueError(f"{payload!r} does not fit {self.pattern!r}")
        if self.check == "none":
            return made
        return made[:-1] + _CHECKS[self.check].calc_check_digit(self._covered(found)[:-1])

    def draw(self, random_bytes: Callable[[int], bytes]) -> str:
        """A code of a random number: whoever knows one cannot tell another."""
        places = [char for char in self.pattern if char in _ALPHABETS][: self.room]
        drawn = (
            _ALPHABETS[place][int.from_bytes(random_bytes(_DRAWN_BYTES), "big") % len(_ALPHABETS[place])]
            for place in places
        )
        return self.code("".join(drawn))

    def _covered(self, found: re.Match[str]) -> str:
        return found[0] if self.check in _OF_THE_WHOLE else "".join(found.groups()).upper()

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        kinds = {"#": "([0-9])", "@": "([A-Za-z])", "?": "([0-9A-Za-z])"}
        return re.compile(
            "".join(kinds.get(char) or re.escape(char) for char in self.pattern), re.ASCII | re.IGNORECASE
        )


def _passes(check: str, text: str) -> bool:
    try:
        _CHECKS[check].validate(text)
    except ValidationError:
        return False
    return True


HOUSE_MEMBER: Final = Mask("M############", "mod_11_10")
"""The number of a card that the till issues: M and 12 digits, of which the last is the check digit.

Digits, because cashiers type them; one check digit catches any wrong digit and nearly every two that changed
places (ISO/IEC 7064, 7). 10^11 numbers, because they are drawn: with a million members a guess is right once
in a hundred thousand.
"""


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
