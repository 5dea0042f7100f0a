"""The command line: every command calls the same use case as the window.

Exit codes: 0 done, 1 the environment (a database, a server, a device) does not do its part, 2 the input is
wrong. Anything else is a bug and shows its traceback. Heavy imports stand inside the commands.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from app.commands.card import card_app
from app.commands.console import Data, Lang, check_lang, complain, known_errors, say
from app.commands.fleet import export, readmit, revoke, tills
from app.commands.lists import import_app
from app.commands.merges import dismiss_merge, merges
from app.commands.programme import price, programme_app
from app.commands.publish import publish_app
from app.commands.quarantine import quarantine_app
from app.commands.receipt import receipt_app
from app.commands.rescue import rescue
from app.commands.server import server_app
from app.commands.staff import staff_app
from app.commands.taking import take
from app.commands.whatif import what_if
from app.config import data_folder, load

app: Final = typer.Typer(
    name="stempel",
    help="The loyalty till: sells offline, syncs when there is a network, explains itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
server_app.add_typer(publish_app, name="publish")
server_app.add_typer(quarantine_app, name="quarantine")
server_app.command()(take)
for command in (tills, revoke, readmit, export, merges, dismiss_merge):
    server_app.command()(command)
app.add_typer(server_app, name="server")
app.add_typer(import_app, name="import")
app.add_typer(card_app, name="card")
app.add_typer(staff_app, name="staff")
app.add_typer(programme_app, name="programme")
app.add_typer(receipt_app, name="receipt")
app.command()(price)
app.command("what-if")(what_if)
app.command()(rescue)


@app.command()
def till(
    data: Data = None,
    training: Annotated[
        bool, typer.Option(help="Practise: on a database of its own, with marked paper.")
    ] = False,
) -> None:
    """Open the till's window."""
    from app.main import run_till

    raise typer.Exit(run_till(data, training=training))


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

    check_lang(lang)
    with known_errors():
        raise typer.Exit(run_demo(folder, lang=lang, offscreen=offscreen, fresh=fresh))


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
def devices(data: Data = None) -> None:
    """What is plugged in and what the till's settings use it for, as JSON."""
    import msgspec

    from app.config import ConfigProblem
    from app.desk import ports
    from hardware.devices import list_devices, with_uses

    try:
        wanted = ports(load(data or data_folder()))
    except ConfigProblem:
        wanted = {}  # a machine without a till lists what it has all the same
    found = with_uses(list_devices(), wanted)
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")


@app.command()
def doctor(data: Data = None) -> None:
    """Look at every device, the database, the clock and the server; say what is wrong and what to do."""
    from app.doctor import examine

    findings = examine(data or data_folder())
    for finding in findings:
        say(str(finding))
    if any(finding.wrong for finding in findings):
        raise typer.Exit(1)
