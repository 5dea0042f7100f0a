"""One reading of the card on a reader, with the retries and checks that bind it to that card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.lanes import World
from hardware.cards.issue import write_member_record
from hardware.cards.kinds import CardSettings, read_card, reader_uid
from hardware.cards.link import CardContent, CardProblem, read_uid
from hardware.cards.session import PcscError, Session

_RETRY_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Reading:
    """What one reading gave: the content or what went wrong.

    `reader_uid` is the UID that the reader tells, "" if it told none, None for a contact card.
    """

    reader_uid: str | None
    result: CardContent | CardProblem


@dataclass(frozen=True, slots=True)
class Insertion:
    """A card laid on a reader; `counter` is the reader's event counter at that moment.

    `unseen`: PC/SC did not see it come, and takes it for the card before.
    """

    reader: str
    counter: int
    unseen: bool = False


def read_insertion(
    session: Session,
    insertion: Insertion,
    settings: CardSettings,
    patience_s: float,
    world: World,
    pause: Callable[[float], bool],
) -> Reading | None:
    """Read the card of this insertion and no other; None if it is gone.

    Another program's hold, a reset by it, a card at the edge of the field and a service that came back are
    tried again for `patience_s`. `pause` sleeps and is True when the reading is no longer wanted.
    """
    until_s, unseen, power_up = world.monotonic_s() + patience_s, insertion.unseen, False
    while True:
        uid: str | None = ""
        try:
            with session.connected(insertion.reader, power_up=power_up) as link:
                power_up = False
                uid = reader_uid(link)
                content = read_card(link, uid, settings)
            if session.state(insertion.reader).counter != insertion.counter:
                return None
            if content is not None and content.record is None and unseen:
                # Read by the ATR of the card before, perhaps. Only now, for a power-up costs: it resets other
                # programs, and a card that goes in the middle of it is lost to pcscd until it is lifted.
                power_up, unseen = True, False
                continue
            if content is not None:
                return Reading(uid, content)
            problem, unseen = CardProblem("torn", "another card answered at the end"), True
        except CardProblem as found:
            return Reading(uid, found)
        except PcscError as error:
            problem = CardProblem(error.case if error.case in ("busy", "mute") else "torn", str(error))
            if error.case == "service":
                session.close()
        if world.monotonic_s() >= until_s or pause(_RETRY_S):
            return Reading(uid, problem)
        if not _still_there(session, insertion):
            return None


def write_insertion(
    session: Session, insertion: Insertion, uid: str, record: str, overwrite: bool
) -> CardProblem | None:
    """Write a member record to the card of this insertion and UID and no other; None if that went well."""
    try:
        with session.connected(insertion.reader) as link:
            if not uid or read_uid(link) != uid:
                return CardProblem("torn", "another card lies there")
            write_member_record(link, record, overwrite=overwrite)
            return None if read_uid(link) == uid else CardProblem("torn", "another card answered at the end")
    except CardProblem as problem:
        return problem
    except PcscError as error:
        if error.case == "service":
            session.close()
        return CardProblem(error.case if error.case in ("busy", "mute") else "torn", str(error))


CONTACT: Final = "contact"
"""In place of a UID: a contact card that answers its reader."""


def glance(session: Session, reader: str) -> str | None:
    """The UID of what lies on the reader now, "" if it tells none; None if that cannot be asked now."""
    try:
        with session.connected(reader) as link:
            return reader_uid(link) or CONTACT
    except CardProblem:
        return ""
    except PcscError as error:
        if error.case == "service":
            session.close()
        return "" if error.case in ("torn", "mute") else None


def _still_there(session: Session, insertion: Insertion) -> bool:
    try:
        state = session.state(insertion.reader)
    except PcscError:
        session.close()
        return True  # not known now: the next attempt will tell
    return state.present and state.counter == insertion.counter
