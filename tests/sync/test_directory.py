"""The directory's form: what is put in is found, changes merge, and what is not whole is refused."""

from __future__ import annotations

import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.loyalty.state import Bucket
from sync.directory import (
    BLOCKED,
    BOUGHT,
    KEY_BYTES,
    BadDirectory,
    Directory,
    Entry,
    Header,
    card_key,
    merged,
    packed,
    record,
)

LEVELS = [
    {},
    {"tier": (Bucket(20_000, spend_minor=100_00),)},
    {"tier": (Bucket(20_000, spend_minor=500_00),)},
]
Card = tuple[int, int, int, bool, bool]
"""Member, points, level, blocked, bought."""

cards = st.dictionaries(
    st.integers(0, 40).map(lambda n: card_key(b"k", f"code:{n}")),
    st.tuples(st.integers(0, 9), st.integers(0, 2**32 - 1), st.integers(0, 2), st.booleans(), st.booleans()),
)


def made(cards: dict[bytes, Card], cursor: str = "c") -> Directory:
    """With only those levels that are used, in the order in which they come."""
    levels: list[int] = []
    records: list[bytes] = []
    for key, (member, points_centi, level, blocked, bought) in sorted(cards.items()):
        if level not in levels:
            levels.append(level)
        flags = blocked * BLOCKED + bought * BOUGHT
        records.append(record(key, uuid.UUID(int=member).bytes, points_centi, levels.index(level), flags))
    header = Header(
        feed_epoch="f", made_ms=1, cursor=cursor, count=0, sha256=b"",
        levels=tuple(LEVELS[level] for level in levels),
    )  # fmt: skip
    return Directory(packed(b"".join(records), header))


def entry(card: Card) -> Entry:
    member, points_centi, level, blocked, bought = card
    return Entry(uuid.UUID(int=member), points_centi, LEVELS[level], blocked, bought)


@given(cards)
def test_what_is_put_in_is_found_and_nothing_else(cards: dict[bytes, Card]) -> None:
    directory = made(cards)
    assert directory.sound()
    assert len(directory) == len(cards)
    for number in range(45):
        key = card_key(b"k", f"code:{number}")
        assert directory.find(key) == (entry(cards[key]) if key in cards else None)
    assert [key for key, _ in directory.entries()] == sorted(cards)


@given(cards, cards)
def test_changes_merged_are_as_if_made_anew(before: dict[bytes, Card], changed: dict[bytes, Card]) -> None:
    found = Directory(merged(made(before), made(changed, "later")))
    assert found.sound()
    assert dict(found.entries()) == {key: entry(card) for key, card in (before | changed).items()}
    assert [key for key, _ in found.entries()] == sorted(before | changed)
    assert found.header.cursor == "later"
    assert len(found.header.levels) <= len(LEVELS)


@given(cards, cards, cards)
def test_it_does_not_matter_what_is_merged_first(
    base: dict[bytes, Card], first: dict[bytes, Card], second: dict[bytes, Card]
) -> None:
    both = Directory(merged(made(first), made(second)))
    one_by_one = Directory(merged(Directory(merged(made(base), made(first))), made(second)))
    assert dict(Directory(merged(made(base), both)).entries()) == dict(one_by_one.entries())


def test_a_key_tells_nothing_without_the_secret() -> None:
    assert card_key(b"one", "uid:04A1") != card_key(b"two", "uid:04A1")
    assert len(card_key(b"one", "uid:04A1")) == KEY_BYTES


def test_what_is_not_whole_or_not_known_is_refused() -> None:
    directory = made({card_key(b"k", "code:1"): (1, 2, 1, False, True)})
    whole = bytes(directory.data)
    for cut in (b"", whole[:10], whole[:-1], whole + b"x", b"x" + whole[1:]):
        with pytest.raises(BadDirectory):
            Directory(cut)
    turned = whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:]
    assert not Directory(turned).sound(), "a flipped bit is seen"
    later = packed(b"", msgspec.structs.replace(directory.header, v=2))
    with pytest.raises(BadDirectory, match="newer"):
        Directory(later)
