"""The directory: every card of a chain with what a till may know of its member in short. Pure.

A file of records of one size, sorted by key, so that a till maps it and bisects, and puts none of it into
its database. The key is a keyed hash of the card's token: who finds a file cannot ask it for cards, nor tell
whose they are. Every number is big-endian.

    "STEMPEL-DIRECTORY\\n"   18 bytes
    length                   4 bytes, of the header
    header                   `Header`, JSON
    records                  of 31 bytes: key (8), member (16), points_centi (4), level (2), flags (1)

`level` is an index into the header's levels; flags: 1 the card is blocked, 2 the member has bought before.
What changed since a file was made has the same form; `merged` puts the two together.
"""

from __future__ import annotations

import hashlib
import struct
import uuid
from collections.abc import Iterable, Iterator
from mmap import mmap
from typing import Final, NamedTuple

import msgspec

from app.ledger.short import Counters

MAGIC: Final = b"STEMPEL-DIRECTORY\n"
VERSION: Final = 1
KEY_BYTES: Final = 8
BLOCKED: Final = 1
BOUGHT: Final = 2
POINTS_MAX: Final = 2**32 - 1
LEVELS_MAX: Final = 2**16 - 1
NO_LEVEL: Final = LEVELS_MAX
"""The number of no level in any list: what stands for one that has no room."""

_LENGTH: Final = struct.Struct(">I")
_RECORD: Final = struct.Struct(">8s16sIHB")
RECORD_BYTES: Final = _RECORD.size
_LEVEL_AT: Final = _RECORD.size - 3
_LEVEL: Final = struct.Struct(">H")


class BadDirectory(ValueError):
    """The bytes are no directory, or not a whole one."""


class Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a directory says of itself. Members are as of `made_ms`; what changes from then on is asked for by
    `cursor`. `sha256` is of the records. With `more`, further changes are waiting."""

    v: int = VERSION
    feed_epoch: str
    made_ms: int
    cursor: str
    count: int
    sha256: bytes
    levels: tuple[Counters, ...] = ()
    more: bool = False


class Entry(NamedTuple):
    """A card's member in short: `level` as in `app.ledger.short`."""

    member: uuid.UUID
    points_centi: int
    level: Counters
    blocked: bool
    bought: bool


_header: Final = msgspec.json.Decoder(Header)


def card_key(secret: bytes, token: str) -> bytes:
    """The key of a card, by its token ("uid:…", "code:…"): BLAKE2b (RFC 7693), keyed, of 8 bytes."""
    return hashlib.blake2b(token.encode(), key=secret, digest_size=KEY_BYTES).digest()


def record(key: bytes, member: bytes, points_centi: int, level: int, flags: int) -> bytes:
    """One record."""
    return _RECORD.pack(key, member, min(points_centi, POINTS_MAX), level, flags)


def head_of(header: Header) -> bytes:
    """All that comes before the records."""
    text = msgspec.json.encode(header)
    return MAGIC + _LENGTH.pack(len(text)) + text


def packed(records: bytes, header: Header) -> bytes:
    """A whole directory, of records that are sorted; the header's count and digest are set."""
    count = len(records) // _RECORD.size
    made = msgspec.structs.replace(header, count=count, sha256=hashlib.sha256(records).digest())
    return head_of(made) + records


class Directory:
    """A directory in memory or in a mapped file. Raises BadDirectory if it cannot be one."""

    def __init__(self, data: bytes | mmap) -> None:
        self.data = data
        begin = len(MAGIC) + _LENGTH.size
        if data[: len(MAGIC)] != MAGIC or len(data) < begin:
            raise BadDirectory("this is no directory")
        (length,) = _LENGTH.unpack(data[len(MAGIC) : begin])
        try:
            self.header = _header.decode(data[begin : begin + length])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadDirectory(f"its header cannot be read: {error}") from error
        if self.header.v != VERSION:
            raise BadDirectory(f"its form {self.header.v} is not known here: install a newer till")
        self._begin = begin + length
        self.count = self.header.count
        if len(data) != self._begin + self.count * _RECORD.size:
            raise BadDirectory("it is not whole")

    def __len__(self) -> int:
        return self.count

    def sound(self) -> bool:
        """Whether every record is as it was made: reads all of it, outside the interpreter's lock."""
        digest = hashlib.sha256()
        with memoryview(self.data) as whole:
            for start in range(self._begin, len(whole), 1 << 20):
                digest.update(whole[start : start + (1 << 20)])
        return digest.digest() == self.header.sha256

    def find(self, key: bytes) -> Entry | None:
        """What stands under a key."""
        at = self.place(key)
        if at < self.count and self._key(at) == key:
            return self._entry(at)
        return None

    def place(self, key: bytes) -> int:
        """The number of the first record that is not before a key."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self._key(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def entries(self) -> Iterator[tuple[bytes, Entry]]:
        """Every key with what stands under it, in order."""
        return ((self._key(at), self._entry(at)) for at in range(self.count))

    def records(self, first: int, last: int) -> bytes:
        """The bytes of records first..last, the latter not included."""
        return self.data[self._begin + first * _RECORD.size : self._begin + last * _RECORD.size]

    def _key(self, at: int) -> bytes:
        start = self._begin + at * _RECORD.size
        return self.data[start : start + KEY_BYTES]

    def _entry(self, at: int) -> Entry:
        _, member, points_centi, level, flags = _RECORD.unpack(self.records(at, at + 1))
        levels = self.header.levels
        counters = levels[level] if level < len(levels) else {}
        blocked, bought = bool(flags & BLOCKED), bool(flags & BOUGHT)
        return Entry(uuid.UUID(bytes=member), points_centi, counters, blocked, bought)


def merged(base: Directory, changes: Directory) -> bytes:
    """One directory of two: a record of `changes` replaces that of its key. By slices between them, so that
    it costs by what changed."""
    levels, numbers = _levels(base.header.levels, changes.header.levels)
    parts: list[bytes] = []
    done = 0
    for at in range(changes.count):
        new = changes.records(at, at + 1)
        (level,) = _LEVEL.unpack_from(new, _LEVEL_AT)
        key = new[:KEY_BYTES]
        place = base.place(key)
        parts.append(base.records(done, place))
        parts.append(new[:_LEVEL_AT] + _LEVEL.pack(numbers.get(level, NO_LEVEL)) + new[_LEVEL_AT + 2 :])
        done = place + (base.records(place, place + 1)[:KEY_BYTES] == key)
    parts.append(base.records(done, base.count))
    return packed(b"".join(parts), msgspec.structs.replace(changes.header, levels=levels))


def _levels(
    ours: tuple[Counters, ...], theirs: Iterable[Counters]
) -> tuple[tuple[Counters, ...], dict[int, int]]:
    """The levels of both, and the new numbers of theirs."""
    known = {msgspec.json.encode(level): number for number, level in enumerate(ours)}
    found, numbers = list(ours), dict[int, int]()
    for number, level in enumerate(theirs):
        text = msgspec.json.encode(level)
        if text not in known and len(found) < LEVELS_MAX:
            known[text] = len(found)
            found.append(level)
        numbers[number] = known.get(text, NO_LEVEL)
    return tuple(found), numbers
