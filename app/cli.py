"""The command line: every command calls the same use case as the window.

Exit codes: 0 done, 1 the environment (a database, a server, a device) does not do its part, 2 the input is
wrong. Anything else is a bug and shows its traceback. Heavy imports stand inside the commands.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from app.checkout.ports import NotWritten
from app.config import ConfigProblem, data_folder, load

MOST_PROBLEMS: Final = 200

app: Final = typer.Typer(
    name="stempel",
    help="The loyalty till: sells offline, syncs when there is a network, explains itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
import_app: Final = typer.Typer(help="Bring in products or members from CSV or XLSX.", no_args_is_help=True)
programme_app: Final = typer.Typer(help="Check and describe a programme file.", no_args_is_help=True)
server_app: Final = typer.Typer(invoke_without_command=True)
app.add_typer(server_app, name="server")
app.add_typer(import_app, name="import")
app.add_typer(programme_app, name="programme")

Data = Annotated[
    Path | None, typer.Option(help="Data folder of the till (default: STEMPEL_DATA, or the user's own).")
]
Lang = Annotated[str, typer.Option(help="ru, pl or en.")]


def say(text: str) -> None:
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    sys.stderr.write(text + "\n")


def _check_lang(lang: str) -> None:
    from app.texts import LANGUAGES

    if lang not in LANGUAGES:
        complain(f"--lang is one of {', '.join(LANGUAGES)}, not {lang!r}")
        raise typer.Exit(2)


@contextmanager
def known_errors() -> Iterator[None]:
    """Errors a person can act on end the command with their message; bugs pass."""
    try:
        yield
    except (ConfigProblem, NotWritten, OSError) as error:
        complain(str(error))
        raise typer.Exit(1) from error


# -- windows and servers ---------------------------------------------------------------------------------


@app.command()
def till(data: Data = None) -> None:
    """Open the till's window."""
    from app.main import run_till

    raise typer.Exit(run_till(data))


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Where the demo shop lives and leaves its pictures.")
    ] = None,
    lang: Lang = "pl",
    offscreen: Annotated[bool, typer.Option(help="Play the sale without a screen.")] = False,
    fresh: Annotated[bool, typer.Option(help="Begin with a new shop.")] = False,
) -> None:
    """Open a demo shop with a simulated desk; without a screen, play a sale and show its receipt."""
    from app.demo import run_demo

    _check_lang(lang)
    with known_errors():
        raise typer.Exit(run_demo(folder, lang=lang, offscreen=offscreen, fresh=fresh))


@server_app.callback()
def server(
    context: typer.Context,
    data: Annotated[Path, typer.Option(help="Folder of the server's database.")] = Path("stempel-server"),
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8788,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    database: Annotated[str, typer.Option(help="postgresql://… instead of SQLite in the folder.")] = "",
    ready_file: Annotated[Path | None, typer.Option(help="Written once it listens (JSON).")] = None,
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
            serve(host, port, data, database or None, ready_file=ready_file)
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
    store: Annotated[str, typer.Argument(help="The store that the new till stands in.")],
) -> None:
    """A one-time code for a new till; also while the server runs."""
    with _server_database(context) as database:
        from app.lanes import RealWorld
        from sync.server import admin

        say(admin.create_enrol_code(database, store, RealWorld().now_ms()))


@server_app.command("office-token")
def server_office_token(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Who it is for.")]
) -> None:
    """A token with which head office reads the feed; shown this once."""
    with _server_database(context) as database:
        from app.lanes import RealWorld
        from sync.server import admin

        say(admin.create_office_token(database, name, RealWorld().now_ms()))


@contextmanager
def _server_database(context: typer.Context) -> Iterator[Any]:
    from sync.server.database import DatabaseProblem, open_database

    data, url = context.obj
    try:
        database = open_database(url, data)
        database.migrate()
    except DatabaseProblem as problem:
        complain(str(problem))
        raise typer.Exit(1) from problem
    try:
        yield database
    finally:
        database.close()


