"""The keys of tills, as pulled: by them coupons are checked offline."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from app.checkout.signed import Key, Mine

_log: Final = logging.getLogger("stempel")


class _Credentials(msgspec.Struct, frozen=True):
    """The least of `sync.outbox.Credentials` that signing needs."""

    till: uuid.UUID
    private_key: bytes


_credentials: Final = msgspec.json.Decoder(_Credentials)
_key: Final = msgspec.json.Decoder(Key)


class StoredKeys:
    """Reads on the caller's connection."""

    def __init__(self, run: Callable[..., Any]) -> None:
        self._run = run

    def mine(self) -> Mine | None:
        """None before this till is enrolled."""
        row = self._run("SELECT value FROM setting WHERE key = 'credentials'").fetchone()
        if row is None:
            return None
        try:
            ours = _credentials.decode(row[0])
        except msgspec.DecodeError as error:
            _log.error("the credentials cannot be read: %s", error)
            return None
        return Mine(ours.till, ours.private_key)

    def find(self, prefix: bytes) -> Sequence[Key]:
        """The keys of tills whose id begins with four bytes: a row's key is the id in hexadecimal, and the
        epoch."""
        start = prefix.hex()
        query = "SELECT key, body FROM listed WHERE list = 'till_key' AND key >= ? AND key < ?"
        found: list[Key] = []
        for name, body in self._run(query, (start, start + "g")).fetchall():
            try:
                found.append(_key.decode(body))
            except msgspec.DecodeError as error:
                _log.error("the key %s cannot be read, install a newer till: %s", name, error)
        return found
