"""The HTTP interface (docs/reference/api.md): thin handlers, each a use case run in a database thread."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Litestar, Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.params import FromPath, QueryParameter

from sync import protocol
from sync.server import (
    bodies,
    budgets,
    exports,
    exposure,
    findings,
    fleet,
    holding,
    hooks,
    ingest,
    member_scope,
    merges,
    office,
    others,
    outside,
    overdrafts,
    persons,
    quarantine,
    schema,
    stream,
    tills,
)
from sync.server import feed as feeds
from sync.server import pull as pulls
from sync.server.answers import ANSWERS
from sync.server.context import Context
from sync.server.database import DatabaseProblem
from sync.server.describe import BY_OFFICE, BY_TILL, REQUEST_ID, description, packed, page, problems
from sync.server.gate import Gate, as_till, target_of
from sync.server.metrics import read_metrics
from sync.server.receipts import handler as receipts
from sync.server.tills import Refused, Till
from sync.server.tracing import trace
from sync.version import PROGRAM


def create_app(context: Context) -> Litestar:
    """The server as an ASGI app."""
    v1 = Router(
        path="/v1",
        route_handlers=[
            enrol,
            push_facts,
            push_persons,
            till_state,
            pull,
            stream.hints,
            read_feed,
            office.publish_programme,
            office.publish_products,
            office.publish_staff,
            office.publish_store,
            office.erase_person,
            holding.take_hold,
            holding.end_hold,
            exposure.publish_allowance,
            exposure.read_exposure,
            member_scope.publish_scope,
            others.read_directory,
            others.read_changes,
            others.find_member,
            findings.read_findings,
            quarantine.read_quarantine,
            quarantine.read_bytes,
            quarantine.retry_all,
            overdrafts.read_overdrafts,
            budgets.read_budgets,
            outside.take_events,
            exports.export,
            fleet.list_tills,
            fleet.revoke_till,
            fleet.readmit_till,
            merges.list_merges,
            merges.dismiss_merge,
            hooks.webhook_methods,
            hooks.add_webhook,
            hooks.list_webhooks,
            hooks.delete_webhook,
        ],
        middleware=[Gate],
    )
    return Litestar(
        [health, ready, read_metrics, receipts.show, v1],
        before_send=[trace],
        state=State({"context": context}, deep_copy=False),
        exception_handlers=ANSWERS,  # type: ignore[arg-type]
        openapi_config=description(PROGRAM),
        response_headers=[REQUEST_ID],
        logging_config=None,
        on_shutdown=[_close],
    )


async def _close(app: Litestar) -> None:
    context = _context(app.state)
    await context.hints.close()
    context.runner.close()
    context.exporting.close()
    context.receipts.close()


@get("/health", sync_to_thread=False)
def health(state: State) -> protocol.Health:
    """Whether the process lives. Open to anyone; says nothing about tills."""
    return protocol.Health(status="ok", version=PROGRAM, server_time_ms=_context(state).world.now_ms())


@get("/ready", responses=problems(503))
async def ready(state: State) -> protocol.Health:
    """Whether requests can be served: the database answers and is of this program's version."""
    context = _context(state)
    try:
        migrated = await context.runner.run(context.db.version) == schema.HEAD
    except DatabaseProblem as problem:  # a newer server beside this one has migrated it
        raise Refused(503, "database", str(problem), retry_after_s=5) from problem
    if not migrated:
        raise Refused(503, "database", "the database is not migrated", retry_after_s=5)
    return protocol.Health(status="ready", version=PROGRAM, server_time_ms=context.world.now_ms())


@post(
    "/enrol",
    status_code=200,
    operation_class=packed(protocol.Enrol),
    responses=problems(400, 401, 403, 408, 413, 503),
)
async def enrol(request: Request[Any, Any, Any], state: State) -> protocol.Enrolled:
    """A new till by a one-time code; a known one, by its certificate, again."""
    context = _context(state)
    return await context.runner.run(_enrol, context, request)


def _enrol(context: Context, request: Request[Any, Any, Any]) -> protocol.Enrolled:
    body = request.scope["state"]["body"]
    message = bodies.message(body, protocol.Enrol)
    now_ms = context.world.now_ms()
    if not message.certificate:
        return tills.enrol(context.db, context.secrets, message, now_ms)
    signed = protocol.parse_authorization(request.headers.get("Authorization", ""))
    key = tills.certified_key(context.secrets, message.certificate)
    if not signed.verify(key, "POST", target_of(request.scope), body):
        raise Refused(401, "bad_signature", "the request must be signed by the key the certificate names")
    return tills.readmit(context.db, context.secrets, message, signed, now_ms)


@post(
    "/tills/{till:uuid}/facts",
    status_code=200,
    operation_class=packed(protocol.Push),
    security=BY_TILL,
    responses=problems(400, 401, 403, 404, 409, 408, 413, 503),
    proves=True,
)
async def push_facts(till: FromPath[UUID], request: Request[Any, Any, Any]) -> protocol.Pushed:
    """Take a run of facts. Everything up to the answer's `acked_seq` is durable."""
    return await as_till(request, _push, request.scope["state"]["body"])


