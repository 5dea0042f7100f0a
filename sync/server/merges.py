"""Head office's view of members who may be one person: what tills are asked, and an end to it."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from litestar import delete, get
from litestar.datastructures import State
from litestar.params import FromPath

from sync import protocol
from sync.server import twins
from sync.server.context import Context
from sync.server.describe import BY_OFFICE, problems
from sync.server.tills import Refused


class Proposals(msgspec.Struct, frozen=True, kw_only=True):
    """What tills are asked when they meet one of the two."""

    v: int = protocol.VERSION
    merges: list[twins.Proposal]


@get("/merges", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def list_merges(state: State) -> Proposals:
    """Members with one phone number, probably one person: whom tills propose to merge."""
    context: Context = state["context"]
    return Proposals(merges=await context.runner.run(twins.proposals, context.db))


@delete(
    "/merges/{one:uuid}/{other:uuid}",
    security=BY_OFFICE,
    responses=problems(400, 401, 403, 404, 408, 413, 503),
)
async def dismiss_merge(one: FromPath[uuid.UUID], other: FromPath[uuid.UUID], state: State) -> None:
    """They are two people: no till asks again."""
    context: Context = state["context"]
    work: Any = twins.dismiss
    if not await context.runner.run(work, context.db, one, other):
        raise Refused(404, "unknown_merge", "nobody proposed to merge these two")
