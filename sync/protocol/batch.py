"""The bodies of a push as columns: what they have in common once, what differs beside its like. Pure.

A body is taken apart as text, of whatever kind and version it is. Its numbers, ids and texts leave marks in a
*frame*; the lines of a sale leave marks in a *layout*, and their texts together are a *product*. Frames,
layouts and products stand once in a batch; values stand in columns (`columns`). A value that is in a
frame or layout twice is written once. What cannot be taken apart exactly goes as the bytes it is.

The batch is a msgpack array, version 2 of the wire's facts; its layout is that of `_Writer.document`. Whoever
writes one reads it back and compares, and the hash of the last fact tells the reader that it has what was
meant: what this module does not foresee costs bytes, never a fact.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any, Final, NamedTuple

import msgspec

from sync.protocol.columns import (
    BadColumn,
    read_ids,
    read_numbers,
    read_texts,
    write_ids,
    write_numbers,
    write_texts,
)

LINES_MAX: Final = 200_000
"""Lines of sales in one batch."""
_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOKEN: Final = re.compile(
    rf'(?<=")({_UUID})|"(?!{_UUID})((?:[^"\\]|\\.)*)"(?=[,}}\]])|(?<=[:\[,])(0|-?[1-9]\d*)(?=[,}}\]])'
)
_ID, _TEXT, _NUMBER = 1, 2, 3
_LINES: Final = '"lines":[{"line":'
_AFTER: Final = '}],"'
_MARK, _LINES_MARK, _TEXT_MARK = 0xE000, "\uf8ff", "\uf8fe"
_MARKS: Final = re.compile("[\ue000-\uf8ff]")
_MILLIS: Final = 6
"""Bytes of milliseconds that a UUIDv7 begins with (RFC 9562)."""

Breathe = Callable[[], None]


class BadBatch(ValueError):
    """What came is no batch, or says more than it may."""


def write_bodies(bodies: Sequence[bytes], breathe: Breathe = lambda: None) -> bytes | None:
    """A batch of bodies; None if it does not read back as they are. `breathe` is called between them."""
    writer = _Writer()
    try:
        for body in bodies:
            writer.add(body)
            breathe()
        data = msgspec.msgpack.encode(writer.document())
        read = list(read_bodies(data, len(bodies), sum(map(len, bodies)), breathe))
    except (BadBatch, ValueError, OverflowError):
        return None  # numbers of thousands of digits, and what else nobody thought of
    return data if read == list(bodies) else None


def read_bodies(data: bytes, count: int, most_bytes: int, breathe: Breathe = lambda: None) -> Iterator[bytes]:
    """The bodies of a batch, which says that they are `count`. Raises BadBatch for one that is not what it
    says, or that is of more than `most_bytes`."""
    try:
        document = msgspec.msgpack.decode(data)
        left = most_bytes
        for body in _Reader(document, count, most_bytes).bodies():
            left -= len(body)
            if left < 0:
                raise BadBatch(f"the bodies are of more than the {most_bytes} bytes allowed")
            breathe()
            yield body
    except (BadColumn, msgspec.DecodeError, TypeError, ValueError, LookupError, StopIteration) as error:
        raise error if isinstance(error, BadBatch) else BadBatch(f"no batch of facts: {error}") from error


# Writing


class _Line(NamedTuple):
    layout: int
    product: int
    numbers: list[int]


class _Writer:
    def __init__(self) -> None:
        self._order: list[int] = []
        self._raw: list[bytes] = []
        self._frames: dict[str, int] = {}
        self._values: list[list[list[tuple[int, str]]]] = []
        self._counts: list[int] = []
        self._lines: list[_Line] = []
        self._layouts: dict[str, int] = {}
        self._columns: list[list[int]] = []
        self._names: dict[str, int] = {}
        self._products: dict[tuple[str, ...], int] = {}

    def add(self, body: bytes) -> None:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = _LINES_MARK
        if _MARKS.search(text):
            self._order.append(0)
            self._raw.append(body)
            return
        text, lines = _without_lines(text)
        frame, values = _taken_apart(text)
        place = self._frames.setdefault(frame, len(self._frames))
        if place == len(self._values):
            self._values.append([[] for _ in values])
        for column, value in zip(self._values[place], values, strict=True):
            column.append(value)
        self._order.append(place + 1)
        if lines:
            self._counts.append(len(lines))
            self._lines += map(self._line, lines)

    def _line(self, text: str) -> _Line:
        parts: list[str] = []
        texts: list[str] = []
        slots: dict[str, int] = {}
        at = 0
        for match in _TOKEN.finditer(text):
            kind = match.lastindex or 0
            begin, end = match.span(kind)
            parts.append(text[at:begin])
            if kind == _NUMBER:
                parts.append(chr(_MARK + slots.setdefault(match[kind], len(slots))))
            else:
                parts.append(_TEXT_MARK)
                texts.append(match[kind])
            at = end
        layout = "".join((*parts, text[at:]))
        place = self._layouts.setdefault(layout, len(self._layouts))
        if place == len(self._columns):
            self._columns.append([self._names.setdefault(name, len(self._names)) for name in _names(layout)])
        product = self._products.setdefault(tuple(texts), len(self._products))
        return _Line(place, product, list(map(int, slots)))

    def document(self) -> list[Any]:
        """[raw bodies, frames, their values, which frame each fact has (0: raw, n: the n-th), how many lines
        each fact with lines has, layouts with the columns of their numbers, products, which layout and which
        product each line has, columns of numbers: (by product?, column)]."""
        return [
            self._raw,
            list(self._frames),
            list(map(_frame_columns, self._values)),
            write_numbers(self._order),
            write_numbers(self._counts),
            [[layout, columns] for layout, columns in zip(self._layouts, self._columns, strict=True)],
            _product_columns(list(self._products)),
            write_numbers([line.layout for line in self._lines]),
            write_numbers([line.product for line in self._lines]),
            self._number_columns(),
        ]

    def _number_columns(self) -> list[Any]:
        plain: list[list[int]] = [[] for _ in self._names]
        steps: list[list[int]] = [[] for _ in self._names]
        last: list[dict[int, int]] = [{} for _ in self._names]
        for line in self._lines:
            for column, number in zip(self._columns[line.layout], line.numbers, strict=True):
                plain[column].append(number)
                steps[column].append(number - last[column].get(line.product, 0))
                last[column][line.product] = number
        # What repeats with its product leaves zeros.
        return [
            [1, write_numbers(after)]
            if after.count(0) > max(map(numbers.count, set(numbers[:50])), default=0)
            else [0, write_numbers(numbers)]
            for numbers, after in zip(plain, steps, strict=True)
        ]


def _without_lines(text: str) -> tuple[str, list[str]]:
    """A body with a mark in place of its lines, and those, without their numbers, which must be 1, 2, 3 …"""
    start = text.find(_LINES)
    end = text.find(_AFTER, start)
    if start < 0 or end < 0:
        return text, []
    begin = start + len('"lines":[')
    lines: list[str] = []
    for number, line in enumerate(text[start + len(_LINES) : end + 1].split(',{"line":'), 1):
        said, _, rest = line.partition(",")
        if said != str(number):
            return text, []
        lines.append(rest)
    return text[:begin] + _LINES_MARK + text[end + 1 :], lines


def _taken_apart(text: str) -> tuple[str, list[tuple[int, str]]]:
    """A text with marks in place of its values, and the values, each different one once."""
    slots: dict[tuple[int, str], int] = {}
    parts: list[str] = []
    at = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastindex or 0
        begin, end = match.span(kind)
        slot = slots.setdefault((kind, match[kind]), len(slots))
        parts += (text[at:begin], chr(_MARK + min(slot, 6000)))
        at = end
    return "".join((*parts, text[at:])), list(slots)


_NAMED: Final = re.compile(rf'"(\w+)":(?:\[|"?{_TEXT_MARK}"?|[,\]])*([\ue000-\uf7ff])')


def _names(layout: str) -> list[str]:
    """For each number of a layout the name it stands under first: its column is that of all of that name."""
    found: dict[str, str] = {}
    for name, mark in _NAMED.findall(layout):
        found.setdefault(mark, name)
    count = len(set(_MARKS.findall(layout)) - {_TEXT_MARK})
    return [found.get(chr(_MARK + slot), "") for slot in range(count)]


def _frame_columns(values: list[list[tuple[int, str]]]) -> list[Any]:
    numbers = {
        slot: [int(text) for _, text in column]
        for slot, column in enumerate(values)
        if column[0][0] == _NUMBER
    }
    found: list[Any] = []
    for slot, column in enumerate(values):
        kind = column[0][0]
        if kind == _NUMBER:
            found.append([_NUMBER, write_numbers(numbers[slot])])
        elif kind == _TEXT:
            found.append([_TEXT, write_texts([text for _, text in column])])
        else:
            found.append(_id_column([bytes.fromhex(text.replace("-", "")) for _, text in column], numbers))
    return found


def _id_column(ids: list[bytes], numbers: dict[int, list[int]]) -> list[Any]:
    """[_ID, ids], or [_ID, slot of their milliseconds, rests]: a new id is made when its fact happens."""
    if len(set(ids)) * 2 > len(ids):
        millis = [int.from_bytes(one[:_MILLIS], "big") for one in ids]
        for slot, column in numbers.items():
            if column == millis:
                return [_ID, slot, write_ids([one[_MILLIS:] for one in ids])]
    return [_ID, write_ids(ids)]


def _product_columns(products: list[tuple[str, ...]]) -> list[Any]:
    """[first texts (numbers, where they are), which rest each has, the rests: how long, texts by place]."""
    firsts = [product[0] if product else "" for product in products]
    rests: dict[tuple[str, ...], int] = {}
    which = [rests.setdefault(product[1:], len(rests)) for product in products]
    plain = all(_is_number(text) for text in firsts)
    return [
        [_NUMBER, write_numbers(list(map(int, firsts)))] if plain else [_TEXT, firsts],
        write_numbers([min(len(product), 1) for product in products]),
        write_numbers(which),
        write_numbers([len(rest) for rest in rests]),
        [
            write_texts([rest[place] for rest in rests if len(rest) > place])
            for place in range(max(map(len, rests), default=0))
        ],
    ]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18 and (text == "0" or text[0] != "0")


# Reading


class _Reader:
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
            (_frame_format(text, len(of_frame)), _LINES_MARK in text, _rows(of_frame, uses[place]))
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
    count = layout.count(_TEXT_MARK)
    places = iter(range(count))

    def place(match: re.Match[str]) -> str:
        return f"{{{next(places) if match[0] == _TEXT_MARK else count + ord(match[0]) - _MARK}}}"

    return _MARKS.sub(place, _escaped(layout)), count


def _frame_format(frame: str, lines: int) -> str:
    """A frame for `str.format` with its values; its lines are the last of them."""

    def place(match: re.Match[str]) -> str:
        return f"{{{lines if match[0] == _LINES_MARK else ord(match[0]) - _MARK}}}"

    return _MARKS.sub(place, _escaped(frame))


def _escaped(text: str) -> str:
    # Whatever stands in braces would be taken for an expression.
    return text.replace("{", "{{").replace("}", "}}")


def _rows(columns: list[Any], count: int) -> Iterator[tuple[Any, ...]]:
    """The values of a frame, fact by fact."""
    if not columns:
        return repeat((), count)
    read: dict[int, list[Any]] = {}
    for slot, (kind, *column) in enumerate(columns):
        if kind == _NUMBER:
            read[slot] = read_numbers(column[0], count)
    for slot, (kind, *column) in enumerate(columns):
        if kind == _TEXT:
            read[slot] = read_texts(column[0], count)
        elif kind == _ID:
            read[slot] = _ids(column, read, count)
    return zip(*(read[slot] for slot in range(len(columns))), strict=True)


def _ids(column: list[Any], read: dict[int, list[Any]], count: int) -> list[str]:
    if len(column) == 1:
        ids = read_ids(column[0], count)
        texts = {id: _dashed(id) for id in set(ids)}
        return [texts[id] for id in ids]
    slot, rests = column
    millis = (number.to_bytes(_MILLIS, "big") for number in read[slot])
    return [_dashed(first + rest) for first, rest in zip(millis, read_ids(rests, count), strict=True)]


def _dashed(id: bytes) -> str:
    text = id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _read_products(columns: Any) -> list[tuple[str, ...]]:
    (kind, firsts), there, which, lengths, texts = columns
    names = list(map(str, read_numbers(firsts, LINES_MAX))) if kind == _NUMBER else firsts
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
