"""The settings that can be changed on the screen, and how a change gets into `stempel.toml`.

The file stays as whoever wrote it left it: comments, order and all other settings. A value that the till
could not start with is refused before anything is written.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, get_args, get_type_hints

import tomlkit
from tomlkit.exceptions import TOMLKitError

from app.config import FILE, Config, ConfigProblem, TillSection, load
from app.screens.corner.page import Setting

_YES_NO: Final = ("true", "false")
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "till.lang": get_args(get_type_hints(TillSection)["lang"]),
    "till.theme": get_args(get_type_hints(TillSection)["theme"]),
    "till.zoom": ("100", "125", "140", "150", "175", "200"),
    "till.auto_shift": _YES_NO,
    "printer.profile": ("58mm", "80mm-42", "80mm"),
    "printer.drawer": _YES_NO,
    "reader.enabled": _YES_NO,
    "display.window": _YES_NO,
    "display.marks": _YES_NO,
}
KEYS: Final = (
    "shop.name",
    "till.lang",
    "till.theme",
    "till.zoom",
    "till.auto_shift",
    "printer.address",
    "printer.profile",
    "printer.drawer",
    "reader.enabled",
    "display.port",
    "display.window",
    "display.marks",
    "scale.port",
    "server.url",
    "server.enrol_code",
)
SECRET: Final = frozenset({"server.enrol_code"})


def settings(config: Config) -> Sequence[Setting]:
    """Each with its value as text."""
    return tuple(Setting(key, _text(config, key), _choices(config, key), key in SECRET) for key in KEYS)


def change(folder: Path, key: str, text: str) -> Config:
    """Write one setting; what the till's settings would be at its next start.

    ConfigProblem says what is wrong with the value; nothing is written then.
    """
    if key not in KEYS:
        raise ConfigProblem(f"{key} is not changed here but in {FILE}")
    file = folder / FILE
    try:
        document = tomlkit.parse(file.read_text("utf-8-sig"))
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigProblem(f"{file}: {error}") from error
    section, _, name = key.partition(".")
    table = document.setdefault(section, tomlkit.table())
    table[name] = _value(key, text)
    written = tomlkit.dumps(document)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".settings-") as aside:
        (Path(aside) / FILE).write_text(written, "utf-8")
        config = load(Path(aside))
        _replace(Path(aside) / FILE, file)
    return config


def _value(key: str, text: str) -> bool | int | str:
    if _CHOICES.get(key) is _YES_NO:
        return text == "true"
    return int(text) if key == "till.zoom" and text.isdecimal() else text


def _replace(new: Path, file: Path) -> None:
    """Durable before it is in place: a power cut leaves the one file or the other."""
    with new.open("rb") as handle:
        os.fsync(handle.fileno())
    new.chmod(file.stat().st_mode)
    new.replace(file)


def _text(config: Config, key: str) -> str:
    section, _, name = key.partition(".")
    value = getattr(getattr(config, section), name)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _choices(config: Config, key: str) -> tuple[str, ...]:
    """A value of the file that is none of the usual ones (a printer's model) stays a choice."""
    choices = _CHOICES.get(key, ())
    value = _text(config, key)
    return (*choices, value) if choices and value not in choices else choices
