"""A batch of facts reads back as the bytes it was made of, whatever they were."""

from __future__ import annotations

import tracemalloc
import uuid
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from app.ledger.chain import GENESIS, Head, verify
from app.ledger.facts import encode
from sync import protocol
from sync.protocol.batch import read_bodies, write_bodies
from sync.protocol.columns import (
    PLAIN,
    BadColumn,
    read_ids,
    read_numbers,
    read_texts,
    write_ids,
    write_numbers,
    write_texts,
)
from sync.protocol.marks import LINES_MARK, MARK, NUMBER, TEXT, BadBatch
from tests.support.facts import Shelf

MOST = 1 << 20
numbers = st.one_of(st.integers(-300, 300), st.integers(-(2**63), 2**64), st.integers())
words = st.sampled_from(
    ["sku", "name", "lines", "line", "", "5", "0", "-0", "007", 'a"b', "\ue000", "}],", "ł"]
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.floats(allow_nan=False), words, st.text(max_size=8),
              st.uuids().map(str), st.uuids().map(lambda id: f"{id}:points")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=4)),
    max_leaves=12,
)  # fmt: skip
lines = st.lists(
    st.fixed_dictionaries(
        {"line": st.integers(0, 3), "sku": words, "name": words, "price_minor": st.integers(0, 3)},
        optional={"more": values},
    ),
    max_size=4,
)
facts = st.one_of(
    st.binary(max_size=60),
    values.map(msgspec.json.encode),
    st.fixed_dictionaries({"id": st.uuids(), "at_ms": numbers, "lines": lines, "goods_minor": numbers}).map(
        msgspec.json.encode
    ),
    st.fixed_dictionaries({"at_ms": numbers, "lines": lines, "note": values}).map(
        lambda one: msgspec.json.format(msgspec.json.encode(one))
    ),
)


def read(data: bytes, count: int, most: int = MOST) -> list[bytes]:
    return list(read_bodies(data, count, most))


def sold(count: int) -> list[bytes]:
    shelf = Shelf(3)
    return [encode(fact) for n in range(count) for fact in shelf.sold(shelf.world.new_id(), 1 + n % 9).facts]


@given(st.lists(facts, max_size=12))
def test_any_bodies_read_back_as_they_were(bodies: list[bytes]) -> None:
    data = write_bodies(bodies)
    if data is not None:  # what cannot be taken apart exactly is sent as it always was
        assert read(data, len(bodies)) == bodies


def test_a_number_of_thousands_of_digits_is_sent_as_it_always_was() -> None:
    assert write_bodies([b'{"n":' + b"7" * 5000 + b"}"]) is None


def test_sales_are_taken_apart_and_come_out_smaller() -> None:
    bodies = sold(200)
    data = write_bodies(bodies)
    assert data is not None
    assert read(data, len(bodies)) == bodies
    assert len(data) * 12 < sum(map(len, bodies))


def test_lines_of_many_shapes_share_columns() -> None:
    """Two prices in a line, prices in some lines only, texts in some only, sales without lines between."""
    shapes: list[dict[str, object]] = [
        {"sku": "1", "net_minor": 300}, {"sku": "2", "name": "x", "net_minor": 70, "qty_milli": 1000},
        {"sku": "1", "parts": [{"net_minor": 9}, {"net_minor": 4}], "net_minor": 13}, {"qty_milli": 5},
        {"sku": "1", "net_minor": 310}, {"sku": "2", "name": "x", "net_minor": 71, "qty_milli": 2000},
    ]  # fmt: skip
    bodies: list[bytes] = []
    for number in range(60):
        sold = [
            {"line": line, **shapes[(number * line + line) % len(shapes)]}
            for line in range(1, number % 7 + 1)
        ]
        bodies.append(msgspec.json.encode({"number": number, "lines": sold, "at_ms": number * 7}))
    data = write_bodies(bodies)
    assert data is not None
    assert read(data, len(bodies)) == bodies


@given(st.lists(numbers, max_size=20), st.lists(st.text(max_size=5), max_size=9))
def test_columns_read_back(some: list[int], texts: list[str]) -> None:
    assert read_numbers(write_numbers(some), 20) == some
    assert read_texts(write_texts(texts), 9) == texts
    ids = [uuid.uuid5(uuid.NAMESPACE_OID, text).bytes for text in texts]
    assert read_ids(write_ids(ids), 9) == ids


def test_longer_columns_than_allowed_are_refused() -> None:
    column = write_numbers([7] * 1000)
    assert column[3] == b"", "a column of one value has no planes: only its count says how long it is"
    with pytest.raises(BadColumn):
        read_numbers(column, 999)
    with pytest.raises(BadColumn):
        read_numbers([0, 0, 10**12, b""], 1000)


@given(st.data())
def test_damaged_batches_are_refused_or_read_otherwise_but_never_crash(data: st.DataObject) -> None:
    whole = write_bodies(sold(5))
    assert whole is not None
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    try:
        found = read(damaged, 5)
    except BadBatch:
        return
    assert all(isinstance(body, bytes) for body in found)


