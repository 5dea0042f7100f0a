"""From the till as it stands to the parts of the sale's view state. Pure: the same till, the same view."""

from __future__ import annotations

import uuid
from typing import Final, NamedTuple

from msgspec.structs import replace

from app.checkout.basket import OpenLine
from app.checkout.ports import Member, Product
from app.checkout.till import Till
from app.checkout.wording import message_text, rule_name
from app.checkout.writing import local_day
from app.ledger.facts import SaleCompleted
from app.loyalty.decision import DecidedLine, Decision, Offer, TierView
from app.loyalty.rules.bundle import BundleRule
from app.loyalty.wording import Message, line_messages, reason_message
from app.screens import views
from app.screens.devices import Devices
from app.screens.member_facts import known
from app.screens.stamp_cards import stamp_cards
from app.texts import NBSP, Texts, texts
from app.values import QTY_MILLI, minor_digits

TIPS: Final = 5
"""Tips of the day in the catalogues: screen.tip.0 and so on."""

_NOT_OFFERED: Final = frozenset({"stamps_to_free"})
"""Said elsewhere: the stamp card shows what lacks."""
_REWARDS: Final = frozenset({"reward_ready", "uses_left"})
"""Taken in a panel of their own."""


class _Known(NamedTuple):
    """A line put into words, and what the words depend on; on the member's tiers, too."""

    line: OpenLine
    decided: DecidedLine
    view: views.Line


