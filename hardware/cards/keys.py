"""The shop's card keys: a file of their own, which nobody but the till's user may read.

[sun]                       # NTAG 424 DNA
meta_read = "32 hexadecimal digits"
file_read = "32 hexadecimal digits"

[ultralight_aes]
master = "32 hexadecimal digits"
label = "hexadecimal digits, or nothing"

[[classic]]
blocks = [8, 9]
key = "12 hexadecimal digits"
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from hardware.cards.classic import ClassicPlace
from hardware.cards.sun import SunKeys
from hardware.cards.ultralight_aes import UltralightKey

FILE: Final = "card-keys.toml"

_Key = Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{32}$", description="32 hexadecimal digits")]
_ClassicKey = Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f]{12}$")]
_Block = Annotated[int, msgspec.Meta(ge=1, le=255)]


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"  # keys never reach a log


class _Sun(_Table, frozen=True, kw_only=True):
    meta_read: _Key
    file_read: _Key
    picc_field: str = "picc_data"
    mac_field: str = "cmac"


class _UltralightAes(_Table, frozen=True, kw_only=True):
    master: _Key
    label: Annotated[str, msgspec.Meta(pattern="^([0-9A-Fa-f]{2}){0,24}$")] = ""
    number: Literal[0, 1] = 0


class _Classic(_Table, frozen=True, kw_only=True):
    blocks: Annotated[tuple[_Block, ...], msgspec.Meta(min_length=1)]
    key: _ClassicKey
    type: Literal["A", "B"] = "A"


class _File(_Table, frozen=True, kw_only=True):
    sun: _Sun | None = None
    ultralight_aes: _UltralightAes | None = None
    classic: tuple[_Classic, ...] = ()


class CardKeys(msgspec.Struct, frozen=True):
    """What the file holds; nothing if there is none."""

    sun: SunKeys | None = None
    ultralight_aes: UltralightKey | None = None
    classic: tuple[ClassicPlace, ...] = ()


def read_card_keys(file: Path) -> CardKeys:
    """Read and check a file of keys; without one, no keys.

    Raises ValueError, with what to do, for a file that others may read or that is wrong. It never repeats
    what the file says.
    """
    if not file.exists():
        return CardKeys()
    if os.name == "posix" and stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise ValueError(f"{file} can be read by others than the till: chmod 600 {file}")
    try:
        found = msgspec.convert(tomllib.loads(file.read_text("utf-8")), _File, strict=True)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is no TOML: {str(error).partition('(')[0].strip()}") from None
    except msgspec.ValidationError as error:
        raise ValueError(f"{file}: {error}") from None
    sun, aes = found.sun, found.ultralight_aes
    return CardKeys(
        SunKeys(_bytes(sun.meta_read), _bytes(sun.file_read), sun.picc_field, sun.mac_field) if sun else None,
        UltralightKey(_bytes(aes.master), _bytes(aes.label), aes.number) if aes else None,
        tuple(ClassicPlace(place.blocks, _bytes(place.key), place.type) for place in found.classic),
    )


_bytes: Final = bytes.fromhex
