"""HTML by small pieces: text is escaped because it is text, and only what `tag` made is not."""

from __future__ import annotations

from html import escape
from typing import Final

_VOID: Final = frozenset({"meta", "link", "br"})


class Html(str):
    """A finished piece."""

    __slots__ = ()


def tag(name: str, /, *content: str, **attributes: str) -> Html:
    """An element. `class_` is its class, other attributes go by their names; empty ones are left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value
    )
    return Html(f"<{name}{given}>" if name in _VOID else f"<{name}{given}>{joined(*content)}</{name}>")


def joined(*content: str) -> Html:
    """Pieces and texts one behind the other."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in content))
