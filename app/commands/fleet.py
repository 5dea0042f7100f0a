"""`stempel server tills`, `revoke`, `readmit`, `export`: who speaks to the server, and a day in a file."""

from __future__ import annotations

import os
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app.commands.console import complain, say
from app.commands.server import server_database
from app.values import from_ms

TillId = Annotated[UUID, typer.Argument(help="The till's id, as `stempel server tills` lists it.")]


class Form(StrEnum):
    csv = "csv"
    xlsx = "xlsx"
    parquet = "parquet"


class Table(StrEnum):
    all = "all"
    sales = "sales"
    lines = "lines"
    tenders = "tenders"
    entries = "entries"


def tills(context: typer.Context) -> None:
    """All tills, a line each: store, id, epoch, last number taken, when it last pushed, what program it runs,
    what is amiss."""
    with server_database(context) as database:
        from sync.server import admin

        for till in admin.tills(database):
            seen = "never" if till.seen_ms is None else f"{from_ms(till.seen_ms):%Y-%m-%d %H:%M}"
            amiss = [] if till.revoked_ms is None else ["withdrawn"]
            if abs(till.clock_skew_ms or 0) > 300_000:
                amiss.append(f"clock {(till.clock_skew_ms or 0) // 1000:+} s")
            runs = () if till.program is None else (f"program {till.program} engine {till.engine}",)
            place = f"epoch {till.epoch} number {till.acked_seq}"
            say("  ".join((till.store, str(till.id), place, f"pushed {seen}", *runs, *amiss)))


def revoke(context: typer.Context, till: TillId) -> None:
    """Withdraw a till's keys. It goes on selling and keeps everything; nothing more is taken from it."""
    with server_database(context) as database:
        from app.lanes import RealWorld
        from sync.server import admin

        try:
            admin.revoke_till(database, till, RealWorld().now_ms())
        except admin.UnknownTill as error:
            complain(str(error))
            raise typer.Exit(2) from error
    say("Withdrawn. If its key may be in other hands, let it in again by a code, not by `readmit`.")


def readmit(context: typer.Context, till: TillId) -> None:
    """Let a withdrawn till in again by the key it has; it sends everything it kept."""
    with server_database(context) as database:
        from sync.server import admin

        try:
            admin.readmit_till(database, till)
        except admin.UnknownTill as error:
            complain(str(error))
            raise typer.Exit(2) from error
    say("Let in again.")


def export(
    context: typer.Context,
    day: Annotated[str, typer.Argument(help="The business day: 2026-01-31.")],
    file: Annotated[Path, typer.Argument(help="A new file.")],
    form: Annotated[Form, typer.Option("--format", help="csv and parquet of all tables: a zip.")] = Form.csv,
    table: Annotated[Table, typer.Option(help="One table alone.")] = Table.all,
) -> None:
    """A business day's sales, lines, tenders and ledger entries into a file."""
    if file.exists():
        complain(f"{file} exists: name a new file")
        raise typer.Exit(2)
    with server_database(context) as database:
        from app.lanes import RealWorld
        from sync.server.export import Day, date_until_now, day_of
        from sync.server.programmes import Programmes

        try:
            found = Day(database, day_of(day))
        except ValueError as error:
            complain(str(error))
            raise typer.Exit(2) from error
        date_until_now(database, Programmes(), RealWorld().now_ms())
        part = file.with_name(file.name + ".part")
        try:
            with part.open("wb") as out:
                found.write(out, form.value, "" if table is Table.all else table.value)
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        except OSError as error:
            complain(f"{file} cannot be written: {error.strerror}")
            raise typer.Exit(1) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
