"""The gate before every path under /v1: body limits, then credentials. A new handler cannot forget it."""

from __future__ import annotations

import re
from typing import Final

from litestar.types import ASGIApp, HTTPDisconnectEvent, HTTPRequestEvent, Message, Receive, Scope, Send

from sync import protocol
from sync.server import scopes
from sync.server.context import Context
from sync.server.room import STRANGERS_BYTES, Share
from sync.server.tills import Office, Refused, Till, authenticate_office, authenticate_till, find_key

Principal = Till | Office | None
ENROL: Final = "/v1/enrol"
_OF_TILL: Final = re.compile(r"/v1/tills/([0-9a-f-]{36})/")
_FOR_TILLS: Final = re.compile(r"/v1/(tills/|pull$|stream$|holds(/|$)|directory(/|$)|members$)")
_LISTS: Final = frozenset({"/v1/programmes", "/v1/products", "/v1/staff"})


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
            return await self._till(scope, context, header, body), body
        office = await run(authenticate_office, db, header)
        scopes.check(office, path)
        most = protocol.LIST_PACKED_MAX if path in _LISTS else protocol.PACKED_MAX
        return office, await share.read(receive, most)

    @staticmethod
    async def _till(scope: Scope, context: Context, header: str, body: bytes) -> Till:
        method, target, path = str(scope.get("method")), target_of(scope), scope["path"]
        till = await context.runner.run(authenticate_till, context.db, header, method, target, body)
        claimed = _OF_TILL.match(path)
        if path.startswith("/v1/tills/") and (claimed is None or claimed[1] != str(till.id)):
            raise Refused(403, "other_till", "a till may speak only for itself")
        return till


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
