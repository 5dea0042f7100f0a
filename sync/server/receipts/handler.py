"""GET /r/{sale}: open to whoever has the link, which 74 random bits make unguessable.

An id that is not here may be of a sale that its till has not sent yet, or of none: both are answered alike,
by what the id itself says of its age. 404 and not 202: nothing was accepted, and what follows links without
reading pages (caches, crawlers, previews) then keeps nothing. A person sees a page that asks again by itself.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import Any, Final

import structlog
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import ValidationException
from litestar.params import FromPath, FromQuery
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from app.texts import LANGUAGES, Texts, texts
from sync.server.context import Context
from sync.server.describe import bodies_of
from sync.server.receipts import page
from sync.server.receipts.sold import Sold, find
from sync.server.tills import Refused
from sync.server.tracing import EXPECTED, request_id

log = structlog.get_logger("stempel.server")

DAY_MS: Final = 86_400_000
WAITED_DAYS: Final = 30
"""So old may a sale be that its till still has to send; no page waits for older ones."""
SOON_S, LATE_S = 10, 600
"""How soon the page of a sale looks again that was made just now, and how seldom that of an old one."""
BUSY_S: Final = 5
HTML: Final = "text/html"
_STYLE: Final = base64.b64encode(hashlib.sha256(page.STYLE.encode()).digest()).decode()
_HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "Vary": "Accept-Language",
}


def _busy(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    if not isinstance(error, Refused):
        log.error("database", request_id=request_id(request.scope), error=str(getattr(error, "orig", error)))
    words = texts(_asked(request.headers.get("Accept-Language", "")) or "en")
    return _page(503, page.note(words, "busy", BUSY_S), retry_after_s=BUSY_S)


def _misread(request: Request[Any, Any, Any], error: Exception) -> Response[str]:
    words = texts(_asked(request.headers.get("Accept-Language", "")) or "en")
    return _page(400, page.note(words, "none"))


_PAGES: Final = bodies_of(
    str,
    HTML,
    {
        200: "The receipt",
        304: "It is as it was",
        400: "No address of a receipt",
        404: "A sale that is not here, or not yet: then the page looks again by itself",
        503: "The server is busy: the page looks again by itself",
    },
)


@get(
    "/r/{sale:str}",
    media_type=HTML,
    responses=_PAGES,
    exception_handlers={
        Refused: _busy,
        OperationalError: _busy,
        InterfaceError: _busy,
        NoConnection: _busy,
        ValidationException: _misread,
    },
)
async def show(
    request: Request[Any, Any, Any], state: State, sale: FromPath[str], lang: FromQuery[str] = ""
) -> Response[str]:
    """A sale's receipt for its customer, a page to read. In `lang` (ru, pl, en); left out, in the member's
    language, the browser's or the shop's."""
    context: Context = state["context"]
    id = _id(sale)
    sold = await context.receipts.run(_find, context, id) if id is not None else None
    asked = _asked(request.headers.get("Accept-Language", ""))
    if sold is None:
        words = texts(lang if lang in LANGUAGES else asked or "en")
        again_s = _again_s(id, context.world.now_ms())
        request.scope["state"][EXPECTED] = again_s > 0
        shown = page.note(words, "waiting" if again_s else "none", again_s)
        return _page(404, shown, retry_after_s=again_s)
    shown = await context.receipts.run(page.receipt, sold, _words(sold, lang, asked))
    etag = f'"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'
    # Asked for again each time, as something may have come back since; what did not change is not sent.
    kept = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("If-None-Match") == etag:
        return Response("", status_code=304, headers={**_HEADERS, **kept}, media_type=HTML)
    return Response(shown, headers={**_HEADERS, **kept}, media_type=HTML)


def _find(context: Context, id: uuid.UUID) -> Sold | None:
    return find(context.db, context.programmes, context.wordings, id)


def _page(status: int, shown: str, *, retry_after_s: int = 0) -> Response[str]:
    headers = {**_HEADERS, "Cache-Control": "no-store"}
    if retry_after_s:
        headers["Retry-After"] = str(retry_after_s)
    return Response(shown, status_code=status, headers=headers, media_type=HTML)


def _id(text: str) -> uuid.UUID | None:
    """A sale's id, with or without its dashes."""
    try:
        return uuid.UUID(text) if len(text) in (32, 36) else None
    except ValueError:
        return None


def _again_s(id: uuid.UUID | None, now_ms: int) -> int:
    """After how long to look again for a sale that is not here; 0 if it will not come any more."""
    if id is None or id.version != 7:
        return 0
    age_ms = max(now_ms - (id.int >> 80), 0)
    return 0 if age_ms > WAITED_DAYS * DAY_MS else min(max(age_ms // 10_000, SOON_S), LATE_S)


def _words(sold: Sold, lang: str, asked: str) -> Texts:
    wanted = (lang, sold.lang, asked, sold.shop.lang)
    return texts(next((each for each in wanted if each in LANGUAGES), "en"))


def _asked(header: str) -> str:
    """The language of ours that a browser likes best (RFC 9110, 12.5.4); "" if it names none."""
    liked: dict[str, float] = {}
    for part in header[:500].split(","):
        name, _, weight = part.partition(";")
        lang = name.strip().lower().partition("-")[0]
        try:
            quality = float(weight.partition("=")[2]) if weight else 1.0
        except ValueError:
            continue
        if lang in LANGUAGES and quality > liked.get(lang, 0):
            liked[lang] = quality
    return max(liked, key=lambda each: liked[each], default="")
