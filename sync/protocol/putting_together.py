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


class _Room:
    """How much a batch may still come to. Counted before anything of that size is made: a few bytes can say
    that a column has a million values, or that a frame has one text a million times.

    Each value stands at a mark, and each mark is for a character of a body, or for more. So neither the
    values of all columns nor the marks of all rows are more than the characters allowed.
    """

    def __init__(self, most: int) -> None:
        self._values = self._marks = self._text = most

    def numbers(self, column: Any, most: int) -> list[int]:
        found = read_numbers(column, min(most, self._values))
        self._values -= len(found)
        return found

    def texts(self, column: Any, most: int) -> list[str]:
        found = read_texts(column, min(most, self._values))
        self._values -= len(found)
        return found

    def ids(self, column: Any, most: int) -> list[bytes]:
        found = read_ids(column, min(most, self._values))
        self._values -= len(found)
        return found

    def marks(self, count: int) -> None:
        """So many marks are about to be filled. Raises BadBatch."""
        self._marks -= count
        if self._marks < 0:
            raise BadBatch("it says more values than there is room for")

    def text(self, length: int) -> None:
        """So many characters are about to be put together. Raises BadBatch."""
        self._text -= length
        if self._text < 0:
            raise BadBatch("it comes to more bytes than are allowed")


class Reader:
    def __init__(self, document: Any, count: int, most_bytes: int) -> None:
        raw, frames, values, order, counts, layouts, products, which, whose, numbers = document
        room = _Room(most_bytes)
        self._raw: list[Any] = raw
        self._order = room.numbers(order, count)
        if len(self._order) != count or min(self._order) < 0:
            raise BadBatch("not as many facts as it says")
        columns = [(by_product, room.numbers(column, LINES_MAX)) for by_product, column in numbers]
        lines = _Lines(room.numbers(which, LINES_MAX), room.numbers(whose, LINES_MAX), room)
        texts = lines.texts(layouts, _read_products(products, room), columns, most_bytes)
        joined = _joined(texts, room.numbers(counts, count), lines.count)
        uses = Counter(self._order)
        self._frames = [
            _filled(text, _frame_columns(text, of_frame, uses[place], joined, room))
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

    def __init__(self, which: Sequence[int], whose: Sequence[int], room: _Room) -> None:
        self._room = room
        self.count = len(which)
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
            marks = Counter(MARKS.findall(text))
            self._room.marks(len(lines) * marks.total())
            self._room.text(
                len(lines) * (len(text) - marks.total())
                + sum(len(word) for one in said for word in one)
                + sum(_length(column) * marks[chr(MARK + slot)] for slot, column in enumerate(columns_of))
            )
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
        if sum(len(lines) for lines, _ in takers) != len(values):
            raise BadBatch("a column of numbers is not as long as its lines")
        keys = sorted(
            chain.from_iterable(
                [line * count + turn for line in lines] for turn, (lines, _) in enumerate(takers)
            )
        )
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


def _joined(lines: Iterator[str], counts: Sequence[int], most: int) -> Iterator[str]:
    """The lines of each sale, numbered; there are at most so many."""
    if min(counts, default=0) < 0 or sum(counts) > most:
        raise BadBatch("sales have more lines than there are")
    heads = [f'{{"line":{number},' for number in range(1, max(counts, default=0) + 1)]

    def each() -> Iterator[str]:
        for count in counts:
            numbered = zip(heads[:count], islice(lines, count), strict=True)
            yield ",".join(map("".join, numbered))

    return each()


def _length(texts: Iterable[str]) -> int:
    return sum(map(len, texts))


def _frame_columns(
    text: str, columns: list[Any], count: int, lines: Iterator[str], room: _Room
) -> Callable[[str], Iterable[str]]:
    """The column of a mark in a frame of which there are `count`."""
    read: dict[int, list[Any]] = {}
    for slot, (kind, *column) in enumerate(columns):
        if kind == NUMBER:
            read[slot] = room.numbers(column[0], count)
    for slot, (kind, *column) in enumerate(columns):
        if kind == TEXT:
            read[slot] = room.texts(column[0], count)
        elif kind == ID:
            read[slot] = _ids(column, read, count, room)
    if any(len(values) != count for values in read.values()):
        raise BadBatch("not as many values as facts")
    for slot, (kind, *_) in enumerate(columns):
        if kind == NUMBER:
            read[slot] = list(map(str, read[slot]))
    marks = Counter(MARKS.findall(text))
    room.marks(count * marks.total())
    room.text(
        count * (len(text) - marks.total())
        + sum(_length(column) * marks[chr(MARK + slot)] for slot, column in read.items())
    )
    return lambda mark: lines if mark == LINES_MARK else read[ord(mark) - MARK]


def _ids(column: list[Any], read: dict[int, list[Any]], count: int, room: _Room) -> list[str]:
    if len(column) == 1:
        ids = room.ids(column[0], count)
        texts = {id: _dashed(id) for id in set(ids)}
        return [texts[id] for id in ids]
    slot, rests = column
    millis = (number.to_bytes(MILLIS, "big") for number in read[slot])
    return [_dashed(first + rest) for first, rest in zip(millis, room.ids(rests, count), strict=True)]


def _dashed(id: bytes) -> str:
    text = id.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _read_products(columns: Any, room: _Room) -> list[tuple[str, ...]]:
    (kind, firsts), there, which, lengths, texts = columns
    names = list(map(str, room.numbers(firsts, LINES_MAX))) if kind == NUMBER else firsts
    places = [iter(room.texts(column, LINES_MAX)) for column in texts]
    rests: list[tuple[str, ...]] = []
    for length, run in groupby(room.numbers(lengths, LINES_MAX)):
        count = len(list(run))
        room.marks(length * count)
        rests += islice(zip(*places[:length], strict=False) if length else repeat(()), count)
    return [
        (name, *rests[rest]) if has else rests[rest]
        for name, has, rest in zip(
            names, room.numbers(there, LINES_MAX), room.numbers(which, LINES_MAX), strict=True
        )
    ]
