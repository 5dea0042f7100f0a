"""Structs as plain JSON for others: money, points and quantities as decimal strings, times as ISO text.

A field's unit ending decides, and is dropped: `amount_centi` 1234 becomes "amount": "12.34". The way
back refuses what is not exact, and names the place.
"""

from __future__ import annotations

import json
import types
from datetime import UTC, datetime
from typing import Any, Union, cast, get_args, get_origin

import msgspec

from app.values import (
    AMOUNT_MAX,
    ValueProblem,
    format_scaled,
    format_short,
    from_ms,
    minor_digits,
    parse_scaled,
    utc_ms,
)


class PlainProblem(ValueError):
    """A case that cannot be read: where (`basket[2].qty`) and why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.path = path
        self.reason = reason


class Number(str):
    """A JSON number, kept as it was written: no float is ever made of it."""

    __slots__ = ()


def load(text: bytes | str) -> Any:
    """JSON with numbers as their text; refuses NaN, keys that stand twice, and what is no JSON."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8")
        found = json.loads(
            text, parse_int=Number, parse_float=Number, parse_constant=_constant, object_pairs_hook=_object
        )
        if "\\u" in text:
            _whole_characters(found)
        return found
    except PlainProblem:
        raise
    except UnicodeError:
        raise PlainProblem("", "this is not UTF-8 text") from None
    except (ValueError, RecursionError) as error:
        raise PlainProblem("", f"this is not JSON: {error}") from None


def _whole_characters(value: Any) -> None:
    """Refuse half a surrogate pair, which JSON can spell and no answer could be written with."""
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            _whole_characters(key)
            _whole_characters(inner)
    elif isinstance(value, list):
        for inner in cast("list[Any]", value):
            _whole_characters(inner)


def _constant(name: str) -> Any:
    raise PlainProblem("", f"{name} is not a number here")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise PlainProblem("", f"the key {key!r} stands twice in one object")
        found[key] = value
    return found


class Plain:
    """Reads and writes for one currency."""

    def __init__(self, currency: str) -> None:
        self.digits = minor_digits(currency)

    # -- writing -----------------------------------------------------------------------------------------

    def money(self, minor: int) -> str:
        return format_scaled(minor, self.digits)

    def points(self, centi: int) -> str:
        return format_short(centi, 2)

    def write(self, value: Any) -> Any:
        """A struct, list or scalar as plain JSON; defaults are left out."""
        if isinstance(value, msgspec.Struct):
            return self._write_struct(value)
        if isinstance(value, tuple | list):
            return [self.write(item) for item in cast("list[Any]", value)]
        return value

    def _write_struct(self, value: msgspec.Struct) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        config = value.__struct_config__
        if config.tag is not None:
            plain[str(config.tag_field)] = config.tag
        for field in msgspec.structs.fields(type(value)):
            held = getattr(value, field.name)
            if not field.required and _is_default(field, held):
                continue
            name, unit = split_unit(field.name)
            if isinstance(held, dict):
                plain[name] = {key: self.write(item) for key, item in cast("dict[str, Any]", held).items()}
            else:
                plain[name] = self.write(held) if unit == "" else self._write_unit(unit, held)
        return plain

    def _write_unit(self, unit: str, value: Any) -> Any:
        if value is None:
            return None
        if unit == "minor":
            return self.money(value)
        if unit == "centi":
            return self.points(value)
        if unit == "milli":
            return format_short(value, 3)
        return time_text(value)

    def params(self, params: dict[str, Any]) -> dict[str, Any]:
        """A reason's parameters, their units dropped like fields'."""
        plain: dict[str, Any] = {}
        for key, value in params.items():
            name, unit = split_unit(key)
            plain[name] = self._write_unit(unit, value) if unit else value
        return plain

    # -- reading -----------------------------------------------------------------------------------------

    def read(self, kind: Any, value: Any, path: str) -> Any:
        """Plain JSON as a value of `kind`. Raises PlainProblem."""
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return self._read_union(kind, value, path)
        if origin is tuple:
            return tuple(
                self.read(get_args(kind)[0], item, f"{path}[{n}]")
                for n, item in enumerate(expect(value, list, path))
            )
        if origin is dict:
            entries = expect(value, dict, path)
            return {k: self.read(get_args(kind)[1], v, f"{path}.{k}") for k, v in entries.items()}
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.read_struct(kind, value, path)
        if kind is int:
            return integer(value, path)
        if kind is bool:
            return expect(value, bool, path)
        return text(value, path)

    def _read_union(self, kind: Any, value: Any, path: str) -> Any:
        inner = [part for part in get_args(kind) if part is not type(None)]
        if value is None and len(inner) < len(get_args(kind)):
            return None
        if len(inner) == 1:
            return self.read(inner[0], value, path)
        tag = expect(value, dict, path).get("do")
        for part in inner:
            if part.__struct_config__.tag == tag:
                return self.read_struct(part, value, path)
        raise PlainProblem(f"{path}.do", f"{tag!r} is not known")

    def read_struct(self, kind: type[msgspec.Struct], value: Any, path: str) -> Any:
        entries = dict(expect(value, dict, path))
        config = kind.__struct_config__
        if config.tag is not None:
            entries.pop(str(config.tag_field), None)
        values: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            name, unit = split_unit(field.name)
            place = f"{path}.{name}" if path else name
            if name not in entries:
                if field.required:
                    raise PlainProblem(place, "this is missing")
                continue
            held = entries.pop(name)
            if held is None and type(None) not in get_args(field.type):
                raise PlainProblem(place, "null does not belong here")
            values[field.name] = self.unit(unit, held, place) if unit else self.read(field.type, held, place)
        if entries:
            raise PlainProblem(path, f"unknown key {next(iter(entries))!r}")
        return kind(**values)

    def unit(self, unit: str, value: Any, path: str) -> int | None:
        if value is None:
            return None
        if unit == "ms":
            return time_ms(value, path)
        return self.scaled(value, {"minor": self.digits, "centi": 2, "milli": 3}[unit], path)

    def scaled(self, value: Any, digits: int, path: str) -> int:
        try:
            return parse_scaled(text(value, path, number=True), digits)
        except ValueProblem as problem:
            raise PlainProblem(path, str(problem)) from None


