"""`stempel server merges`, `dismiss-merge`: members with one phone number, who may be one person."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from app.commands.console import complain, say
from app.commands.server import server_database

MemberId = Annotated[UUID, typer.Argument(help="A member's id, as `stempel server merges` lists it.")]


def merges(context: typer.Context) -> None:
    """Members that tills propose to merge, a pair a line: ids, names, stores."""
    with server_database(context) as database:
        from sync.server import twins

        for pair in twins.proposals(database):
            one, other = pair.members
            names = " = ".join(name or "?" for name in pair.names)
            say(f"{one} {other}  {names}  {', '.join(pair.stores)}")


def dismiss_merge(context: typer.Context, one: MemberId, other: MemberId) -> None:
    """They are two people: no till asks about them again."""
    with server_database(context) as database:
        from sync.server import twins

        if not twins.dismiss(database, one, other):
            complain("nobody proposed to merge these two: see `stempel server merges`")
            raise typer.Exit(2)
    say("No till asks about them again.")
