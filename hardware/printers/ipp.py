"""The Internet Printing Protocol, as far as a till speaks it (RFC 8010 encoding, RFC 8011 operations).

Values are strings, integers and booleans; what else a printer tells is skipped by its length.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

PRINT_JOB: Final = 0x0002
CANCEL_JOB: Final = 0x0008
GET_JOB_ATTRIBUTES: Final = 0x0009
GET_PRINTER_ATTRIBUTES: Final = 0x000B
NOT_FOUND: Final = 0x0406
"""client-error-not-found, an answer's status."""

_OPERATION, _JOB, _END = 0x01, 0x02, 0x03
_INTEGER, _BOOLEAN, _ENUM = 0x21, 0x22, 0x23
_KEYWORD, _URI, _CHARSET, _LANGUAGE, _MIME, _NAME = 0x44, 0x45, 0x47, 0x48, 0x49, 0x42
_TEXTS: Final = frozenset(range(0x40, 0x60))
_TAGS: Final = {
    "attributes-charset": _CHARSET,
    "attributes-natural-language": _LANGUAGE,
    "printer-uri": _URI,
    "requesting-user-name": _NAME,
    "job-name": _NAME,
    "document-format": _MIME,
    "requested-attributes": _KEYWORD,
}

Value = str | int | bool


class IppProblem(Exception):
    """A print server that answers nonsense."""


class Answer(msgspec.Struct, frozen=True):
    """`status` below 0x100 is success. Each attribute has one value or more, in the order given."""

    status: int
    attributes: Mapping[str, tuple[Value, ...]]

    @property
    def well(self) -> bool:
        return self.status < 0x100

    def texts(self, name: str) -> tuple[str, ...]:
        return tuple(str(value) for value in self.attributes.get(name, ()))

    def number(self, name: str) -> int | None:
        """The first value as an integer, None if there is none."""
        value = next(iter(self.attributes.get(name, ())), None)
        return value if isinstance(value, int) else None


def request(operation: int, attributes: Mapping[str, str | int | Sequence[str]]) -> bytes:
    """An IPP 2.0 request; a document's bytes follow it as they are."""
    out = bytearray(struct.pack(">BBHI", 2, 0, operation, 1))
    out.append(_OPERATION)
    whole = {"attributes-charset": "utf-8", "attributes-natural-language": "en", **attributes}
    for name, value in whole.items():
        values = [value] if isinstance(value, str | int) else list(value)
        for place, each in enumerate(values):
            out += _attribute(name if place == 0 else "", _TAGS.get(name, _INTEGER), each)
    out.append(_END)
    return bytes(out)


def _attribute(name: str, tag: int, value: str | int) -> bytes:
    data = struct.pack(">i", value) if isinstance(value, int) else value.encode()
    label = name.encode("ascii")
    return struct.pack(">BH", tag, len(label)) + label + struct.pack(">H", len(data)) + data


def parse(data: bytes) -> Answer:
    """An answer's status and attributes of all groups; IppProblem if it is cut short."""
    try:
        return _parse(data)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise IppProblem(f"an answer of {len(data)} bytes is no IPP: {error}") from error


def _parse(data: bytes) -> Answer:
    _, _, status, _ = struct.unpack_from(">BBHI", data)
    found: dict[str, list[Value]] = {}
    at, last = 8, ""
    while (tag := data[at]) != _END:
        at += 1
        if tag < 0x10:
            continue  # another group begins
        (size,) = struct.unpack_from(">H", data, at)
        name = data[at + 2 : at + 2 + size].decode("ascii") or last
        at += 2 + size
        (size,) = struct.unpack_from(">H", data, at)
        value = data[at + 2 : at + 2 + size]
        if len(value) != size:
            raise IndexError("a value is longer than the answer")
        at += 2 + size
        last = name
        read = _value(tag, value)
        if read is not None:
            found.setdefault(name, []).append(read)
    return Answer(status, {name: tuple(values) for name, values in found.items()})


def _value(tag: int, data: bytes) -> Value | None:
    if tag in (_INTEGER, _ENUM):
        return int(struct.unpack(">i", data)[0])
    if tag == _BOOLEAN:
        return data != b"\x00"
    return data.decode(errors="replace") if tag in _TEXTS else None
