"""`stempel server publish`: what head office gives to its tills; also while the server runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import typer

from app.commands.console import complain, known_errors, say
from app.commands.lists import refuse
from app.commands.server import server_database

if TYPE_CHECKING:
    from app.checkout.imports import Row
    from sync.protocol import Published
    from sync.server.database import Database

publish_app: Final = typer.Typer(
    help="Give programmes, products, staff and allowances to the tills.", no_args_is_help=True
)


class UnknownCodes(StrEnum):
    refuse = "refuse"
    accept = "accept"


Store = Annotated[str, typer.Option(help="For this store alone; left out: for all.")]
Keep = Annotated[bool, typer.Option("--keep", help="Rows that are not in the file stay.")]
STAFF_COLUMNS: Final = frozenset({"id", "name", "role", "pin", "card", "lang"})


def _publish(context: typer.Context, file: Path, work: Callable[[Database], Published]) -> None:
    from sync.server.listing import BadList

    with server_database(context) as database:
        try:
            done = work(database)
        except BadList as bad:
            refuse(file, list(bad.errors))
            return
    say(f"{done.added} added, {done.changed} changed, {done.removed} removed, {done.same} as they were.")


@publish_app.command("programme")
def publish_programme(context: typer.Context, file: Path, store: Store = "") -> None:
    """A programme: checked whole first; tills switch to it on its valid_from, also offline."""
    from sync.server import listing

    with known_errors():
        source = file.read_bytes()
        _publish(context, file, lambda database: listing.publish_programme(database, source, store))


@publish_app.command("withdraw")
def withdraw_programme(
    context: typer.Context,
    programme: Annotated[str, typer.Argument(help="ID@VERSION of a published programme.")],
    store: Store = "",
) -> None:
    """Take a programme back: tills fall back to the one before it."""
    from sync.server import listing

    _publish(
        context, Path(programme), lambda database: listing.withdraw_programme(database, programme, store)
    )


@publish_app.command("products")
def publish_products(
    context: typer.Context,
    file: Path,
    currency: Annotated[str, typer.Option(help="Of the prices in the file: PLN, RUB, EUR, …")],
    store: Store = "",
    keep: Keep = False,
) -> None:
    """Products, with the columns of `stempel import products`: the list is exactly the file from now on."""
    from app.checkout.imports import read_products
    from app.values import ValueProblem, minor_digits
    from sync.server import listing

    try:
        minor_digits(currency)
    except ValueProblem as problem:
        complain(str(problem))
        raise typer.Exit(2) from problem
    rows = _rows(file)
    found = read_products(rows, currency)
    if found.problems:
        refuse(file, [str(problem) for problem in found.problems])
    bodies = [msgspec.Raw(msgspec.json.encode(product)) for product in found.products]
    _publish(
        context, file, lambda database: listing.publish_rows(database, "product", bodies, store, keep=keep)
    )


@publish_app.command("staff")
def publish_staff(context: typer.Context, file: Path, store: Store = "", keep: Keep = False) -> None:
    """The staff: id, name, role (cashier, senior, manager), and any of pin, card, lang. A PIN is hashed
    here and never stored."""
    from sync.server import listing

    bodies = _staff(file, _rows(file))
    _publish(
        context, file, lambda database: listing.publish_rows(database, "staff", bodies, store, keep=keep)
    )


@publish_app.command("store")
def publish_store(
    context: typer.Context,
    store: Annotated[str, typer.Argument(help="The store, as in enrol-code.")],
    name: Annotated[str, typer.Option(help="What customers call it: the head of receipts on the web.")],
    address: Annotated[str, typer.Option(help="The line below it.")] = "",
    lang: Annotated[str, typer.Option(help="ru, pl or en: for whose browser names none of them.")] = "",
) -> None:
    """What a store is called: name, address and language, for its customers."""
    from sync.server import listing

    if lang not in ("", "ru", "pl", "en"):
        complain(f"--lang is one of ru, pl, en, not {lang!r}")
        raise typer.Exit(2)
    source = msgspec.json.encode({"name": name, "address": address, "lang": lang})
    _publish(context, Path(store), lambda database: listing.publish_store(database, store, source))


@publish_app.command("allowance")
def publish_allowance(
    context: typer.Context,
    points: Annotated[str, typer.Option(help="Points of one card between two syncs: 100 or 12.50.")],
    coupons: Annotated[str, typer.Option(help="What single-use coupons may take off it: 50.00.")],
    currency: Annotated[str, typer.Option(help="Of the coupons: PLN, RUB, EUR, …")],
    unknown_codes: Annotated[
        UnknownCodes, typer.Option(help="Coupons of a till that the tills do not know yet.")
    ] = UnknownCodes.refuse,
    store: Store = "",
) -> None:
    """What a till may let one card spend without asking the server: what an outage can cost."""
    from app.ledger.alone import Allowance
    from app.values import ValueProblem, parse_money, parse_scaled
    from sync.server import exposure

    try:
        allowance = Allowance(
            points_centi=parse_scaled(points, 2),
            coupons_minor=parse_money(coupons, currency),
            unknown_codes=unknown_codes.value,
        )
    except ValueProblem as problem:
        complain(str(problem))
        raise typer.Exit(2) from problem
    source = msgspec.json.encode(allowance)
    _publish(context, Path("allowance"), lambda database: exposure.publish(database, source, store))


@publish_app.command("member-scope")
def publish_member_scope(
    context: typer.Context,
    full_up_to: Annotated[int, typer.Option(min=0, max=10**9, help="Members whom every till knows in full.")],
) -> None:
    """Up to how many members tills know all of them in full; beyond, those whom their store has seen, and the
    others from a directory and by asking."""
    from sync.server import member_scope

    with server_database(context) as database:
        kept = member_scope.publish(database, member_scope.MemberScope(full_up_to=full_up_to))
    whom = "those whom their store has seen" if kept.limited else "every member"
    say(f"Tills know {whom} in full.")


def _rows(file: Path) -> list[Row]:
    from app.store.sheets import SheetProblem, read_sheet

    with known_errors():
        try:
            return read_sheet(file)
        except SheetProblem as problem:
            refuse(file, [str(problem)])
            raise


def _staff(file: Path, rows: list[Row]) -> list[msgspec.Raw]:
    from app.checkout.imports import card_token
    from app.checkout.pin import hash_pin
    from app.lanes import RealWorld

    header: list[str] = list(rows[0].cells) if rows else []
    problems = [f"line 1, {name}: is not a column" for name in header if name not in STAFF_COLUMNS]
    bodies: list[msgspec.Raw] = []
    for line, cells in rows:
        body: dict[str, Any] = {name: value.strip() for name, value in cells.items() if value.strip()}
        if card := body.get("card"):
            body["card"] = card_token(card)
        pin = body.pop("pin", "")
        if pin and not pin.startswith("$"):
            if not re.fullmatch(r"[0-9]{4,12}", pin, re.ASCII):
                problems.append(f"line {line}, pin: must be 4 to 12 digits")
            else:
                pin = hash_pin(pin, RealWorld().random_bytes)
        bodies.append(msgspec.Raw(msgspec.json.encode(body | ({"pin": pin} if pin else {}))))
    if problems:
        refuse(file, problems)
    return bodies
