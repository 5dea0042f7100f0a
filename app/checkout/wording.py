"""From what the engine says to words: rule names, discounts, reasons, offers, on screens and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from app.loyalty.engine import Compiled
from app.loyalty.model import Programme
from app.loyalty.wording import Message, name_of
from app.texts import NBSP, Texts

if TYPE_CHECKING:
    from app.loyalty.promise import Term

Value = str | int
_NAMED: Final = frozenset({"winner", "needed", "level", "item"})
"""Parameters that are ids of things with translated names."""


def rule_name(programme: Compiled, rule: str, lang: str) -> str:
    """A rule's own name; its id where the programme in force no longer knows it."""
    return name_of(programme, rule).get(lang)


def message_text(words: Texts, programme: Compiled, message: Message, currency: str) -> str:
    """A message of the engine in words; the rule's own name where the catalogues have no sentence for it."""
    id, name = f"loyalty.{message.code}", message.name.get(words.lang)
    if not words.has(id):
        return name
    return words.fill(id, _Values(words, programme, message, currency)).replace(" %", f"{NBSP}%")


class _Values(Mapping[str, Value]):
    """A message's parameters in words, each made when the text asks for it: few say all they know."""

    def __init__(self, words: Texts, programme: Compiled, message: Message, currency: str) -> None:
        self._words, self._programme, self._message, self._currency = words, programme, message, currency

    def __getitem__(self, name: str) -> Value:
        if name == "rule":
            return self._message.name.get(self._words.lang)
        value = _spoken(self._words, self._currency, name, self._message.params[name])
        return name_of(self._programme, str(value)).get(self._words.lang) if name in _NAMED else value

    def __iter__(self) -> Iterator[str]:
        return iter((*self._message.params, "rule"))

    def __len__(self) -> int:
        return len(self._message.params) + 1


Called = Callable[[str], str]
"""What goods are called, by their article number; "" where nobody knows."""


def _nameless(_sku: str) -> str:
    return ""


def terms_text(words: Texts, programme: Programme, called: Called = _nameless) -> list[str]:
    """A programme's terms for customers, from its settings: each rule's name, then its terms, indented."""
    from app.loyalty.terms import explain, general  # knows every kind; only this command needs it

    lines: list[str] = []
    for rule in explain(programme):
        lines.append(rule.name.get(words.lang))
        lines += [f"  {term_text(words, programme.currency, term, called)}" for term in rule.terms]
        if rule.fine_print is not None:
            lines.append(f"  {rule.fine_print.get(words.lang)}")
    lines.append(words.get("terms.general"))
    lines += [f"  {term_text(words, programme.currency, term, called)}" for term in general(programme)]
    return lines


def term_text(words: Texts, currency: str, term: Term, called: Called = _nameless) -> str:
    """A sentence of a programme's terms; goods by their names where `called` knows them."""
    if term.code == "of_skus":
        return ", ".join(
            called(sku) or words.get("terms.of_skus", list=sku)
            for sku in str(term.params["list"]).split(", ")
        )
    names = {key: name.get(words.lang) for key, name in term.names.items()}
    parts = {
        key: ", ".join(term_text(words, currency, part, called) for part in parts)
        for key, parts in term.parts.items()
    }
    return words.get(f"terms.{term.code}", **{**spoken(words, currency, term.params), **names, **parts})


def spoken(words: Texts, currency: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Values as texts: `*_minor` as money, `*_centi` as counted points, `*_milli` as a quantity."""
    return {name: _spoken(words, currency, name, value) for name, value in values.items()}


def _spoken(words: Texts, currency: str, name: str, value: Value) -> Value:
    if name in ("percent", "times"):
        return str(value).replace(".", words.decimal)
    if name == "date":
        return words.day(str(value))
    if name == "weekdays":
        return words.weekdays(str(value).split(","))
    if isinstance(value, str):
        return value
    unit = name.rpartition("_")[2]
    if unit == "minor":
        return words.money(value, currency)
    if unit == "centi":
        return words.counted_points(value)
    return words.qty(value) if unit == "milli" else value
