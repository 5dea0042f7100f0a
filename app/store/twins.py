"""Whom the server proposes to merge with a member: rows of the list `merge`, by the ids of that moment."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Final

import msgspec

_ROWS: Final = "SELECT body FROM listed WHERE list = 'merge' AND instr(key, ?) ORDER BY key"
_ALIASES: Final = "SELECT other FROM alias WHERE member = ?"
_ROOT: Final = "SELECT member FROM alias WHERE other = ?"


class _Merge(msgspec.Struct, frozen=True):
    """`sync.protocol.MergeBody`, without importing the wire before a till's first paint."""

    members: tuple[uuid.UUID, uuid.UUID]
    dismissed: bool = False


_body: Final = msgspec.json.Decoder(_Merge)


def twin_of(run: Callable[..., Any], member: uuid.UUID) -> uuid.UUID | None:
    """The other member, by the id they go by now, if the two are still two."""
    root = _root(run, member.bytes)
    for id in (root, *(row[0] for row in run(_ALIASES, (root,)).fetchall())):
        for (stored,) in run(_ROWS, (id.hex(),)).fetchall():
            try:
                body = _body.decode(stored)
            except msgspec.DecodeError:
                continue  # of a later version: somebody else may propose it
            others = [other for one in body.members if (other := _root(run, one.bytes)) != root]
            if others and not body.dismissed:
                return uuid.UUID(bytes=others[0])
    return None


def _root(run: Callable[..., Any], member: bytes) -> bytes:
    row = run(_ROOT, (member,)).fetchone()
    return member if row is None else row[0]
