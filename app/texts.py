"""Words and figures in the language of who reads them: receipts, refusals, reasons, figures on screens.

Catalogues are resources/texts/*.{ru,pl,en}.yaml: a message id with one text, or with one text per plural
category (CLDR: one, few, many, other). Placeholders are `{name}`. They are compiled when they are first
needed, since YAML takes long to import. The window's own labels are Qt's.

Dates in words are Babel's. Separators, plural categories and the clock of the three languages stand here,
as CLDR has them (a test compares them with Babel's): a till needs them for its first scan, and Babel's data
of one language takes a twentieth of its start.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date as calendar_date
from decimal import Decimal
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast
from zlib import crc32
from zoneinfo import ZoneInfo

import msgspec

import resources
from app.values import POINT_CENTI, QTY_MILLI, from_ms, minor_digits

if TYPE_CHECKING:
    from babel.core import Locale

LANGUAGES: Final = ("ru", "pl", "en")
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
NBSP: Final = "\N{NO-BREAK SPACE}"
MINUS: Final = "\N{MINUS SIGN}"
_SYMBOLS: Final = {"PLN": "zł", "RUB": "₽", "EUR": "€", "USD": "$", "GBP": "£", "UAH": "₴", "KZT": "₸"}
_PARTS: Final = {"tender": "receipt"}
"""Catalogues whose messages have another name in front."""
_PREFIXED: Final = frozenset("$£€")
_DECIMALS: Final = {"ru": ",", "pl": ",", "en": "."}
_GROUPS: Final = {"ru": "", "pl": "", "en": ","}
"""What parts thousands; empty for a space that does not break."""

Entry = str | dict[str, str]


class MissingText(KeyError):
    """A message id, or a plural form of it, that a catalogue lacks: a bug, found by tests."""


@lru_cache
def _catalogue(part: str, lang: str) -> dict[str, Entry]:
    source = resources.path("texts", f"{part}.{lang}.yaml")
    if not source.exists():
        return {}
    text = source.read_bytes()
    for compiled in _places(source):
        try:
            of, entries = msgspec.json.decode(compiled.read_bytes(), type=tuple[int, dict[str, Entry]])
        except (OSError, msgspec.DecodeError):
            continue  # there is none, or no whole one: it is made
        if of == crc32(text):
            return entries
    return _compile(source, text)


def _places(source: Path) -> Iterable[Path]:
    """Where its compiled form may be: beside it, or in the user's cache where that cannot be written."""
    yield source.with_suffix(".json")
    if not os.access(source.parent, os.W_OK):
        with suppress(OSError):  # nor can the user's: the source is read every time
            yield resources.cache() / f"{source.stem}.json"


def _compile(source: Path, text: bytes) -> dict[str, Entry]:
    """The catalogue; a form of it that is read without YAML, with the sum of what it is of, is kept."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries = cast(dict[str, Entry], yaml.load(text, loader))
    *_, compiled = _places(source)
    made = compiled.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a full disk: the source is read again the next time
        made.write_bytes(msgspec.json.encode((crc32(text), entries)))
        made.replace(compiled)
    return entries


def build() -> None:
    """Compile every catalogue: for packaging, where the program's folder is not written later."""
    for source in resources.path("texts").glob("*.yaml"):
        _compile(source, source.read_bytes())


@cache
def _entry(message: str, lang: str) -> Entry | None:
    """Catalogues are read when a message of theirs is first needed: `till.rung` stands in till.*.yaml."""
    part, dot, _ = message.partition(".")
    return _catalogue(_PARTS.get(part, part) if dot else "common", lang).get(message)


