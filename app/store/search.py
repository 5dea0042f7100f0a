"""Search as people type: folded text in FTS5, every word a prefix.

Folding is ours, since FTS5's own tokenizer knows nothing of ł or ё: `luk` must find Łukasz, `елка` ёлка,
and 600 100 must find +48 600-100-200.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LETTERS: Final = str.maketrans(
    {"ł": "l", "ё": "е", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ґ": "г"}
)


def fold(text: str) -> str:
    """Lower case without accents, words of letters and digits separated by single spaces.

    Only Latin and Greek letters lose their marks: й is not и, and nobody types и for it.
    """
    kept: list[str] = []
    for char in unicodedata.normalize("NFC", text.casefold()).translate(_LETTERS):
        base = unicodedata.normalize("NFD", char)[0]
        kept.append(base if base.isascii() else char)
    return " ".join(re.findall(r"[^\W_]+", "".join(kept)))


def digits(text: str) -> str:
    return re.sub(r"\D", "", text, flags=re.ASCII)


def person_text(name: str, phone: str, email: str) -> str:
    """What a member is found by: the name's words, the phone whole, without its country, its last four."""
    number = digits(phone)
    return " ".join(filter(None, (fold(name), number, number[-9:], number[-4:], fold(email))))


def product_text(name: str, names: dict[str, str], sku: str, category: str, codes: tuple[str, ...]) -> str:
    """What a product is found by: its names in all languages, article number, category and codes."""
    words = (name, *names.values(), sku, category.replace("/", " "), *codes)
    return " ".join(filter(None, map(fold, words)))


def match(text: str) -> str | None:
    """An FTS5 query in which every word typed is a prefix; None when there is nothing to look for.

    A phone number typed with spaces or dashes is one word.
    """
    number = digits(text)
    words = [number] if len(number) >= 4 and not re.search(r"[^\W\d_]", text) else fold(text).split()
    return " ".join(f'"{word}"*' for word in words) or None
