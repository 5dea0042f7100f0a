"""The lane that asks whose a card is: one short question at a time, beside pushes, pulls and holds.

Whoever asks is answered once: by the server within `DEADLINE_S` of asking, or with silence.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import quote

import httpx

from app.lanes import World
from sync import protocol
from sync.found import Found
from sync.outbox import Credentials
from sync.questions import QuestionLane

DEADLINE_S: Final = 2.0
"""How long whoever asks waits, from asking to hearing."""

Told = Callable[[str, Found | None, bool], None]
"""The card that is somebody's and who it is; or nobody's, and whether the server said so."""


class AskLane(QuestionLane):
    """Asks whose cards are; `told` is called in the lane, or in a timer's thread, once a question."""

    def __init__(
        self,
        http: httpx.Client,
        credentials: Callable[[], Credentials | None],
        online: Callable[[], bool],
        *,
        world: World,
    ) -> None:
        super().__init__("sync-ask", http, credentials, online, world=world)

    def ask(self, cards: Sequence[str], told: Told) -> None:
        """Ask for the holder of the first card that has one; returns at once."""
        lock, until_s = threading.Lock(), self._world.monotonic_s() + DEADLINE_S

        def once(card: str, found: Found | None, sure: bool) -> None:
            if lock.acquire(blocking=False):  # never let go: whoever comes second is not heard
                told(card, found, sure)

        self._put(lambda: self._ask(cards, until_s, once), lambda: once("", None, False), DEADLINE_S)

    # In the lane

    def _ask(self, cards: Sequence[str], until_s: float, once: Told) -> None:
        for card in cards:
            found = self._of(card, until_s - self._world.monotonic_s())
            if found is None:
                return once("", None, False)
            if found:
                return once(card, found[0], True)
        return once("", None, True)

    def _of(self, card: str, left_s: float) -> list[Found] | None:
        """Whose a card is: one, or nobody; None for no word in time, or one that makes no sense."""
        ours = self._credentials()
        if ours is None or left_s <= 0:
            return None
        target = f"/v1/members?card={quote(card, safe='')}"
        signed = protocol.authorise(ours.private_key, "GET", target, ours.till, ours.epoch, b"")
        answer = self._call("GET", target, b"", {"Authorization": signed}, left_s)
        if answer is None:
            return None
        status, body = answer
        try:
            if status == 200:
                return [protocol.decode(body, Found)]
            problem = protocol.decode(body, protocol.Problem)
        except protocol.WireProblem:
            return None
        return [] if problem.code == "card_of_nobody" else None
