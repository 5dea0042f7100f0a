"""The terms of a programme for customers, from its settings: message ids, rendered like reasons.

`stempel programme explain` writes them out; the texts are resources/texts/terms.{ru,pl,en}.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import msgspec

from app.loyalty.decision import Param
from app.loyalty.model import Benefit, Goods, Names, Programme, Rule
from app.loyalty.rules.activity import ActivityRule
from app.loyalty.rules.benefit import Expiry, LotTerms, benefit_params, benefit_word, percent_text
from app.loyalty.rules.bundle import BundleRule
from app.loyalty.rules.cashback import CashbackRule
from app.loyalty.rules.challenge import ChallengeRule
from app.loyalty.rules.come_back import ComeBackRule
from app.loyalty.rules.complement import ComplementRule
from app.loyalty.rules.entitlement import EntitlementRule
from app.loyalty.rules.free_delivery import FreeDeliveryRule
from app.loyalty.rules.gift_card import GiftCardRule
from app.loyalty.rules.nth_purchase import NthPurchaseRule
from app.loyalty.rules.partner import PartnerRule
from app.loyalty.rules.points import PointsRule
from app.loyalty.rules.price import PriceRule
from app.loyalty.rules.promo_code import PromoCodeRule
from app.loyalty.rules.referral import ReferralRule
from app.loyalty.rules.reward import RewardRule
from app.loyalty.rules.stamps import StampsRule
from app.loyalty.rules.threshold import ThresholdRule
from app.loyalty.rules.tier import TierRule
from app.loyalty.rules.vip import VipRule
from app.loyalty.rules.welcome import WelcomeRule
from app.loyalty.rules.yearly import BirthdayRule, TenureRule
from app.values import POINT_CENTI, div_round, minor_digits, parse_scaled

Params = dict[str, Param]
Said = Iterator[tuple[str, Params]]


class Term(msgspec.Struct, frozen=True):
    """One sentence: its id in the catalogue, its parameters, and the names that stand in them."""

    code: str
    params: Params
    names: dict[str, Names] = {}
    """Translated names for parameters that are ids (`level`, `item`, `category`)."""


class RuleTerms(msgspec.Struct, frozen=True):
    """What one rule promises, and under which conditions."""

    rule: str
    name: Names
    terms: tuple[Term, ...]
    fine_print: Names | None = None


def explain(programme: Programme) -> tuple[RuleTerms, ...]:
    """Every rule's terms, in the programme's order."""
    return tuple(
        RuleTerms(
            rule.id,
            rule.name,
            tuple(_term(programme, rule, code, params) for code, params in _rule(programme, rule)),
            rule.terms,
        )
        for rule in programme.rules
    )


def _term(programme: Programme, rule: Rule, code: str, params: Params) -> Term:
    names: dict[str, Names] = {}
    if code == "goods":
        names["goods"] = _goods(programme, str(params["goods"]).split(","))
    category = programme.categories.get(str(params.get("category", "")))
    if category is not None and category.name is not None:
        names["category"] = category.name
    if isinstance(rule, TierRule):
        names |= _named("level", {level.id: level.name for level in rule.levels}, params)
    if isinstance(rule, RewardRule):
        names |= _named("item", {item.id: item.name for item in rule.items}, params)
    return Term(code, params, names)


def _named(param: str, names: dict[str, Names], params: Params) -> dict[str, Names]:
    name = names.get(str(params.get(param, "")))
    return {} if name is None else {param: name}


def _goods(programme: Programme, ids: list[str]) -> Names:
    """The names of categories (their ids where they have none), as one list."""
    known = [programme.categories.get(id) for id in ids]
    names = [c.name if c and c.name else Names(id, id, id) for c, id in zip(known, ids, strict=True)]
    return Names(*(", ".join(name.get(lang) for name in names) for lang in ("ru", "pl", "en")))


def _about(goods: Goods) -> Said:
    """Which goods are meant, where it is said by category or brand."""
    named = [*goods.categories, *goods.brands]
    if named:
        yield "goods", {"goods": ",".join(named)}


def _rule(programme: Programme, rule: Rule) -> Said:
    yield from _about(rule.products)
    yield from _promise(programme, rule)
    yield from _conditions(rule)


def _gives(give: Benefit) -> tuple[str, Params]:
    return f"gives_{benefit_word(give)}", benefit_params(give)


def _promise(programme: Programme, rule: Rule) -> Said:
    """What the kind itself says."""
    match rule:
        case PriceRule():
            yield from _price(rule)
        case BundleRule():
            yield from _bundle(rule)
        case ThresholdRule():
            for step in rule.steps:
                code, params = _gives(step.give)
                yield f"from_{code}", {"from_minor": step.from_, **params}
        case PointsRule():
            yield from _points(rule)
        case CashbackRule():
            yield from _cashback(rule)
        case StampsRule():
            yield from _stamps(rule)
        case TierRule():
            yield from _tier(programme, rule)
        case VipRule():
            yield "vip_term", {"n": rule.term_days}
            if rule.percent:
                yield "gives_percent", {"percent": percent_text(rule.percent)}
        case ComeBackRule():
            for step in rule.steps:
                yield "come_back", {"n": step.days, "percent": percent_text(step.percent)}
        case ReferralRule():
            yield from _referral(rule)
        case FreeDeliveryRule():
            if rule.from_total is not None:
                yield "delivery_from", {"from_minor": rule.from_total}
            if rule.first_order:
                yield "delivery_first", {}
        case _:
            yield from _other(rule)


def _other(rule: Rule) -> Said:
    match rule:
        case NthPurchaseRule():
            if rule.every is not None:
                yield "every_nth", {"n": rule.every}
            if rule.every_spend is not None:
                yield "every_spend", {"from_minor": rule.every_spend}
            yield _gives(rule.give)
        case WelcomeRule():
            yield "first_purchase", {}
            yield _gives(rule.give)
        case PromoCodeRule():
            yield "with_code", {"code": ", ".join(rule.codes) or "…"}
            yield _gives(rule.give)
            if rule.per_member is not None:
                yield "per_member", {"n": rule.per_member}
        case BirthdayRule():
            yield "birthday", {"before": rule.window.before, "after": rule.window.after}
            yield _gives(rule.give)
        case TenureRule():
            for step in rule.steps:
                yield "years", {"n": step.years}
                yield _gives(step.give)
        case ChallengeRule():
            yield from _challenge(rule)
        case ComplementRule():
            if rule.percent is not None:
                yield "complement", {"percent": percent_text(rule.percent)}
        case _:
            yield from _rest(rule)


def _rest(rule: Rule) -> Said:
    match rule:
        case ActivityRule() if rule.points is not None:
            yield "gives_points", {"points_centi": rule.points}
        case ActivityRule() if rule.percent is not None:
            yield "back", {"percent": percent_text(rule.percent)}
        case RewardRule():
            for item in rule.items:
                yield "reward", {"item": item.id, "points_centi": item.points}
        case EntitlementRule():
            yield "uses", {"n": rule.uses}
            yield from _expiry(rule.expires)
        case PartnerRule() if rule.points is not None and rule.per is not None:
            yield "earn_money", {"points_centi": rule.points, "per_minor": rule.per}
        case GiftCardRule():
            yield "gift_card", {}
        case _:
            pass


def _price(rule: PriceRule) -> Said:
    if rule.percent is not None:
        yield "gives_percent", {"percent": percent_text(rule.percent)}
    elif rule.amount is not None:
        yield "off_each", {"amount_minor": rule.amount}
    else:
        yield "price_each", {"amount_minor": rule.price or 0}


def _bundle(rule: BundleRule) -> Said:
    if rule.n_for_m is not None and rule.n_for_m.percent == 1:
        yield "n_for_m", {"take": rule.n_for_m.take, "pay": rule.n_for_m.pay}
    elif rule.n_for_m is not None:
        yield "nth_off", {"take": rule.n_for_m.take, "percent": percent_text(rule.n_for_m.percent)}
    elif rule.get is not None:
        yield (
            "buy_get",
            {"buy": rule.buy or 0, "get": rule.get.qty, "percent": percent_text(rule.get.percent)},
        )
    elif rule.price is not None:
        yield "set_price", {"amount_minor": rule.price}
    else:
        yield "set_percent", {"percent": percent_text(rule.percent or Fraction(0))}


def _points(rule: PointsRule) -> Said:
    if rule.earn is not None:
        points: Params = {"points_centi": rule.earn.points}
        if rule.earn.per == "unit":
            yield "earn_unit", points
        elif rule.earn.per == "visit":
            yield "earn_visit", points
        else:
            yield "earn_money", {**points, "per_minor": rule.earn.per}
        yield from _lots(rule.lots)
    if rule.redeem is not None:
        hundred = rule.redeem.value * 100
        worth = div_round(hundred.numerator, hundred.denominator)
        yield "worth", {"points_centi": 100 * POINT_CENTI, "amount_minor": worth}
        if rule.redeem.max_share != 1:
            yield "max_share", {"percent": percent_text(rule.redeem.max_share)}
        if rule.redeem.min_points is not None:
            yield "min_points", {"points_centi": rule.redeem.min_points}


def _lots(lots: LotTerms) -> Said:
    if lots.spendable_after_days:
        yield "spendable_after", {"n": lots.spendable_after_days}
    yield from _expiry(lots.expires)


def _expiry(expires: Expiry | None) -> Said:
    if expires is None:
        return
    if expires.days is not None:
        yield "valid_days", {"n": expires.days}
    if expires.months is not None:
        yield "valid_months", {"n": expires.months}
    if expires.idle_days is not None:
        yield "valid_idle", {"n": expires.idle_days}


def _cashback(rule: CashbackRule) -> Said:
    if rule.rate:
        yield "back", {"percent": percent_text(rule.rate)}
    for category, rate in rule.rates.items():
        yield "back_category", {"percent": percent_text(rate), "category": category}
    if rule.chosen is not None:
        yield "back_chosen", {"percent": percent_text(rule.chosen.rate), "n": rule.chosen.picks}
    yield from _lots(rule.lots)


def _stamps(rule: StampsRule) -> Said:
    if rule.free is not None:
        yield "stamps_free", {"n": rule.size}
    elif rule.reward is not None:
        yield "stamps_card", {"n": rule.size}
        yield _gives(rule.reward)
    if rule.expires_after_idle_days is not None:
        yield "valid_idle", {"n": rule.expires_after_idle_days}


def _tier(programme: Programme, rule: TierRule) -> Said:
    digits = {"spend": minor_digits(programme.currency), "points": 2, "receipts": 0}[rule.basis]
    unit = {"spend": "from_minor", "points": "from_centi", "receipts": "n"}[rule.basis]
    for level in rule.levels:
        start: Params = {"level": level.id, unit: parse_scaled(level.from_, digits)}
        yield f"level_{rule.basis}", start
        if level.percent:
            yield "gives_percent", {"percent": percent_text(level.percent)}
            yield from _about(level.products)
        if level.multiplier != 1:
            yield "multiplier", {"percent": percent_text(level.multiplier)}


def _referral(rule: ReferralRule) -> Said:
    if rule.referrer_points is not None:
        yield "referrer", {"points_centi": rule.referrer_points}
    if rule.friend_points is not None:
        yield "friend", {"points_centi": rule.friend_points}


def _challenge(rule: ChallengeRule) -> Said:
    if rule.goal is not None:
        yield f"goal_{rule.goal}", {"n": rule.target or 1}
    if rule.goal_spend is not None:
        yield "goal_spend", {"from_minor": rule.goal_spend}
    if rule.window_days is not None:
        yield "within_days", {"n": rule.window_days}
    if rule.give is not None:
        yield _gives(rule.give)
    if rule.wheel:
        yield "wheel", {}


def _conditions(rule: Rule) -> Said:
    """What holds for rules of any kind."""
    when, audience = rule.when, rule.audience
    if when.from_ is not None:
        yield "when_from", {"date": when.from_.isoformat()}
    if when.until is not None:
        yield "when_until", {"date": when.until.isoformat()}
    if when.hours is not None:
        start, end = when.hours
        yield "when_hours", {"hours": f"{start // 60:02}:{start % 60:02}–{end // 60:02}:{end % 60:02}"}
    if audience.who == "members":
        yield "members_only", {}
    if rule.max_discount is not None:
        yield "max_discount", {"amount_minor": rule.max_discount}
