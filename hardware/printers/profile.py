"""What a receipt printer's model can do: its paper, its code pages, its commands."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec

from hardware.layout import COLUMNS_MIN

CutKind = Literal["full", "partial", "none"]

CODECS: Final = {
    "ru": ("cp866", "cp1251"),
    "pl": ("cp852", "cp1250"),
    "en": ("cp858", "cp1252", "cp437"),
}
"""Code pages that hold a language's letters, best first: one a job, not hopped to letter by letter."""
_FONT_A_DOTS: Final = 12


class Profile(msgspec.Struct, frozen=True):
    """One printer model.

    `columns` of font A (12 × 24 dots), `width_dots` of the print head, `pages` the number that `ESC t` takes
    for a codec. A printer that misses a page prints those lines as pictures. `line_dots` is the line pitch.
    """

    name: str
    columns: int
    width_dots: int
    pages: dict[str, int]
    line_dots: int = 30
    native_qr: bool = True
    native_barcode: bool = True
    cut: CutKind = "partial"
    cancel_kanji: bool = False
    """Chinese models read two bytes above 127 as one Chinese character until `FS .` tells them not to."""
    drawer_pin: Literal[2, 5] = 2
    raster: bool = True
    """Takes pictures (`GS v 0`); a printer that does not writes what its pages lack by its sound."""

    def codec(self, language: str) -> str | None:
        """The Python codec for a language on this printer, None if it has no such page."""
        return next((name for name in CODECS.get(language, CODECS["en"]) if name in self.pages), None)


EPSON_PAGES: Final = {"cp437": 0, "cp866": 17, "cp852": 18, "cp858": 19}
"""Page numbers of Epson's TM series, which most other makers took over."""

PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        Profile("58mm", 32, 384, EPSON_PAGES, cut="none"),
        Profile("80mm-42", 42, 512, EPSON_PAGES),
        Profile("80mm", 48, 576, EPSON_PAGES),
        Profile("58mm-chinese", 32, 384, EPSON_PAGES, cut="none", native_qr=False, cancel_kanji=True),
        Profile("80mm-chinese", 48, 576, EPSON_PAGES, cancel_kanji=True),
    )
}
"""Paper widths under plain names; a model's own profile comes from `profile_for`."""


def profile_for(setting: str) -> Profile:
    """A profile by its setting: a name, and what is different on this printer.

    A name is ours or a model that python-escpos knows: `80mm`, `TM-T88V`, `80mm?cp866=59&cut=full`.
    What may differ: columns, width_dots, line_dots, cut (full, partial, none), drawer_pin (2, 5), native_qr,
    native_barcode, cancel_kanji (0, 1), and the number of a code page (the test page shows them; none if
    the printer lacks it).
    KeyError names the profiles there are, ValueError says what is wrong with a difference.
    """
    name, _, differences = setting.partition("?")
    profile = _named(name)
    for part in differences.split("&") if differences else ():
        key, _, value = part.partition("=")
        try:
            profile = _changed(profile, key, value)
        except ValueError as error:
            raise ValueError(f"printer profile {setting!r}: {part!r}: {error}") from error
    if profile.columns < COLUMNS_MIN:
        usual = profile.width_dots // _FONT_A_DOTS
        raise ValueError(
            f"printer profile {setting!r}: {profile.columns} columns are too few for a receipt: "
            f"write {name}?columns={usual} or what the printer has"
        )
    return profile


def _changed(profile: Profile, key: str, value: str) -> Profile:
    codec = _codec(key)
    if codec:
        pages = {name: number for name, number in profile.pages.items() if name != codec}
        if value != "none":
            pages[codec] = int(value) if value.isdecimal() else -1
            if not 0 <= pages[codec] <= 255:
                raise ValueError("a page number is 0 to 255, or none")
        return msgspec.structs.replace(profile, pages=pages)
    if key not in _MAY_DIFFER:
        raise ValueError(f"one of {', '.join(_MAY_DIFFER)} or a code page may differ")
    try:
        changed = msgspec.convert(value, _MAY_DIFFER[key], strict=False)
    except msgspec.ValidationError as error:
        kind = _MAY_DIFFER[key]
        if get_origin(kind) is Literal:
            raise ValueError(f"one of {', '.join(map(str, get_args(kind)))}") from error
        raise
    return msgspec.structs.replace(profile, **{key: changed})


_MAY_DIFFER: Final[Mapping[str, Any]] = {
    "columns": Annotated[int, msgspec.Meta(ge=COLUMNS_MIN, le=96)],
    "width_dots": Annotated[int, msgspec.Meta(ge=192, le=2400, multiple_of=8)],
    "line_dots": Annotated[int, msgspec.Meta(ge=24, le=255)],
    "cut": CutKind,
    "drawer_pin": Literal[2, 5],
    "native_qr": bool,
    "native_barcode": bool,
    "cancel_kanji": bool,
    "raster": bool,
}


def _named(name: str) -> Profile:
    if name in PROFILES:
        return PROFILES[name]
    # Half a second to import: only for who asks for a model by name.
    from escpos.capabilities import CAPABILITIES

    models: dict[str, Any] = CAPABILITIES["profiles"]
    if name not in models:
        raise KeyError(f"no printer profile {name!r}; there are {', '.join([*PROFILES, *sorted(models)])}")
    return _from_capabilities(name, models[name])


def _from_capabilities(name: str, model: Mapping[str, Any]) -> Profile:
    columns = int(model["fonts"]["0"]["columns"])
    pixels = model["media"]["width"].get("pixels")
    features = model["features"]
    pages: dict[str, int] = {}
    for number, page in sorted(model["codePages"].items(), key=lambda item: int(item[0])):
        codec = _codec(page)
        if codec is not None:
            pages.setdefault(codec, int(number))
    cut: CutKind = "partial" if features["paperPartCut"] else "full" if features["paperFullCut"] else "none"
    return Profile(
        name,
        columns,
        pixels if isinstance(pixels, int) else columns * _FONT_A_DOTS,
        pages,
        native_qr=bool(features["qrCode"]),
        native_barcode=bool(features["barcodeB"]),
        cut=cut,
        raster=bool(features["bitImageRaster"]),
    )


def _codec(page: str) -> str | None:
    if not re.fullmatch(r"(?i)CP\d+", page):
        return None
    try:
        return codecs.lookup(page.lower()).name
    except LookupError:
        return None
