"""PINs of the staff, kept as salted hashes (scrypt, RFC 7914) in the PHC string format.

A PIN has few digits, so whoever steals the hashes can try them all; the cost only buys time. It never leaves
the till or head office in the clear, and a till counts failures.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Final

LOG2_N: Final = 14
R: Final = 8
P: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_MEMORY_MAX: Final = 64 << 20
_FORM: Final = re.compile(
    r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{1,100})\$([A-Za-z0-9+/]{1,100})"
)


def hash_pin(pin: str, random_bytes: Callable[[int], bytes]) -> str:
    """What is stored of a PIN: `$scrypt$ln=14,r=8,p=1$SALT$HASH`."""
    salt = random_bytes(_SALT_BYTES)
    digest = _derive(pin, salt, LOG2_N, R, P, _HASH_BYTES)
    return f"$scrypt$ln={LOG2_N},r={R},p={P}${_b64(salt)}${_b64(digest)}"


def verify_pin(pin: str, stored: str) -> bool:
    """Whether `pin` is the one that was stored; False for anything that is no such hash."""
    found = _FORM.fullmatch(stored)
    if found is None:
        return False
    log2_n, r, p = (int(found[n]) for n in (1, 2, 3))
    if not 1 <= log2_n <= 20 or not r or not p or 128 * r * (1 << log2_n) > _MEMORY_MAX // 2:
        return False
    try:
        salt, digest = (base64.b64decode(found[n] + "=" * (-len(found[n]) % 4)) for n in (4, 5))
    except binascii.Error:
        return False
    return hmac.compare_digest(_derive(pin, salt, log2_n, r, p, len(digest)), digest)


def _derive(pin: str, salt: bytes, log2_n: int, r: int, p: int, size: int) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=1 << log2_n, r=r, p=p, dklen=size, maxmem=_MEMORY_MAX)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")
