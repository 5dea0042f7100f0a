"""`stempel server take`: what `stempel rescue` wrote to a file, into the server's database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.console import complain, known_errors, say
from app.commands.server import server_database


def take(
    context: typer.Context,
    bundle: Annotated[Path, typer.Argument(help="The file that stempel rescue wrote.")],
    store: Annotated[str, typer.Option(help="The till's store, if this server does not know the till.")] = "",
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="Take it from a till that never enrolled here.")
    ] = False,
) -> None:
    """Take what a dead till had not synced; also while the server runs. It may be repeated."""
    from app.lanes import RealWorld
    from sync.bundle import BadBundle, from_bytes
    from sync.server import taking
    from sync.server.tills import load_secrets

    with known_errors():
        data = bundle.read_bytes()
    with server_database(context) as database:
        try:
            keys, now_ms = load_secrets(database), RealWorld().now_ms()
            taken = taking.take(database, keys, from_bytes(data), now_ms, store=store, unsigned=unsigned)
        except BadBundle as problem:
            complain(str(problem))
            raise typer.Exit(1) from problem
    say(f"{taken.new} facts taken, {taken.known} known already; {taken.persons} persons.")
    for flag in taken.flagged:
        say(f"number {flag.seq}: {flag.code}")
