"""Facts on their way to the server, in either form, and how far they have come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from sync.protocol.batch import read_bodies, write_bodies
from sync.protocol.common import VERSION
from sync.protocol.framing import PLAIN_MAX, WireProblem, decode, extract, pack, pack_bytes
from sync.protocol.marks import BadBatch

PUSH_V: Final = 2
"""The newest form of pushes: see `Pushed.push_v`."""
FACTS_MAX: Final = 1000
"""Facts a server takes in one push."""
_COLUMNS_LEVEL: Final = 12
"""Of zstd: columns are a third of the JSON, so that more care costs little."""
_FACTS_LEAST: Final = 2
"""Facts that are worth columns."""
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

    @property
    def count(self) -> int:
        """How many facts it has."""
        return len(self.facts)


class PushColumns(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="of", tag="columns"
):
    """A `Push` in msgpack, for a server that says it reads version 2 of them (`push_v`): its facts are a
    batch of columns (`sync.protocol.batch`)."""

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

    @property
    def count(self) -> int:
        """How many facts it says that it has."""
        return self.last_seq - self.first_seq + 1


class Flag(msgspec.Struct, frozen=True):
    """A remark on a fact that was taken: `quarantined`, `id_reused`, `no_document`, `clock_skew`."""

    seq: int
    code: str


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Push`: everything up to `acked_seq` of `epoch` is durable at the server.

    `hash` is the one at the push's `last_seq`, or empty from a server older than this field: a till that
    reads another takes the answer for one to somebody else, or of another history.
    `feed_epoch` changes when the server was restored from a backup. `min_v` is the least protocol version
    the server still serves pulls to. `backoff_ms` asks the till to wait that long before the next push.
    """

    v: int = VERSION
    epoch: int
    acked_seq: int
    hash: bytes = b""
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


def open_push(data: bytes) -> Push | PushColumns:
    """A push in the form it came in, unpacked; columns are not put together yet. Raises WireProblem."""
    if data[:1] < b"\x80":  # no JSON text begins above, and no msgpack map below
        return decode(data, Push)
    try:
        columns = msgspec.msgpack.decode(data, type=PushColumns)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireProblem("malformed", f"not a valid push: {error}") from error
    if not 1 <= columns.count <= FACTS_MAX or not columns.last_hash:
        raise WireProblem("malformed", "a push names its facts, and the hash of the last")
    return columns


def bodies_of(push: Push | PushColumns) -> list[bytes]:
    """The bodies of a push's facts, as they are. Raises WireProblem."""
    if isinstance(push, Push):
        return [extract(fact) for fact in push.facts]
    try:
        return list(read_bodies(push.batch, push.count, PLAIN_MAX))
    except (BadBatch, UnicodeDecodeError, RecursionError) as error:
        raise WireProblem("malformed", f"not a valid push: {error}") from error
