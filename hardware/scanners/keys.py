"""Which character a key gives on a US keyboard, whatever layout the cashier types in.

A scanner pretends to be a US keyboard and presses keys; under a Russian layout `loy-123` arrives as
`дщн-123`. The key's own code is not translated, so the code decides.
Sources: Linux input-event-codes.h (X11 and Wayland add 8), the IBM PC/AT scan code set 1 (Windows; the same
numbers), Carbon's HIToolbox/Events.h (macOS). The X11 table is tested with real keys; the tables of Windows
and macOS are not tested on real machines.
"""

from __future__ import annotations

from typing import Final

_ROWS: Final = (
    (2, "1234567890-=", "!@#$%^&*()_+"),
    (16, "qwertyuiop[]", "QWERTYUIOP{}"),
    (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
    (57, " ", " "),
)
"""First code of a run of keys, their characters, and those with Shift."""
_KEYPAD: Final = {71: "7", 72: "8", 73: "9", 74: "-", 75: "4", 76: "5", 77: "6", 78: "+", 79: "1", 80: "2",
                  81: "3", 82: "0", 83: ".", 55: "*", 98: "/"}  # fmt: skip
_MAC_KEYS: Final = "asdfhgzxcv\0bqweryt123465=97-80]ou[ip\0lj'k;\\,/nm.\0 `"
"""Characters by virtual key code from 0; NUL where there is no character."""
_MAC_KEYPAD: Final = {65: ".", 67: "*", 69: "+", 75: "/", 78: "-", 82: "0", 83: "1", 84: "2", 85: "3",
                      86: "4", 87: "5", 88: "6", 89: "7", 91: "8", 92: "9"}  # fmt: skip

_PC: Final = {first + i: char for first, plain, _ in _ROWS for i, char in enumerate(plain)}
_SHIFT: Final = {p: s for _, plain, shifted in _ROWS for p, s in zip(plain, shifted, strict=True)}
_X11_OFFSET: Final = 8

TABLES: Final[dict[str, tuple[dict[int, str], dict[int, str]]]] = {
    "x11": (
        {code + _X11_OFFSET: char for code, char in _PC.items()},
        {code + _X11_OFFSET: char for code, char in _KEYPAD.items()},
    ),
    "windows": (_PC, {**{code: char for code, char in _KEYPAD.items() if code != 98}, 0x135: "/"}),
    "macos": (
        {code: char for code, char in enumerate(_MAC_KEYS) if char != "\0"},
        _MAC_KEYPAD,
    ),
}
"""By platform: the main block and the keypad, key code to character."""


def character(platform: str, code: int, shift: bool, text: str) -> str:
    """The character of a key press, "" if it gives none.

    `code` is Qt's native scan code (on macOS the native virtual key), `text` what the layout made of it,
    which decides for codes outside the table and tells a keypad digit from an arrow.
    """
    keys, keypad = TABLES.get(platform, ({}, {}))
    if code in keypad:
        return keypad[code] if text else ""
    if code in keys:
        return _SHIFT[keys[code]] if shift else keys[code]
    return text if len(text) == 1 and text.isprintable() else ""
