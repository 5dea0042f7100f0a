"""The wire between till, server and head office: messages, packing, signatures. Version 1.

A message is JSON (UTF-8); a request's body is that JSON in one zstd frame (RFC 8878). Times are UTC
milliseconds, hashes 32 bytes (SHA-256), binary values base64 (RFC 4648). Readers ignore fields they do not
know; a field once shipped keeps its meaning.

A till signs each request with Ed25519 (RFC 8032) over these lines, joined by "\\n":

    stempel-request-1
    METHOD                     as sent, in capitals
    TARGET                     path and query exactly as sent, without the host
    TILL                       the till's id, lower case with hyphens
    EPOCH                      decimal
    DIGEST                     SHA-256 of the body as sent (packed), lower-case hex

and sends `Authorization: Stempel-Ed25519 TILL EPOCH SIGNATURE`. The signature covers no time, for a till's
clock may be wrong: a push sent again is harmless by its sequence numbers, and TLS keeps strangers off.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Annotated, Final, Literal

import msgspec

from sync.batch import BadBatch, read_bodies, write_bodies
from sync.framing import (
    LIST_MAX,
    LIST_PACKED_MAX,
    PACKED_MAX,
    PLAIN_MAX,
    T,
    WireProblem,
    compress,
    decode,
    embed,
    encode,
    extract,
    pack,
    pack_bytes,
    unpack,
)
from sync.signing import (
    SCHEME,
    Signature,
    authorise,
    parse_authorization,
    public_key_of,
    signed_bytes,
)

# Beside its own names, those that callers find here, too.
__all__ = [
    "LIST_MAX",
    "LIST_PACKED_MAX",
    "PACKED_MAX",
    "PLAIN_MAX",
    "SCHEME",
    "Signature",
    "T",
    "WireProblem",
    "authorise",
    "compress",
    "decode",
    "embed",
    "encode",
    "extract",
    "pack",
    "pack_bytes",
    "parse_authorization",
    "public_key_of",
    "signed_bytes",
    "unpack",
]

VERSION: Final = 1
PUSH_V: Final = 2
"""The newest form of pushes: see `Pushed.push_v`."""
FACTS_MAX: Final = 1000
"""Facts a server takes in one push."""
PERSONS_MAX: Final = 500
"""Persons a server takes in one message."""
_COLUMNS_LEVEL: Final = 12
"""Of zstd: columns are a third of the JSON, so that more care costs little."""
_FACTS_LEAST: Final = 2
"""Facts that are worth columns."""
NOTHING: Final = msgspec.Raw(b"null")


def _nothing() -> msgspec.Raw:
    return NOTHING


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


ProgramText = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[^\x00]*$")]
EngineNumber = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Push(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """POST /v1/tills/{till}/facts: a run of facts, gapless, linked by hash.

    `prev_hash` is the hash at `first_seq - 1`. Each of `facts` is a body, verbatim (see `embed`).
    `clock_ms` is the till's clock at sending. `last_hash` is the hash at `last_seq`, or empty: with it the
    server sees that it reads the very bytes that were meant. `program` is the version of the till's program,
    `engine` that of its pricing (`app.ledger.basis.ENGINE`); left out by tills older than these fields.
    """

    v: int = VERSION
    epoch: int
    first_seq: int
    last_seq: int
    prev_hash: bytes
    clock_ms: int
    facts: list[msgspec.Raw]
    last_hash: bytes = b""
    program: ProgramText = ""
    engine: EngineNumber = 0


class PushColumns(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="of", tag="columns"
):
    """A `Push` in msgpack, for a server that says it reads version 2 of them (`push_v`): its facts are a
    batch of columns (`sync.batch`)."""

    v: int = 2
    epoch: int
    first_seq: int
    last_seq: int
    prev_hash: bytes
    last_hash: bytes
    clock_ms: int
    batch: bytes
    program: ProgramText = ""
    engine: EngineNumber = 0


class Flag(msgspec.Struct, frozen=True):
    """A remark on a fact that was taken: `quarantined`, `id_reused`, `no_document`, `clock_skew`."""

    seq: int
    code: str


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Push`: everything up to `acked_seq` of `epoch` is durable at the server.

    `feed_epoch` changes when the server was restored from a backup. `min_v` is the least protocol version
    the server still serves pulls to. `backoff_ms` asks the till to wait that long before the next push.
    """

    v: int = VERSION
    epoch: int
    acked_seq: int
    feed_epoch: str
    server_time_ms: int
    flagged: tuple[Flag, ...] = ()
    min_v: int = 1
    push_v: int = 1
    """The newest form of pushes that the server reads: 1 is `Push`, 2 `PushColumns`, too."""
    backoff_ms: int = 0


