"""`stempel card`: read a card, write a member's number on a blank one, link it, draw numbers to print."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import typer

from app.commands.console import Data, complain, known_errors, say
from app.config import Config, data_folder, load
from hardware.ports import CardEvent, CardFailed, CardTapped, CardWritten, ReadersChanged

if TYPE_CHECKING:
    from app.store.database import Database
    from app.store.reader import Reader
    from hardware.cards.pcsc import PcscReaders

card_app: Final = typer.Typer(help="Read and issue members' cards.", no_args_is_help=True)

Seconds = Annotated[float, typer.Option(help="How long to wait for a card.")]
OnReader = Annotated[str, typer.Option("--reader", help='Only this reader: a name such as "ACS ACR122*".')]
Who = Annotated[str, typer.Argument(help="The member: a phone, a name, a card's number, or the member's id.")]

TODO: Final = {
    "torn": "It was taken away too soon. Hold it on the reader until this command ends.",
    "mute": "It does not answer the reader. Turn it round, or take another one.",
    "malformed": "It answers nonsense, or did not keep what was written. Take another one.",
    "unsupported": "It is no NTAG or Ultralight prepared for NDEF. Take another one.",
    "refused": "Its proof is wrong: it is another shop's, or a copy.",
    "busy": "Another program holds the reader. Close it, then try again.",
    "timeout": "It did not answer in time. Take it away and try again.",
    "not_blank": "It holds a record already. Take a blank one, or give --overwrite.",
    "read_only": "It is locked against writing. Take another one.",
    "too_long": "The record does not fit. Take a card with more memory, or a shorter number.",
}
"""What to do about a card, by the codes of `hardware.ports.CardFailed` and `CardWriter`."""


@card_app.command("read")
def card_read(data: Data = None, seconds: Seconds = 30.0, reader: OnReader = "") -> None:
    """Wait for a card and print what it says of itself, as JSON."""
    with known_errors():
        folder = data or data_folder()
        with _readers(load(folder), folder) as desk:
            say(msgspec.json.encode(desk.tap(seconds, reader)).decode())


@card_app.command("write")
def card_write(
    number: Annotated[
        str, typer.Argument(help="What to write: a number or a link. Left out: a new number is drawn.")
    ] = "",
    member: Annotated[str, typer.Option(help="Link it to this member: a phone, a name, a card, an id.")] = "",
    overwrite: Annotated[bool, typer.Option(help="Replace a record that the card holds.")] = False,
    data: Data = None,
    seconds: Seconds = 30.0,
    reader: OnReader = "",
) -> None:
    """Write a member's number on the card that lies on the reader, read it back, and link it.

    Without --member nothing is linked, and the command prints what would be. The till must be closed to link.
    """
    with known_errors():
        folder = data or data_folder()
        config = load(folder)
        number = number and _as_written(config, number)
        if not member:
            record = number or _draw(lambda token: False)
            with _readers(config, folder) as desk:
                _write(desk, desk.tap(seconds, reader), record, overwrite)
            say(f"Not linked. This would link it: stempel card link {record} MEMBER")
            return
        with _database(config, folder) as database:
            look = database.reader()
            whose = _find(look, member)
            record = number or _draw(lambda token: look.holder(token) is not None)
            _linkable(look, whose, record)
            with _readers(config, folder) as desk:
                tapped = desk.tap(seconds, reader)
                holder = look.holder(f"uid:{tapped.uid}")
                if holder is not None and holder.member != whose:
                    raise _refused(f"Card {tapped.uid} belongs to another member. Take a blank one.", 1)
                _write(desk, tapped, record, overwrite)
            _link(database, look, whose, record)


@card_app.command("link")
def card_link(
    number: Annotated[str, typer.Argument(help="The number on the card, or uid:04A1… for a chip.")],
    member: Who,
    data: Data = None,
) -> None:
    """Link a card to a member by a card_linked fact; the same again changes nothing."""
    with known_errors():
        folder = data or data_folder()
        config = load(folder)
        number = _as_written(config, number)
        with _database(config, folder) as database:
            look = database.reader()
            whose = _find(look, member)
            _linkable(look, whose, number)
            _link(database, look, whose, number)


@card_app.command("numbers")
def card_numbers(
    count: Annotated[int, typer.Argument(min=1, max=1_000_000, help="How many.")],
    data: Data = None,
) -> None:
    """Draw new numbers with their check digit, one a line, for a maker of cards; the till must be closed."""
    with known_errors():
        folder = data or data_folder()
        with _database(load(folder), folder) as database:
            look, drawn = database.reader(), dict[str, None]()
            while len(drawn) < count:
                drawn[_draw(lambda token: look.holder(token) is not None)] = None
        say("\n".join(drawn))


# -- the reader ------------------------------------------------------------------------------------------


class _Desk:
    """The card readers, waited for."""

    def __init__(self, readers: PcscReaders) -> None:
        self.readers = readers
        self.events: queue.SimpleQueue[CardEvent | CardWritten] = queue.SimpleQueue()

    def tap(self, seconds: float, wanted: str) -> CardTapped:
        """The first card that is read; one that cannot be is complained of, and the next is waited for."""
        complain("Lay a card on the reader.")
        until_s, said = time.monotonic() + seconds, False
        while (left_s := until_s - time.monotonic()) > 0:
            event = self._next(left_s)
            if isinstance(event, ReadersChanged) and not event.readers and not said:
                said = True
                complain("No reader is plugged in." if event.service else NO_SERVICE)
            elif isinstance(event, CardTapped | CardFailed) and _is_wanted(event.reader, wanted):
                if isinstance(event, CardTapped):
                    return event
                complain(f"The card on {event.reader} cannot be read ({event.code}). {TODO[event.code]}")
        raise _refused(f"No card that can be read came within {seconds:g} s.", 1)

    def write(self, tapped: CardTapped, record: str, overwrite: bool) -> CardWritten | CardFailed:
        done: queue.SimpleQueue[CardWritten | CardFailed] = queue.SimpleQueue()
        self.readers.write(tapped.event, record, done.put, overwrite=overwrite)
        return done.get()

    def _next(self, patience_s: float) -> CardEvent | CardWritten | None:
        try:
            return self.events.get(timeout=patience_s)
        except queue.Empty:
            return None


NO_SERVICE: Final = "The card service does not answer; `stempel doctor` says what to do."


@contextmanager
def _readers(config: Config, folder: Path) -> Iterator[_Desk]:
    from app.devices import card_readers

    desk = _Desk(card_readers(config, folder))
    desk.readers.start(desk.events.put)
    try:
        yield desk
    finally:
        desk.readers.stop()


def _is_wanted(reader: str, wanted: str) -> bool:
    from hardware.cards.roles import plain_name

    pattern = wanted.upper()
    return not wanted or any(fnmatchcase(name.upper(), pattern) for name in (reader, plain_name(reader)))


def _write(desk: _Desk, tapped: CardTapped, record: str, overwrite: bool) -> None:
    outcome = desk.write(tapped, record, overwrite)
    if isinstance(outcome, CardFailed):
        held = f' ("{tapped.record}")' if outcome.code == "not_blank" and tapped.record else ""
        raise _refused(f"Nothing was written ({outcome.code}){held}. {TODO[outcome.code]}", 1)
    say(f"Written and read back: {record} on {outcome.uid} ({tapped.kind}).")


# -- members and numbers ---------------------------------------------------------------------------------


@contextmanager
def _database(config: Config, folder: Path) -> Iterator[Database]:
    from app.store.database import Database

    database = Database(folder, keystore=config.till.keystore)
    try:
        yield database
    finally:
        database.close()


def _find(look: Reader, who: str) -> uuid.UUID:
    """One member by a card, an id, a phone or a name."""
    for token in (_token(who), f"uid:{who.upper()}"):
        if (holder := look.holder(token)) is not None:
            return holder.member
    try:
        if look.member(found := uuid.UUID(who)) is not None:
            return found
    except ValueError:
        pass  # no id: perhaps a phone or a name
    people = look.find_people(who, 5)
    if not people:
        raise _refused(f"{who}: no such member. Enrol the customer at the till first.", 2)
    if len(people) > 1:
        names = "\n".join(f"  {person.member}  {person.name}  {person.phone}" for person in people)
        raise _refused(f"{who}: more than one member. Give the id of one of them:\n{names}", 2)
    return people[0].member


def _token(number: str) -> str:
    kind, _, uid = number.partition(":")
    return f"uid:{uid.upper()}" if kind == "uid" else f"code:{number}"


def _linkable(look: Reader, member: uuid.UUID, number: str) -> None:
    holder = look.holder(_token(number))
    if holder is not None and holder.member != member:
        raise _refused(f"{number} belongs to another member already.", 2)


def _link(database: Database, look: Reader, member: uuid.UUID, number: str) -> None:
    from app.checkout.linking import link_card
    from app.checkout.outcome import Outcome
    from app.lanes import RealWorld

    work = link_card(look, RealWorld(), member, _token(number))
    if isinstance(work, Outcome):
        raise _refused(f"{number} could not be linked ({work.code}).", 1)
    database.write(work)
    person = look.person(member)
    name = person.name if person else str(member)
    say(f"{number} belongs to {name}." if work.facts else f"{number} belonged to {name} already.")


def _as_written(config: Config, number: str) -> str:
    """A number as its form writes it; one with a wrong check character would never be found again."""
    from hardware.scanners.codes import MemberCode, PaymentCard, Unknown, read_code
    from hardware.scanners.setup import known_codes

    match read_code(number, None, known_codes(config.scanner)):
        case MemberCode(written):
            return written
        case Unknown(why="check_character"):
            raise _refused(f"{number} is mistyped: its check character is wrong.", 2)
        case PaymentCard():
            raise _refused("That is a payment card's number.", 2)
        case _:
            return number


def _draw(taken: Callable[[str], bool]) -> str:
    """A number nobody has."""
    from app.lanes import RealWorld
    from hardware.scanners.masks import HOUSE_MEMBER

    world = RealWorld()
    while taken(f"code:{(number := HOUSE_MEMBER.draw(world.random_bytes))}"):
        pass
    return number


def _refused(message: str, code: int) -> typer.Exit:
    complain(message)
    return typer.Exit(code)
