"""How a till becomes one of the server's."""

from __future__ import annotations

import uuid

import msgspec

from sync.protocol.common import VERSION


class Enrol(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/enrol. Either `code`, a one-time code from head office, or `certificate`, from before.

    With a certificate the request is signed by the certificate's key. The same `public_key` as the
    certificate's re-admits the till in its epoch; another key opens the next epoch. Asking again with the
    same code and key gives the same answer, so a lost reply does no harm. `till` is the id the till has given
    itself: its facts have it as their origin from the first sale on, enrolled or not.
    """

    v: int = VERSION
    public_key: bytes
    code: str = ""
    certificate: str = ""
    till: uuid.UUID | None = None


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Enrol`: who the till is from now on."""

    v: int = VERSION
    till: uuid.UUID
    epoch: int
    store: str
    certificate: str
    server_time_ms: int
