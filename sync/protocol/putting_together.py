"""Bodies put together again from the columns of a batch. Pure.

Each frame and each layout is joined from its parts and columns of texts, as many rows at a time as are asked
for: an interpreter's step for a value would take most of the time of a push.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby, islice, repeat
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
        lines = _Lines(read_numbers(which, LINES_MAX), read_numbers(whose, LINES_MAX))
        joined = _joined(lines.texts(layouts, _read_products(products), columns, most_bytes), counts, count)
        uses = Counter(self._order)
        self._frames = [
            _filled(text, _frame_columns(of_frame, uses[place], joined))
            for place, (text, of_frame) in enumerate(zip(frames, values, strict=True), 1)
        ]

    def bodies(self) -> Iterator[bytes]:
        raw = iter(self._raw)
        for place in self._order:
            body: Any = next(raw if place == 0 else self._frames[place - 1], None)
            if isinstance(body, str) and place:
                yield body.encode()
            elif isinstance(body, bytes):
                yield body
            else:
                raise BadBatch("a body is missing, or no bytes")


def _filled(text: str, column_of: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """A text again and again, with the next values of columns in place of its marks."""
    between = iter(MARKS.split(text))
    parts: list[Iterable[str]] = [repeat(next(between))]
    for mark, after in zip(MARKS.findall(text), between, strict=True):
        parts += (column_of(mark), repeat(after))
    return map("".join, zip(*parts, strict=False))


class _Lines:
    """The lines of all sales: the layout and the product of each."""

    def __init__(self, which: Sequence[int], whose: Sequence[int]) -> None:
        if len(which) != len(whose):
            raise BadBatch("not as many products as lines")
        self._which = which
        self._whose = whose
        self._of_layout: dict[int, list[int]] = defaultdict(list)
        for line, layout in enumerate(which):
            self._of_layout[layout].append(line)

    def texts(
        self,
        layouts: list[tuple[str, list[int]]],
        products: list[tuple[str, ...]],
        columns: list[tuple[bool, list[int]]],
        left: int,
    ) -> Iterator[str]:
        """The lines without their numbers. Raises BadBatch beyond `left` characters."""
        numbers = self._numbers([layouts[layout][1] for layout in self._of_layout], columns)
        of_layout: dict[int, Iterator[str]] = {}
        for (layout, lines), columns_of in zip(self._of_layout.items(), numbers, strict=True):
            text = layouts[layout][0]
            said = [products[self._whose[line]] for line in lines]
            if set(map(len, said)) != {text.count(TEXT_MARK)}:
                raise BadBatch("a product does not fit the layout of its line")
            of_layout[layout] = _filled(text, _line_columns(zip(*said, strict=True), columns_of))
        for layout in self._which:
            line = next(of_layout[layout], None)
            if line is None or (left := left - len(line)) < 0:
                raise BadBatch("the lines are of more bytes than are allowed, or lack numbers")
            yield line

    def _numbers(
        self, wanted: list[list[int]], columns: list[tuple[bool, list[int]]]
    ) -> list[list[list[str]]]:
        """For each layout in use the columns of its numbers, as texts; a column may be of several."""
        takers: dict[int, list[tuple[list[int], list[str]]]] = defaultdict(list)
        found: list[list[list[str]]] = []
        for lines, places in zip(self._of_layout.values(), wanted, strict=True):
            found.append([[] for _ in places])
            for place, texts in zip(places, found[-1], strict=True):
                takers[place].append((lines, texts))
        for place, those in takers.items():
            self._hand_out(*columns[place], those)
        return found

    def _hand_out(
        self, by_product: bool, values: list[int], takers: list[tuple[list[int], list[str]]]
    ) -> None:
        """Give the values of a column to those who take them, in the order of their lines."""
        count = len(takers)
        keys = sorted(
            chain.from_iterable(
                [line * count + turn for line in lines] for turn, (lines, _) in enumerate(takers)
            )
        )
        if len(keys) != len(values):
            raise BadBatch("a column of numbers is not as long as its lines")
        if by_product:
            values = _summed(values, [self._whose[key // count] for key in keys])
        if count == 1:
            takers[0][1].extend(map(str, values))
            return
        for key, value in zip(keys, values, strict=True):
            takers[key % count][1].append(str(value))


def _summed(steps: Iterable[int], products: Iterable[int]) -> list[int]:
    """The numbers whose differences from the last of the same product are known."""
    last: dict[int, int] = {}
    numbers: list[int] = []
    for product, step in zip(products, steps, strict=True):
        last[product] = number = last.get(product, 0) + step
        numbers.append(number)
    return numbers


def _line_columns(texts: Iterator[Iterable[str]], numbers: list[list[str]]) -> Callable[[str], Iterable[str]]:
    """The column of a mark: the next of the product's texts, or numbers."""
    return lambda mark: next(texts) if mark == TEXT_MARK else numbers[ord(mark) - MARK]


def _joined(lines: Iterator[str], column: Any, count: int) -> Iterator[str]:
    """The lines of each sale, numbered."""
    counts = read_numbers(column, count)
    heads = [f'{{"line":{number},' for number in range(1, max(counts, default=0) + 1)]
    for count in counts:
        numbered = zip(heads[:count], islice(lines, count), strict=True)
        yield ",".join(map("".join, numbered))


def _frame_columns(columns: list[Any], count: int, lines: Iterator[str]) -> Callable[[str], Iterable[str]]:
    """The column of a mark in a frame of which there are `count`."""
    read: dict[int, list[Any]] = {}
    for slot, (kind, *column) in enumerate(columns):
        if kind == NUMBER:
            read[slot] = read_numbers(column[0], count)
    for slot, (kind, *column) in enumerate(columns):
        if kind == TEXT:
            read[slot] = read_texts(column[0], count)
        elif kind == ID:
            read[slot] = _ids(column, read, count)
    if any(len(values) != count for values in read.values()):
        raise BadBatch("not as many values as facts")
    for slot, (kind, *_) in enumerate(columns):
        if kind == NUMBER:
            read[slot] = list(map(str, read[slot]))
    return lambda mark: lines if mark == LINES_MARK else read[ord(mark) - MARK]


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
        rest
        for length, run in groupby(read_numbers(lengths, LINES_MAX))
        for rest in islice(zip(*places[:length], strict=False) if length else repeat(()), len(list(run)))
    ]
    return [
        (name, *rests[rest]) if has else rests[rest]
        for name, has, rest in zip(
            names, read_numbers(there, LINES_MAX), read_numbers(which, LINES_MAX), strict=True
        )
    ]
