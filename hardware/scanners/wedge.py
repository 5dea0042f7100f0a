"""Scans out of key presses: a keyboard-wedge scanner types faster than anybody can.

Pure: the caller brings each key press with its time and takes back the presses that a person made. Nothing
is decided while a burst may still go on; a single key is held for one gap (50 ms, which nobody feels).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from hardware.ports import ScanEvent, ScannerState
from hardware.scanners.framing import TEXT_MAX, unwrap

Token = TypeVar("Token")
"""The caller's own event, handed back if it turns out to be typing."""

ENDS: Final = frozenset("\n\t")
"""Enter and Tab, the suffixes scanners come with."""


@dataclass(frozen=True, slots=True)
class WedgeSettings:
    """How a scanner types.

    `gap_ms` is the longest pause inside a code, `least` the fewest characters of a code that ends with Enter
    or Tab, `silent_least` of one that just ends (more, because fast fingers can roll over three keys).
    With a `prefix`, only what starts with it is a scan. `suffix` is taken off if it is there.
    """

    source: str = "wedge"
    gap_ms: int = 50
    least: int = 3
    silent_least: int = 6
    prefix: str = ""
    suffix: str = ""


class WedgeScanner(Generic[Token]):
    """The Scanner behind a keyboard wedge; scans go to the sink on the thread that brings the keys."""

    def __init__(self, settings: WedgeSettings | None = None) -> None:
        self.settings = settings or WedgeSettings()
        self._sink: Callable[[ScanEvent], None] | None = None
        self._reset()

    def start(self, sink: Callable[[ScanEvent], None]) -> None:
        if self._sink is not None:
            raise RuntimeError("the wedge scanner is started already")
        self._sink = sink
        sink(ScannerState(self.settings.source, connected=True, detail="keys are watched"))

    def stop(self, deadline_s: float = 5.0) -> bool:
        """From now on every key is typing. Held keys stay with the caller's next `idle`."""
        self._sink = None
        return True

    @property
    def active(self) -> bool:
        return self._sink is not None

    @property
    def holding(self) -> bool:
        """Whether keys are held back, so that `idle` must be called one gap after the last of them."""
        return bool(self._tokens)

    def press(self, at_ms: int, char: str, token: Token) -> list[Token]:
        """Take a key press: a character, or "\\n" or "\\t". The answer is what was typed, to be replayed.

        Times are milliseconds of one clock, that of the key events themselves, so that keys which waited for
        a busy program keep their distance.
        """
        twin = self._is_twin(at_ms)
        typed = self.idle() if self._tokens and not self._goes_on(at_ms) else []
        self._last_ms = at_ms
        if char in ENDS and not self._tokens:
            # Some scanners end with both CR and LF: the second belongs to the scan just told.
            self._ended_ms = None
            return typed if twin else [*typed, token]
        self._ended_ms = None
        self._tokens.append(token)
        if char in ENDS:
            return typed + self._settle(self.settings.least, at_ms)
        self._text += char
        return typed + self._settle(self.settings.least, None) if len(self._text) >= TEXT_MAX else typed

    def ride_along(self, token: Token) -> bool:
        """Hold another event (a key release) in its place behind the held presses; False if none is held."""
        if self._tokens:
            self._tokens.append(token)
        return bool(self._tokens)

    def idle(self) -> list[Token]:
        """There was silence for a gap, or a key no scanner sends: what was held is decided now."""
        return self._settle(self.settings.silent_least, None)

    def in_burst(self, at_ms: int) -> bool:
        """Whether a key at this time would belong to the keys held now, or to the scan just told."""
        return self._goes_on(at_ms) or self._is_twin(at_ms)

    def _goes_on(self, at_ms: int) -> bool:
        return bool(self._tokens) and 0 <= at_ms - self._last_ms <= self.settings.gap_ms

    def _is_twin(self, at_ms: int) -> bool:
        return self._ended_ms is not None and 0 <= at_ms - self._ended_ms <= self.settings.gap_ms

    def _settle(self, least: int, ended_ms: int | None) -> list[Token]:
        text, tokens = self._text, self._tokens
        self._reset()
        prefix = self.settings.prefix
        is_code = text.startswith(prefix) and len(text) - len(prefix) >= (1 if prefix else least)
        # A key held down repeats about as fast as a scanner types, and X11 does not always say that it does.
        held_down = ended_ms is None and len(set(text)) == 1
        if self._sink is None or not is_code or held_down:
            return tokens
        self._ended_ms = ended_ms
        self._sink(unwrap(text, self.settings.source, prefix, self.settings.suffix))
        return []

    def _reset(self) -> None:
        self._text = ""
        self._tokens: list[Token] = []
        self._last_ms = 0
        self._ended_ms: int | None = None
