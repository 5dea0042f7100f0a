"""Limits and counts of the reader service."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.lanes import Backoff
from hardware.cards.kinds import CardSettings
from hardware.cards.roles import ReaderRule


@dataclass(frozen=True, slots=True)
class PcscSettings:
    """Limits of the reader service, in seconds unless said otherwise.

    `poll_s` bounds one wait for a change (and how late a new reader is seen), `watch_deadline_s` how long the
    service may be silent before it counts as lost, `read_deadline_s` and `write_deadline_s` how long a
    card may take, `glance_s` how often the UID of a card that stays is asked again (a swap faster than
    pcscd's polling shows nowhere else), `most_stuck` how many threads may hang in PC/SC calls at once.
    `readers` tells whose each reader is; the first rule that fits counts.
    """

    cards: CardSettings = field(default_factory=CardSettings)
    readers: tuple[ReaderRule, ...] = ()
    poll_s: float = 0.5
    watch_deadline_s: float = 3.0
    read_deadline_s: float = 2.0
    write_deadline_s: float = 5.0
    glance_s: float = 0.5
    most_stuck: int = 4
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(slots=True)
class PcscCounts:
    """What happened since the start, for the devices screen and the doctor."""

    taps: int = 0
    failures: int = 0
    stale: int = 0
    """Results thrown away because their card was gone."""
    service_losses: int = 0
    stuck: int = 0
    """Threads given up in a PC/SC call; most have come back since."""
    last_error: str = ""
