"""Head office's view of the tills over HTTP: who they are, whose keys are good."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.datastructures import State
from litestar.params import FromPath

from sync import protocol
from sync.server import admin
from sync.server.bodies import json_of
from sync.server.context import Context
from sync.server.describe import BY_OFFICE, json_body, problems
from sync.server.tills import Refused


class Tills(msgspec.Struct, frozen=True, kw_only=True):
    """All tills, by store."""

    v: int = protocol.VERSION
    tills: list[admin.TillRow]


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/revocations: the till whose keys are withdrawn."""

    till: uuid.UUID


@get("/tills", security=BY_OFFICE, responses=problems(400, 401, 403, 408, 413, 503))
async def list_tills(state: State) -> Tills:
    """Every till: its store, how far it is, when it last pushed, whether its keys are good."""
    context: Context = state["context"]
    return Tills(tills=await context.runner.run(admin.tills, context.db))


@post(
    "/revocations",
    status_code=204,
    operation_class=json_body("Whose keys", Revocation),
    security=BY_OFFICE,
    responses=problems(400, 401, 403, 404, 408, 413, 415, 503),
)
async def revoke_till(request: Request[Any, Any, Any], state: State) -> None:
    """Withdraw a till's keys. It goes on selling and keeps everything; nothing more is taken from it."""
    context: Context = state["context"]
    till = protocol.decode(json_of(request), Revocation).till
    await context.runner.run(_known, admin.revoke_till, context.db, till, context.world.now_ms())


@delete("/revocations/{till:uuid}", security=BY_OFFICE, responses=problems(400, 401, 403, 404, 408, 413, 503))
async def readmit_till(till: FromPath[uuid.UUID], state: State) -> None:
    """Let a till in again by the keys it has."""
    context: Context = state["context"]
    await context.runner.run(_known, admin.readmit_till, context.db, till)


def _known(work: Any, *arguments: Any) -> None:
    try:
        work(*arguments)
    except admin.UnknownTill as error:
        raise Refused(404, "unknown_till", str(error)) from error
