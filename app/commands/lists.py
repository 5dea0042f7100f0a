"""`stempel import`: products and members from CSV or XLSX."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from app.commands.console import Data, complain, known_errors, say
from app.config import data_folder, load

if TYPE_CHECKING:
    from app.loyalty.model import Programme
    from app.store.reader import Reader

MOST_PROBLEMS: Final = 200

import_app: Final = typer.Typer(help="Bring in products or members from CSV or XLSX.", no_args_is_help=True)


def refuse(file: Path, problems: list[str]) -> None:
    """Name what is wrong with a file, and end the command."""
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
            refuse(file, [str(problem)])
            return
        listing = read_products(rows, config.shop.currency)
        if listing.problems:
            refuse(file, [str(problem) for problem in listing.problems])
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
    from app.rig.programme import open_programme, points_rule
    from app.store.database import Database
    from app.store.sheets import SheetProblem, read_sheet

    with known_errors():
        folder = data or data_folder()
        config = load(folder)
        try:
            rows = read_sheet(file)
        except SheetProblem as problem:
            refuse(file, [str(problem)])
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
                rules=_rules(programme.programme, reader),
            )
            if roll.problems:
                refuse(file, [str(problem) for problem in roll.problems])
            for work in roll.works(world, file.name):
                database.write(work)
        finally:
            database.close()
        moved = f", {len(roll.regrouped)} of them in other segments now" if roll.regrouped else ""
        say(f"{len(roll.members)} members enrolled, {roll.known} were here already{moved}.")


def _rules(file: Programme, reader: Reader) -> dict[str, str]:
    """Kinds of rules by id: of the till's own file and of all that was published, also for later."""
    from app.loyalty.programme import ProgrammeProblems, load_programme
    from app.store.programmes import published

    programmes = [file]
    for one in published(reader):
        with suppress(ProgrammeProblems):
            programmes.append(load_programme(one.source.encode()))
    return {rule.id: rule.kind for programme in programmes for rule in programme.rules}
