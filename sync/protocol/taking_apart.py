"""Bodies taken apart into the columns of a batch. Pure."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from sync.protocol.columns import write_ids, write_numbers, write_texts
from sync.protocol.marks import ID, LINES_MARK, MARK, MARKS, MILLIS, NUMBER, TEXT, TEXT_MARK

_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_TOKEN: Final = re.compile(
    rf'(?<=")({_UUID})|"(?!{_UUID})((?:[^"\\]|\\.)*)"(?=[,}}\]])|(?<=[:\[,])(0|-?[1-9]\d*)(?=[,}}\]])'
)
_LINES: Final = '"lines":[{"line":'
_AFTER: Final = '}],"'


class _Line(NamedTuple):
    layout: int
    product: int
    numbers: list[int]


class Writer:
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
            text = LINES_MARK
        if MARKS.search(text):
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
            if kind == NUMBER:
                parts.append(chr(MARK + slots.setdefault(match[kind], len(slots))))
            else:
                parts.append(TEXT_MARK)
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
    return text[:begin] + LINES_MARK + text[end + 1 :], lines


def _taken_apart(text: str) -> tuple[str, list[tuple[int, str]]]:
    """A text with marks in place of its values, and the values, each different one once."""
    slots: dict[tuple[int, str], int] = {}
    parts: list[str] = []
    at = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastindex or 0
        begin, end = match.span(kind)
        slot = slots.setdefault((kind, match[kind]), len(slots))
        parts += (text[at:begin], chr(MARK + min(slot, 6000)))
        at = end
    return "".join((*parts, text[at:])), list(slots)


_NAMED: Final = re.compile(rf'"(\w+)":(?:\[|"?{TEXT_MARK}"?|[,\]])*([\ue000-\uf7ff])')


def _names(layout: str) -> list[str]:
    """For each number of a layout the name it stands under first: its column is that of all of that name."""
    found: dict[str, str] = {}
    for name, mark in _NAMED.findall(layout):
        found.setdefault(mark, name)
    count = len(set(MARKS.findall(layout)) - {TEXT_MARK})
    return [found.get(chr(MARK + slot), "") for slot in range(count)]


def _frame_columns(values: list[list[tuple[int, str]]]) -> list[Any]:
    numbers = {
        slot: [int(text) for _, text in column]
        for slot, column in enumerate(values)
        if column[0][0] == NUMBER
    }
    found: list[Any] = []
    for slot, column in enumerate(values):
        kind = column[0][0]
        if kind == NUMBER:
            found.append([NUMBER, write_numbers(numbers[slot])])
        elif kind == TEXT:
            found.append([TEXT, write_texts([text for _, text in column])])
        else:
            found.append(_id_column([bytes.fromhex(text.replace("-", "")) for _, text in column], numbers))
    return found


def _id_column(ids: list[bytes], numbers: dict[int, list[int]]) -> list[Any]:
    """[ID, ids], or [ID, slot of their milliseconds, rests]: a new id is made when its fact happens."""
    if len(set(ids)) * 2 > len(ids):
        millis = [int.from_bytes(one[:MILLIS], "big") for one in ids]
        for slot, column in numbers.items():
            if column == millis:
                return [ID, slot, write_ids([one[MILLIS:] for one in ids])]
    return [ID, write_ids(ids)]


def _product_columns(products: list[tuple[str, ...]]) -> list[Any]:
    """[first texts (numbers, where they are), which rest each has, the rests: how long, texts by place]."""
    firsts = [product[0] if product else "" for product in products]
    rests: dict[tuple[str, ...], int] = {}
    which = [rests.setdefault(product[1:], len(rests)) for product in products]
    plain = all(_is_number(text) for text in firsts)
    return [
        [NUMBER, write_numbers(list(map(int, firsts)))] if plain else [TEXT, firsts],
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
