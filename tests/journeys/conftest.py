"""Journeys run on real parts: pcscd with a virtual reader, keys under Xvfb, a serial pair, a TCP printer."""

from __future__ import annotations

from tests.support.vpcd import pcscd
from tests.support.xvfb import xvfb

__all__ = ["pcscd", "xvfb"]
