"""What is folded from facts so that screens need not: members, cards, sales, shifts, days.

All of it can be dropped and rebuilt from the log; `stempel rebuild --check` proves both equal.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from app.ledger.chain import Envelope
from app.ledger.facts import (
    AnyFact,
    CardBlocked,
    CardLinked,
    MemberEnrolled,
    MembersMerged,
    SaleCompleted,
    SaleRefunded,
    ShiftClosed,
    ShiftOpened,
    UnreadableFact,
    decode,
    member_of,
)
from app.ledger.fold import changes_state, fold
from app.ledger.merging import merge
from app.loyalty.state import EMPTY, MemberState
from app.stats.day import DayFigures, add
from app.store import allowances, rows
from app.store.budgets import Budgets
from app.store.connection import Driver
from app.store.selling import TABLES, SellingProjections

_encode: Final = msgspec.json.Encoder().encode
_figures: Final = msgspec.json.Decoder(DayFigures)

_MEMBER: Final = (
    "INSERT INTO member (id, state, as_of_ms, own) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
    "state = excluded.state, as_of_ms = excluded.as_of_ms, own = member.own + excluded.own"
)
_DAY: Final = (
    "INSERT INTO day (business_day, figures) VALUES (?, ?) "
    "ON CONFLICT (business_day) DO UPDATE SET figures = excluded.figures"
)
_CARD: Final = (
    "INSERT INTO card (token, member, linked_ms, blocked, pulled) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (token) DO UPDATE SET member = excluded.member, linked_ms = excluded.linked_ms, "
    "pulled = excluded.pulled, blocked = CASE WHEN excluded.linked_ms > card.linked_ms "
    "THEN excluded.blocked ELSE max(excluded.blocked, card.blocked) END "
    "WHERE excluded.linked_ms >= card.linked_ms"
)
_SHIFT: Final = (
    "INSERT INTO shift (id, number, business_day, cashier, opened_ms, float_minor, opened) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_SNAPSHOT: Final = (
    "INSERT INTO member (id, state, as_of_ms, snapshot, snapshot_ms, applied_epoch, applied_seq, "
    "held_centi, snapshot_version, pull) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, "
    "as_of_ms = excluded.as_of_ms, snapshot = excluded.snapshot, snapshot_ms = excluded.snapshot_ms, "
    "applied_epoch = excluded.applied_epoch, applied_seq = excluded.applied_seq, "
    "held_centi = excluded.held_centi, snapshot_version = excluded.snapshot_version, "
    "pull = excluded.pull, own = 0"
)
_MERGED_THERE: Final = (
    "INSERT INTO listed (list, key, store, body) VALUES ('alias', ?, '', ?) "
    "ON CONFLICT (list, key) DO UPDATE SET body = excluded.body"
)
"""Kept apart from what is folded here: a rebuild does not forget it. The key is the id in hex, then the name
of the history of the server that told it."""
_TOLD: Final = (
    "SELECT substr(key, 33), body FROM listed WHERE list = 'alias' AND key > ?1 || ' ' AND key < ?1 || '~'"
)
_SNAPSHOT_OF: Final = (
    "SELECT snapshot, snapshot_ms, applied_epoch, applied_seq, snapshot_version, pull "
    "FROM member WHERE id = ?"
)
_MERGED_WITH_SNAPSHOTS: Final = (
    "SELECT DISTINCT a.member FROM alias a JOIN member m ON m.id IN (a.member, a.other) "
    "WHERE m.snapshot IS NOT NULL"
)
_WRITTEN_OF: Final = "SELECT DISTINCT member FROM fact WHERE member IS NOT NULL LIMIT ?"
FEW: Final = 1000
_LATER: Final = (
    "SELECT f.body FROM fact f JOIN envelope e ON e.fact = f.id WHERE f.member = ? "
    "AND (e.epoch, e.seq) > (?, ?) AND NOT EXISTS "
    "(SELECT 1 FROM envelope later WHERE later.fact = e.fact AND later.epoch > e.epoch) ORDER BY f.rowid"
)
"""A member's facts of this till beyond a place, by the newest envelope of each."""
_DUMPS: Final = {
    "member": "SELECT id, state, as_of_ms FROM member ORDER BY id",
    "alias": "SELECT * FROM alias ORDER BY other",
    "card": "SELECT token, member, blocked FROM card ORDER BY token",
    "sale": "SELECT * FROM sale ORDER BY id",
    "refund": "SELECT * FROM refund ORDER BY id",
    "returned": "SELECT * FROM returned ORDER BY sale, line",
    "gift_card": "SELECT * FROM gift_card ORDER BY code",
    "code_use": "SELECT * FROM code_use ORDER BY code, member",
    "shift": "SELECT * FROM shift ORDER BY id",
    "day": "SELECT * FROM day ORDER BY business_day",
    "budget_charge": "SELECT * FROM budget_charge ORDER BY fact, part",
    "budget_spent": "SELECT * FROM budget_spent WHERE own OR known ORDER BY part",
}