# -- lists -----------------------------------------------------------------------------------------------


def _refuse(file: Path, problems: list[str]) -> None:
    for problem in problems[:MOST_PROBLEMS]:
        complain(f"{file}: {problem}")
    more = len(problems) - MOST_PROBLEMS
    if more > 0:
        complain(f"{file}: and {more} more")
    complain("Nothing was changed.")
    raise typer.Exit(2)


@import_app.command("products")
def import_products(file: Path, data: Data = None) -> None:
    """Products: sku, name, price, and any of name_ru, name_pl, name_en, category, brand, tags, vat, unit,
    barcodes, favourite. Known article numbers are updated."""
    from app.checkout.imports import read_products
    from app.store.database import LONG_S, Database
    from app.store.sheets import SheetProblem, read_sheet

    with known_errors():
        folder = data or data_folder()
        config = load(folder)
        try:
            rows = read_sheet(file)
        except SheetProblem as problem:
            _refuse(file, [str(problem)])
            return
        listing = read_products(rows, config.shop.currency)
        if listing.problems:
            _refuse(file, [str(problem) for problem in listing.problems])
        database = Database(folder, keystore=config.till.keystore)
        try:
            count = database.call(lambda: database.writer.put_products(listing.products), LONG_S)
        finally:
            database.close()
        say(f"{count} products are in the catalogue.")


@import_app.command("members")
def import_members(file: Path, data: Data = None) -> None:
    """Members: name, and a card or a phone; email, birthday, lang; points, stamps:RULE, spend:RULE, spend
    and receipts are brought over as opening balances. Members that are here already are left alone."""
    from app.checkout.imports import read_members
    from app.lanes import RealWorld
    from app.rig import open_programme, points_rule
    from app.store.database import Database
    from app.store.sheets import SheetProblem, read_sheet

    with known_errors():
        folder = data or data_folder()
        config = load(folder)
        try:
            rows = read_sheet(file)
        except SheetProblem as problem:
            _refuse(file, [str(problem)])
            return
        database = Database(folder, keystore=config.till.keystore)
        try:
            reader = database.reader()
            world, programme = RealWorld(), open_programme(folder, config)
            roll = read_members(
                rows,
                members=reader,
                world=world,
                points_rule=points_rule(programme),
                source=file.name,
                day=world.now_ms() // 86_400_000,
            )
            if roll.problems:
                _refuse(file, [str(problem) for problem in roll.problems])
            for work in roll.works(world, file.name):
                database.write(work)
        finally:
            database.close()
        say(f"{len(roll.members)} members enrolled, {roll.known} were here already.")


@app.command()
def replay(
    data: Annotated[Path, typer.Option(help="A new folder for the replayed till.")],
    programme: Annotated[Path, typer.Option(help="The programme to sell under.")],
    store: Annotated[
        int | None, typer.Option(help="One store of the data set (1 to 34280); all if left out.")
    ] = None,
    weeks: Annotated[int | None, typer.Option(help="The first weeks of the year (1 to 53).")] = None,
    url: Annotated[str, typer.Option(help="Sync every sale to this server.", envvar="STEMPEL_SERVER")] = "",
    enrol_code: Annotated[str, typer.Option(help="The server's one-time code for this till.")] = "",
) -> None:
    """Sell the baskets of the Complete Journey data set through the till, on the baskets' own clock."""
    from app.replaying import run_replay

    with known_errors():
        result = run_replay(data, programme, store=store, weeks=weeks, url=url, enrol_code=enrol_code)
    say(str(result))


# -- the programme ---------------------------------------------------------------------------------------


@programme_app.command("check")
def programme_check(file: Path) -> None:
    """Check a programme file: every error with its line, path, reason and a hint."""
    from app.loyalty import programme as tools

    with known_errors():
        problems = tools.check(file)
    if problems:
        for problem in problems:
            complain(f"{file}:{problem}")
        raise typer.Exit(2)
    say(f"{file} is a valid programme.")