def split_unit(name: str) -> tuple[str, str]:
    """A field's name without its unit, and the unit: ("amount", "centi"); times keep their `_at`."""
    stem, _, unit = name.rpartition("_")
    return (stem, unit) if unit in ("minor", "centi", "milli", "ms") else (name, "")


def _is_default(field: msgspec.structs.FieldInfo, held: Any) -> bool:
    if field.default is not msgspec.NODEFAULT:
        return held == field.default
    return field.default_factory is not msgspec.NODEFAULT and held == field.default_factory()


def expect(value: Any, kind: type, path: str) -> Any:
    if not isinstance(value, kind):
        word = {list: "a list", dict: "an object", bool: "true or false"}[kind]
        raise PlainProblem(path, f"{word} belongs here")
    return value


def text(value: Any, path: str, *, number: bool = False) -> str:
    if not isinstance(value, str) or (isinstance(value, Number) and not number):
        raise PlainProblem(path, "a decimal string belongs here" if number else "a text belongs here")
    return str(value)


def integer(value: Any, path: str) -> int:
    try:
        number = int(text(value, path, number=True))
    except ValueError:
        raise PlainProblem(path, "a whole number belongs here") from None
    if abs(number) > AMOUNT_MAX:
        raise PlainProblem(path, "this number is too large")
    return number


def time_text(at_ms: int) -> str:
    """A moment as ISO 8601 in UTC, with milliseconds only where there are any."""
    moment = from_ms(at_ms)
    precision = "milliseconds" if at_ms % 1000 else "seconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def time_ms(value: Any, path: str) -> int:
    """An ISO moment with its offset as milliseconds."""
    try:
        moment = datetime.fromisoformat(text(value, path))
        if moment.year < 1970:
            raise PlainProblem(path, "a time before 1970")
        return utc_ms(moment.astimezone(UTC) if moment.tzinfo else moment)
    except (OverflowError, ValueError) as error:
        if isinstance(error, PlainProblem):
            raise
        raise PlainProblem(path, "a time such as 2026-01-31T12:00:00+01:00 belongs here") from None