class TillState(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/tills/{till}/state: how far the server is with the till's epoch, and the hash there."""

    v: int = VERSION
    epoch: int
    acked_seq: int
    hash: bytes
    feed_epoch: str
    server_time_ms: int
    min_v: int = 1
    push_v: int = 1


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


class FeedFact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact in the feed: `body` verbatim, and where it came from. Ordered by `pos` within a shard."""

    shard: int
    pos: int
    origin: uuid.UUID
    epoch: int
    seq: int
    received_ms: int
    body: msgspec.Raw


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/feed: facts after the cursor sent, the cursor to send next. Without `more`, wait a while."""

    v: int = VERSION
    feed_epoch: str
    cursor: str
    more: bool
    facts: list[FeedFact]


class CardRow(msgspec.Struct, frozen=True, array_like=True):
    """A card of a member: its token ("uid:…", "code:…"), when it was linked, whether it may redeem."""

    token: str
    linked_ms: int
    blocked: bool = False


class MemberRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A member as the server folds them: `state` is `app.loyalty.state.MemberState`, as of `at_ms`.

    `applied` says, for each epoch of the asking till, the last of its own facts that is in the state: what
    the till has beyond (by the newest envelope of each fact) it folds on top, and nothing counts twice.
    `merged_into`: the member is another now, and has nothing under this id.
    """

    member: uuid.UUID
    at_ms: int
    state: msgspec.Raw
    applied: dict[int, int]
    cards: tuple[CardRow, ...] = ()
    merged_into: uuid.UUID | None = None
    held_centi: int = 0
    """Points that other tills hold of the balance."""
    version: int = 0
    """Names this state among all that the server made of the member."""


class PersonRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a member is: `data` is a JSON object, of which the server reads name and phone alone;
    null: erased.

    Of two versions the later by (`updated_ms`, `origin`) holds; `origin` is the till that wrote it.
    """

    member: uuid.UUID
    updated_ms: int
    origin: uuid.UUID | None = None
    data: msgspec.Raw = msgspec.field(default_factory=_nothing)

    @property
    def erased(self) -> bool:
        return bytes(self.data) == b"null"


class Persons(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/tills/{till}/persons: persons that were entered or changed at the till."""

    v: int = VERSION
    persons: list[PersonRow]


class PersonsKept(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Persons`: `kept` were newer than what the server had. All of them are dealt with."""

    v: int = VERSION
    kept: int
    server_time_ms: int


class Listed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One row of a list: `programme`, `product`, `staff` and `store`, which head office publishes,
    `allowance`, `till_key`, or `merge` (members that may be one person).

    `store` is empty for a row that holds for all stores. `body` null: the row is no more. A till ignores
    lists it does not know.
    """

    list: str
    key: str
    store: str = ""
    body: msgspec.Raw = msgspec.field(default_factory=_nothing)

    @property
    def removed(self) -> bool:
        return bytes(self.body) == b"null"


class ProgrammeBody(msgspec.Struct, frozen=True, kw_only=True):
    """A published programme: `source` is its file, verbatim; in force from `valid_from_ms` on."""

    id: str
    version: int
    valid_from_ms: int
    source: str


class ProductBody(msgspec.Struct, frozen=True, kw_only=True):
    """The least a product has; further fields (names, codes, tax, …) pass through as they are."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    price_minor: Annotated[int, msgspec.Meta(ge=0, le=10**15)]


class StaffBody(msgspec.Struct, frozen=True, kw_only=True):
    """The least a person of the staff has; further fields (card, lang, …) pass through as they are.

    `pin` is a salted hash in the PHC string format, never the PIN itself.
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    role: Literal["cashier", "senior", "manager"] = "cashier"
    pin: Annotated[str, msgspec.Meta(max_length=400, pattern=r"^(\$[^\s]+)?$")] = ""


class MergeBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Two members with one phone number, whom the server proposes to merge; `dismissed`: they are two."""

    members: tuple[uuid.UUID, uuid.UUID]
    dismissed: bool = False


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a list that was published: rows by what became of them."""

    v: int = VERSION
    added: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0


class PullPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """GET /v1/pull: what changed after the cursor; a later row replaces an earlier one.

    `listed` come first, so that a bare till can sell while its members still arrive.
    """

    v: int = VERSION
    feed_epoch: str
    cursor: str
    more: bool
    members: list[MemberRow] = []
    persons: list[PersonRow] = []
    listed: list[Listed] = []


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """GET /health."""

    status: str
    version: str
    server_time_ms: int


def pack_push(push: Push, last_hash: bytes, push_v: int, breathe: Callable[[], None] = lambda: None) -> bytes:
    """A push in a form that the server reads, the shortest; `last_hash` is the hash at `last_seq`. `breathe`
    is called between facts: in a till others wait for the interpreter."""
    packed = pack(push)
    if push_v < PUSH_V or len(push.facts) < _FACTS_LEAST:
        return packed
    batch = write_bodies([extract(fact) for fact in push.facts], breathe)
    if batch is None:
        return packed
    columns = PushColumns(
        epoch=push.epoch, first_seq=push.first_seq, last_seq=push.last_seq, prev_hash=push.prev_hash,
        last_hash=last_hash, clock_ms=push.clock_ms, batch=batch, program=push.program, engine=push.engine,
    )  # fmt: skip
    data = pack_bytes(msgspec.msgpack.encode(columns), _COLUMNS_LEVEL)
    return min(data, packed, key=len)


def read_push(data: bytes) -> Push:
    """A push in either form, unpacked. Raises WireProblem."""
    if data[:1] < b"\x80":  # no JSON text begins above, and no msgpack map below
        return decode(data, Push)
    try:
        columns = msgspec.msgpack.decode(data, type=PushColumns)
        count = columns.last_seq - columns.first_seq + 1
        if not 1 <= count <= FACTS_MAX or not columns.last_hash:
            raise BadBatch("a push names its facts, and the hash of the last")
        facts = [_raw_of(body) for body in read_bodies(columns.batch, count, PLAIN_MAX)]
    except (msgspec.DecodeError, BadBatch, UnicodeDecodeError, RecursionError) as error:
        raise WireProblem("malformed", f"not a valid push: {error}") from error
    return Push(
        epoch=columns.epoch, first_seq=columns.first_seq, last_seq=columns.last_seq,
        prev_hash=columns.prev_hash, clock_ms=columns.clock_ms, facts=facts, last_hash=columns.last_hash,
        program=columns.program, engine=columns.engine,
    )  # fmt: skip


def _raw_of(body: bytes) -> msgspec.Raw:
    # What is an object will be looked into by whoever takes it: no need to do so twice.
    return msgspec.Raw(body) if body[:1] == b"{" else embed(body)