class Texts:
    """All texts and formats of one language. `paper` writes figures with characters printers have."""

    def __init__(self, lang: str, *, paper: bool = False) -> None:
        if lang not in LANGUAGES:
            raise ValueError(f"{lang!r} is not one of {', '.join(LANGUAGES)}")
        self.lang = lang
        self._minus = "-" if paper else MINUS
        self._space = " " if paper else NBSP
        self.decimal = _DECIMALS[lang]
        self._group = _GROUPS[lang] or self._space

    def get(self, message: str, **values: object) -> str:
        """The text of a message id, its placeholders filled in.

        With a plural entry the value `n` (an integer, or a Decimal for parts) chooses the form.
        """
        return self.fill(message, values)

    def fill(self, message: str, values: Mapping[str, object]) -> str:
        """The same, of values that are asked for when the text names them."""
        entry = _entry(message, self.lang)
        if entry is None:
            raise MissingText(f"{message} ({self.lang})")
        if isinstance(entry, dict):
            entry = self._form(message, entry, values.get("n", 1))
        return entry.format_map(values)

    def has(self, message: str) -> bool:
        return _entry(message, self.lang) is not None

    def _form(self, message: str, forms: dict[str, str], n: object) -> str:
        number = n if isinstance(n, int | Decimal) else Decimal(str(n).replace(self.decimal, "."))
        category = plural(self.lang, number)
        text = forms.get(category) or forms.get("other")
        if text is None:
            raise MissingText(f"{message}.{category} ({self.lang})")
        return text

    # -- figures -----------------------------------------------------------------------------------------

    def scaled(self, value: int, digits: int, *, short: bool = False, plus: bool = False) -> str:
        """A scaled integer with this language's separators; `short` drops needless zeros."""
        sign = self._minus if value < 0 else "+" if plus and value > 0 else ""
        whole, part = divmod(abs(value), 10**digits)
        # Polish and Russian group only from five digits on in prose, but columns of figures need one rule.
        text = f"{whole:,}".replace(",", self._group) if whole > 999 else str(whole)
        parts = str(part).rjust(digits, "0") if digits else ""
        parts = parts.rstrip("0") if short else parts
        return f"{sign}{text}{self.decimal}{parts}" if parts else f"{sign}{text}"

    def amount(self, minor: int, currency: str, *, plus: bool = False) -> str:
        """Minor units without a currency sign: 68,11."""
        return self.scaled(minor, minor_digits(currency), plus=plus)

    def symbol(self, currency: str) -> str:
        return _SYMBOLS.get(currency, currency)

    def money(self, minor: int, currency: str, *, plus: bool = False) -> str:
        """Minor units with the currency sign, which never wraps away from its figure: 68,11 zł."""
        figure, symbol = self.amount(minor, currency, plus=plus), self.symbol(currency)
        if self.lang == "en" and symbol in _PREFIXED:
            sign = figure[0] if figure[0] in "+-−" else ""
            return f"{sign}{symbol}{figure[len(sign) :]}"
        return f"{figure}{self._space}{symbol}"

    def points(self, centi: int, *, plus: bool = False) -> str:
        """Points, hundredths only where there are any: 1 284, 12,5."""
        return self.scaled(centi, 2, short=True, plus=plus)

    def counted_points(self, centi: int, *, plus: bool = False) -> str:
        """Points with their word in the right form: 21 балл, 22 балла, 1,5 балла."""
        n = centi // POINT_CENTI if centi % POINT_CENTI == 0 else Decimal(centi) / POINT_CENTI
        return self.get("points", n=n, figure=self.points(centi, plus=plus)).replace(" ", self._space)

    def qty(self, milli: int) -> str:
        """A quantity: 2 pieces are 2, 642 thousandths of a kilogram are 0,642."""
        return self.scaled(milli, 3, short=milli % QTY_MILLI == 0)

    def weight(self, milli: int) -> str:
        """The same of what is weighed, with its unit: 2 kg, 0,642 kg."""
        return f"{self.qty(milli)}{self._space}{self.get('kg')}"

    def sold(self, milli: int, *, weighed: bool) -> str:
        """How much of it was sold, where that says anything: one piece is one piece."""
        if weighed:
            return self.weight(milli)
        return "" if milli == QTY_MILLI else self.qty(milli)

    def percent(self, figure: str) -> str:
        """A share or rate whose figure is written already: 23%, in Russian 23 % (CLDR's percent formats)."""
        return f"{figure}{self._space if self.lang == 'ru' else ''}%"

    # -- moments -----------------------------------------------------------------------------------------

    @cached_property
    def _locale(self) -> Locale:
        from babel.core import Locale

        # Day before month and a 24-hour clock, as shops in Europe write them.
        return Locale.parse("en_GB" if self.lang == "en" else self.lang)

    def date(self, at_ms: int, zone: str) -> str:
        from babel.dates import format_date

        return format_date(from_ms(at_ms).astimezone(ZoneInfo(zone)), "short", locale=self._locale)

    def time(self, at_ms: int, zone: str) -> str:
        """Hours and minutes, 24 hours a day in all three languages."""
        return f"{from_ms(at_ms).astimezone(ZoneInfo(zone)):%H:%M}"

    def day(self, iso: str) -> str:
        """A calendar day in words: 1 марта 2026 г., 1 marca 2026, 1 March 2026."""
        from babel.dates import format_date

        return format_date(calendar_date.fromisoformat(iso), "long", locale=self._locale).replace(
            "\N{NARROW NO-BREAK SPACE}", self._space
        )

    def weekdays(self, days: Iterable[str]) -> str:
        """Days of the week by their first three English letters, in words: poniedziałek, wtorek."""
        from babel.dates import get_day_names

        names = get_day_names("wide", locale=self._locale)
        return ", ".join(names[WEEKDAYS.index(day)] for day in days)

    def moment(self, at_ms: int, zone: str) -> str:
        """Date and time, short, in the store's zone."""
        from babel.dates import format_datetime

        text = format_datetime(from_ms(at_ms), "short", tzinfo=ZoneInfo(zone), locale=self._locale)
        return text.replace("\N{NARROW NO-BREAK SPACE}", self._space)


def plural(lang: str, number: int | Decimal) -> str:
    """The CLDR category of a number that is shown as it stands: one, few, many or other."""
    if isinstance(number, Decimal) and cast(int, number.as_tuple().exponent) < 0:
        return "other"
    n = abs(int(number))
    if lang == "en":
        return "one" if n == 1 else "other"
    if n == 1 if lang == "pl" else (n % 10 == 1 and n % 100 != 11):
        return "one"
    return "few" if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else "many"


@lru_cache
def texts(lang: str, *, paper: bool = False) -> Texts:
    """The one `Texts` of a language (catalogues are read once)."""
    return Texts(lang, paper=paper)
