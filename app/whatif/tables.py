"""The result of a what-if as tables of ready words: the console and the page show the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.checkout.wording import message_text
from app.loyalty.compiled import Compiled
from app.loyalty.decision import Decision
from app.loyalty.whatif.figures import Cell, Example, RuleFigures, Side, Totals, WhatIf
from app.loyalty.wording import reason_message
from app.texts import Texts
from app.whatif.case import Done

MOST_REASONS = 4
NOTHING = "–"
"""Most cells of a rule are empty, and a column of 0,00 zł hides the rest."""
RULE_COLUMNS = (
    "rule", "receipts", "members", "discount", "earned", "spent", "cost", "new", "existing", "nobody",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """`head` and each row begin with words; all further cells are figures. `strong` rows matter most."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    note: str = ""
    strong: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Story:
    """A receipt that changes: what it was, what it would be, and why."""

    title: str
    way: str
    sides: list[tuple[str, str, list[str]]] = field(default_factory=list[tuple[str, str, list[str]]])
    """By programme: its name here, what the customer pays and earns, the reasons."""


class Tables:
    """Writes a result in one language."""

    def __init__(self, done: Done, words: Texts) -> None:
        self.done = done
        self.result: WhatIf = done.result
        self.words = words
        self.zone = done.result.time_zone

    def say(self, message: str, **values: object) -> str:
        return self.words.get(f"whatif.{message}", **values)

    def money(self, minor: int, *, plus: bool = False) -> str:
        return self.words.money(minor, self.result.currency, plus=plus)

    def count(self, number: int, *, plus: bool = False) -> str:
        return self.words.scaled(number, 0, plus=plus)

    def points(self, centi: int, *, plus: bool = False) -> str:
        return self.words.points(centi, plus=plus)

    def percent(self, part: int, whole: int) -> str:
        """Tenths of a percent, rounded."""
        tenths = (part * 2000 + whole) // (2 * whole) if whole else 0
        return self.words.percent(self.words.scaled(tenths, 1))

    # -- the head ----------------------------------------------------------------------------------------

    @property
    def heading(self) -> str:
        draft, in_force = self.result.draft, self.result.in_force
        name = draft.name.get(self.words.lang)
        return self.say("heading", draft=name, n_draft=draft.version, n_in_force=in_force.version)

    def past(self) -> list[str]:
        """What was replayed."""
        past = self.result.past
        counts = {
            name: self.count(getattr(past, name)) for name in ("receipts", "lines", "members", "nobody")
        }
        begins = past.counted_from_ms if past.warm_up_receipts else past.from_ms
        return [self.say("past", **counts), self._period(begins, past.until_ms)]

    def assumptions(self) -> list[str]:
        """What the replay takes for granted."""
        past, assumed = self.result.past, self.result.assumptions
        lines: list[str] = []
        if past.warm_up_receipts:
            lines.append(
                self.say(
                    "warm_up",
                    until=self._day(past.counted_from_ms),
                    receipts=self.count(past.warm_up_receipts),
                )
            )
        else:
            lines.append(self.say("no_warm_up"))
        if assumed.share is not None:
            lines.append(self.say("redeem_share", share=self.words.percent(assumed.share.rstrip(" %"))))
        else:
            lines.append(self.say(f"redeem_{assumed.redemption.partition('-')[0]}"))
        lines.append(self.say("coupons_yes" if assumed.coupons else "coupons_no"))
        return [*lines, self.say("as_sold")]

    def _period(self, from_ms: int, until_ms: int) -> str:
        return self.words.get("whatif.period", **{"from": self._day(from_ms), "until": self._day(until_ms)})

    def _day(self, at_ms: int) -> str:
        return self.words.date(at_ms, self.zone)

    # -- tables ------------------------------------------------------------------------------------------

    def totals(self) -> Table:
        draft, now = self.result.draft.totals, self.result.in_force.totals
        rows: list[tuple[str, ...]] = [
            self._moneys("goods", draft.goods_minor, now.goods_minor),
            self._moneys("discount", draft.discount_minor, now.discount_minor),
            self._moneys("spent", draft.spent_minor, now.spent_minor),
            self._moneys("due", draft.due_minor, now.due_minor),
            self._counts("earned", draft.earned_centi, now.earned_centi, centi=True),
            self._moneys("earned_worth", draft.earned_minor, now.earned_minor),
            self._moneys("cost", cost(draft), cost(now)),
            (
                self.say("cost_share"),
                self.percent(cost(draft), draft.goods_minor),
                self.percent(cost(now), now.goods_minor),
                "",
            ),
            self._counts("owed", draft.owed_centi, now.owed_centi, centi=True),
            self._counts("stamps", draft.stamps, now.stamps),
            self._counts("issued", draft.issued, now.issued),
            self._counts("receipts_reached", draft.receipts_reached, now.receipts_reached),
            self._counts("members_reached", draft.members_reached, now.members_reached),
        ]
        head = ("", self.say("draft"), self.say("in_force"), self.say("difference"))
        return Table(self.say("totals"), head, rows, self.say("cost_note"), frozenset({6}))

    def _moneys(self, message: str, draft: int, now: int) -> tuple[str, ...]:
        return self.say(message), self.money(draft), self.money(now), self.money(draft - now, plus=True)

    def _counts(self, message: str, draft: int, now: int, *, centi: bool = False) -> tuple[str, ...]:
        write = self.points if centi else self.count
        return self.say(message), write(draft), write(now), write(draft - now, plus=True)

    def rules(self, side: Side, title: str) -> Table:
        head = tuple(self.say(message) for message in RULE_COLUMNS)
        rows = [self._rule(figures) for figures in side.rules]
        name = f"{self.say('rules')}: {title}"
        return Table(name, head, rows, self.say("audience_note"))

    def _rule(self, figures: RuleFigures) -> tuple[str, ...]:
        whole = figures.all
        costs = [self._cost(each) for each in (whole, figures.new, figures.existing, figures.nobody)]
        return (
            figures.name.get(self.words.lang),
            self.count(whole.receipts),
            self.count(figures.members),
            self.money(whole.discount_minor) if whole.discount_minor else NOTHING,
            self.points(whole.earned_centi) if whole.earned_centi else NOTHING,
            self.money(whole.spent_minor) if whole.spent_minor else NOTHING,
            *costs,
        )

    def _cost(self, cell: Cell) -> str:
        return self.money(cell.cost_minor) if cell.cost_minor else NOTHING

    def changes(self) -> Table:
        head = tuple(self.say(m) for m in ("way", "receipts", "share", "members", "price", "points"))
        rows = [
            (
                self.say(f"way_{change.way}"),
                self.count(change.receipts),
                self.percent(change.receipts, self.result.past.receipts),
                self.count(change.members),
                self.money(change.total_minor, plus=True),
                self.points(change.earned_centi, plus=True),
            )
            for change in self.result.changes
        ]
        return Table(self.say("changes"), head, rows)

    # -- examples ----------------------------------------------------------------------------------------

    def stories(self) -> Iterator[Story]:
        for example in self.result.examples:
            yield self._story(example)

    def _story(self, example: Example) -> Story:
        title = self.say("example", sale=example.sale, date=self._day(example.at_ms))
        both = (
            ("in_force", self.done.in_force, example.in_force),
            ("draft", self.done.draft, example.draft),
        )
        sides = [
            (self.say(name), self._pays(decision), self._reasons(compiled, decision))
            for name, compiled, decision in both
        ]
        return Story(title, self.say(f"way_{example.way}"), sides)

    def _pays(self, decision: Decision) -> str:
        earned = self.words.counted_points(decision.points.earned_centi, plus=True)
        return self.say("pays", total=self.money(decision.total_minor), earned=earned)

    def _reasons(self, compiled: Compiled, decision: Decision) -> list[str]:
        """What applied, each rule by its name."""
        lines: list[str] = []
        for reason in decision.why:
            if reason.applied:
                message = reason_message(compiled, reason)
                name = message.name.get(self.words.lang)
                text = message_text(self.words, compiled, message, self.result.currency)
                lines.append(text if name in text else f"{name}: {text}")
        return lines[:MOST_REASONS] or [self.say("none")]


def cost(totals: Totals) -> int:
    """Discounts, and points earned by their worth."""
    return totals.discount_minor + totals.earned_minor
