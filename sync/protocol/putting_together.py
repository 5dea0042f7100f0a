"""Bodies put together again from the columns of a batch. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, repeat
from typing import Any

from sync.protocol.columns import read_ids, read_numbers, read_texts
from sync.protocol.marks import (
    ID,
    LINES_MARK,
    LINES_MAX,
    MARK,
    MARKS,
    MILLIS,
    NUMBER,
    TEXT,
    TEXT_MARK,
    BadBatch,
)


class Reader:
    def __init__(self, document: Any, count: int, most_bytes: int) -> None:
        raw, frames, values, order, counts, layouts, products, which, whose, numbers = document
        self._raw: list[Any] = raw
        self._order = read_numbers(order, count)
        if len(self._order) != count or min(self._order) < 0:
            raise BadBatch("not as many facts as it says")
        columns = [(by_product, read_numbers(column, LINES_MAX)) for by_product, column in numbers]
        places = zip(read_numbers(which, LINES_MAX), read_numbers(whose, LINES_MAX), strict=True)
        lines = _lines(layouts, _read_products(products), columns, places, most_bytes)
        self._lines = _joined(lines, read_numbers(counts, count))
        uses = Counter(self._order)
        self._frames = [
            (_frame_format(text, len(of_frame)), LINES_MARK in text, _rows(of_frame, uses[place]))
            for place, (text, of_frame) in enumerate(zip(frames, values, strict=True), 1)
        ]

    def bodies(self) -> Iterator[bytes]:
        raw = iter(self._raw)
        for place in self._order:
            if place == 0:
                body = next(raw)
                if not isinstance(body, bytes):
                    raise BadBatch("a raw body is bytes")
                yield body
                continue
            frame, has_lines, rows = self._frames[place - 1]
            row = next(rows)
            yield (frame.format(*row, next(self._lines)) if has_lines else frame.format(*row)).encode()


def _lines(
    layouts: list[tuple[str, list[int]]],
    products: list[tuple[str, ...]],
    columns: list[tuple[bool, list[int]]],
    places: Iterable[tuple[int, int]],
    left: int,
) -> Iterator[str]:
    """The lines of all sales, without their numbers. Raises BadBatch beyond `left` characters."""
    formats = [_line_format(text) for text, _ in layouts]
    values = [iter(column) for _, column in columns]
    last: list[dict[int, int] | None] = [{} if by_product else None for by_product, _ in columns]
    for layout, product in places:
        text, count = formats[layout]
        texts = products[product]
        if len(texts) != count:
            raise BadBatch("a product does not fit the layout of its line")
        numbers: list[int] = []
        for column in layouts[layout][1]:
            number = next(values[column])
            before = last[column]
            if before is not None:
                number = before[product] = number + before.get(product, 0)
            numbers.append(number)
        line = text.format(*texts, *numbers)
        left -= len(line)
        if left < 0:
            raise BadBatch("the lines are of more bytes than are allowed")
        yield line


def _joined(lines: Iterator[str], counts: list[int]) -> Iterator[str]:
    """The lines of each sale, numbered."""
    for count in counts:
        numbered = zip(range(1, count + 1), islice(lines, count), strict=True)
        yield ",".join([f'{{"line":{number},{line}' for number, line in numbered])


def _line_format(layout: str) -> tuple[str, int]:
    """A layout for `str.format` with a product's texts, then numbers; how many texts it takes."""
    count = layout.count(TEXT_MARK)
    places = iter(range(count))

    def place(match: re.Match[str]) -> str:
        return f"{{{next(places) if match[0] == TEXT_MARK else count + ord(match[0]) - MARK}}}"

    return MARKS.sub(place, _escaped(layout)), count


def _frame_format(frame: str, lines: int) -> str:
    """A frame for `str.format` with its values; its lines are the last of them."""

    def place(match: re.Match[str]) -> str:
        return f"{{{lines if match[0] == LINES_MARK else ord(match[0]) - MARK}}}"

    return MARKS.sub(place, _escaped(frame))


def _escaped(text: str) -> str:
    # Whatever stands in braces would be taken for an expression.
    return text.replace("{", "{{").replace("}", "}}")


def _rows(columns: list[Any], count: int) -> Iterator[tuple[Any, ...]]:
    """The values of a frame, fact by fact."""
    if not columns:
        return repeat((), count)
    read: dict[int, list[Any]] = {}
    for slot, (kind, *column) in enumerate(columns):
        if kind == NUMBER:
            read[slot] = read_numbers(column[0], count)
    for slot, (kind, *column) in enumerate(columns):
        if kind == TEXT:
            read[slot] = read_texts(column[0], count)
        elif kind == ID:
            read[slot] = _ids(column, read, count)
    return zip(*(read[slot] for slot in range(len(columns))), strict=True)


def _ids(column: list[Any], read: dict[int, list[Any]], count: int) -> list[str]:
    if len(column) == 1:
        ids = read_ids(column[0], count)
        texts = {id: _dashed(id) for id in set(ids)}
        return [texts[id] for id in ids]
    slot, rests = column
    millis = (number.to_bytes(MILLIS, "big") for number in read[slot])
    return [_dashed(first + rest) for first, rest in zip(millis, read_ids(rests, count), strict=True)]


def _dashed(id: bytes) -> str:
    text = id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _read_products(columns: Any) -> list[tuple[str, ...]]:
    (kind, firsts), there, which, lengths, texts = columns
    names = list(map(str, read_numbers(firsts, LINES_MAX))) if kind == NUMBER else firsts
    places = [iter(read_texts(column, LINES_MAX)) for column in texts]
    rests = [
        tuple(next(places[place]) for place in range(length)) for length in read_numbers(lengths, LINES_MAX)
    ]
    return [
        (name, *rests[rest]) if has else rests[rest]
        for name, has, rest in zip(
            names, read_numbers(there, LINES_MAX), read_numbers(which, LINES_MAX), strict=True
        )
    ]
