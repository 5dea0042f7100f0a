"""Search as people type: folded text in FTS5, every word a prefix.

Folding is ours, since FTS5's own tokenizer knows nothing of ł or ё: `luk` must find Łukasz, `елка` ёлка,
and 600 100 must find +48 600-100-200.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple


class _Plain(dict[int, str]):
    """Letters as they are looked for, for `str.translate`; each is worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        base = unicodedata.normalize("NFD", char)[0]
        return self.setdefault(code, base if base.isascii() else char)


_LETTERS: Final = str.maketrans(
    {"ł": "l", "ё": "е", "đ": "d", "ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ґ": "г"}
)
_PLAIN: Final = _Plain(_LETTERS)
_WORDS: Final = re.compile(r"[^\W_]+")

_DIGITS: Final = "0123456789"
_LATIN: Final = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґўћђљњџјѕ"
_KNOWN: Final = frozenset(_DIGITS + _LATIN + _CYRILLIC)
"""What names of people and goods are made of here, once folded."""
_FIRST: Final = "\x01"
_LAST: Final = "\U0010ffff"
"""Before and after every letter."""
_ENDINGS: Final = 12
_FEW: Final = 32
"""So many rows are sooner looked at one by one than their words brought together in the index."""

Run = Callable[..., Iterable[Any]]
Texts = Callable[[Sequence[int]], Iterable[tuple[int, str]]]


def fold(text: str) -> str:
    """Lower case without accents, words of letters and digits separated by single spaces.

    Only Latin and Greek letters lose their marks: й is not и, and nobody types и for it.
    """
    return " ".join(_WORDS.findall(unicodedata.normalize("NFC", text.casefold()).translate(_PLAIN)))


def digits(text: str) -> str:
    return re.sub(r"\D", "", text, flags=re.ASCII)


def person_text(name: str, phone: str, email: str) -> str:
    """What a member is found by: the name's words, the phone whole, without its country, its last four."""
    number = digits(phone)
    return fold(f"{name} {number} {number[-9:]} {number[-4:]} {email}")


def product_text(name: str, names: dict[str, str], sku: str, category: str, codes: tuple[str, ...]) -> str:
    """What a product is found by: its names in all languages, article number, category and codes."""
    return fold(" ".join((name, *names.values(), sku, category, *codes)))


class Typed(NamedTuple):
    """A word as it was typed, folded: perhaps only begun, unless `whole`."""

    word: str
    whole: bool = False


def words_of(text: str) -> list[Typed]:
    """The words that were typed; a phone number typed with spaces or dashes is one word.

    What stands before an @ is whole: all addresses that begin like it were many, and share their host.
    """
    number = digits(text)
    if len(number) >= 4 and not re.search(r"[^\W\d_]", text):
        return [Typed(number)]
    mailbox, at, rest = text.rpartition("@")
    before = [Typed(word) for word in fold(mailbox).split()]
    if at and before:
        before[-1] = Typed(before[-1].word, whole=True)
    return [*before, *map(Typed, fold(rest).split())]


def as_written(word: str) -> tuple[str, ...]:
    """A word stands in the index as it is typed."""
    return (word,)


def as_phones(word: str) -> tuple[str, ...]:
    """How a word may stand in the index: Russian phone numbers are kept with the 7 or 8 that few dictate."""
    if len(word) >= 3 and word[0] == "9" and word.isdigit() and word.isascii():
        return word, f"7{word}", f"8{word}"
    return (word,)


@dataclass(frozen=True)
class FindTable:
    """A full-text table of `app.store.schema.FIND_TABLES`, and the lengths of its prefix indexes."""

    name: str
    prefixes: frozenset[int]
    spellings: Callable[[str], tuple[str, ...]]


PRODUCTS: Final = FindTable("product_find", frozenset((1, 2, 3)), as_written)
PEOPLE: Final = FindTable("person_find", frozenset((2, 3, 4)), as_phones)