class Shower:
    """The parts of a view for one till in one language."""

    def __init__(self, till: Till, words: Texts, before: SaleCompleted | None = None) -> None:
        self.till, self.words, self.before = till, words, before
        self.currency = till.shop.currency
        self._known: dict[int, _Known] = {}
        self._tiers: tuple[TierView, ...] = ()
        self._visit: tuple[uuid.UUID, int | None] | None = None
        self._chips: tuple[Devices, tuple[views.Chip, ...]] | None = None

    def amount(self, minor: int) -> str:
        return self.words.amount(minor, self.currency)

    def money(self, minor: int) -> str:
        return self.words.money(minor, self.currency)

    def round_money(self, minor: int) -> str:
        """An amount without needless decimals, for notes and the free stamp: 200, 0."""
        return self.words.scaled(minor, minor_digits(self.currency), short=True)

    def of_shop(self, message: str) -> str:
        """A text in the shop's own language: what is kept, not what is shown."""
        return texts(self.till.shop.lang).get(message)

    def typed(self, entry: str) -> str:
        """What was typed on the keypad, with this language's decimal separator."""
        return entry.replace(",", self.words.decimal)

    def state_line(self, devices: Devices, now_ms: int) -> views.StateLine:
        shift, shop, get = self.till.shift, self.till.shop, self.words.get
        somebody = self.till.people.who
        cashier = (
            somebody.name if somebody else shift.cashier if shift and not self.till.people.locked else ""
        )
        who = get("screen.till", till=shop.till, cashier=cashier) if cashier else None
        return views.StateLine(
            shift=get("screen.shift", number=shift.number) if shift else get("screen.no_shift"),
            till=who or get("screen.till_only", till=shop.till),
            chips=self._state_chips(devices),
            clock=self.words.time(now_ms, shop.time_zone),
            training=shop.training,
        )

    def _state_chips(self, devices: Devices) -> tuple[views.Chip, ...]:
        """Put into words when something of a device has changed; every scan shows them again."""
        if self._chips is None or self._chips[0] is not devices:
            self._chips = devices, devices.chips(self.words)
        return self._chips[1]

    # -- the basket --------------------------------------------------------------------------------------

    def basket(self, selected: int | None, actions: tuple[views.Action, ...]) -> views.Basket:
        sale = self.till.sale
        chosen = None if selected is None else sale.line(selected)
        return views.Basket(
            lines=self._lines(),
            selected="" if chosen is None else str(chosen.key),
            quantity="" if chosen is None else self.quantity(chosen),
            near_miss=self._near_miss(),
            actions=actions,
            parked=len(self.till.parking.list),
            last_sale=None if sale.lines else self._last_sale(),
            tip=self.words.get(f"screen.tip.{sale.opened_ms // 86_400_000 % TIPS}"),
            note=sale.note,
        )

    def quantity(self, line: OpenLine) -> str:
        words = self.words
        return words.qty(line.qty_milli) if line.unit == "piece" else words.weight(line.qty_milli)

    def _lines(self) -> tuple[views.Line, ...]:
        """Every line; those that are as they were are not put into words again."""
        decision, known = self.till.decision, self._known
        same_tiers, self._tiers, self._known = self._tiers == decision.tiers, decision.tiers, {}
        for index, line in enumerate(self.till.sale.lines):
            decided, before = decision.lines[index], known.get(line.key)
            if before is None or before.line is not line:
                before = _Known(line, decided, self._line(line, index, None))
            elif not same_tiers or before.decided != decided:
                before = _Known(line, decided, self._line(line, index, before.view))
            self._known[line.key] = before
        return tuple([each.view for each in self._known.values()])

    def _line(self, line: OpenLine, index: int, before: views.Line | None) -> views.Line:
        """A line in words; `before` it was the same but for what the programme does to it."""
        decided = self.till.decision.lines[index]
        why = line_messages(self.till.programme, self.till.decision, index)
        return views.Line(
            key=str(line.key),
            name=before.name if before else line.name_in(self.words.lang),
            quantity=before.quantity if before else self.count(line.qty_milli, line.price_minor),
            price=self.amount(decided.net_minor),
            was=self.amount(decided.gross_minor) if decided.net_minor != decided.gross_minor else "",
            why=" · ".join(self.said(message) for message in why),
            note=line.note,
        )

    def count(self, qty_milli: int, price_minor: int) -> str:
        """A quantity and its price, which never wrap: 2 × 18,90."""
        return f"{self.words.qty(qty_milli)}{NBSP}×{NBSP}{self.amount(price_minor)}"

    def rule(self, rule: str) -> str:
        """A rule's own name."""
        return rule_name(self.till.programme, rule, self.words.lang)

    def said(self, message: Message) -> str:
        """A message of the engine in words."""
        return message_text(self.words, self.till.programme, message, self.currency)

    def _near_miss(self) -> views.NearMiss | None:
        offer = self._near()
        if offer is None:
            return None
        return views.NearMiss(self.said(self._offer_message(offer)), self.rule(offer.rule))

    def means(self, sale: SaleCompleted) -> str:
        """What paid a sale; points with what they were worth, since the sums of money lack that."""
        get = self.words.get
        points = f"{get('screen.points_tender')} {self.money(sale.points_minor)}" if sale.points_minor else ""
        return ", ".join(filter(None, (points, *(get(f"tender.{tender.means}") for tender in sale.tenders))))

    def _last_sale(self) -> views.LastSale | None:
        sale = self.till.last.sale if self.till.last else self.before
        if sale is None:
            return None
        shop, get = self.till.shop, self.words.get
        means = self.means(sale)
        change = get("screen.change_given", change=self.money(sale.change_minor)) if sale.change_minor else ""
        return views.LastSale(
            title=get("screen.last_receipt", number=sale.number),
            detail=" · ".join(filter(None, (self.words.time(sale.at_ms, shop.time_zone), means))),
            total=self.money(sale.total_minor),
            change=change,
        )

    # -- the member --------------------------------------------------------------------------------------

    def member(self) -> views.Member | None:
        till, words = self.till, self.words
        member, decision = till.member, till.decision
        if member is None:
            return None
        points = decision.points
        zone, known_ms = till.shop.time_zone, member.as_of_ms
        today = local_day(known_ms, zone) == local_day(till.heart.world.now_ms(), zone)
        as_of = words.time(known_ms, zone) if today else words.date(known_ms, zone)
        n = points.balance_before_centi // 100
        unit = words.get("screen.balance_of", n=n, time=as_of)
        if member.short:
            unit = words.get("screen.short_of", n=n)
        earned = words.points(points.earned_centi, plus=True) if points.earned_centi else ""
        cards = () if member.short else stamp_cards(self, member, decision)
        return views.Member(
            key=str(member.id),
            name=member.person.name if member.person else words.get("screen.member_without_name"),
            tier=self._tier(decision),
            balance=words.points(points.balance_before_centi),
            balance_of=unit,
            earned=earned,
            earned_of=words.get("screen.earned_of") if earned else "",
            known=known(self, member, decision, self._last_visit(member.id)),
            stamp_cards=cards,
            # Points to spend stand below and stay in sight on the smallest screens.
            offers=self._offers(1 if cards else 2),
            spend=self._spend(decision, member),
        )

    def _last_visit(self, member: uuid.UUID) -> int | None:
        """When the member last bought here; asked once for each who comes."""
        if self._visit is None or self._visit[0] != member:
            latest = self.till.refunds.latest(member, 1)
            self._visit = member, latest[0].at_ms if latest else None
        return self._visit[1]

    def _tier(self, decision: Decision) -> str:
        levels = (tier.level for tier in decision.tiers if tier.level)
        return " · ".join(rule_name(self.till.programme, level, self.words.lang) for level in levels)

    def _near(self) -> Offer | None:
        """The first offer that a little more money reaches: no more than what is in the basket already."""
        for offer in self.till.offers:
            missing = offer.params.get("missing_minor")
            if isinstance(missing, int) and 0 < missing <= self.till.decision.total_minor:
                return offer
        return None

    def _offers(self, most: int) -> tuple[views.Offer, ...]:
        gifts = self._gifts()
        others = (offer for offer in self._engine_offers() if not (gifts and offer.opens))
        return (*gifts, *others)[:most]

    def _gifts(self) -> tuple[views.Offer, ...]:
        """What waits for the member comes before what they could still get."""
        held = self.till.rewards.held
        names = ", ".join(dict.fromkeys(self.rule(grant.thing) for grant in held))
        title = self.words.get("panel.rewards.waiting", n=sum(grant.uses for grant in held))
        return (views.Offer("rewards", title, names, opens="rewards"),) if held else ()

    def _engine_offers(self) -> tuple[views.Offer, ...]:
        near = self._near()
        return tuple(
            views.Offer(
                key=f"{offer.rule}/{offer.code}",
                title=rule_name(self.till.programme, offer.rule, self.words.lang),
                detail=self.said(self._offer_message(offer)),
                product=self._wanted(offer),
                opens="rewards" if offer.code in _REWARDS else "",
            )
            for offer in self.till.offers
            if offer is not near and offer.code not in _NOT_OFFERED
        )

    def _offer_message(self, offer: Offer) -> Message:
        """The offer's sentence; it speaks of the gain (the rule's label), the title names the rule."""
        message = reason_message(self.till.programme, offer)
        label = self.till.programme.rules[offer.rule].label
        return replace(message, name=label) if label else message

    def _wanted(self, offer: Offer) -> str:
        """The one product that would complete the offer; empty where there is a choice."""
        rule = self.till.programme.rules[offer.rule]
        if not isinstance(rule, BundleRule):
            return ""
        there = {line.sku for line in self.till.sale.lines}
        for part in (*rule.beside, *rule.set):
            skus = part.products.skus
            if len(skus) == 1 and skus[0] not in there:
                return skus[0]
        return ""

    def _spend(self, decision: Decision, member: Member) -> views.Spend | None:
        points, get = decision.points, self.words.get
        if points.spent_centi:
            title = get("screen.spending", points=self.words.counted_points(points.spent_centi))
            detail = get("screen.spending_of", money=self.money(points.spent_value_minor))
            behind = self.till.points_behind
            said = f"{detail} · {get(f'screen.points_{behind}')}" if behind else detail
            return views.Spend(title, said, True, behind=behind)
        mix = any(grant.kind == "coupon" for grant in member.state.grants)
        if points.spendable_centi <= 0:
            return views.Spend(get("panel.mix.title"), get("panel.mix.detail"), mix=True) if mix else None
        title = get("screen.spendable", points=self.words.counted_points(points.spendable_centi))
        detail = get("screen.spendable_of", money=self.money(points.spendable_value_minor))
        return views.Spend(title, detail, mix=mix)

    # -- the total ---------------------------------------------------------------------------------------

    def total(self, middle: views.Middle) -> views.Total:
        """The total, and what PAY does while the middle is what it is."""
        decision, words = self.till.decision, self.words
        due = self.amount(decision.due_minor)
        sample = words.money(decision.due_minor, self.currency)
        saved = decision.discount_minor
        pieces = sum(
            max(line.qty_milli // QTY_MILLI, 1) if line.unit == "piece" else 1
            for line in self.till.sale.lines
        )
        return views.Total(
            figure=due,
            currency=words.symbol(self.currency),
            currency_first=not sample.startswith(due),
            saved=words.get("screen.saved", money=self.amount(saved)) if saved else "",
            items=words.get("pieces", n=pieces) if pieces else "",
            payable=self._payable(middle),
            taking=isinstance(middle, views.Payment),
            giving=isinstance(middle, views.Payment) and middle.owed,
        )

    def _payable(self, middle: views.Middle) -> bool:
        if isinstance(middle, views.Payment):
            return middle.ready and not middle.busy
        pressing = isinstance(middle, views.Ask) and middle.pressing
        stopped = self.till.busy or self.till.people.locked or self.till.outside.waits_for
        return self.till.sale.gives and not (stopped or pressing)

    def tile(self, product: Product) -> views.Tile:
        return views.Tile(product.sku, product.name_in(self.words.lang), self.amount(product.price_minor))
