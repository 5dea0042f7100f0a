"""The wire of asking for a member by their card: GET /v1/members. Part of version 1."""

from __future__ import annotations

import msgspec

from sync.protocol import VERSION, MemberRow, PersonRow


class Found(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose card it is: the row that a pull would bring, and who they are, if the server knows.

    `kept`: the till's store has seen them, so that pulls bring what changes. Of anybody else the till knows
    what it was told now, until it has sold to them.
    """

    v: int = VERSION
    feed_epoch: str
    server_time_ms: int
    member: MemberRow
    person: PersonRow | None = None
    kept: bool = False
