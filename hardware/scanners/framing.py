"""What every scanner wraps around a code: prefix, suffix and the AIM symbology identifier."""

from __future__ import annotations

import re
from typing import Final

from hardware.ports import Scan

TEXT_MAX: Final = 7089
"""Characters in the largest code there is, a QR code of digits (ISO/IEC 18004, version 40-L)."""

_AIM: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]", re.ASCII)
"""Symbology identifier: a flag character, a code character and a modifier (ISO/IEC 15424)."""


def unwrap(raw: str, source: str, prefix: str = "", suffix: str = "") -> Scan:
    """The scan inside what a scanner sent; prefix and suffix are taken off where they are there."""
    text = raw.removeprefix(prefix).removesuffix(suffix) if suffix else raw.removeprefix(prefix)
    aim = _AIM.match(text)
    return Scan(source, text[3:], aim.group()) if aim else Scan(source, text)
