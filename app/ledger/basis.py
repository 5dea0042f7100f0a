"""What a sale was priced from: enough for the server to price it again, from the same state.

The engine is a pure function, so a sale that names its inputs can be checked by anyone who has them. Lines,
quantities and prices stand in the sale itself; here is the rest (`app.ledger.inputs` fills and reads it).
Digests are the first 8 bytes of a SHA-256, in hexadecimal. What could name a person is not here: of a
birthday only that one was known.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

ENGINE: Final = 6
"""Of the engine and the fold: raised when the same sale could come out otherwise than before."""


class Presented(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A code as the engine saw it (`app.loyalty.basket.Code`)."""

    code: str
    rule: str = ""
    issued_at_ms: int | None = None
    used: int = 0
    used_by_member: int = 0


class Card(msgspec.Struct, frozen=True, array_like=True):
    """A gift card as it was presented."""

    code: str
    balance_minor: int


class Basis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a sale was priced from, beside what stands in it.

    `ago_ms` is how long before `at_ms` it was priced. `snapshot` names the member's state that the server
    sent ("history:version"; empty: none), `own` how many of this till's own facts were folded on top, `state`
    the digest of what came of it (empty without a member). `redeem` to `segments` are as in the engine's
    context; `birthday` says that one was known. `rewards` and `uses` are the wishes of the engine's `Redeem`,
    `budgets` what was left of what all customers share.
    """

    engine: int
    programme: str
    store: str = ""
    till: str = ""
    time_zone: str = ""
    ago_ms: int = 0
    snapshot: str = ""
    own: int = 0
    state: str = ""
    redeem: int | Literal["max"] = 0
    limit_centi: int | None = None
    gift_cards: tuple[Card, ...] = ()
    codes: tuple[Presented, ...] = ()
    segments: tuple[str, ...] = ()
    birthday: bool = False
    rewards: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    budgets: dict[str, int] = {}
