"""`stempel server`: open the database, migrate, serve until SIGTERM or SIGINT, finish what is in hand."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from app.lanes import SWITCH_S, Lane
from sync.server import admin
from sync.server.background import GRACE_S, Apart, Lanes, failed
from sync.server.context import Context, open_context
from sync.server.hints import LISTENERS_MAX, Watch
from sync.server.tracing import log_as_json

FIRST_STORE: Final = "main"
HEADERS_MS: Final = 10_000
"""A connection that sends no whole request line and headers within this is closed."""
HINT_S: Final = 0.3
log = structlog.get_logger("stempel.server")


class PortTaken(Exception):
    """Another process listens there."""


def serve(
    host: str = "127.0.0.1",
    port: int = 8788,
    data_dir: Path | None = None,
    database_url: str | None = None,
    *,
    private_webhooks: bool = False,
    ready_file: Path | None = None,
    announce: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Serve until a signal; returns after a graceful stop.

    Without `database_url` the data is one SQLite file in `data_dir`. Port 0 takes a free one. Once it
    listens, `announce` is called with (and `ready_file` gets, as JSON, readable by its owner alone):
    {"url", "port", "first_run": {"enrol_code", "office_token"} or null}. The default announcement is one
    line of JSON on standard output. Raises PortTaken, DatabaseProblem.
    """
    log_as_json()
    with _held(host, port) as taken_port:
        context = open_context(data_dir, database_url, private_webhooks=private_webhooks)
        watching = Lane("hints", loop=lambda lane: _hint(lane, context), on_crash=failed("hints")).start()
        behind = _behind(context, data_dir, database_url)
        try:
            first_run = _first_run(context)
            url = f"http://{f'[{host}]' if ':' in host else host}:{taken_port}"
            ready = {"url": url, "port": taken_port, "first_run": first_run}
            asyncio.run(_serve(context, host, taken_port, lambda: _announce(ready, ready_file, announce)))
        finally:
            behind.stop()
            watching.stop(GRACE_S)
            context.runner.close()
            context.exporting.close()
            context.receipts.close()
            context.db.close()


def _hint(lane: Lane, context: Context) -> None:
    """Tell tills that listen as soon as there is something for their store."""
    watch = Watch(context.db)
    while not lane.wait(HINT_S):
        lane.beat()
        stores = watch.look()
        if stores != set():
            context.hints.tell(stores)


def _behind(context: Context, data_dir: Path | None, database_url: str | None) -> Lanes | Apart:
    """The lanes behind the requests, where they disturb them least."""
    if database_url is None or not context.db.postgresql:
        sys.setswitchinterval(SWITCH_S)
        return Lanes(context)
    return Apart(data_dir, database_url, private_webhooks=context.private_webhooks)


def _first_run(context: Context) -> dict[str, str] | None:
    """A first token and code for a server that let nobody in yet: shown once, never again."""
    if not admin.is_new(context.db):
        return None
    now_ms = context.world.now_ms()
    return {
        "enrol_code": admin.create_enrol_code(context.db, FIRST_STORE, now_ms),
        "office_token": admin.create_office_token(context.db, "first", now_ms),
    }


def _announce(
    ready: dict[str, Any], ready_file: Path | None, announce: Callable[[dict[str, Any]], None] | None
) -> None:
    if ready_file is not None:
        draft = ready_file.with_name(ready_file.name + ".part")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(ready))
        draft.replace(ready_file)  # whoever waits for the file never sees half of it
    if announce is not None:
        announce(ready)
    elif ready_file is None:
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()


async def _serve(context: Context, host: str, port: int, listening: Callable[[], None]) -> None:
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    from sync.server.api import create_app
    from sync.server.metrics import Observed

    server = Server(
        Observed(create_app(context), context.metrics),
        address=host,
        port=port,
        interface="asgi",  # type: ignore[arg-type]
        websockets=False,
        backlog=1024,
        backpressure=256 + LISTENERS_MAX,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_MS),
        log_enabled=False,
    )
    # What is there now stays: collections, of which a large push causes several, need not look at it again.
    gc.freeze()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends asyncio.run itself
            loop.add_signal_handler(name, stop.set)
    serving = asyncio.create_task(server.serve())
    stopping = asyncio.create_task(stop.wait())
    await _until_listening(host, port, serving)
    listening()
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    await context.hints.close()  # a stream is a request in hand, and would never be finished
    server.stop()
    try:
        await asyncio.wait_for(serving, GRACE_S)
    except TimeoutError:  # what was not answered by now was not acknowledged either
        log.warning("requests cut off at the stop", pending=context.runner.pending)


async def _until_listening(host: str, port: int, serving: asyncio.Task[None]) -> None:
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.close()
        return


@contextlib.contextmanager
def _held(host: str, port: int) -> Any:
    """Check that the port is free and hold it. The server shares it (SO_REUSEPORT) and alone listens, so
    a port chosen by the system cannot be taken by another in between."""
    info = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    shared = getattr(socket, "SO_REUSEPORT", None)
    try:
        with socket.socket(info[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(info[4])
            port = probe.getsockname()[1]
        holder = socket.socket(info[0], socket.SOCK_STREAM)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(
            f"port {port} is in use: stop what listens there, or choose another --port"
        ) from error
    with holder:
        if shared is not None:
            holder.setsockopt(socket.SOL_SOCKET, shared, 1)
            holder.bind((info[4][0], port))
        yield port
