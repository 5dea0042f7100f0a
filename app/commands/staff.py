"""`stempel staff`: who works at this till. A list that head office publishes takes this one's place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from app.checkout.rights import Role, Staff
from app.commands.console import Data, complain, known_errors, say
from app.config import data_folder, load

staff_app: Final = typer.Typer(
    help="Who works at this till: names, roles, PINs, cards.", no_args_is_help=True
)


@staff_app.command("add")
def add(
    id: str,
    name: str,
    role: Annotated[Role, typer.Option(help="What they may do alone.")] = Role.CASHIER,
    pin: Annotated[str | None, typer.Option(help="4 to 8 digits; asked for unless given.")] = None,
    card: Annotated[str, typer.Option(help="Their card or badge: uid:04A1… or code:12345.")] = "",
    data: Data = None,
) -> None:
    """Add somebody, or change who has this id. From the first on, the till asks who is there."""
    from app.checkout.imports import card_token
    from app.checkout.pin import hash_pin
    from app.lanes import RealWorld

    if pin is None:
        pin = str(typer.prompt("PIN", hide_input=True, confirmation_prompt=True, default=""))
    if pin and not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        complain("A PIN has 4 to 8 digits.")
        raise typer.Exit(2)
    if not pin and not card:
        complain("Give a PIN or a card: nobody could sign in otherwise.")
        raise typer.Exit(2)
    if card and not card.lower().startswith(("uid:", "code:")):
        complain(f"A card is uid:04A1… (a chip) or code:12345 (printed), not {card!r}.")
        raise typer.Exit(2)
    kept = hash_pin(pin, RealWorld().random_bytes) if pin else ""
    one = Staff(id=id, name=name, role=role, pin=kept, token=card_token(card) if card else "")
    _write(data, [*(each for each in _read(data) if each.id != id), one])
    say(f"{name} ({id}) is a {role.value}.")


@staff_app.command("list")
def listing(data: Data = None) -> None:
    """Everybody: id, name, role, and how they sign in."""
    for one in _read(data):
        ways = " ".join(filter(None, ("PIN" if one.pin else "", one.token)))
        say(f"{one.id}\t{one.name}\t{one.role.value}\t{ways}")


@staff_app.command("remove")
def remove(id: str, data: Data = None) -> None:
    """Whoever has this id works here no more. Without anybody left, the till sells unasked."""
    people = _read(data)
    left = [one for one in people if one.id != id]
    if len(left) == len(people):
        complain(f"Nobody has the id {id!r}.")
        raise typer.Exit(2)
    _write(data, left)
    say(f"{id} works here no more.")


def _read(data: Path | None) -> list[Staff]:
    from app.store.database import Database

    with known_errors():
        folder = data or data_folder()
        database = Database(folder, keystore=load(folder).till.keystore)
        try:
            return list(database.reader().staff())
        finally:
            database.close()


def _write(data: Path | None, people: list[Staff]) -> None:
    from app.store.database import Database

    with known_errors():
        folder = data or data_folder()
        database = Database(folder, keystore=load(folder).till.keystore)
        try:
            database.call(lambda: database.writer.put_staff(people, whole=True))
        finally:
            database.close()
