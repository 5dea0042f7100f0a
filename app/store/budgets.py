"""What budgets and stocks have given, as far as this till knows: its own facts, and what the server counted.

`budget_charge` is what each fact of this till charged, `budget_spent` the sums by part: `known` is what the
server had counted when it was asked last, `own` what this till's facts charged that was not in it. The server
says up to which place of this till's log its sum goes (the mark): what stands beyond is its own. So nothing
counts twice, whatever comes in between, and a till that was never enrolled counts its own alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from app.ledger.budgets import charges_of
from app.ledger.facts import AnyFact, effects_of

Run = Callable[..., Any]
MARK: Final = "budgets.mark"

_CHARGE: Final = "INSERT INTO budget_charge (fact, part, amount) VALUES (?, ?, ?)"
_OWN: Final = (
    "INSERT INTO budget_spent (part, own, known) VALUES (?, ?, 0) "
    "ON CONFLICT (part) DO UPDATE SET own = own + excluded.own"
)
_KNOWN: Final = (
    "INSERT INTO budget_spent (part, own, known) VALUES (?, 0, ?) "
    "ON CONFLICT (part) DO UPDATE SET known = excluded.known"
)
_BEYOND: Final = (
    "SELECT c.part, sum(c.amount) FROM (SELECT DISTINCT e.fact FROM envelope e "
    "WHERE e.origin = (SELECT origin FROM head) AND (e.epoch, e.seq) > (?, ?)) later "
    "JOIN budget_charge c ON c.fact = later.fact GROUP BY c.part"
)
"""What this till's log charged beyond a mark. What has no envelope of this origin was taken under another."""
_SPENT: Final = "SELECT part, own + known FROM budget_spent WHERE own + known <> 0"


class Mark(msgspec.Struct, frozen=True):
    """The last place of this till's log that is in the server's sums."""

    origin: bytes
    epoch: int
    seq: int


_mark: Final = msgspec.json.Decoder(Mark)


class Tally:
    """What every part has given, to be looked at from any thread: it is replaced whole, after each commit."""

    def __init__(self, spent: Mapping[str, int]) -> None:
        self.spent = spent


def read_spent(run: Run) -> dict[str, int]:
    """What every part has given, as it stands in the database."""
    return dict(run(_SPENT).fetchall())


class Budgets:
    """Keeps the sums, inside the caller's transactions: `ending` comes before their end, and then `committed`
    or `forget` tells how they ended."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._changed = False
        self.tally: Final = Tally(read_spent(run))
        self._next: Mapping[str, int] = self.tally.spent

    def charge(self, fact: AnyFact) -> None:
        """Take down what a fact charges; in its transaction."""
        for part, amount in charges_of(effects_of(fact)).items():
            self._run(_CHARGE, (fact.id.bytes, part, amount))
            self._run(_OWN, (part, amount))
            self._changed = True

    def take(self, spent: Mapping[str, int], epoch: int, seq: int) -> None:
        """The server's sums, with this till's facts up to (epoch, seq) in them."""
        origin, now_epoch, acked_seq = self._run("SELECT origin, epoch, acked_seq FROM head").fetchone()
        if epoch >= now_epoch:
            # A later place the server can know only from a copy of this till's disk.
            epoch, seq = now_epoch, min(seq, acked_seq) if epoch == now_epoch else acked_seq
        self._run("UPDATE budget_spent SET known = 0")
        for part, amount in spent.items():
            self._run(_KNOWN, (part, amount))
        self._run(
            "INSERT INTO setting (key, value) VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (MARK, msgspec.json.encode(Mark(origin, epoch, seq))),
        )
        self.count()

    def count(self) -> None:
        """Add up anew what this till's facts charged beyond the mark."""
        mark = self._kept_mark()
        self._run("UPDATE budget_spent SET own = 0")
        for part, amount in self._run(_BEYOND, (mark.epoch, mark.seq) if mark else (0, 0)).fetchall():
            self._run(_OWN, (part, amount))
        self._changed = True

    def _kept_mark(self) -> Mark | None:
        """None before the first, and for that of another origin: it says nothing of this one's numbers."""
        origin = self._run("SELECT origin FROM head").fetchone()
        stored = self._run("SELECT value FROM setting WHERE key = ?", (MARK,)).fetchone()
        mark = None if stored is None else _mark.decode(stored[0])
        return mark if mark is not None and origin is not None and mark.origin == origin[0] else None

    def clear(self) -> None:
        """Forget what was folded from facts; what the server said stays. `charge` and `count` follow."""
        self._run("DELETE FROM budget_charge")

    def ending(self) -> None:
        """All is written: what others may see once it is durable."""
        if self._changed:
            self._next = read_spent(self._run)

    def committed(self) -> None:
        """What was written is durable."""
        if self._changed:
            self._changed = False
            self.tally.spent = self._next

    def forget(self) -> None:
        """The transaction did not happen."""
        self._changed = False
