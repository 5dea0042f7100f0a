"""What every message may need: the version, problems, health."""

from __future__ import annotations

from typing import Final

import msgspec

VERSION: Final = 1


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every answer that is not 2xx. `code` is for programs, `detail` for people.

    `expected` comes with 409 `gap`: the next number the server waits for. `seq` comes with 409 `fork`: the
    first number at which the two chains are known to differ.
    """

    v: int = VERSION
    code: str
    detail: str = ""
    expected: int | None = None
    seq: int | None = None
    request_id: str = ""
    errors: tuple[str, ...] = ()
    """Everything wrong with a list that was to be published."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """GET /health."""

    status: str
    version: str
    server_time_ms: int
