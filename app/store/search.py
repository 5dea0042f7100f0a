"""Search as people type: folded text in FTS5, every word a prefix.

Folding is ours, since FTS5's own tokenizer knows nothing of ł or ё: `luk` must find Łukasz, `елка` ёлка,
and 600 100 must find +48 600-100-200.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, Final

_LETTERS: Final = str.maketrans(
    {"ł": "l", "ё": "е", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ґ": "г"}
)

PRODUCT_PREFIXES: Final = frozenset((1, 2, 3))
PERSON_PREFIXES: Final = frozenset((2, 3, 4))
"""The lengths of the prefix indexes in `app.store.schema.FIND_TABLES`."""

_DIGITS: Final = "0123456789"
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґўћђљњџјѕ"
_KNOWN: Final = frozenset(_DIGITS + _LATIN + _CYRILLIC)
"""What names of people and goods are made of here, once folded."""
_FIRST: Final = "\x01"
_LAST: Final = "\U0010ffff"
"""Before and after every letter."""
_ENDINGS: Final = 12

Run = Callable[..., Iterable[Any]]


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


def words_of(text: str) -> list[str]:
    """The words that were typed, folded; a phone number typed with spaces or dashes is one word."""
    number = digits(text)
    if len(number) >= 4 and not re.search(r"[^\W\d_]", text):
        return [number]
    return fold(text).split()


class WordIndex:
    """Finds rows of one full-text table by words of which each may be only begun; for one connection.

    A prefix as long as one of the table's prefix indexes is read as it is wanted, and so is a whole word.
    FTS5 reads all that any other prefix finds before it answers: half the table for one letter, every Nowak
    for `nowak`. So those are put as what they stand for: the words there are, or two letters for one.
    """

    def __init__(self, run: Run, table: str, indexed: frozenset[int]) -> None:
        """`indexed` are the lengths of the table's prefix indexes."""
        self._run, self._table, self._indexed = run, table, indexed
        self._vocabulary = f"temp.{table}_words"
        run(f"CREATE VIRTUAL TABLE {self._vocabulary} USING fts5vocab('main', '{table}', 'instance')")

    def find(self, text: str, limit: int) -> list[int]:
        """Row ids, those first that hold what was typed as whole words."""
        words = words_of(text)
        found: list[int] = []
        if len(words) == 1:
            for word in spellings(words[0]):
                found += _further(found, self._beginning(word, limit))
                if len(found) >= limit:
                    break
        elif words:
            found = self._matching(" ".join(map(_quoted, words)), limit)
            if len(found) < limit:
                found += _further(found, self._matching(" AND ".join(map(self._begun, words)), limit))
        return found[:limit]

    def _beginning(self, word: str, limit: int) -> list[int]:
        """Rows with a word that begins like this, in the order of those words."""
        found = self._run(
            f"SELECT DISTINCT doc FROM {self._vocabulary} WHERE term >= ? AND term < ? LIMIT ?",
            (word, word + _LAST, limit),
        )
        return [row for (row,) in found]

    def _matching(self, query: str, limit: int) -> list[int]:
        found = self._run(
            f"SELECT rowid FROM {self._table} WHERE {self._table} MATCH ? LIMIT ?", (query, limit)
        )
        return [row for (row,) in found]

    def _begun(self, word: str) -> str:
        """A query for rows with a word that begins like this, in any of its spellings."""
        return f"({' OR '.join(map(self._begun_so, spellings(word)))})"

    def _begun_so(self, word: str) -> str:
        if len(word) in self._indexed or (len(word) == 1 and word not in _KNOWN):
            return _quoted(word) + "*"
        if len(word) == 1:
            return " OR ".join([_quoted(word), *(_quoted(word + next) + "*" for next in _after(word))])
        words = self._words(word)
        # What has so many endings is seldom many rows: numbers, for one.
        return _quoted(word) + "*" if len(words) > _ENDINGS else " OR ".join(map(_quoted, words))

    def _words(self, word: str) -> list[str]:
        """The words of the table that begin like this, at most one more than are of use; none: itself."""
        query = f"SELECT term FROM {self._vocabulary} WHERE term >= ? AND term < ? LIMIT 1"
        found: list[str] = []
        at = word
        while len(found) <= _ENDINGS and (row := next(iter(self._run(query, (at, word + _LAST))), None)):
            found.append(row[0])
            at = row[0] + _FIRST
        return found or [word]


def spellings(word: str) -> tuple[str, ...]:
    """How a word may stand in the index: Russian phone numbers are kept with the 7 or 8 that few dictate."""
    if len(word) >= 3 and word[0] == "9" and word.isdigit() and word.isascii():
        return word, f"7{word}", f"8{word}"
    return (word,)


def _further(found: list[int], more: list[int]) -> list[int]:
    return [row for row in more if row not in found]


def _quoted(word: str) -> str:
    return f'"{word}"'


def _after(letter: str) -> str:
    """What may follow a letter in a folded word: one of its script, or a digit; after a digit, digits."""
    if letter in _DIGITS:
        return _DIGITS
    return _DIGITS + (_CYRILLIC if letter in _CYRILLIC else _LATIN)
