"""Where a till keeps its directory: one file as the server made it, and one of what changed since, mapped.

Written by one lane, read from any thread. A file is whole before it has its name, and a new one is used from
the next lookup on. What a till cannot read, or needs no more, it removes; a file that a lookup holds goes
with it, or, where the system forbids that, at the next start.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
from pathlib import Path
from typing import Final, NamedTuple

from sync.directory import BadDirectory, Directory, Entry, Header, merged

BASE: Final = ".directory"
CHANGES: Final = ".changes"
PART: Final = ".part"
SHARE: Final = 8
"""When one card in so many has changed, the whole directory is fetched anew: changes are rewritten each time
there are some, and all of them again."""


class Known(NamedTuple):
    """A card's member in short, as of a moment."""

    entry: Entry
    as_of_ms: int


class _Held(NamedTuple):
    base: Directory | None = None
    changes: Directory | None = None
    name: str = ""


class Shelf:
    """The directory in a folder, which is made when there is something to put into it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held = self._open()

    def find(self, key: bytes) -> Known | None:
        """What is known of a card, by its key; None for one that no member had then."""
        held = self._held
        if held.base is None:
            return None
        found = held.changes.find(key) if held.changes is not None else None
        found = found or held.base.find(key)
        return None if found is None else Known(found, (held.changes or held.base).header.made_ms)

    @property
    def header(self) -> Header | None:
        """Of the newest that is here: it says what to ask for next. None where there is nothing."""
        held = self._held
        newest = held.changes or held.base
        return None if newest is None else newest.header

    @property
    def name(self) -> str:
        """What names the bytes of the directory that changes are put on; empty where there is none."""
        return self._held.name

    @property
    def worn(self) -> bool:
        """Whether so much has changed that all of it is better fetched anew."""
        base, changes, _ = self._held
        return base is not None and changes is not None and len(changes) * SHARE > len(base)

    # From the lane alone

    def part(self) -> tuple[Path, str] | None:
        """A directory that came in part, and what names its bytes."""
        found = next(self._folder.glob(f"*{PART}"), None)
        return None if found is None else (found, found.stem)

    def new_part(self, name: str) -> Path:
        """Where one may begin to come; an earlier part goes."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in self._folder.glob(f"*{PART}"):
            file.unlink()
        return self._folder / f"{name}{PART}"

    def put(self, part: Path) -> None:
        """A directory has come whole: it is used from now on. Raises BadDirectory if it is not what its name
        says; then it is gone."""
        digest = hashlib.sha256()
        with part.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
            os.fsync(file.fileno())
        if digest.hexdigest() != part.stem:
            part.unlink()
            raise BadDirectory("its bytes are others than were promised")
        made = part.with_suffix(BASE)
        part.replace(made)
        self._held = self._open(made)

    def add(self, page: Directory) -> None:
        """Put changes over what is here; only after `header` was there."""
        base, changes, name = self._held
        assert base is not None
        data = bytes(page.data) if changes is None else merged(changes, page)
        whole = self._folder / f"{name}{CHANGES}"
        # Another name for each: a mapped file cannot be replaced everywhere.
        working = whole.with_name(f"{name}.{page.header.made_ms}-{len(data)}{CHANGES}")
        draft = working.with_suffix(".draft")
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(working)
        self._held = _Held(base, _mapped(working), name)
        self._clean(f"{name}{BASE}", working.name)

    def clear(self) -> None:
        """This till is told of every member: it needs no directory."""
        self._held = _Held()
        self._clean()

    # Within

    def _open(self, base: Path | None = None) -> _Held:
        """The newest that can be read; all else goes, but a part that may go on coming."""
        bases = [base] if base is not None else sorted(self._folder.glob(f"*{BASE}"), key=_age, reverse=True)
        for file in bases:
            with contextlib.suppress(BadDirectory, OSError):
                held = _Held(_mapped(file), None, file.stem)
                for newer in sorted(self._folder.glob(f"{file.stem}.*{CHANGES}"), key=_age, reverse=True):
                    with contextlib.suppress(BadDirectory, OSError):
                        changes = _mapped(newer)
                        self._clean(file.name, newer.name)
                        return held._replace(changes=changes)
                self._clean(file.name)
                return held
        self._clean()
        return _Held()

    def _clean(self, *kept: str) -> None:
        for file in self._folder.glob("*"):
            if file.name not in kept and file.suffix != PART:
                with contextlib.suppress(OSError):
                    file.unlink()


def _age(file: Path) -> int:
    return file.stat().st_mtime_ns


def _mapped(file: Path) -> Directory:
    with file.open("rb") as opened:
        if os.fstat(opened.fileno()).st_size == 0:
            raise BadDirectory("it is empty")
        return Directory(mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ))
