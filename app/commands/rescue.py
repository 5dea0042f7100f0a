"""`stempel rescue`: what a dead till had not synced, from its disk to the server or into a file."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.commands.console import complain, known_errors, say, there
from app.values import from_ms

if TYPE_CHECKING:
    from app.store.remains import Remains

HOPELESS: Final = {
    "revoked": "The server withdrew this till's key. Write a --bundle, and take it at the server.",
    "bad_code": "The server does not know this --enrol-code, or it has expired: make another one.",
    "code_used": "This --enrol-code was used already: make another one.",
    "till_exists": "The server knows this till: make a code for it (enrol-code STORE --till ID).",
    "unknown_till": "The server does not know this till. Write a --bundle, and take it at the server.",
    "bad_certificate": "This is not the server that the till was enrolled at: check --url.",
}
"""Answers that asking again would not change."""


def rescue(
    folder: Annotated[Path, typer.Argument(help="The dead till's data folder, or a copy of it.")],
    push: Annotated[bool, typer.Option("--push", help="Send it to the server in the till's name.")] = False,
    url: Annotated[
        str, typer.Option(help="The server (left out: as in stempel.toml).", envvar="STEMPEL_SERVER")
    ] = "",
    bundle: Annotated[Path | None, typer.Option(help="Write it to a file, for stempel server take.")] = None,
    whole: Annotated[bool, typer.Option(help="Bundle what was acknowledged, too.")] = False,
    key: Annotated[Path | None, typer.Option(help="Its till.key, if it is not in the folder.")] = None,
    enrol_code: Annotated[str, typer.Option(help="For a till that never enrolled.")] = "",
    within_s: Annotated[float, typer.Option(help="Give the server up after this many seconds.")] = 300.0,
) -> None:
    """Say what a dead till still holds, and bring it to the server. Nothing is written where the till was.

    May be repeated, and goes on where it was: what is at the server already is recognised by its hash.
    """
    from app.store.remains import opened

    with known_errors():
        _nobody_sells(there(folder))
        with opened(folder, key) as remains:
            _describe(remains)
            if bundle is not None:
                _write(remains, bundle, whole=whole)
            if push:
                _push(remains, url or _url_of(folder), enrol_code, within_s)


def _nobody_sells(folder: Path) -> None:
    """A till that runs on the folder syncs by itself, and its files change while they are copied."""
    lock = folder / "till.lock"
    try:
        import fcntl

        with lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        complain(f"A till is running on {folder}: close it first. While it runs, it syncs by itself.")
        raise typer.Exit(1) from None
    except (OSError, ImportError):
        pass  # no lock file, a read-only medium, or a system without these locks


def _describe(remains: Remains) -> None:
    numbers = remains.unsynced
    enrolled = f"epoch {remains.epoch}" if remains.credentials else "never enrolled"
    say(f"till {remains.origin}, {enrolled}")
    if not numbers:
        say("Every fact of it was acknowledged by the server.")
    else:
        since_ms = remains.since_ms
        since = f", the oldest of {from_ms(since_ms):%Y-%m-%d %H:%M} UTC" if since_ms is not None else ""
        say(f"{len(numbers)} facts not synced: {numbers[0].seq} to {numbers[-1].seq}{since}")
    if remains.lost:
        complain(
            f"{len(remains.lost)} numbers could not be read: {_ranges(remains.lost)}. "
            "The facts behind them are rescued all the same; a recovery firm may find the rest."
        )
    if remains.persons:
        say(f"{len(remains.persons)} persons that the server has not had")
    if remains.persons_unread != 0:
        count = "Some" if remains.persons_unread is None else remains.persons_unread
        complain(
            f"{count} persons could not be read. Their cards and points are rescued all the same. Ask them "
            "for their names when they come; a recovery firm may find the rest."
        )


def _ranges(numbers: list[int]) -> str:
    """[3, 4, 5, 9] as "3–5, 9"."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("–".join(map(str, run)) for run in runs)


def _write(remains: Remains, path: Path, *, whole: bool) -> None:
    from sync.bundle import to_bytes

    data = to_bytes(remains.bundle(time.time_ns() // 1_000_000, whole=whole))
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # it may name people
    with os.fdopen(handle, "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
    say(f"{path}: {len(data)} bytes. At the server: stempel server take {path.name}")


def _url_of(folder: Path) -> str:
    from app.config import load

    if (folder / "stempel.toml").exists() and (url := load(folder).server.url):
        return url
    complain("Name the server with --url: the till's settings do not say.")
    raise typer.Exit(2)


def _push(remains: Remains, url: str, enrol_code: str, within_s: float) -> None:
    from app.store.remains import RemainingFacts, RemainingPersons
    from sync.events import Status
    from sync.worker import SyncWorker

    if remains.credentials is None and not (enrol_code or remains.enrolment):
        complain("This till never enrolled: give a code that head office made, with --enrol-code.")
        raise typer.Exit(2)
    _check_address(url)
    facts, persons, told = RemainingFacts(remains), RemainingPersons(remains), [Status()]
    worker = SyncWorker(url, facts, persons, on_status=lambda status: told.append(status)).start()
    if remains.credentials is None and enrol_code:
        worker.enrol(enrol_code)
    until_s = time.monotonic() + within_s
    try:
        while facts.left or persons.left or told[-1].state != "online":
            if (word := HOPELESS.get(told[-1].problem)) is not None:
                complain(word)
                raise typer.Exit(1)
            if time.monotonic() > until_s:
                complain(f"{facts.left} facts are left ({told[-1].problem or 'too slow'}): run it again.")
                raise typer.Exit(1)
            time.sleep(0.02)
    finally:
        worker.stop()
    say(f"All of it is at {url}.")


def _check_address(url: str) -> None:
    from sync.answers import is_address

    if not is_address(url):
        complain(f"{url} is not a server's address: write it as https://server.example")
        raise typer.Exit(2)
