"""What each kind of error is answered with: a `Problem` with the request's id, never a trace."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from sync import protocol
from sync.server import ingest
from sync.server.cursors import CursorExpired, FeedReset
from sync.server.listing import BadList
from sync.server.tills import Refused
from sync.server.tracing import request_id

log = structlog.get_logger("stempel.server")

_STATUS = {"too_large": 413, "no_credentials": 401}


def _answer(
    request: Request[Any, Any, Any],
    status: int,
    problem: protocol.Problem,
    retry_after_s: int | None = None,
) -> Response[bytes]:
    problem = msgspec.structs.replace(problem, request_id=request_id(request.scope))
    request.scope["state"]["refused"] = problem.code  # for the metrics
    headers = {"Retry-After": str(retry_after_s)} if retry_after_s is not None else {}
    if status == 401:
        headers["WWW-Authenticate"] = f'Bearer, {protocol.SCHEME} realm="stempel"'
    return Response(
        msgspec.json.encode(problem), status_code=status, media_type="application/json", headers=headers
    )


def _refused(request: Request[Any, Any, Any], error: Refused) -> Response[bytes]:
    return _answer(
        request, error.status, protocol.Problem(code=error.code, detail=error.detail), error.retry_after_s
    )


def _wire_problem(request: Request[Any, Any, Any], error: protocol.WireProblem) -> Response[bytes]:
    return _answer(
        request, _STATUS.get(error.code, 400), protocol.Problem(code=error.code, detail=str(error))
    )


def _gap(request: Request[Any, Any, Any], error: ingest.Gap) -> Response[bytes]:
    return _answer(request, 409, protocol.Problem(code="gap", detail=str(error), expected=error.expected))


def _fork(request: Request[Any, Any, Any], error: ingest.Fork) -> Response[bytes]:
    return _answer(request, 409, protocol.Problem(code="fork", detail=str(error), seq=error.seq))


def _feed_reset(request: Request[Any, Any, Any], _error: FeedReset) -> Response[bytes]:
    detail = "the server was restored from a backup: begin again without a cursor"
    return _answer(request, 410, protocol.Problem(code="feed_reset", detail=detail))


def _cursor_expired(request: Request[Any, Any, Any], _error: CursorExpired) -> Response[bytes]:
    detail = "the cursor is too old, or of another store's till: begin again without a cursor"
    return _answer(request, 410, protocol.Problem(code="cursor_expired", detail=detail))


def _bad_list(request: Request[Any, Any, Any], error: BadList) -> Response[bytes]:
    problem = protocol.Problem(code="bad_list", detail="nothing was changed", errors=error.errors)
    return _answer(request, 422, problem)


def _http_problem(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "malformed")
    response = _answer(request, error.status_code, protocol.Problem(code=code, detail=error.detail))
    response.headers.update(error.headers or {})
    return response


def _database_away(request: Request[Any, Any, Any], error: DBAPIError | NoConnection) -> Response[bytes]:
    """Failing over, locked, its disk is full, or every connection waits: the till keeps its facts and comes
    back."""
    said = error.orig if isinstance(error, DBAPIError) else error
    log.error("database", request_id=request_id(request.scope), error=str(said))
    detail = "the server's database cannot be reached or written just now"
    return _answer(request, 503, protocol.Problem(code="database", detail=detail), retry_after_s=5)


def _bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    log.error("bug", path=request.scope["path"], request_id=request_id(request.scope), exc_info=error)
    return _answer(
        request,
        500,
        protocol.Problem(code="internal", detail="the server met an error of its own; see its log"),
    )


ANSWERS: Final = {
    Refused: _refused,
    protocol.WireProblem: _wire_problem,
    ingest.Gap: _gap,
    ingest.Fork: _fork,
    FeedReset: _feed_reset,
    CursorExpired: _cursor_expired,
    BadList: _bad_list,
    HTTPException: _http_problem,
    OperationalError: _database_away,
    InterfaceError: _database_away,
    NoConnection: _database_away,
    Exception: _bug,
}
"""What each kind of error is answered with."""
