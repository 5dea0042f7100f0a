"""What all commands share: their options, what they say, how they end."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from app.checkout.ports import NotWritten
from app.config import ConfigProblem

Data = Annotated[
    Path | None, typer.Option(help="Data folder of the till (default: STEMPEL_DATA, or the user's own).")
]
Lang = Annotated[str, typer.Option(help="ru, pl or en.")]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def check_lang(lang: str) -> None:
    from app.texts import LANGUAGES

    if lang not in LANGUAGES:
        complain(f"--lang is one of {', '.join(LANGUAGES)}, not {lang!r}")
        raise typer.Exit(2)


def there(path: Path) -> Path:
    """The path of a file or folder that somebody named. Raises FileNotFoundError where there is none."""
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "", str(path))
    return path


@contextmanager
def known_errors() -> Iterator[None]:
    """Errors a person can act on end the command with their message; bugs pass.

    A file that was named wrongly ends it with 2, as any wrong argument; what the machine refuses, with 1.
    """
    try:
        yield
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
        folder = isinstance(error, IsADirectoryError)
        why = "this is a folder: name a file" if folder else "there is nothing of this name: check it"
        complain(f"{error.filename}: {why}" if error.filename else str(error))
        raise typer.Exit(2) from error
    except (ConfigProblem, NotWritten, OSError) as error:
        complain(str(error))
        raise typer.Exit(1) from error
