"""Rows in PostgreSQL's binary form of COPY, a batch in one piece (its manual: COPY, "Binary Format").

Made column by column: what repeats in a batch, such as its origin, is written once.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from sync.server import schema

_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_NULL: Final = b"\xff\xff\xff\xff"
_LENGTH: Final = struct.Struct(">i")
_UUID: Final = _LENGTH.pack(16)
_JSONB_V: Final = b"\x01"

Cells = Iterable[bytes]
Encoder = Callable[[Sequence[Any]], Cells]


def _integers(width: str, size: int) -> Encoder:
    pack = struct.Struct(f">i{width}").pack

    def encode(values: Sequence[Any]) -> Cells:
        if None in values:
            return [_NULL if value is None else pack(size, value) for value in values]
        return [pack(size, value) for value in values]

    return encode


def _uuids(values: Sequence[uuid.UUID | None]) -> Cells:
    return [_NULL if value is None else _UUID + value.int.to_bytes(16, "big") for value in values]


def _texts(values: Sequence[str | None]) -> Cells:
    written = {value: _NULL if value is None else _sized(value.encode()) for value in set(values)}
    return map(written.__getitem__, values)


def _bytes(values: Sequence[bytes | None]) -> Cells:
    return [_NULL if value is None else _sized(value) for value in values]


def _documents(values: Sequence[bytes | None]) -> Cells:
    return [_NULL if value is None else _sized(_JSONB_V + value) for value in values]


def _sized(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value


_ENCODERS: Final[dict[type[Any], Encoder]] = {
    sa.SmallInteger: _integers("h", 2),
    sa.Integer: _integers("i", 4),
    sa.BigInteger: _integers("q", 8),
    sa.Text: _texts,
    sa.LargeBinary: _bytes,
    schema.Id: _uuids,
    postgresql.JSONB: _documents,
}


@cache
def statement(table: sa.Table) -> str:
    """The statement that copies into a table."""
    columns = ", ".join(column.name for column in table.columns)
    return f"COPY {table.name} ({columns}) FROM STDIN (FORMAT BINARY)"


@cache
def _encoders(table: sa.Table) -> list[Encoder]:
    return [_ENCODERS[type(column.type)] for column in table.columns]


def _encoded(encode: Encoder, values: Sequence[Any]) -> Cells:
    first = values[0]
    if all(value is first for value in values):
        return [*encode([first])] * len(values)
    return encode(values)


def binary(table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> bytes:
    """Rows, in the order of the table's columns; documents are JSON in bytes.

    Raises OverflowError for a number that its column cannot hold.
    """
    encoders = _encoders(table)
    begin = struct.pack(">h", len(encoders))
    columns = zip(*rows, strict=True)
    try:
        cells = [_encoded(encode, values) for encode, values in zip(encoders, columns, strict=True)]
    except struct.error as error:
        raise OverflowError(str(error)) from error
    return b"".join((_BEGIN, *chain.from_iterable(zip([begin] * len(rows), *cells, strict=True)), _END))
