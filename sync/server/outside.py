"""What the world outside the shops may ask for: events of members, by tokens with the scope `events`."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec

from sync import protocol
from sync.server.bodies import json_of
from sync.server.context import Context
from sync.server.describe import BY_OFFICE, json_body, problems
from sync.server.outside_events import EventResult, EventResults, OutsideEvent, OutsideEvents, Taker
from sync.server.tills import Office, Refused

_BODY: Final = json_body("One event, or up to 500 of them as `events`", OutsideEvent, OutsideEvents)
_TAKEN: Final = {
    200: ResponseSpec(
        EventResult | EventResults,
        generate_examples=False,
        description="What became of the event; of several, of each, in their order",
    )
}


class _Shape(msgspec.Struct, frozen=True):
    events: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


@post(
    "/events",
    status_code=200,
    operation_class=_BODY,
    security=BY_OFFICE,
    responses=_TAKEN | problems(400, 401, 403, 404, 409, 408, 413, 415, 422, 503),
)
async def take_events(request: Request[Any, Any, Any], state: State) -> Response[bytes]:
    """Take what members did elsewhere; each event counts once, whatever is sent again."""
    context: Context = state["context"]
    office: Office = request.scope["state"]["principal"]
    found = await context.runner.run(_take, context, office, json_of(request))
    return Response(protocol.encode(found), media_type="application/json")


def _take(context: Context, office: Office, body: bytes) -> EventResult | EventResults:
    taker = Taker(context.db, context.secrets, context.programmes, office.name, context.world.now_ms())
    if protocol.decode(body, _Shape).events is not msgspec.UNSET:
        results = taker.take(protocol.decode(body, OutsideEvents).events)
        context.metrics.told(result.status for result in results)
        return EventResults(events=results)
    (result,) = taker.take([protocol.decode(body, OutsideEvent)])
    context.metrics.told([result.status])
    if result.status != 200:
        raise Refused(result.status, result.code, result.detail)
    return result
