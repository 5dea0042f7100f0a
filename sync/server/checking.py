"""Every sale priced again at the server, after it was taken: a projection that never slows ingest.

A sale names what it was priced from (`app.ledger.basis`): the programme, the version of the member's state
that the server had sent, how many of the till's own facts were on top, a digest of what came of it. That
state is made again (`histories`); priced from it, a difference is a **defect**. Priced from the true state,
with the facts of all tills before it, a difference is **exposure**. The two are never mixed: a sale with a
defect, or one that cannot be checked, has no exposure.

The lane goes along each shard's facts behind the folding of members, a bounded batch at a time, and records
how far it is only after what it found; so a crash repeats what is idempotent. A fact that comes late for its
member has their later sales looked at again.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
import structlog

from app.ledger.again import Difference, context_of, differences, given_centi, given_minor, price_again
from app.ledger.basis import ENGINE, Basis
from app.ledger.facts import SaleCompleted, UnreadableFact, decode
from app.ledger.inputs import state_digest
from app.loyalty.basket import Birthday, Context
from app.loyalty.decision import Decision
from app.loyalty.engine import Compiled
from app.loyalty.state import EMPTY, MemberState, apply
from app.values import from_ms
from sync.server import findings, merging, schema
from sync.server.database import Database
from sync.server.findings import Finding, Reason
from sync.server.histories import History, Used, histories
from sync.server.impact import LONG_MAX, FoldedFact, Impact, impact_of, plausible
from sync.server.members import folded
from sync.server.sources import Sources

log = structlog.get_logger("stempel.checking")

BATCH: Final = 1000
"""Facts looked at between two records of how far it is."""
MEMBERS: Final = 50
"""Members whose histories are held at once."""
SALE: Final = "sale_completed"
Order = tuple[int, bytes, int, int]
"""Where a fact stands in the order of folding."""


class Outcome(NamedTuple):
    """What came of looking at a sale: nothing, a finding, or why it could not be checked."""

    fact: FoldedFact
    sale: SaleCompleted | None
    finding: Finding | None = None
    reason: Reason | None = None


class Checker:
    """Prices sales again. Keeps compiled programmes, nothing else; any number may run on one database."""

    def __init__(self, db: Database, feed_epoch: str, now_ms: Callable[[], int]) -> None:
        self._db = db
        self._feed_epoch = feed_epoch
        self._now_ms = now_ms
        self._sources = Sources(db)

    def check_new(self) -> int:
        """Look at one batch of each shard that is behind; returns the number of facts looked at."""
        done, ready = schema.checked.c, schema.folded.c
        with self._db.read() as connection:
            behind = connection.execute(
                sa.select(done.shard, done.pos, ready.pos)
                .join(schema.folded, ready.shard == done.shard)
                .where(ready.pos > done.pos)
            ).all()
        return sum(self._shard(shard, pos, reached) for shard, pos, reached in behind)

    def _shard(self, shard: int, pos: int, reached: int) -> int:
        fact = schema.fact.c
        columns = (fact.pos, fact.id, fact.kind, fact.at_ms, fact.origin, fact.epoch, fact.seq, fact.body)
        with self._db.read() as connection:
            rows = connection.execute(
                sa.select(*columns)
                .where(fact.shard == shard, fact.pos > pos, fact.pos <= reached)
                .order_by(fact.pos)
                .limit(BATCH)
            ).all()
        outcomes: list[Outcome] = []
        touched: dict[uuid.UUID, list[FoldedFact]] = defaultdict(list)
        for row in rows:
            # Of what cannot be read it is only known whether it is a sale.
            read = impact_of(row.id, row.body)
            impact = read or Impact(row.kind)
            place = FoldedFact(row.id, shard, row.at_ms, row.origin, row.epoch, row.seq, impact)
            if impact.member is not None:
                touched[impact.member].append(place)
            elif impact.kind == SALE:
                outcomes.append(self._outcome(place, sale_in(row.body) if read else None, None, EMPTY))
        outcomes += self._of_members(touched)
        looked = [(findings.home_of(one.fact.impact.member, one.fact.id), one.fact.id) for one in outcomes]
        findings.put(self._db, looked, [one.finding for one in outcomes if one.finding is not None])
        if rows:
            new = {row.id for row in rows}
            self._advance(shard, pos, rows[-1].pos, [one for one in outcomes if one.fact.id in new])
        return len(rows)

    def _advance(self, shard: int, before: int, after: int, outcomes: Sequence[Outcome]) -> None:
        done = schema.checked.c
        move = (
            sa.update(schema.checked)
            .where(done.shard == shard, done.pos == before)
            .values(pos=after, sales=done.sales + len(outcomes))
        )
        unchecked: list[tuple[FoldedFact, SaleCompleted | None, Reason]] = [
            (one.fact, one.sale, one.reason) for one in outcomes if one.reason is not None
        ]
        with self._db.write() as connection:
            if connection.execute(move).rowcount:  # or another server was here first, and has counted them
                findings.count_unchecked(connection, shard, unchecked)

    def _of_members(self, touched: Mapping[uuid.UUID, Sequence[FoldedFact]]) -> list[Outcome]:
        """Look at the sales among members' new facts, and again at those that came after any of them."""
        firsts: dict[uuid.UUID, Order] = {}
        now = merging.roots(self._db, touched)
        for member, facts in touched.items():
            root, first = now[member], min(fact.order for fact in facts)
            firsts[root] = min(firsts.get(root, first), first)
        found: list[Outcome] = []
        members = list(firsts)
        for start in range(0, len(members), MEMBERS):
            some = histories(self._db, members[start : start + MEMBERS], self._feed_epoch)
            for member, history in some.items():
                found += self._of_history(history, firsts[member])
        return found

    def _of_history(self, history: History, first: Order) -> list[Outcome]:
        state, found = EMPTY, list[Outcome]()
        for place in history.places:
            if place.fact.impact.kind == SALE and place.fact.order >= first:
                found.append(self._outcome(place.fact, sale_in(place.body), history, state))
            state = folded(state, [place.fact])
        return found

    # One sale

    def _outcome(
        self, fact: FoldedFact, sale: SaleCompleted | None, history: History | None, true: MemberState
    ) -> Outcome:
        if sale is None:
            return Outcome(fact, None, reason="unreadable")
        try:
            return self._looked_at(fact, sale, history, true)
        except Exception:
            # A time zone that nobody has heard of, a moment beyond all calendars, two lines of one number:
            # what no till can have meant must not keep other sales from being looked at.
            log.exception("not checked: it cannot be priced", fact=str(fact.id))
            return Outcome(fact, None, reason="unreadable")

    def _looked_at(
        self, fact: FoldedFact, sale: SaleCompleted, history: History | None, true: MemberState
    ) -> Outcome:
        basis = sale.basis
        if basis is None:
            return Outcome(fact, sale, reason="no_basis")
        if basis.engine != ENGINE:
            return Outcome(fact, sale, reason="engine")
        compiled = self._sources.of(basis.programme)
        if compiled is None:
            return Outcome(fact, sale, reason="programme")
        used = self._used(fact, basis, history, true)
        if used.reason is not None:
            return Outcome(fact, sale, reason=used.reason)
        if used.defect:
            return Outcome(fact, sale, self._finding("defects", used.defect, fact, sale, (), None))
        return self._priced(fact, sale, basis, compiled, used.state, None if history is None else true)

    def _used(self, fact: FoldedFact, basis: Basis, history: History | None, true: MemberState) -> Used:
        """The state the sale was priced on; goods that came back for it had come back."""
        if history is None or not basis.state:
            return Used()
        back = history.exchanged(fact.id)
        if back is None and state_digest(true) == basis.state:
            return Used(true)
        used = history.used(fact, basis, but=back)
        if back is None or used.state is None:
            return used
        return Used(apply(used.state, back.fact.impact.effects, fact.at_ms - basis.ago_ms))

    def _priced(
        self,
        fact: FoldedFact,
        sale: SaleCompleted,
        basis: Basis,
        compiled: Compiled,
        used: MemberState | None,
        true: MemberState | None,
    ) -> Outcome:
        context = context_of(sale, basis)
        decision = price_again(sale, compiled, used, context)
        wrong = tuple(differences(sale, decision))
        if wrong and basis.birthday:
            found = _with_a_birthday(sale, basis, compiled, used)
            if found is not None:
                context, wrong = found, ()
        if wrong:
            return Outcome(fact, sale, self._finding("defects", "figures", fact, sale, wrong, decision))
        if true is None or (used is not None and true == used):
            return Outcome(fact, sale)
        decision = price_again(sale, compiled, true, context)
        exposed = tuple(differences(sale, decision))
        if not exposed:
            return Outcome(fact, sale)
        return Outcome(fact, sale, self._finding("exposure", "exposure", fact, sale, exposed, decision))

    def _finding(
        self,
        which: Literal["defects", "exposure"],
        code: str,
        fact: FoldedFact,
        sale: SaleCompleted,
        wrong: tuple[Difference, ...],
        decision: Decision | None,
    ) -> Finding:
        return Finding(
            list=which,
            sale=fact.id,
            member=fact.impact.member,
            origin=fact.origin,
            epoch=fact.epoch,
            seq=fact.seq,
            at_ms=fact.at_ms,
            code=code,
            programme=sale.programme,
            engine=sale.basis.engine if sale.basis else 0,
            given_minor=given_minor(sale, decision) if decision else 0,
            given_centi=given_centi(sale, decision) if decision else 0,
            differences=wrong,
            found_ms=self._now_ms(),
        )


def sale_in(body: bytes) -> SaleCompleted | None:
    """The sale in a body; None if this version cannot read it."""
    try:
        fact = decode(body)
    except UnreadableFact:
        return None
    return fact if isinstance(fact, SaleCompleted) and plausible(fact, text_max=LONG_MAX) else None


def _with_a_birthday(
    sale: SaleCompleted, basis: Basis, compiled: Compiled, state: MemberState | None
) -> Context | None:
    """The context with some birthday from which the sale comes out as it was recorded, if there is one.

    Facts name no birthday, they name nobody; a sale that no birthday explains is wrong all the same.
    """
    zone = ZoneInfo(basis.time_zone or compiled.programme.time_zone)
    today = from_ms(sale.at_ms - basis.ago_ms).astimezone(zone).date()
    days = sorted(range(-183, 184), key=abs)
    for day in (today + timedelta(days=offset) for offset in days):
        context = context_of(sale, basis, Birthday(day.month, day.day, 0))
        if not any(differences(sale, price_again(sale, compiled, state, context))):
            return context
    return None
