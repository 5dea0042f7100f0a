"""The gate before every path under /v1: body limits, then credentials. A new handler cannot forget it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Final, ParamSpec, TypeVar

import msgspec
from litestar import Request
from litestar.types import ASGIApp, HTTPDisconnectEvent, HTTPRequestEvent, Message, Receive, Scope, Send

from sync import protocol
from sync.server import scopes
from sync.server.database import Database
from sync.server.room import STRANGERS_BYTES, Share
from sync.server.tills import Office, Refused, Till, authenticate_office, authenticate_till, find_key

if TYPE_CHECKING:
    from sync.server.context import Context

P = ParamSpec("P")
T = TypeVar("T")

BULK_BYTES: Final = 16 << 10
"""A body of more bytes than this, packed, is of a till that catches up: it may wait for others like it."""
PROVES: Final = "proves"
"""In a handler's options, true: it finds out who asks by `as_till`, in the same database thread as its work.
For what tills ask for with every sale: a second change of threads would cost as much as the work."""
ENROL: Final = "/v1/enrol"
_OF_TILL: Final = re.compile(r"/v1/tills/([0-9a-f-]{36})/")
_FOR_TILLS: Final = re.compile(r"/v1/(tills/|pull$|stream$|holds(/|$)|directory(/|$)|members$)")
_LISTS: Final = frozenset({"/v1/programmes", "/v1/products", "/v1/staff"})


class Claim(msgspec.Struct, frozen=True):
    """A till's request: who it says it is from, not proven yet."""

    path: str
    method: str
    target: str
    header: str
    body: bytes

    def prove(self, db: Database) -> Till:
        """The till that signed it. Raises Refused(401), and 403 for what is another till's."""
        till = authenticate_till(db, self.header, self.method, self.target, self.body)
        claimed = _OF_TILL.match(self.path)
        if self.path.startswith("/v1/tills/") and (claimed is None or claimed[1] != str(till.id)):
            raise Refused(403, "other_till", "a till may speak only for itself")
        return till


Principal = Till | Claim | Office | None


async def as_till(
    request: Request[Any, Any, Any],
    work: Callable[Concatenate[Context, Till, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """What a handler that `PROVES` does: find out which till asks and do the work for it, in one thread."""
    context: Context = request.app.state["context"]
    claim: Claim = request.scope["state"]["principal"]
    run = context.runner.run_bulk if len(claim.body) > BULK_BYTES else context.runner.run
    return await run(lambda: work(context, claim.prove(context.db), *args, **kwargs))


class Gate:
    """ASGI middleware: finds out who asks, reads the body within its limits, and lets the handler have both
    in `scope["state"]`. Enrolment brings its own credentials, a code or a certificate."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise Refused(404, "not_found", "there is nothing here")
        context: Context = scope["litestar_app"].state["context"]
        with context.room.share() as share:
            principal, body = await self._read(scope, receive, context, share)
            scope["state"]["principal"] = principal
            scope["state"]["body"] = body
            await self._app(scope, _replay(body, receive), send)

    async def _read(
        self, scope: Scope, receive: Receive, context: Context, share: Share
    ) -> tuple[Principal, bytes]:
        """Who asks, and the body. A stranger cannot make the server hold much of one."""
        path, header = scope["path"], _header(scope, b"authorization")
        run, db = context.runner.run, context.db
        if path == ENROL:
            return None, await share.read(receive, STRANGERS_BYTES)
        if _FOR_TILLS.match(path):
            body = await share.read(receive, protocol.PACKED_MAX, lambda: run(find_key, db, header))
            claim = Claim(path, str(scope.get("method")), target_of(scope), header, body)
            proves = scope["route_handler"].opt.get(PROVES, False)
            return claim if proves else await run(claim.prove, db), body
        office = await run(authenticate_office, db, header)
        scopes.check(office, path)
        most = protocol.LIST_PACKED_MAX if path in _LISTS else protocol.PACKED_MAX
        return office, await share.read(receive, most)


def target_of(scope: Scope) -> str:
    """Path and query as the client sent them."""
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else scope["path"]


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> HTTPRequestEvent | HTTPDisconnectEvent:
        nonlocal sent
        if sent:
            event: Message = await receive()  # type: ignore[assignment]
            return event  # type: ignore[return-value]
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
