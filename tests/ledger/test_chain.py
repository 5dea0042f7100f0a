from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from app.ledger.chain import GENESIS, Head, seal, verify

ORIGIN = uuid.UUID(int=7)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_a_chain_is_gapless_and_verifies(bodies: list[bytes]) -> None:
    head = Head(ORIGIN, 1)
    for number, body in enumerate(bodies, start=1):
        envelope, head = seal(head, body)
        assert envelope.seq == number
        assert envelope.hash == head.hash
    assert verify(Head(ORIGIN, 1), bodies) == head


@given(st.lists(st.binary(max_size=20), min_size=2, max_size=6), st.data())
def test_a_changed_body_changes_every_hash_after_it(bodies: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(bodies) - 1))
    changed = [*bodies]
    changed[at] += b"!"
    assert verify(Head(ORIGIN, 1), bodies).hash != verify(Head(ORIGIN, 1), changed).hash


def test_the_hash_covers_the_place() -> None:
    """The same body elsewhere in the chain, in another epoch or of another till is another link."""
    start = Head(ORIGIN, 1)
    heads = [
        verify(start, [b"x"]),
        verify(Head(ORIGIN, 2), [b"x"]),
        verify(Head(uuid.UUID(int=8), 1), [b"x"]),
        verify(Head(ORIGIN, 1, 5, GENESIS), [b"x"]),
    ]
    assert len({head.hash for head in heads}) == 4


def test_the_layout_is_what_is_documented() -> None:
    import hashlib

    envelope, _ = seal(Head(ORIGIN, 3, 4, b"p" * 32), b"{}")
    place = (3).to_bytes(4, "big") + (5).to_bytes(8, "big")
    assert envelope.hash == hashlib.sha256(b"stempel1" + b"p" * 32 + ORIGIN.bytes + place + b"{}").digest()
