"""The marks that stand in frames and layouts in place of values."""

from __future__ import annotations

import re
from typing import Final

LINES_MAX: Final = 200_000
"""Lines of sales in one batch."""
ID, TEXT, NUMBER = 1, 2, 3
MARK, LINES_MARK, TEXT_MARK = 0xE000, "\uf8ff", "\uf8fe"
MARKS: Final = re.compile("[\ue000-\uf8ff]")
MILLIS: Final = 6
"""Bytes of milliseconds that a UUIDv7 begins with (RFC 9562)."""


class BadBatch(ValueError):
    """What came is no batch, or says more than it may."""
