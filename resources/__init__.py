"""Data the packages ship with: texts, fonts, icons, themes, programmes, the demo shop."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent


def path(*parts: str) -> Path:
    """A resource by its path below this folder."""
    return ROOT.joinpath(*parts)


def cache() -> Path:
    """The user's own folder for what can be made again, where that of the program cannot be written."""
    from platformdirs import user_cache_path

    return user_cache_path("stempel", appauthor=False, ensure_exists=True)