def _push(context: Context, till: Till, body: bytes) -> protocol.Pushed:
    push = bodies.push(body)
    if push.epoch != till.epoch:
        raise protocol.WireProblem("malformed", "the push is of another epoch than its signature")
    now_ms = context.world.now_ms()
    outcome = ingest.take(context.db, till.id, push, now_ms)
    context.metrics.pushed(outcome, push.count)
    return protocol.Pushed(
        epoch=till.epoch,
        acked_seq=outcome.acked_seq,
        hash=outcome.hash,
        feed_epoch=context.secrets.feed_epoch,
        server_time_ms=now_ms,
        flagged=outcome.flagged,
        min_v=context.pull_min_v,
        push_v=protocol.PUSH_V,
    )


@post(
    "/tills/{till:uuid}/persons",
    status_code=200,
    operation_class=packed(protocol.Persons),
    security=BY_TILL,
    responses=problems(400, 401, 403, 404, 408, 413, 503),
    proves=True,
)
async def push_persons(till: FromPath[UUID], request: Request[Any, Any, Any]) -> protocol.PersonsKept:
    """Take persons that were entered or changed at a till, apart from facts; the later version holds."""
    return await as_till(request, _push_persons, request.scope["state"]["body"])


def _push_persons(context: Context, till: Till, body: bytes) -> protocol.PersonsKept:
    message = bodies.message(body, protocol.Persons)
    kept = persons.take(context.db, till, message.persons)
    if kept:
        context.hints.tell({till.store})
    return protocol.PersonsKept(kept=kept, server_time_ms=context.world.now_ms())


@get(
    "/tills/{till:uuid}/state",
    security=BY_TILL,
    responses=problems(400, 401, 403, 404, 408, 413, 503),
    proves=True,
)
async def till_state(till: FromPath[UUID], request: Request[Any, Any, Any]) -> protocol.TillState:
    """How far the server is with the asking till's epoch."""
    return await as_till(request, _till_state)


def _till_state(context: Context, till: Till) -> protocol.TillState:
    now_ms = context.world.now_ms()
    seq, digest = ingest.reached(context.db, till.id, till.epoch, now_ms)
    return protocol.TillState(
        epoch=till.epoch,
        acked_seq=seq,
        hash=digest,
        feed_epoch=context.secrets.feed_epoch,
        server_time_ms=now_ms,
        min_v=context.pull_min_v,
        push_v=protocol.PUSH_V,
    )


SCOPE = f"Any of {', '.join(pulls.SCOPES)}, separated by commas; left out: all of them"


@get(
    "/pull",
    security=BY_TILL,
    responses=page(protocol.PullPage) | problems(400, 401, 410, 408, 413, 426, 503),
    proves=True,
)
async def pull(
    request: Request[Any, Any, Any],
    cursor: Annotated[str, QueryParameter(max_length=4096)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=pulls.LIMIT_MAX)] = pulls.LIMIT_DEFAULT,
    wanted: Annotated[str, QueryParameter(name="scope", max_length=100, description=SCOPE)] = "",
    v: Annotated[int, QueryParameter(ge=1, le=10**6, description="The till's version of the protocol")] = 1,
) -> Response[bytes]:
    """What changed after a cursor, for the asking till: lists of head office, members, persons."""
    found = await as_till(request, _pull, cursor, limit, wanted, v)
    if "zstd" not in request.headers.get("Accept-Encoding", ""):
        return Response(found, media_type="application/json")
    headers = {"Content-Encoding": "zstd", "Vary": "Accept-Encoding"}
    return Response(protocol.compress(found), media_type="application/json", headers=headers)


def _pull(context: Context, till: Till, cursor: str, limit: int, scope: str, v: int) -> bytes:
    if v < context.pull_min_v:
        detail = f"this server gives version {context.pull_min_v} and later: install a newer till"
        raise Refused(426, "too_old", detail)
    wanted = frozenset(filter(None, scope.split(",")))
    if not wanted <= set(pulls.SCOPES):
        raise protocol.WireProblem("malformed", f"scope names {', '.join(pulls.SCOPES)}, or nothing")
    reader = context.pull(till, wanted)
    page = reader.page(cursor, limit)
    context.metrics.pulled(page)
    exposure.contact(context, till, reader.had, reader.heads)
    return protocol.encode(page)


@get(
    "/feed",
    security=BY_OFFICE,
    responses=page(protocol.FeedPage) | problems(400, 401, 403, 410, 408, 413, 503),
)
async def read_feed(
    state: State,
    cursor: Annotated[str, QueryParameter(max_length=4096)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=feeds.LIMIT_MAX)] = feeds.LIMIT_DEFAULT,
) -> Response[bytes]:
    """Facts after a cursor, for head office."""
    context = _context(state)
    found = await context.runner.run(lambda: protocol.encode(context.feed().page(cursor, limit)))
    return Response(found, media_type="application/json")


def _context(state: State) -> Context:
    return state["context"]
