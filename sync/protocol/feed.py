"""Facts on their way to head office."""

from __future__ import annotations

import uuid

import msgspec

from sync.protocol.common import VERSION


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
