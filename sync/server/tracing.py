"""Every request has an id: in its answer, in a problem's body, and in each line logged on its behalf."""

from __future__ import annotations

import re
import sys
import uuid
from typing import Final

import structlog
from litestar.types import Message, Scope
from structlog.tracebacks import ExceptionDictTransformer

HEADER: Final = b"x-request-id"
EXPECTED: Final = "expected"
"""In a request's state, true: whatever it is answered is no refusal, and no line in the log."""
_OURS: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")

log = structlog.get_logger("stempel.request")


def request_id(scope: Scope) -> str:
    """The id of a request: the one a proxy gave, if it looks like one, or a new one."""
    known = scope["state"].get("request_id")
    if known is None:
        given = next((value for name, value in scope["headers"] if name.lower() == HEADER), b"")
        known = given.decode() if _OURS.fullmatch(given) else uuid.uuid4().hex
        scope["state"]["request_id"] = known
    return known


async def trace(message: Message, scope: Scope) -> None:
    """Before an answer goes out: its id becomes a header, and a refusal a line in the log."""
    if message["type"] != "http.response.start" or scope["type"] != "http":
        return
    traced = request_id(scope)
    message["headers"] = [*message["headers"], (HEADER, traced.encode())]
    if message["status"] >= 400 and not scope["state"].get(EXPECTED):
        log.warning("refused", path=scope["path"], status=message["status"], request_id=traced)


def log_as_json() -> None:
    """One JSON object a line, on standard error: standard output belongs to the announcement."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Without locals: among them are connection strings and keys.
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
