"""From any text to the letters that a small display has: one byte a column, no control byte ever.

What a display's page lacks is shown as near as it can be: ł as l, ₽ as р, Cyrillic on a Latin display by its
sound (BGN/PCGN). Anything else is a question mark.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from hardware.layout import printable
from hardware.ports import DisplayText

PAGES: Final = ("cp437", "cp852", "cp858", "cp866")
OF_LANGUAGE: Final = {"ru": "cp866", "pl": "cp852", "en": "cp437"}

_NEAR: Final = {
    "\u00a0": " ", "\u2007": " ", "\u202f": " ", "−": "-", "–": "-", "—": "-", "×": "x", "·": "-", "…": "...",
    "„": '"', "“": '"', "”": '"', "«": '"', "»": '"', "’": "'", "‘": "'", "№": "No",
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe",
    "ё": "е", "Ё": "Е", "і": "i", "І": "I", "ґ": "г", "Ґ": "Г",
    "€": "EUR", "₽": "р", "£": "GBP", "₴": "UAH", "₸": "KZT",
}  # fmt: skip
_SOUND: Final = dict(
    zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True),
    ж="zh", х="kh", ц="ts", ч="ch", ш="sh", щ="shch", ъ="", ь="", ю="yu", я="ya",
)  # fmt: skip


def shown(text: str, page: str) -> str:
    """The text in letters that `page` has, each of them one byte."""
    return "".join(_letter(char, page) for char in printable(text))


@lru_cache(maxsize=2048)
def _letter(char: str, page: str) -> str:
    if _has(char, page):
        return char
    near = _NEAR.get(char)
    if near is not None:
        return "".join(_letter(each, page) for each in near)
    if (sound := _SOUND.get(char.lower())) is not None:
        return sound.capitalize() if char.isupper() else sound
    if unicodedata.category(char)[0] == "M":
        return ""  # its letter came through alone
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base != char and _has(base, page) else "?"


def _has(char: str, page: str) -> bool:
    try:
        return len(code := char.encode(page)) == 1 and code[0] >= 0x20 and code[0] != 0x7F
    except UnicodeEncodeError:
        return False


def fitted(left: str, end: str, columns: int) -> str:
    """One line of exactly `columns`: `end` at the right edge and whole, `left` cut to what it leaves."""
    end = end[-columns:]
    room = columns - len(end) - (1 if end else 0)
    return left[: max(room, 0)].ljust(columns - len(end)) + end


def two_lines(text: DisplayText, columns: int, page: str) -> tuple[str, str]:
    """Both lines, each of exactly `columns` letters of `page`."""
    top = fitted(shown(text.top, page), shown(text.top_end, page), columns)
    bottom = fitted(shown(text.bottom, page), shown(text.bottom_end, page), columns)
    return top, bottom
