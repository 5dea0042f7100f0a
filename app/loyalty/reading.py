"""From a tree of texts to typed structs, collecting every problem instead of stopping at the first."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import msgspec

from app.loyalty.model import Scalar
from app.loyalty.yamltree import Node, Problem
from app.values import AMOUNT_MAX, ValueProblem, minor_digits, parse_rate, parse_scaled


class _Bad:
    """Stands for a value that could not be read; its problem is already noted."""


BAD: Final = _Bad()
IDENT: Final = r"[a-z0-9][a-z0-9_-]{0,63}"
CATEGORY: Final = r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]{0,62}[^\s\x00-\x1f\x7f])?"
_HOURS = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-4]):([0-5]\d)", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,15}", re.ASCII)
FACTOR_MAX: Final = 1000
DAYS_MAX: Final = 36_600
MONTHS_MAX: Final = 1_200
"""A hundred years, as with days: no date that follows from a setting may leave the calendar."""
TEXT_MAX: Final = 2_000


class Reader:
    """Reads nodes as types; problems gather in `problems`. `currency` decides how money is read."""

    def __init__(self, currency: str) -> None:
        self.digits = minor_digits(currency)
        self.problems: list[Problem] = []

    def problem(self, node: Node, reason: str, hint: str) -> _Bad:
        self.problems.append(Problem(node.line, node.path, reason, hint))
        return BAD

    def read(self, kind: Any, node: Node) -> Any:
        """The node's value as `kind`, or BAD."""
        origin = get_origin(kind)
        if origin is Annotated:
            return self._annotated(kind, node)
        if origin in (Union, types.UnionType):
            return self._optional(kind, node)
        if origin is Literal:
            return self._literal(get_args(kind), node)
        if origin is tuple:
            return self._list(get_args(kind)[0], node)
        if origin is dict:
            return self._dict(get_args(kind)[1], node)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(kind, node)
        return self._plain(kind, node)

    def struct(self, kind: type[msgspec.Struct], node: Node) -> Any:
        """A struct from a mapping: unknown and missing keys are problems, and every field is tried."""
        if node.entries is None:
            return self.problem(node, f"a mapping belongs here, not {node.kind}", _write(kind))
        values: dict[str, Any] = {}
        fields = fields_of(kind)
        for key, child in node.entries.items():
            if key not in fields:
                close = difflib.get_close_matches(key, fields, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"known here: {', '.join(sorted(fields))}"
                self.problem(child, f"unknown key {key!r}", hint)
        good = True
        for name, field in fields.items():
            child = node.entries.get(name)
            if child is None or child.empty:
                if field.required:
                    self.problem(child or node, f"{name!r} is missing", _write(field.type, f"{name}: "))
                    good = False
                continue
            value = self.read(field.type, child)
            good = good and value is not BAD
            values[field.name] = value
        return kind(**values) if good else BAD

    def _annotated(self, kind: Any, node: Node) -> Any:
        base, *notes = get_args(kind)
        scalar = next((n for n in notes if isinstance(n, Scalar)), None)
        if scalar is None:
            return self.read(base, node)
        return self._scalar(SCALARS[scalar.name], node, EXAMPLES[scalar.name])

    def _scalar(self, parse: Callable[[str, int], Any], node: Node, example: str) -> Any:
        if node.text is None:
            return self.problem(node, f"a plain value belongs here, not {node.kind}", f"write {example}")
        try:
            return parse(node.text.strip(), self.digits)
        except ValueProblem as problem:
            return self.problem(node, str(problem), f"write {example}")

    def _optional(self, kind: Any, node: Node) -> Any:
        inner = [part for part in get_args(kind) if part is not type(None)]
        if len(inner) == 1:
            return self.read(inner[0], node)
        shape = next((p for p in inner if get_origin(p) is Literal and node.text in get_args(p)), None)
        return self.read(shape or next(p for p in inner if get_origin(p) is not Literal), node)

    def _literal(self, allowed: tuple[Any, ...], node: Node) -> Any:
        for value in allowed:
            if node.text is not None and node.text == str(value):
                return value
        words = ", ".join(str(value) for value in allowed)
        return self.problem(node, f"{node.kind} is not one of the values known here", f"one of: {words}")

    def _list(self, kind: Any, node: Node) -> Any:
        if node.items is None:
            return self.problem(node, f"a list belongs here, not {node.kind}", "write [a, b] or lines of - a")
        values = [self.read(kind, item) for item in node.items]
        return BAD if BAD in values else tuple(values)

    def _dict(self, kind: Any, node: Node) -> Any:
        if node.entries is None:
            return self.problem(
                node, f"a mapping belongs here, not {node.kind}", f"write name: {sample(kind)}"
            )
        values: dict[str, Any] = {}
        for key, child in node.entries.items():
            if not re.fullmatch(CATEGORY, key):
                values[key] = self.problem(child, f"{key[:80]!r} is not a name for this", CATEGORY_HINT)
            else:
                empty_struct = child.empty and isinstance(kind, type) and issubclass(kind, msgspec.Struct)
                values[key] = kind() if empty_struct else self.read(kind, child)
        return BAD if BAD in values.values() else values

    def _plain(self, kind: Any, node: Node) -> Any:
        if node.text is None:
            return self.problem(node, f"a plain value belongs here, not {node.kind}", _write(kind))
        if kind is bool:
            if node.text in ("true", "false"):
                return node.text == "true"
            return self.problem(
                node, f"{node.kind} is not true or false", "write true or false, without quotes"
            )
        if kind is date:
            return self._scalar(_date, node, sample(kind))
        return self._scalar(_text, node, sample(kind))


@lru_cache(maxsize=256)
def fields_of(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """A struct's fields by the key they have in the file."""
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


IDENT_HINT: Final = "lower-case letters, digits, - and _"
CATEGORY_HINT: Final = "at most 64 characters in one line"


def _text(text: str, _: int) -> str:
    if not text:
        raise ValueProblem("this text is empty")
    if len(text) > TEXT_MAX:
        raise ValueProblem(f"this text is longer than {TEXT_MAX} characters")
    if any(ord(c) < 32 and c not in "\n\t" for c in text):
        raise ValueProblem("this text has control characters in it")
    return text


def _date(text: str, _: int) -> date:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueProblem(f"{text!r} is not a date such as 2026-11-30")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueProblem(f"there is no day {text}") from None


def _money(text: str, digits: int) -> int:
    value = parse_scaled(text, digits)
    if value < 0:
        raise ValueProblem(f"{text} is below zero")
    return value


def _positive_money(text: str, digits: int) -> int:
    value = parse_scaled(text, digits)
    if value <= 0:
        raise ValueProblem(f"{text} is not above zero")
    return value


def _points(text: str, _: int) -> int:
    return _positive_money(text, 2)


def _quantity(text: str, _: int) -> int:
    return _positive_money(text, 3)


def _point_value(text: str, digits: int) -> Fraction:
    return Fraction(_positive_money(text, digits + 6), 10**6)


def _share(text: str, _: int) -> Fraction:
    rate = parse_rate(text)
    if not 0 <= rate <= 1:
        raise ValueProblem(f"{text} is not between 0 % and 100 %")
    return rate


def _factor(text: str, _: int) -> Fraction:
    rate = parse_rate(text)
    if not 0 <= rate <= FACTOR_MAX:
        raise ValueProblem(f"{text} is not a factor between 0 and {FACTOR_MAX}")
    return rate


def _whole_from(low: int, high: int) -> Callable[[str, int], int]:
    def parse(text: str, _: int) -> int:
        if not _WHOLE.fullmatch(text):
            raise ValueProblem(f"{text!r} is not a whole number")
        value = int(text)
        if not low <= value <= high:
            raise ValueProblem(f"{value} is not between {low} and {high}")
        return value

    return parse


def _ident(text: str, _: int) -> str:
    if not re.fullmatch(IDENT, text, re.ASCII):
        raise ValueProblem(f"{text[:80]!r} is not a name of {IDENT_HINT}")
    return text


def _category(text: str, _: int) -> str:
    if not re.fullmatch(CATEGORY, text):
        raise ValueProblem(f"{text[:80]!r} is not a category: {CATEGORY_HINT}")
    return text


def _hours(text: str, _: int) -> tuple[int, int]:
    match = _HOURS.fullmatch(text)
    if not match:
        raise ValueProblem(f"{text!r} is not a span such as 08:00-11:30")
    from_h, from_m, to_h, to_m = (int(part) for part in match.groups())
    start, end = from_h * 60 + from_m, to_h * 60 + to_m
    if max(start, end) > 1440 or start == end:
        raise ValueProblem(f"{text!r} is not a span of a day")
    return start, end


def _zone(text: str, _: int) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueProblem(f"{text!r} is not a time zone such as Europe/Warsaw") from None
    return text


def _currency(text: str, _: int) -> str:
    minor_digits(text)
    return text


SCALARS: Final[dict[str, Callable[[str, int], Any]]] = {
    "money": _money,
    "positive_money": _positive_money,
    "points": _points,
    "quantity": _quantity,
    "point_value": _point_value,
    "share": _share,
    "factor": _factor,
    "count": _whole_from(1, AMOUNT_MAX),
    "days": _whole_from(0, DAYS_MAX),
    "term": _whole_from(1, DAYS_MAX),
    "months": _whole_from(1, MONTHS_MAX),
    "whole": _whole_from(-1_000_000, 1_000_000),
    "ident": _ident,
    "category": _category,
    "hours": _hours,
    "zone": _zone,
    "currency": _currency,
}


def text_at(node: Node, key: str) -> str:
    """A plain text under a key, or "" where there is none: for keys needed before the typed reading."""
    child = (node.entries or {}).get(key)
    return child.text if child is not None and child.text is not None else ""


EXAMPLES: Final[dict[str, str]] = {
    "money": "19.99",
    "positive_money": "19.99",
    "points": "100",
    "quantity": "1.5",
    "point_value": "0.01",
    "share": "5% or 0.05",
    "factor": "2 or 150%",
    "count": "10",
    "days": "30",
    "term": "30",
    "months": "12",
    "whole": "10",
    "ident": "summer-2026",
    "category": "dairy",
    "hours": "08:00-11:30",
    "zone": "Europe/Warsaw",
    "currency": "PLN",
}


def sample(kind: Any) -> str:
    """A value of a type as it could stand in a file: what a hint tells the reader to write."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        scalar = next((note for note in parts[1:] if isinstance(note, Scalar)), None)
        return EXAMPLES[scalar.name] if scalar else sample(parts[0])
    if origin in (Union, types.UnionType):
        return sample(next(part for part in parts if part is not type(None)))
    if origin is Literal:
        return " or ".join(str(value) for value in parts)
    if origin is tuple:
        return f"[{sample(parts[0])}]"
    if origin is dict:
        return f"{{name: {sample(parts[1])}}}"
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = fields_of(kind)
        shown = {name: field for name, field in fields.items() if field.required} or fields
        return "{" + ", ".join(f"{name}: {sample(field.type)}" for name, field in shown.items()) + "}"
    return "true" if kind is bool else "2026-11-30" if kind is date else "a text"


def _write(kind: Any, key: str = "") -> str:
    return f"write {key}{sample(kind)}"
