"""From the words of a shop's settings to the reader service's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from hardware.cards.contact import ContactFile
from hardware.cards.keys import FILE, read_card_keys
from hardware.cards.kinds import CardSettings
from hardware.cards.roles import ReaderRule
from hardware.cards.settings import PcscSettings
from hardware.ports import ReaderRole

LEFT_ALONE: Final = "none"


class RoleSetting(Protocol):
    """A reader by name or serial number; `role` is customer, staff or none."""

    @property
    def role(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def serial(self) -> str: ...


class ContactSetting(Protocol):
    """A contact card: `atr`, `mask` and the file ids of `path` in hexadecimal, spaces as one likes."""

    @property
    def atr(self) -> str: ...
    @property
    def mask(self) -> str: ...
    @property
    def path(self) -> Sequence[str]: ...
    @property
    def size(self) -> int: ...


def pcsc_settings(
    folder: Path | None, roles: Sequence[RoleSetting], contact: Sequence[ContactSetting]
) -> PcscSettings:
    """The settings of the reader service; `folder` holds the keys, None for none.

    Raises ValueError with what is wrong and what would do.
    """
    keys = read_card_keys(folder / FILE) if folder is not None else None
    cards = CardSettings(
        classic=keys.classic if keys else (),
        contact=tuple(map(contact_file, contact)),
        sun=keys.sun if keys else None,
        ultralight_aes=keys.ultralight_aes if keys else None,
    )
    return PcscSettings(cards=cards, readers=tuple(map(reader_rule, roles)))


def reader_rule(setting: RoleSetting) -> ReaderRule:
    role = None if setting.role == LEFT_ALONE else ReaderRole(setting.role)
    return ReaderRule(role, setting.name, setting.serial)


def contact_file(setting: ContactSetting) -> ContactFile:
    atr = _hex("atr", setting.atr)
    mask = _hex("mask", setting.mask) if setting.mask else b"\xff" * len(atr)
    path = tuple(_hex("path", part) for part in setting.path)
    if not atr or len(mask) != len(atr):
        raise ValueError("atr and mask are of one length, an FF in the mask for each byte that counts")
    if not path or any(not 1 <= len(part) <= 16 for part in path):
        raise ValueError('path lists the files to select from the root on, such as ["3F00", "2F01"]')
    if not 1 <= setting.size <= 255:
        raise ValueError("size is the number of bytes to read: 1 to 255")
    return ContactFile(atr, mask, path, setting.size)


def _hex(name: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{name} is written in hexadecimal digits, not as {text!r}") from None