@programme_app.command("schema")
def programme_schema() -> None:
    """The JSON Schema of programme files, for editors."""
    from app.loyalty import schema

    say(json.dumps(schema.programme_schema(), indent=2, ensure_ascii=False))


@programme_app.command("explain")
def programme_explain(file: Path, lang: Lang = "en") -> None:
    """The programme's terms in plain words for customers, from its settings."""
    from app.checkout.wording import terms_text
    from app.loyalty.programme import ProgrammeProblems, load_programme
    from app.texts import texts

    _check_lang(lang)
    with known_errors():
        try:
            programme = load_programme(file)
        except ProgrammeProblems as error:
            for problem in error.problems:
                complain(f"{file}:{problem}")
            raise typer.Exit(2) from error
    for line in terms_text(texts(lang), programme):
        say(line)


@app.command()
def price(
    programme: Annotated[Path, typer.Option(help="The programme file to price by.")],
    cases: Annotated[Path | None, typer.Argument(help="Cases, one a line; left out: standard input.")] = None,
) -> None:
    """Price baskets without a till: a case a line in, a decision a line out (docs/reference/price.md)."""
    from app.loyalty.contract import price as price_stream
    from app.loyalty.engine import compile_programme
    from app.loyalty.programme import ProgrammeProblems, load_programme

    with known_errors():
        try:
            compiled = compile_programme(load_programme(programme))
        except ProgrammeProblems as error:
            for problem in error.problems:
                complain(f"{programme}:{problem}")
            raise typer.Exit(2) from error
        with cases.open("rb") if cases else nullcontext(sys.stdin.buffer) as stream:
            errors = price_stream(stream, sys.stdout.buffer, compiled)
    if errors:
        complain(f"{errors} cases could not be read; each has its error in its place")
        raise typer.Exit(2)


# -- looking ---------------------------------------------------------------------------------------------


@app.command()
def feed(
    url: Annotated[str, typer.Option(help="The central server.", envvar="STEMPEL_SERVER")],
    token: Annotated[str, typer.Option(help="Head office's token.", envvar="STEMPEL_TOKEN")],
    cursor_file: Annotated[Path | None, typer.Option(help="Remember the cursor here between runs.")] = None,
    forever: Annotated[bool, typer.Option("--follow", help="Wait for more.")] = False,
) -> None:
    """Head office: every fact in order, a JSON line each."""
    from sync.feed import FeedProblem, follow

    with known_errors():
        try:
            follow(url, token, sys.stdout.buffer, cursor_file=cursor_file, forever=forever)
        except FeedProblem as problem:
            complain(str(problem))
            raise typer.Exit(1) from problem


@app.command()
def rebuild(
    data: Data = None,
    check: Annotated[bool, typer.Option("--check", help="Only compare; change nothing.")] = False,
) -> None:
    """Fold all facts anew: prove the projections equal to the log, or put them right."""
    from app.store.database import LONG_S, Database

    with known_errors():
        folder = data or data_folder()
        config = load(folder)
        database = Database(folder, keystore=config.till.keystore)
        try:
            count, differing = database.call(database.writer.check, LONG_S)
            if not differing:
                say(f"{count} facts folded: every projection is equal.")
            elif check:
                complain(f"{count} facts folded: {', '.join(differing)} differ. Run stempel rebuild.")
                raise typer.Exit(1)
            else:
                database.call(database.writer.rebuild, LONG_S)
                say(f"{count} facts folded: {', '.join(differing)} put right.")
        finally:
            database.close()


@app.command()
def devices() -> None:
    """What is plugged in, as JSON."""
    import msgspec

    from hardware.devices import list_devices

    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(list_devices()), indent=2) + b"\n")


@app.command()
def doctor(data: Data = None) -> None:
    """Look at every device, the database, the clock and the server; say what is wrong and what to do."""
    from app.doctor import examine

    findings = examine(data or data_folder())
    for finding in findings:
        say(str(finding))
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)
