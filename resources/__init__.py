"""Data the packages ship with: texts, fonts, icons, themes, programmes, the demo shop."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent


def path(*parts: str) -> Path:
    """A resource by its path below this folder."""
    return ROOT.joinpath(*parts)
