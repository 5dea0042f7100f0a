"""The part of the sync client that pushes facts, and finds out how far the server is with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from app.ledger.basis import ENGINE
from app.ledger.chain import Head, verify
from app.ledger.facts import UnreadableFact, header
from sync import protocol
from sync.events import BeginEpoch, ReadFacts, SetAcked
from sync.outbox import Run
from sync.session import RETRY_AFTER_MAX_S, SLOW_S, Session

BATCH_MAX: Final = 500
"""Facts in one push."""
BATCH_BYTES_MAX: Final = 4 << 20
"""Bytes of bodies in one push, before packing; a single larger fact goes alone."""
PAUSE_S: Final = 0.015
"""The rest for each fact of a push that more must follow, while somebody sells: to read and pack it takes a
hundredth of that, and a sale meanwhile twice its time."""
SELLING_MS: Final = 10_000
"""So long after a sale, or anything else that is written down, another is expected."""
_COUNTING: Final = 0
"""The ticket of a read that only serves the status."""


class Pusher:
    """Facts out. `rest` goes on once the server has them all; `fork` when it has others in their place."""

    def __init__(
        self,
        session: Session,
        batch_max: int,
        *,
        rest: Callable[[], None],
        fork: Callable[[], None],
        breathe: Callable[[], None],
    ) -> None:
        self._session = session
        self._rest = rest
        self._fork = fork
        self._breathe = breathe
        self._batch_max = batch_max
        self._limit = batch_max
        self._gaps = 0
        self._state: protocol.TillState | None = None
        self._server_seq = 0
        self._asked_after: int | None = None
        self._sent = (0, 0)
        self._sent_hash = b""
        self._head_seq = 0
        self._sold_ms = 0
        self._push_v = 1
        self._plain = False
        """A push in columns was not understood: no more of them until the till starts again."""

    # The outbox

    def count_facts(self) -> None:
        """Have the status say what waits."""
        self._session.emit(ReadFacts(_COUNTING, None, 1))

    def written(self) -> None:
        """Somebody sells: a fact was committed just now."""
        self._sold_ms = self._session.now_ms

    def hurry(self) -> None:
        """Somebody wants it at the server now: no pauses until the next sale."""
        self._sold_ms = 0

    def read(self, after_seq: int | None) -> None:
        """Read what comes next, and push it."""
        self._asked_after = after_seq
        self._session.emit(ReadFacts(self._session.enter("reading"), after_seq, self._limit))

    def facts_read(self, run: Run) -> None:
        """What was read for a push."""
        ours = self._session.credentials
        if ours is None:
            return
        state, self._state = self._state, None
        if (run.head.origin, run.head.epoch) != (ours.till, ours.epoch):
            self._session.emit(BeginEpoch(ours))
            self._session.retry("outbox")
        elif self._asked_after is not None and run.after_seq > self._asked_after:
            # The server lacks facts that this till has pruned: what is left goes under a new epoch.
            self._acked(run.after_seq)
            self._fork()
        elif state is not None and not agrees(run, state):
            # Another history, or more than ours: sending what we have tells where the two part.
            self.read(max(min(run.acked_seq, state.acked_seq, run.head.seq - 1), 0))
        else:
            if state is not None and state.acked_seq != run.acked_seq:
                self._acked(state.acked_seq)
                self.count(run, state.acked_seq)
            self._push_or_rest(run)

    def _push_or_rest(self, run: Run) -> None:
        if run.bodies:
            self._push(run)
        elif self._server_seq > run.head.seq:
            self._fork()
        else:
            self._rest()

    def _acked(self, seq: int) -> None:
        assert self._session.credentials is not None
        self._session.emit(SetAcked(self._session.credentials.epoch, seq))

    def count(self, run: Run, acked_seq: int) -> None:
        """Bring the status up to date with what was read."""
        status = self._session.status
        unsynced = max(run.head.seq - acked_seq, 0)
        since_ms = status.since_ms if unsynced else None
        if unsynced and run.bodies and run.after_seq == acked_seq:
            since_ms = _occurred_ms(run.bodies[0])
        self._session.status = msgspec.structs.replace(status, unsynced=unsynced, since_ms=since_ms)

    # Requests and answers

    def ask(self) -> None:
        """Ask the server where it stands."""
        ours = self._session.credentials
        assert ours is not None
        self._session.send("asking", "GET", f"/v1/tills/{ours.till}/state", b"", ours)

    def told_state(self, body: bytes) -> None:
        state = protocol.decode(body, protocol.TillState)
        ours = self._session.credentials
        if ours is None or state.epoch != ours.epoch or state.acked_seq < 0:
            raise protocol.WireProblem("nonsense", "the state of another epoch")
        self._session.contact()
        self._push_v = state.push_v
        self._state, self._server_seq = state, state.acked_seq
        self.read(state.acked_seq)

    def _push(self, run: Run) -> None:
        ours = self._session.credentials
        assert ours is not None
        bodies = _fitting(run.bodies)
        self._head_seq = run.head.seq
        self._sent = (run.after_seq + 1, run.after_seq + len(bodies))
        message = protocol.Push(
            epoch=run.head.epoch,
            first_seq=self._sent[0],
            last_seq=self._sent[1],
            prev_hash=run.prev_hash,
            clock_ms=self._session.now_ms,
            facts=[protocol.embed(body) for body in bodies],
            program=self._session.program,
            engine=ENGINE,
        )
        target = f"/v1/tills/{ours.till}/facts"
        push_v = 1 if self._plain else self._push_v
        self._sent_hash = _hash_after(run, bodies)
        packed = protocol.pack_push(message, self._sent_hash, push_v, self._breathe)
        self._session.send("pushing", "POST", target, packed, ours)

    def pushed(self, body: bytes) -> None:
        pushed = protocol.decode(body, protocol.Pushed)
        ours, (first, last) = self._session.credentials, self._sent
        if ours is None or pushed.epoch != ours.epoch or pushed.acked_seq < first:
            raise protocol.WireProblem("nonsense", "an acknowledgement of something else")
        if pushed.hash not in (b"", self._sent_hash):
            raise protocol.WireProblem("nonsense", "an acknowledgement of other facts")
        self._session.contact()
        self._server_seq, self._push_v = pushed.acked_seq, pushed.push_v
        acked_seq = min(pushed.acked_seq, last)  # what was sent was compared; what lies beyond was not
        self._gaps = 0
        self._limit = min(self._limit * 2, self._batch_max)
        self._acked(acked_seq)
        if pushed.backoff_ms > 0:
            self._session.wait("waiting", min(pushed.backoff_ms / 1000, RETRY_AFTER_MAX_S))
        elif self._session.due(self._sold_ms + SELLING_MS, SELLING_MS / 1000) or acked_seq >= self._head_seq:
            self.read(acked_seq)
        else:
            self._session.wait("pausing", (last - first + 1) * PAUSE_S)

    def gap(self) -> None:
        """The server lacks facts before those that were sent."""
        # Normally it was restored from a backup and one question settles it; a server that contradicts
        # itself must not be asked in a tight circle.
        self._gaps += 1
        if self._gaps > 1:
            self._session.retry("gap", online=True)
        else:
            self.ask()

    def misread(self) -> bool:
        """The server did not read the very facts that were sent: send them plain. False if they were."""
        if self._plain or self._push_v < protocol.PUSH_V:
            return False
        self._plain = True
        self.read(self._sent[0] - 1)
        return True

    def parted(self, seq: int | None) -> None:
        """The server knows another fact at `seq`. What it compared as equal before is acknowledged, so that
        only what differs moves to the new epoch."""
        first, last = self._sent
        if seq is not None and seq < first and first > 1:
            self.read(max(first - 1 - self._batch_max, 0))
            return
        if seq is not None and first <= seq <= last:
            self._acked(seq - 1)
        self._fork()

    def too_large(self) -> None:
        """A push was over a limit: halve it."""
        count = self._sent[1] - self._sent[0] + 1
        if count <= 1:
            self._session.retry("too_large", at_least_s=SLOW_S, online=True)
        else:
            self._limit = max(count // 2, 1)
            self.read(self._sent[0] - 1)


def _hash_after(run: Run, bodies: Sequence[bytes]) -> bytes:
    head = Head(run.head.origin, run.head.epoch, run.after_seq, run.prev_hash)
    return verify(head, list(bodies)).hash


def agrees(run: Run, state: protocol.TillState) -> bool:
    """Whether the server's chain is a prefix of ours."""
    return state.acked_seq == run.after_seq and state.hash == run.prev_hash


def _fitting(bodies: Sequence[bytes]) -> Sequence[bytes]:
    size = 0
    for count, body in enumerate(bodies):
        size += len(body)
        if size > BATCH_BYTES_MAX and count:
            return bodies[:count]
    return bodies


def _occurred_ms(body: bytes) -> int | None:
    try:
        return header(body).at_ms
    except UnreadableFact:
        return None