def test_a_small_batch_of_much_is_refused() -> None:
    """One long text under many numbers, or on many lines: what it would unpack to is counted on the way."""
    bodies = [msgspec.json.encode({"n": n, "text": "x" * 10_000}) for n in range(100)]
    data = write_bodies(bodies)
    assert data is not None
    assert len(data) < 12_000
    with pytest.raises(BadBatch):
        read(data, 100, 500_000)
    sale = {"at": 1, "lines": [{"line": n, "name": "y" * 10_000, "p": 1} for n in range(1, 101)], "goods": 1}
    data = write_bodies([msgspec.json.encode(sale)])
    assert data is not None
    with pytest.raises(BadBatch):
        read(data, 1, 500_000)


def _same(value: int, count: int) -> list[object]:
    """A column of one number, `count` times: a dozen bytes."""
    return [PLAIN, value, count, b""]


_NO_PRODUCTS = [[NUMBER, _same(0, 0)], _same(0, 0), _same(0, 0), _same(0, 0), []]
_EMPTY = {
    "raw": [], "frames": [LINES_MARK], "values": [[]], "order": _same(1, 1), "counts": _same(0, 0),
    "layouts": [], "products": _NO_PRODUCTS, "which": _same(0, 0), "whose": _same(0, 0), "numbers": [],
}  # fmt: skip
_SLOT = [NUMBER, _same(5, 1000)]
BOMBS: dict[str, dict[str, object]] = {
    "a sale of a million lines": {"counts": _same(10**6, 1)},
    "many long columns": {"numbers": [[0, _same(5, 200_000)]] * 500},
    "many values of many facts": {"frames": ["{}"], "values": [[_SLOT] * 20_000], "order": _same(1, 1000)},
    "one text at many marks": {
        "frames": [chr(MARK) * 10_000],
        "values": [[[TEXT, [["x" * 10_000], _same(0, 1)]]]],
    },
    "one number at many marks of many lines": {
        "counts": _same(1000, 1), "layouts": [[chr(MARK) * 20_000, [0]]], "which": _same(0, 1000),
        "whose": _same(0, 1000), "numbers": [[0, _same(10**17, 1000)]],
        "products": [[TEXT, [""]], _same(0, 1), _same(0, 1), _same(0, 1), []],
    },
    "one column for many places": {
        "counts": _same(1000, 1), "layouts": [["", [0] * 2_000]], "which": _same(0, 1000),
        "whose": _same(0, 1000), "numbers": [[0, _same(1, 1000)]],
        "products": [[TEXT, [""]], _same(0, 1), _same(0, 1), _same(0, 1), []],
    },
    "products of many texts": {
        "products": [
            [TEXT, []], _same(0, 0), _same(0, 0), _same(2000, 2000), [[["x"], _same(0, 2000)]] * 2000,
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_what_a_few_bytes_say_that_they_are_is_not_made(bomb: str) -> None:
    document = _EMPTY | BOMBS[bomb]
    data = msgspec.msgpack.encode(list(document.values()))
    assert len(zstandard.compress(data)) < 5000
    count = 1000 if bomb == "many values of many facts" else 1
    tracemalloc.start()
    try:
        with pytest.raises(BadBatch):
            read(data, count, 1 << 20)
        assert tracemalloc.get_traced_memory()[1] < 40 << 20
    finally:
        tracemalloc.stop()


def test_braces_of_a_till_are_text_and_no_expression() -> None:
    bodies = [msgspec.json.encode({"{0}": "{0.__class__}", "n": n, "lines": []}) for n in range(3)]
    data = write_bodies(bodies)
    assert data is not None
    assert read(data, 3) == bodies


def push_of(bodies: list[bytes]) -> tuple[protocol.Push, bytes]:
    head = Head(uuid.UUID(int=1), 1)
    push = protocol.Push(
        epoch=1, first_seq=1, last_seq=len(bodies), prev_hash=GENESIS, clock_ms=5,
        facts=[protocol.embed(body) for body in bodies],
    )  # fmt: skip
    return push, verify(head, bodies).hash


def test_a_push_says_the_same_in_both_forms() -> None:
    bodies = [*sold(30), b"no fact at all", b"\xff\xfe"]
    push, last_hash = push_of(bodies)
    plain = protocol.pack_push(push, last_hash, 1)
    columns = protocol.pack_push(push, last_hash, 2)
    assert len(columns) < len(plain)
    assert protocol.open_push(protocol.unpack(plain)) == push
    read = protocol.open_push(protocol.unpack(columns))
    assert (read.epoch, read.first_seq, read.last_seq, read.prev_hash, read.clock_ms) == (
        1,
        1,
        32,
        GENESIS,
        5,
    )
    assert protocol.bodies_of(read) == protocol.bodies_of(push) == bodies
    assert read.last_hash == last_hash


def test_pushes_shipped_once_are_read_for_ever() -> None:
    """The bytes of a push in columns, as the first version wrote them."""
    shipped = (Path(__file__).parent / "push_columns.zst").read_bytes()
    push = protocol.open_push(protocol.unpack(shipped))
    bodies = protocol.bodies_of(push)
    assert len(bodies) == 41
    assert verify(Head(uuid.UUID(int=1), 1), bodies).hash == push.last_hash
