"""`stempel server`: run the central server, and let tills and head office in."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from app.commands.console import complain, known_errors, say, there

server_app: Final = typer.Typer(invoke_without_command=True)


@server_app.callback()
def server(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Folder of the server's database.")] = Path("stempel-server"),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8788,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    database: Annotated[str, typer.Option(help="postgresql://… instead of SQLite in the folder.")] = "",
    ready_file: Annotated[Path | None, typer.Option(help="Written once it listens (JSON).")] = None,
    private_webhooks: Annotated[
        bool, typer.Option(help="Webhooks may lead into private networks, or here.")
    ] = False,
    until_stdin_closes: Annotated[bool, typer.Option(help="End with the process that started it.")] = False,
) -> None:
    """Run the central server; no other set-up is needed. Its first start prints a code and a token."""
    from sync.server.database import DatabaseProblem
    from sync.server.serve import PortTaken, serve

    context.obj = (data, database or None)
    if context.invoked_subcommand is not None:
        return
    if until_stdin_closes:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    with known_errors():
        try:
            chosen = {"ready_file": ready_file, "private_webhooks": private_webhooks}
            serve(host, port, data, database or None, **chosen)
        except (PortTaken, DatabaseProblem) as problem:
            complain(str(problem))
            raise typer.Exit(1) from problem


def _end_with_parent() -> None:
    """A graceful stop once standard input ends: its writer is gone, however it went."""
    while sys.stdin.buffer.read(4096):
        pass
    signal.raise_signal(signal.SIGTERM)


@server_app.command("enrol-code")
def server_enrol_code(
    context: typer.Context,
    store: Annotated[str, typer.Argument(help="The store that the till stands in.")],
    till: Annotated[
        UUID | None, typer.Option(help="For this till alone: moved, lost its key, or was withdrawn.")
    ] = None,
) -> None:
    """A one-time code for a new till, or for one to come back; also while the server runs."""
    with server_database(context) as database:
        from app.lanes import RealWorld
        from sync.server import admin
        from sync.server.listing import BadList

        try:
            say(admin.create_enrol_code(database, store, RealWorld().now_ms(), till=till))
        except BadList as bad:
            complain(str(bad))
            raise typer.Exit(2) from bad


@server_app.command("office-token")
def server_office_token(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Who it is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="For this alone: events, feed, export, webhooks or metrics. May be repeated."),
    ] = None,
) -> None:
    """A token for head office, which may do everything, or for less; shown this once."""
    with server_database(context) as database:
        from app.lanes import RealWorld
        from sync.server import admin

        try:
            say(admin.create_office_token(database, name, RealWorld().now_ms(), scope or ()))
        except ValueError as error:
            complain(str(error))
            raise typer.Exit(2) from error


@server_app.command("erase")
def server_erase(
    context: typer.Context, member: Annotated[str, typer.Argument(help="The member's id.")]
) -> None:
    """Forget who a member is, at the server and at every till. Their points stay, and name nobody."""
    try:
        id = UUID(member)
    except ValueError as error:
        complain(f"{member!r} is not a member's id")
        raise typer.Exit(2) from error
    with server_database(context) as database:
        from app.lanes import RealWorld
        from sync.server import persons

        found = persons.erase(database, id, RealWorld().now_ms())
    say("Erased." if found else "Nobody of that id is known here; a till that knows them will forget.")


@server_app.command("rebuild")
def server_rebuild(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Only compare, and count what is missing.")] = False,
) -> None:
    """Fold every fact anew: members, codes, gift cards, business days. Stop the servers first.

    After an update where the log said that facts were not folded, and where `--check` finds some of members,
    or a member who comes out otherwise.
    """
    with server_database(context) as database, known_errors():
        from sync.server import export, members

        if check:
            wrong, passed_over = members.check(database), members.passed_over(database)
            for member in wrong:
                say(str(member))
            say(f"Members that come out otherwise: {len(wrong)}. Facts that were not folded: {passed_over}.")
            raise typer.Exit(1 if wrong or passed_over else 0)
        if database.in_use():
            complain("A server runs on this database. Stop it first, and all others that do.")
            raise typer.Exit(1)
        count = members.rebuild(database)
        export.forget_days(database)
    say(f"Folded anew: {count} facts. Tills pull their members again; days are found as the server runs.")


@server_app.command("backup")
def server_backup(context: typer.Context, file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Copy the database (SQLite) to one file, also while the server runs, and read the copy through."""
    from sync.server import backup
    from sync.server.database import DatabaseProblem

    with server_database(context) as database, known_errors():
        try:
            say(f"{file}: {backup.back_up(database, file)}")
        except DatabaseProblem as problem:
            complain(str(problem))
            raise typer.Exit(1) from problem


@server_app.command("restore")
def server_restore(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A backup; left out for a restored PostgreSQL.")] = None,
) -> None:
    """After a disaster: put a backup in place, and begin a new history of the feed. Then start the server."""
    from sync.server import admin, backup
    from sync.server.database import DatabaseProblem

    data, url = context.obj
    if (file is None) == (url is None):
        complain("Name a backup file for SQLite; for PostgreSQL restore first, then name --database alone.")
        raise typer.Exit(2)
    if file is None:
        with server_database(context) as database:
            admin.after_restore(database)
    else:
        with known_errors():
            there(file)
            try:
                say(f"{file}: {backup.restore(file, data)}")
            except DatabaseProblem as problem:
                complain(str(problem))
                raise typer.Exit(1) from problem
    say("A new history of the feed has begun. Publish lists again, erase who was erased, then start.")


@server_app.command("citus")
def server_citus() -> None:
    """Print the statements that spread the tables over a Citus cluster, for its coordinator."""
    from sync.server import citus

    for statement in citus.statements():
        say(statement)


@contextmanager
def server_database(context: typer.Context) -> Iterator[Any]:
    """The server's database that the command line names, migrated."""
    from sync.server.database import COMMAND, DatabaseProblem, open_database

    data, url = context.obj
    with known_errors():
        try:
            database = open_database(url, data, COMMAND)
            database.migrate()
        except DatabaseProblem as problem:
            complain(str(problem))
            raise typer.Exit(1) from problem
        except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
            if url is not None:
                raise
            complain(f"{data}: no folder can be made here: name another with --data")
            raise typer.Exit(2) from error
    try:
        yield database
    finally:
        database.close()
