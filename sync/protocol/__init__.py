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
# Callers find here whatever is of the wire.
# ruff: noqa: F401
# pyright: reportUnusedImport=false

from __future__ import annotations

from sync.protocol.common import VERSION, Health, Problem
from sync.protocol.feed import FeedFact, FeedPage
from sync.protocol.framing import (
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
from sync.protocol.lists import (
    NOTHING,
    Listed,
    MergeBody,
    ProductBody,
    ProgrammeBody,
    Published,
    StaffBody,
    StoreBody,
)
from sync.protocol.pulls import (
    PERSONS_MAX,
    Budgets,
    CardRow,
    MemberRow,
    PersonRow,
    Persons,
    PersonsKept,
    PullPage,
)
from sync.protocol.pushes import (
    FACTS_MAX,
    PUSH_V,
    EngineNumber,
    Flag,
    ProgramText,
    Push,
    PushColumns,
    Pushed,
    TillState,
    bodies_of,
    open_push,
    pack_push,
)
from sync.protocol.signing import (
    SCHEME,
    Signature,
    authorise,
    parse_authorization,
    public_key_of,
    signed_bytes,
)
from sync.protocol.tills import Enrol, Enrolled
