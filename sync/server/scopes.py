"""What a token may do: one without scopes everything, others only what their scopes name."""

from __future__ import annotations

from typing import Final

from sync.server.tills import Office, Refused

SCOPES: Final = {
    "events": ("/v1/events",),
    "feed": ("/v1/feed",),
    "export": ("/v1/export",),
    "webhooks": ("/v1/webhooks",),
    "metrics": ("/metrics",),
}
"""Each scope with the paths that it opens; what is under a path belongs to it."""


def check(office: Office, path: str) -> None:
    """Raises Refused(403) where the token's scopes do not open a path."""
    if not office.scopes:
        return
    opened = (place for scope in office.scopes for place in SCOPES.get(scope, ()))
    if not any(path == place or path.startswith(f"{place}/") for place in opened):
        detail = f"the token is for {', '.join(office.scopes)} only: ask head office for another"
        raise Refused(403, "wrong_scope", detail)
