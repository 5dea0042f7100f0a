"""What a server does behind its requests: folds members, prices sales again, dates facts, posts webhooks.

Each is a lane, idempotent, and may run in any number of servers on one database. Beside SQLite, which has one
writer, the lanes are threads of the server. Beside PostgreSQL they are in a process of their own, which is
nicer than the one that answers: requests wait neither for its interpreter nor behind it for a processor.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import structlog

from app.lanes import Lane
from sync.server import holding, members, others, pruning, twins
from sync.server.checking import Checker
from sync.server.context import Context, open_context
from sync.server.export import date_new
from sync.server.places import Poster
from sync.server.tracing import log_as_json
from sync.server.webhooks import Deliverer

GRACE_S: Final = 10.0
FOLD_S: Final = 0.3
POST_S: Final = 0.5
DATE_S: Final = 2.0
CHECK_S: Final = 1.0
COMPARE_S: Final = 2.0
PRUNE_S: Final = 3600.0
SCOPE_S: Final = 300.0
NICER: Final = 10
"""By so much the process of its own gives way to the one that answers (POSIX)."""
log = structlog.get_logger("stempel.server")


class Lanes:
    """The lanes as threads of this process."""

    def __init__(self, context: Context) -> None:
        loops: dict[str, Callable[[Lane, Context], None]] = {
            "fold": _fold, "check": _check, "compare": _compare, "webhooks": _post, "days": _date,
            "directory": _list_members,
        }  # fmt: skip
        self._lanes = [
            Lane(name, loop=lambda lane, loop=loop: loop(lane, context), on_crash=failed(name)).start()
            for name, loop in loops.items()
        ]

    def stop(self) -> None:
        """What is in hand is finished, or done again by the next."""
        for lane in self._lanes:
            lane.stopping.set()
        for lane in self._lanes:
            lane.stop(GRACE_S)


class Apart:
    """The lanes in a process of their own, started anew if it dies. It ends with this one, however this one
    ends: it reads from a pipe that nobody writes to, and whose end tells."""

    def __init__(self, data_dir: Path | None, database_url: str, *, private_webhooks: bool) -> None:
        self._arguments = (data_dir, database_url, private_webhooks)
        self._lane = Lane("background", loop=self._run, on_crash=failed("background")).start()

    def stop(self) -> None:
        self._lane.stop(GRACE_S + 1)

    def _run(self, lane: Lane) -> None:
        spawning = multiprocessing.get_context("spawn")  # a fork would inherit threads' locks, and sockets
        ours, theirs = spawning.Pipe()
        process = spawning.Process(target=_serve_behind, args=(theirs, *self._arguments), daemon=True)
        process.start()
        theirs.close()
        while process.is_alive() and not lane.wait(0.2):
            lane.beat()
        ours.close()
        process.join(GRACE_S)
        process.kill()
        if not lane.stopping.is_set():
            raise RuntimeError(f"the background process ended with code {process.exitcode}")


def _serve_behind(
    lifeline: Connection, data_dir: Path | None, database_url: str, private_webhooks: bool
) -> None:
    log_as_json()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both: the one that answers tells when
    if hasattr(os, "nice"):
        os.nice(NICER)
    watching = threading.Thread(target=_end_with_the_server, args=(lifeline,), daemon=True)
    watching.start()
    context = open_context(
        data_dir, database_url, private_webhooks=private_webhooks, name="stempel background"
    )
    lanes = Lanes(context)
    watching.join()
    lanes.stop()
    context.db.close()


def _end_with_the_server(lifeline: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        lifeline.recv_bytes()


def failed(lane: str) -> Callable[[BaseException], None]:
    """Tells the log of a lane's error; the lane begins again by itself."""
    return lambda error: log.error(lane, exc_info=error)


def _fold(lane: Lane, context: Context) -> None:
    """Fold facts into members as they come. Any number of servers may do so on one database at once."""
    while not lane.wait(FOLD_S):
        lane.beat()
        holding.lapse(context.db, context.world.now_ms())  # first: holds run out whatever happens to folding
        while members.fold_new(context.db) and not lane.stopping.is_set():
            lane.beat()


def _compare(lane: Lane, context: Context) -> None:
    """Compare persons as they come: two members with one phone number may be one person."""
    while not lane.wait(COMPARE_S):
        lane.beat()
        while twins.compare_new(context.db, context.secrets) and not lane.stopping.is_set():
            lane.beat()


def _list_members(lane: Lane, context: Context) -> None:
    """See whether there are more members than tills may know in full; if so, list all of them once a day."""
    rest_s = 0.0
    while not lane.wait(rest_s):
        lane.beat()
        others.keep_up(context, lane.beat)
        rest_s = SCOPE_S


def _check(lane: Lane, context: Context) -> None:
    """Price sales again behind the folding, at most half of the time: others go first. Once an hour, drop
    tombstones that are old enough."""
    checker = Checker(context.db, context.secrets.feed_epoch, context.world.now_ms)
    rest_s, prune_s = CHECK_S, 0.0
    while not lane.wait(rest_s):
        lane.beat()
        if context.world.monotonic_s() >= prune_s:
            prune_s = context.world.monotonic_s() + PRUNE_S
            pruning.prune(context.db, context.world.now_ms())
        began_s = context.world.monotonic_s()
        looked = checker.check_new()
        rest_s = context.world.monotonic_s() - began_s if looked else CHECK_S


def _post(lane: Lane, context: Context) -> None:
    """Post facts to webhooks. What a stop cuts off is sent again."""
    poster = Poster(private=context.private_webhooks)
    deliverer = Deliverer(context.db, context.feed_cursors(), context.world, poster)
    while not lane.wait(POST_S):
        lane.beat()
        while deliverer.deliver_due() and not lane.stopping.is_set():
            lane.beat()


def _date(lane: Lane, context: Context) -> None:
    """Find the business days of facts as they come, so that an export finds them at once."""
    while not lane.wait(DATE_S):
        lane.beat()
        while date_new(context.db, context.programmes, context.world.now_ms()):
            lane.beat()
            if lane.wait(0.01):
                return
