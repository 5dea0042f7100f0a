"""The lane that asks for holds: one short question at a time, beside pushes and pulls that take long.

Whoever asks is answered once: by the server within `DEADLINE_S` of asking, or with silence. What is given
back is told as soon as there is time; where that gets lost, the server's clock ends the hold.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable
from typing import Final, Literal

import httpx
import msgspec

from app.lanes import World
from sync import holds, protocol
from sync.outbox import Credentials
from sync.questions import QuestionLane

DEADLINE_S: Final = 0.3
"""How long whoever asks waits, from asking to hearing."""
_TARGET: Final = "/v1/holds"


class Answer(msgspec.Struct, frozen=True):
    """What came of a question. `silent`: no word in time, the hold may or may not be there."""

    outcome: Literal["held", "refused", "silent"]
    amount: int = 0
    good_ms: int = 0
    left: int = 0
    code: str = ""


SILENCE: Final = Answer("silent")


def request(ours: Credentials, hold: holds.Hold) -> tuple[str, bytes, dict[str, str]]:
    """Target, body and headers of a question."""
    body = protocol.pack(hold)
    return _TARGET, body, {"Content-Encoding": "zstd", **_signed(ours, "POST", _TARGET, body)}


def _signed(ours: Credentials, method: str, target: str, body: bytes) -> dict[str, str]:
    signed = protocol.authorise(ours.private_key, method, target, ours.till, ours.epoch, body)
    return {"Authorization": signed, "Content-Type": "application/json"}


def read(hold: holds.Hold, status: int, body: bytes) -> Answer:
    """What an answer of the server says. What makes no sense is silence."""
    try:
        if status == 200:
            held = protocol.decode(body, holds.Held)
            sound = held.id == hold.id and 0 < held.amount <= hold.amount and held.good_ms >= 0
            return Answer("held", held.amount, held.good_ms, max(held.left, 0)) if sound else SILENCE
        if status == 409:
            return Answer("refused", code=protocol.decode(body, protocol.Problem).code)
    except protocol.WireProblem:
        pass
    return SILENCE


class _Question:
    """Answered once, whoever comes first: the server, or the deadline."""

    def __init__(self, hold: holds.Hold, heard: Callable[[Answer], None], asked_s: float) -> None:
        self.hold = hold
        self.asked_s = asked_s
        self._heard: Callable[[Answer], None] | None = heard
        self._lock = threading.Lock()

    def answer(self, answer: Answer) -> None:
        with self._lock:
            heard, self._heard = self._heard, None
        if heard is not None:
            heard(answer)

    @property
    def open(self) -> bool:
        return self._heard is not None


class HoldLane(QuestionLane):
    """Asks for holds and gives them back; all but `start` and `stop` from the till's thread.

    `post` carries an answer to the till's thread.
    """

    def __init__(
        self,
        http: httpx.Client,
        credentials: Callable[[], Credentials | None],
        online: Callable[[], bool],
        *,
        world: World,
        post: Callable[[Callable[[], None]], None] = lambda call: call(),
    ) -> None:
        super().__init__("sync-holds", http, credentials, online, world=world)
        self._post = post

    def start(self) -> HoldLane:
        self.lane.start()
        return self

    def ask(
        self,
        id: uuid.UUID,
        kind: holds.Kind,
        of: str,
        amount: int,
        *,
        sale: uuid.UUID,
        part: bool,
        answer: Callable[[Answer], None],
    ) -> None:
        """Ask for a hold. `answer` is posted once, `DEADLINE_S` from now at the latest."""
        hold = holds.Hold(id=id, kind=kind, of=of, amount=amount, sale=sale, part=part)
        question = _Question(hold, lambda told: self._post(lambda: answer(told)), self._world.monotonic_s())
        self._put(lambda: self._ask(question), lambda: question.answer(SILENCE), DEADLINE_S)

    def give_back(self, ids: Iterable[uuid.UUID]) -> None:
        """These are not needed any more."""
        for id in ids:
            self.lane.submit(lambda id=id: self._end(id))

    # In the lane

    def _ask(self, question: _Question) -> None:
        ours = self._credentials()
        left_s = question.asked_s + DEADLINE_S - self._world.monotonic_s()
        if ours is None or left_s <= 0:
            return question.answer(SILENCE)
        target, body, headers = request(ours, question.hold)
        told = self._call("POST", target, body, headers, left_s)
        answer = SILENCE if told is None else read(question.hold, *told)
        late = not question.open
        question.answer(answer)
        if late and answer.outcome == "held":
            self._end(question.hold.id)  # nobody waited for it: whoever asked went on without
        return None

    def _end(self, id: uuid.UUID) -> None:
        ours = self._credentials()
        if ours is not None:
            target = f"{_TARGET}/{id}"
            self._call("DELETE", target, b"", _signed(ours, "DELETE", target, b""), DEADLINE_S)