class WordIndex:
    """Finds rows of one full-text table by words of which each may be only begun; for one connection.

    A prefix as long as one of the table's prefix indexes is read as it is wanted, and so is a whole word.
    FTS5 reads all that any other prefix finds before it answers: half the table for one letter, every Nowak
    for `nowak`. So those are put as what they stand for: the words there are, or two letters for one.
    Of several words one is often so rare that the rows which hold it are sooner looked at one by one.
    """

    def __init__(self, run: Run, table: FindTable, texts: Texts) -> None:
        """`texts` gives rows' ids and what was indexed of them, in ascending order."""
        self._run, self._texts = run, texts
        self._table, self._indexed, self._spellings = table.name, table.prefixes, table.spellings
        self._vocabulary = f"temp.{table.name}_words"
        run(f"CREATE VIRTUAL TABLE {self._vocabulary} USING fts5vocab('main', '{table.name}', 'instance')")

    def find(self, text: str, limit: int) -> list[int]:
        """Row ids, those first that hold what was typed as whole words."""
        words = words_of(text)
        if len(words) < 2:
            return self._holding(words[0], limit) if words else []
        for word in sorted(words, key=lambda typed: len(typed.word), reverse=True):
            # Few words are rare that have one letter yet, and reading those of a letter is dear.
            if len(word.word) > 1 and len(rows := self._holding(word, _FEW + 1)) <= _FEW:
                return self._among(rows, words)[:limit]
        return self._together(words, limit)

    def _holding(self, word: Typed, limit: int) -> list[int]:
        """Rows with such a word, in the order of their words."""
        found: list[int] = []
        for spelling in self._spellings(word.word):
            last = spelling if word.whole else spelling + _LAST
            rows = self._run(
                f"SELECT DISTINCT doc FROM {self._vocabulary} WHERE term >= ? AND term <= ? LIMIT ?",
                (spelling, last, limit),
            )
            found += _further(found, [row for (row,) in rows])
            if word.whole or len(found) >= limit:
                break
        return found[:limit]

    def _among(self, rows: list[int], words: list[Typed]) -> list[int]:
        """Those of some rows that hold all the words, found by their texts."""
        wanted = [(typed.word, typed.whole, self._spellings(typed.word)) for typed in words]
        whole: list[int] = []
        begun: list[int] = []
        for row, text in self._texts(rows):
            held = text.split()
            if all(word in held for word, _, _ in wanted):
                whole.append(row)
            elif all(
                word in held if exact else any(one.startswith(spelled) for one in held)
                for word, exact, spelled in wanted
            ):
                begun.append(row)
        return whole + begun

    def _together(self, words: list[Typed], limit: int) -> list[int]:
        """Words that many rows hold, brought together by the index; but those of one letter, which are dear,
        only where the others leave many."""
        longer = [self._begun(typed) for typed in words if len(typed.word) > 1]
        if 1 < len(longer) < len(words):
            rows = self._matching(" AND ".join(longer), _FEW + 1)
            if len(rows) <= _FEW:
                return self._among(rows, words)[:limit]
        found = self._matching(" ".join(_quoted(typed.word) for typed in words), limit)
        if len(found) < limit:
            letters = [self._begun(typed) for typed in words if len(typed.word) == 1]
            found += _further(found, self._matching(" AND ".join((*longer, *letters)), limit))
        return found[:limit]

    def _matching(self, query: str, limit: int) -> list[int]:
        found = self._run(
            f"SELECT rowid FROM {self._table} WHERE {self._table} MATCH ? LIMIT ?", (query, limit)
        )
        return [row for (row,) in found]

    def _begun(self, typed: Typed) -> str:
        """A query for rows with such a word, in any of its spellings."""
        if typed.whole:
            return _quoted(typed.word)
        return f"({' OR '.join(map(self._begun_so, self._spellings(typed.word)))})"

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


def _further(found: list[int], more: list[int]) -> list[int]:
    return [row for row in more if row not in found]


def _quoted(word: str) -> str:
    return f'"{word}"'


def _after(letter: str) -> str:
    """What may follow a letter in a folded word: one of its script, or a digit; after a digit, digits."""
    if letter in _DIGITS:
        return _DIGITS
    return _DIGITS + (_CYRILLIC if letter in _CYRILLIC else _LATIN)
