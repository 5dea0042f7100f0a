"""The programme in force at the server: chosen as tills choose it, compiled once and remembered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

import msgspec
import sqlalchemy as sa
import structlog

from app.loyalty.compiled import Compiled
from app.loyalty.engine import compile_programme
from app.loyalty.programme import ProgrammeProblems, load_programme
from sync import protocol
from sync.server import schema

log = structlog.get_logger("stempel.programmes")

KEPT: Final = 16
"""Compiled programmes that are remembered."""

_body: Final = msgspec.json.Decoder(protocol.ProgrammeBody)
_listing: Final = schema.listing.c
_PROGRAMMES: Final = sa.select(_listing.store, _listing.version, _listing.body).where(
    _listing.list == "programme",
    _listing.store.in_(sa.bindparam("stores", expanding=True)),
    _listing.body.is_not(None),
)


class Programmes:
    """Compiled programmes of one database. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._compiled: OrderedDict[tuple[str, int], Compiled | None] = OrderedDict()

    def in_force(self, connection: sa.Connection, store: str, at_ms: int) -> Compiled | None:
        """The programme of a store ("": of all stores) at a moment; None if there is none.

        A store's own goes before those for all; then the later date counts, then the later version.
        """
        found: list[tuple[tuple[bool, int, int], tuple[str, int], protocol.ProgrammeBody]] = []
        for own, version, body in connection.execute(_PROGRAMMES, {"stores": ["", store]}):
            one = _body.decode(body)
            if one.valid_from_ms <= at_ms:
                found.append(((bool(own), one.valid_from_ms, one.version), (own, version), one))
        for _, key, one in sorted(found, key=lambda each: each[0], reverse=True):
            compiled = self._of(key, one)
            if compiled is not None:
                return compiled
        return None

    def _of(self, key: tuple[str, int], one: protocol.ProgrammeBody) -> Compiled | None:
        """A list's versions never come back, so they name what was compiled."""
        with self._lock:
            if key in self._compiled:
                self._compiled.move_to_end(key)
                return self._compiled[key]
            compiled = _compile(one)
            self._compiled[key] = compiled
            if len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
            return compiled


def _compile(one: protocol.ProgrammeBody) -> Compiled | None:
    try:
        return compile_programme(load_programme(one.source.encode()))
    except ProgrammeProblems as problems:  # published by a newer program than this
        log.error("programme not used: start a newer program", programme=one.id, error=str(problems))
        return None
