"""`stempel server quarantine`: what came as facts and could not be taken."""

from __future__ import annotations

import sys
from typing import Annotated, Final
from uuid import UUID

import typer

from app.commands.console import complain, say
from app.commands.server import server_database
from app.values import from_ms

quarantine_app: Final = typer.Typer(
    help="What came as facts and could not be taken: list it, look at it, try it again.",
    invoke_without_command=True,
)


@quarantine_app.callback()
def quarantine(context: typer.Context) -> None:
    """List all of it, a line each: till, epoch, number, when it came, bytes, why."""
    if context.invoked_subcommand is not None:
        return
    with server_database(context) as database:
        from sync.server.quarantine import read

        after, first = "", True
        while first or after:
            page = read(database, after)
            after, first = page.next, False
            for one in page.items:
                came = f"{from_ms(one.received_ms):%Y-%m-%d %H:%M}"
                say(f"{one.origin} {one.epoch} {one.seq}  {came}  {one.size} bytes  {one.code}: {one.detail}")


@quarantine_app.command()
def show(
    context: typer.Context,
    till: Annotated[UUID, typer.Argument(help="Whose it is.")],
    epoch: Annotated[int, typer.Argument()],
    number: Annotated[int, typer.Argument()],
) -> None:
    """Write the bytes as they came to standard output."""
    with server_database(context) as database:
        from sync.server.quarantine import bytes_of

        body = bytes_of(database, till, epoch, number)
    if body is None:
        complain("Nothing is kept aside under this number.")
        raise typer.Exit(1)
    sys.stdout.buffer.write(body)
    sys.stdout.buffer.flush()


@quarantine_app.command()
def retry(context: typer.Context) -> None:
    """Try all of it again, after an upgrade: what can be read now enters the feed, once."""
    with server_database(context) as database:
        from sync.server.quarantine import retry as try_again

        done = try_again(database)
    say(f"{done.taken} taken, {done.left} left.")
