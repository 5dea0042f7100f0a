"""The server's handlers without the web framework: the same code, the same answers, a fifth of the time.

For simulation, where what is tested is not HTTP. A test holds every answer to the ASGI app's.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from sync import protocol
from sync.server import api, holding, tills
from sync.server.answers import ANSWERS
from sync.server.context import Context
from sync.server.pull import LIMIT_DEFAULT
from tests.sync.rig import Answer


def call(
    context: Context, method: str, target: str, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
) -> Answer:
    """One request of a till."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "path": path, "query_string": query.encode(), "method": method, "headers": [],
        "state": {"body": body},
    }  # fmt: skip
    request = SimpleNamespace(scope=scope, headers=dict(headers))
    try:
        found = _handle(context, request, path, dict(parse_qsl(query)))
        content = found if isinstance(found, bytes) else protocol.encode(found)
        return Answer(200, {}, content)
    except Exception as error:
        kind = next(kind for kind in type(error).__mro__ if kind in ANSWERS)
        response: Any = ANSWERS[kind](request, error)  # type: ignore[operator]
        answered = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, answered, response.content)


def _handle(context: Context, request: Any, path: str, query: dict[str, str]) -> Any:
    if path == "/v1/enrol":
        return api._enrol(context, request)
    scope, header = request.scope, request.headers.get("Authorization", "")
    body, target = scope["state"]["body"], api.target_of(scope)
    till = tills.authenticate_till(context.db, header, scope["method"], target, body)
    if path.startswith("/v1/holds/"):
        holding.give_back(context.db, till.id, UUID(path.removeprefix("/v1/holds/")))
        return b""
    match path.rsplit("/", 1)[-1]:
        case "holds":
            return holding.asked(context, till, body)
        case "facts":
            return api._push(context, till, body)
        case "persons":
            return api._push_persons(context, till, body)
        case "state":
            return api._till_state(context, till)
        case _:
            limit, v = int(query.get("limit", LIMIT_DEFAULT)), int(query.get("v", 1))
            return api._pull(context, till, query.get("cursor", ""), limit, query.get("scope", ""), v)
