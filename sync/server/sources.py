"""Every programme that was ever published, by the digest that sales name it by; compiled ones are kept.

A programme that head office withdraws is gone from its list, and still needed for the sales made under it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

import msgspec
import sqlalchemy as sa

from app.ledger.inputs import programme_digest
from app.loyalty.engine import Compiled, compile_programme
from app.loyalty.programme import ProgrammeProblems, load_programme
from sync import protocol
from sync.server import schema
from sync.server.database import Database

KEPT: Final = 32
"""Compiled programmes that are remembered."""

_source, _listing = schema.programme_source.c, schema.listing.c
_body: Final = msgspec.json.Decoder(protocol.ProgrammeBody)


def keep(connection: sa.Connection, compiled: Compiled, source: bytes, now_ms: int) -> None:
    """Keep a programme for ever; the same one again changes nothing."""
    digest = programme_digest(compiled)
    known = sa.select(_source.digest).where(_source.digest == digest)
    if connection.execute(known).first() is None:
        row = {"digest": digest, "source": source, "first_ms": now_ms}
        connection.execute(sa.insert(schema.programme_source).values(row))


class Sources:
    """Compiled programmes by digest, for one thread."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._compiled: OrderedDict[str, Compiled] = OrderedDict()
        self._learnt = -1
        """The version of the list that was learnt from."""

    def of(self, digest: str) -> Compiled | None:
        """The programme of a digest; None if it was never published here, or cannot be read."""
        if digest not in self._compiled:
            found = self._read(digest)
            if found is None and self._learn():
                found = self._read(digest)
            if found is None:
                return None
            self._compiled[digest] = found
            if len(self._compiled) > KEPT:
                self._compiled.popitem(last=False)
        self._compiled.move_to_end(digest)
        return self._compiled[digest]

    def _read(self, digest: str) -> Compiled | None:
        with self._db.read() as connection:
            query = sa.select(_source.source).where(_source.digest == digest)
            source = connection.execute(query).scalar()
        return None if source is None else compiled_from(source)

    def _learn(self) -> bool:
        """Take over what was published before programmes were kept; True if there may be something new."""
        heads = schema.list_head.c
        with self._db.read() as connection:
            head = connection.execute(sa.select(heads.head).where(heads.list == "programme")).scalar()
            query = sa.select(_listing.body).where(_listing.list == "programme", _listing.body.is_not(None))
            bodies = [] if head == self._learnt else list(connection.execute(query).scalars())
        if head == self._learnt:
            return False
        self._learnt = head or 0
        sources = [_body.decode(body).source.encode() for body in bodies]
        with self._db.write() as connection:
            for source in sources:
                compiled = compiled_from(source)
                if compiled is not None:
                    keep(connection, compiled, source, 0)
        return bool(sources)


def compiled_from(source: bytes) -> Compiled | None:
    """None for a programme that this version cannot use."""
    try:
        return compile_programme(load_programme(source))
    except ProgrammeProblems:
        return None
