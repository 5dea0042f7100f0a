"""Columns of numbers, ids and texts in few bytes: values of one kind beside one another. Pure.

A column is a msgpack array that is read back exactly. Numbers stand in byte planes (all lowest bytes, then
all next ones), either themselves or their differences, whichever packs better; of ids and texts each
different one stands once. What general packing (zstd) then finds is short.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

PLAIN, STEPS, WIDE = 0, 1, 2
_WORD: Final = 8
_SAFE: Final = 2**61
"""Numbers beyond are written as text: a sum of two must fit a word."""


class BadColumn(ValueError):
    """What came is no column."""


def write_numbers(values: Sequence[int]) -> list[Any]:
    """[way, least, count, planes]: integers of any size."""
    if not values:
        return [PLAIN, 0, 0, b""]
    if max(values) >= _SAFE or min(values) <= -_SAFE:
        return [WIDE, 0, len(values), ",".join(map(str, values)).encode()]
    plain = _planes(PLAIN, values)
    steps = _planes(STEPS, [values[0], *(after - before for before, after in pairwise(values))])
    return min(plain, steps, key=lambda column: _weight(column[3]))


def _planes(way: int, values: Sequence[int]) -> list[Any]:
    least = min(values)
    words = _little(array("Q", [value - least for value in values])).tobytes()
    width = ((max(values) - least).bit_length() + 7) // 8
    return [way, least, len(values), b"".join(words[plane::_WORD] for plane in range(width))]


def _little(words: array[int]) -> array[int]:
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _weight(planes: bytes) -> int:
    """About what is left of planes once they are packed: zeros cost least, repeated values little."""
    return 8 * len(set(planes)) + sum(map(bool, planes)) + len(planes) // 8


def read_numbers(column: Any, most: int) -> list[int]:
    """The numbers of a column, at most so many. Raises BadColumn."""
    try:
        way, least, count, planes = column
        if not 0 <= count <= most or way not in (PLAIN, STEPS, WIDE):
            raise BadColumn("no column of numbers, or too long a one")
        if way == WIDE:
            return _checked([int(text) for text in planes.split(b",")], count)
        found: Iterable[int] = [least] * count
        if planes:
            width, rest = divmod(len(planes), count)
            if rest or width > _WORD:
                raise BadColumn("the planes of a column do not fit its count")
            words = bytearray(_WORD * count)
            for plane in range(width):
                words[plane::_WORD] = planes[plane * count : (plane + 1) * count]
            numbers = array("Q")
            numbers.frombytes(words)
            found = [least + number for number in _little(numbers)] if least else _little(numbers).tolist()
        return list(accumulate(found)) if way == STEPS else list(found)
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise BadColumn(str(error)) from error


def _checked(values: list[int], count: int) -> list[int]:
    if len(values) != count:
        raise BadColumn("a column is not as long as it says")
    return values


def write_ids(values: Sequence[bytes]) -> list[Any]:
    """[width, different ones, numbers]: strings of bytes of one width."""
    places: dict[bytes, int] = {}
    numbers = [places.setdefault(value, len(places)) for value in values]
    return [len(values[0]) if values else 0, b"".join(places), write_numbers(numbers)]


def read_ids(column: Any, most: int) -> list[bytes]:
    """The inverse of `write_ids`. Raises BadColumn."""
    try:
        width, data, numbers = column
        if not numbers[2]:
            return []
        if not 1 <= width <= 64 or len(data) % width:
            raise BadColumn("no column of ids")
        places = [data[start : start + width] for start in range(0, len(data), width)]
        return [places[number] for number in _indexes(numbers, most)]
    except (TypeError, ValueError, IndexError) as error:
        raise BadColumn(str(error)) from error


def write_texts(values: Sequence[str]) -> list[Any]:
    """[different ones, numbers]: texts."""
    places: dict[str, int] = {}
    numbers = [places.setdefault(value, len(places)) for value in values]
    return [list(places), write_numbers(numbers)]


def read_texts(column: Any, most: int) -> list[str]:
    """The inverse of `write_texts`. Raises BadColumn."""
    try:
        places, numbers = column
        if not all(isinstance(text, str) for text in places):
            raise BadColumn("no column of texts")
        return [places[number] for number in _indexes(numbers, most)]
    except (TypeError, IndexError) as error:
        raise BadColumn(str(error)) from error


def _indexes(column: Any, most: int) -> list[int]:
    numbers = read_numbers(column, most)
    if numbers and min(numbers) < 0:
        raise BadColumn("a place below the first")
    return numbers