class _Snapshot(NamedTuple):
    """What the server sent of a member: `history` is its own name for itself until it is put back."""

    state: bytes | None = None
    at_ms: int = 0
    applied: tuple[int, int] = (0, 0)
    history: str = ""
    pull: int = 0


class Projections:
    """Applies facts to the projected tables, inside the caller's transaction."""

    def __init__(self, sql: Driver) -> None:
        self._run = sql.execute
        self._selling = SellingProjections(sql)
        self.budgets = Budgets(sql.execute)
        # The day being sold in is read once and then only written.
        self._day: DayFigures | None = None
        self._open_day: str | None = None
        self._known = False

    def forget(self) -> None:
        """Drop what is kept in memory: the transaction it belonged to did not happen."""
        self._day, self._open_day, self._known = None, None, False
        self.budgets.forget()

    def apply(self, fact: AnyFact, *, known: bool = False) -> None:
        """Fold one fact into everything it touches; `known`: the member's snapshot holds it already."""
        if not known:
            self._fold_member(fact)
        self._selling.apply(fact)
        self.budgets.charge(fact)
        match fact:
            case CardLinked():
                self.link(fact.card, fact.member.bytes, fact.at_ms)
            case CardBlocked():
                self._run("UPDATE card SET blocked = 1 WHERE token = ?", (fact.card,))
            case MembersMerged():
                self._merge(fact)
            case ShiftOpened():
                values = (fact.number, fact.business_day, fact.cashier, fact.at_ms, fact.float_minor)
                self._run(_SHIFT, (fact.shift.bytes, *values, fact.id.bytes))
                self._open_day, self._known = fact.business_day, True
            case ShiftClosed():
                self._run("UPDATE shift SET closed_ms = ? WHERE id = ?", (fact.at_ms, fact.shift.bytes))
                self._known = False
            case _:
                pass
        self._add_to_day(fact)

    def link(
        self, card: str, member: bytes, at_ms: int, *, blocked: bool = False, pulled: bool = False
    ) -> None:
        """A card is a member's since `at_ms`, unless another's since later. `pulled`: the server says so."""
        self._run(_CARD, (card, self.canonical(member), at_ms, blocked, pulled))

    def written_of(self) -> frozenset[bytes] | None:
        """Members of whom this till has written anything; None where they are many, or some were merged. Of
        all others a snapshot is all there is, within a transaction that brings no merges."""
        if self._run("SELECT EXISTS (SELECT 1 FROM alias)").fetchone()[0]:
            return None
        found = self._run(_WRITTEN_OF, (FEW,)).fetchall()
        return None if len(found) == FEW else frozenset(row[0] for row in found)

    def put_bare_snapshot(
        self,
        member: bytes,
        snapshot: bytes,
        at_ms: int,
        cards: Iterable[tuple[str, int, bool]],
        held_centi: int = 0,
        version: str = "",
        pull: int = 0,
    ) -> None:
        """`put_snapshot` and `link` of (card, since, blocked), of a member of whom nothing was written."""
        self._run(_SNAPSHOT, (member, snapshot, at_ms, snapshot, at_ms, 0, 0, held_centi, version, pull))
        for card, linked_ms, blocked in cards:
            self._run(_CARD, (card, member, linked_ms, blocked, True))

    # -- members -----------------------------------------------------------------------------------------

    def _fold_member(self, fact: AnyFact) -> None:
        member = member_of(fact)
        if member is None or not changes_state(fact):
            return
        id = self.canonical(member.bytes)
        self._put_state(id, fold(self._state(id), fact), fact.at_ms, own=1)

    def canonical(self, member: bytes) -> bytes:
        """The id that a member goes by now: two memberships of one person have been merged."""
        row = self._run("SELECT member FROM alias WHERE other = ?", (member,)).fetchone()
        return member if row is None else row[0]

    def _state(self, member: bytes) -> MemberState:
        stored = self._run("SELECT state FROM member WHERE id = ?", (member,)).fetchone()
        return rows.decode_state(stored[0]) if stored else EMPTY

    def _put_state(self, member: bytes, state: MemberState, at_ms: int, own: int = 0) -> None:
        self._run(_MEMBER, (member, rows.encode_state(state), at_ms, own))

    def _merge(self, fact: MembersMerged) -> None:
        """The other's state, cards and sales become the member's; nothing is left under the other id."""
        member, other = self.canonical(fact.member.bytes), self.canonical(fact.other.bytes)
        if member == other:
            return
        self._put_state(member, merge(self._state(member), self._state(other), fact.at_ms), fact.at_ms)
        self._put_state(other, EMPTY, 0)
        self._point(other, member)

    def put_snapshot(
        self,
        member: bytes,
        snapshot: bytes,
        at_ms: int,
        applied: tuple[int, int],
        held_centi: int = 0,
        version: str = "",
        pull: int = 0,
    ) -> None:
        """A member as the server folds them, with this till's facts up to `applied` (epoch, seq) in it; its
        later ones are folded on top. Other tills hold `held_centi` of the points. `pull`: see `scope`."""
        values = (snapshot, at_ms, snapshot, at_ms, *applied, held_centi, version, pull)
        self._run(_SNAPSHOT, (member, *values))
        allowances.counted(self._run, member, applied)
        self._fold_later(member, applied)
        self._merge_others(self.canonical(member))

    def put_alias(self, other: bytes, member: bytes) -> None:
        """The server says that `other` was merged into `member`, at this till or elsewhere, with the snapshot
        of `other` that it sent before."""
        self._run(_MERGED_THERE, (other.hex() + self._snapshot(other).history, member))
        other, member = self.canonical(other), self.canonical(member)
        if other != member:
            self._point(other, member)
        self._merge_others(member)

    def _point(self, other: bytes, member: bytes) -> None:
        """What was the other's is the member's."""
        for table in ("alias", "card", "sale"):
            self._run(f"UPDATE {table} SET member = ? WHERE member = ?", (member, other))
        self._run("INSERT INTO alias (other, member) VALUES (?, ?)", (other, member))

    def _merge_others(self, root: bytes) -> None:
        others = self._run("SELECT other FROM alias WHERE member = ?", (root,)).fetchall()
        if others:
            self._merge_anew(root, [row[0] for row in others])

    def _fold_later(self, member: bytes, applied: tuple[int, int]) -> None:
        for (body,) in self._run(_LATER, (member, *applied)).fetchall():
            try:
                fact = decode(body)
            except UnreadableFact:
                continue
            if changes_state(fact):
                self._put_state(member, fold(self._state(member), fact), fact.at_ms, own=1)

    def _merge_anew(self, root: bytes, others: list[bytes]) -> None:
        """The state of a member who was several, from the snapshots of each."""
        for member, snapshot in self._counted_once((root, *others)).items():
            state = rows.decode_state(snapshot.state) if snapshot.state else EMPTY
            self._put_state(member, state, snapshot.at_ms)
            self._fold_later(member, snapshot.applied)
        at_ms = max(self._as_of_ms(member) for member in (root, *others))
        for other in others:
            self._put_state(root, merge(self._state(root), self._state(other), at_ms), at_ms)
            self._put_state(other, EMPTY, 0)

    def _snapshot(self, member: bytes) -> _Snapshot:
        row = self._run(_SNAPSHOT_OF, (member,)).fetchone()
        if row is None:
            return _Snapshot()
        history = row[4].partition(":")[0]
        return _Snapshot(row[0], row[1] or 0, (row[2], row[3]), history, row[5])

    def _told(self, member: bytes) -> dict[str, bytes]:
        """Whom the server merged a member into, by the history in which it did."""
        return dict(self._run(_TOLD, (member.hex(),)).fetchall())

    def _holder(self, member: bytes, history: str) -> bytes:
        """In whose snapshot a history has a member."""
        seen = {member}
        while (above := self._told(member).get(history, member)) not in seen:
            seen.add(above)
            member = above
        return member

    def _counted_once(self, members: Sequence[bytes]) -> dict[bytes, _Snapshot]:
        """What each of the ids of one person adds, each fact once. A server that was put back tells of them
        one by one, as they were before they were merged, or merges them in another order: of two snapshots
        that both have somebody's facts the one that was pulled first counts, until its own row comes anew."""
        snapshots = {member: self._snapshot(member) for member in members}
        found = dict.fromkeys(members, _Snapshot())
        counted: set[bytes] = set()
        for holder in sorted(members, key=lambda member: snapshots[member].pull):
            snapshot = snapshots[holder]
            within = [member for member in members if self._holder(member, snapshot.history) == holder]
            if snapshot.state is None or counted.intersection(within):
                continue
            counted.update(within)
            for member in within:
                # The row of whoever is in another's says how far they are; without one, that other's does.
                known = snapshots[member].history == snapshot.history
                found[member] = snapshots[member] if known else _Snapshot(applied=snapshot.applied)
        return found

    def _as_of_ms(self, member: bytes) -> int:
        return self._run("SELECT as_of_ms FROM member WHERE id = ?", (member,)).fetchone()[0]

    # -- days --------------------------------------------------------------------------------------------

    def _add_to_day(self, fact: AnyFact) -> None:
        if isinstance(fact, SaleCompleted | SaleRefunded):
            business_day = fact.business_day
        elif isinstance(fact, MemberEnrolled) and fact.channel != "import":
            business_day = self._shift_day()
        else:
            return
        if business_day is None:
            return
        if self._day is None or self._day.business_day != business_day:
            row = self._run("SELECT figures FROM day WHERE business_day = ?", (business_day,)).fetchone()
            self._day = _figures.decode(row[0]) if row else DayFigures(business_day=business_day)
        self._day = add(self._day, fact)
        self._run(_DAY, (business_day, _encode(self._day)))

    def _shift_day(self) -> str | None:
        """The business day of the open shift."""
        if not self._known:
            query = "SELECT business_day FROM shift WHERE closed_ms IS NULL ORDER BY number DESC LIMIT 1"
            row = self._run(query).fetchone()
            self._open_day, self._known = row[0] if row else None, True
        return self._open_day

    def rebuild(self, facts: Iterable[tuple[Envelope, bytes]]) -> int:
        """Fold the whole log anew over what the server sent; how many facts were folded.

        A fact that this version cannot read stays in the log and is passed over.
        """
        self.forget()
        for table in (*TABLES, "shift", "day"):
            self._run(f"DELETE FROM {table}")
        self._run("DELETE FROM alias")
        self.budgets.clear()
        listed = "SELECT key, body FROM listed WHERE list = 'alias' ORDER BY key"
        for key, body in self._run(listed).fetchall():
            # Under whichever of the ids this till came to know them first: that may be another one now.
            other, root = self.canonical(bytes.fromhex(key[:32])), self.canonical(body)
            if other != root:
                self._point(other, root)
        self._run("DELETE FROM card WHERE NOT pulled")
        self._run("DELETE FROM member WHERE snapshot IS NULL")
        self._run("UPDATE member SET state = snapshot, as_of_ms = snapshot_ms, own = 0")
        applied = {
            row[0]: (row[1], row[2]) for row in self._run("SELECT id, applied_epoch, applied_seq FROM member")
        }
        count = 0
        for envelope, body in facts:
            try:
                fact = decode(body)
            except UnreadableFact:
                continue
            count += 1
            member: uuid.UUID | None = member_of(fact)
            until = applied.get(self.canonical(member.bytes), (0, 0)) if member else (0, 0)
            self.apply(fact, known=(envelope.epoch, envelope.seq) <= until)
        for (root,) in self._run(_MERGED_WITH_SNAPSHOTS).fetchall():
            self._merge_others(root)
        self.forget()
        self.budgets.count()
        return count

    def dump(self) -> dict[str, list[Any]]:
        """Every projected row, for comparing."""
        return {table: [tuple(row) for row in self._run(query)] for table, query in _DUMPS.items()}
