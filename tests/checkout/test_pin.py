from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.checkout.pin import hash_pin, verify_pin
from app.lanes import FixedWorld

STORED = hash_pin("4711", FixedWorld(0).random_bytes)


def test_a_pin_fits_its_own_hash_and_no_other() -> None:
    assert verify_pin("4711", STORED)
    assert not verify_pin("4712", STORED)
    assert not verify_pin("", STORED)
    assert "4711" not in STORED
    assert hash_pin("4711", FixedWorld(0, seed=1).random_bytes) != STORED, "salted"


def test_the_test_vector_of_rfc_7914() -> None:
    """Section 12: password "pleaseletmein", salt "SodiumChloride", N 16384, r 8, p 1."""
    digest = hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride", n=16384, r=8, p=1, dklen=64)
    assert digest.hex().startswith("7023bdcb3afd7348461c06cd81fd38eb")
    import base64

    salt, hashed = (base64.b64encode(part).decode().rstrip("=") for part in (b"SodiumChloride", digest))
    assert verify_pin("pleaseletmein", f"$scrypt$ln=14,r=8,p=1${salt}${hashed}")


@pytest.mark.parametrize(
    "stored",
    ["", "4711", "$scrypt$", "$scrypt$ln=99,r=8,p=1$AA$AA", "$scrypt$ln=20,r=99,p=1$AA$AA", "$argon2id$x"],
)
def test_what_is_no_hash_of_ours_fits_nothing(stored: str) -> None:
    assert not verify_pin("4711", stored)


@settings(max_examples=50)
@given(st.text(max_size=80))
def test_any_text_is_judged_without_an_error(stored: str) -> None:
    assert not verify_pin("4711", stored)
