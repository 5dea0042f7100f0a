"""`promo_code`: shared or unique codes with limits per member and in total."""

from __future__ import annotations

from collections.abc import Iterable

from app.loyalty.basket import Code
from app.loyalty.benefit import BenefitPlan, LotTerms, benefit_problems, hand_over
from app.loyalty.decision import Reason
from app.loyalty.effects import CodeUsed, Counted
from app.loyalty.model import Benefit, Count, Money, Programme, Rule
from app.loyalty.plan import Kind, Plan, Run, Scope
from app.loyalty.promise import Said, gives, lots, min_receipt, say
from app.loyalty.unused import unused


class PromoCodeRule(Rule, frozen=True, kw_only=True):
    codes: tuple[str, ...] = ()
    """Shared codes, in any case. Unique codes name this rule in themselves and are listed nowhere."""
    give: Benefit
    per_member: Count | None = None
    total: Count | None = None
    """How often one code may be used by all; a unique code: once."""
    min_receipt: Money = 0
    lots: LotTerms = LotTerms()


class PromoCode(BenefitPlan):
    conditional = True

    def __init__(self, rule: PromoCodeRule, scope: Scope) -> None:
        super().__init__(rule, scope)
        self.settings = rule
        self.codes = {code.casefold(): code for code in rule.codes}
        self.discounts = rule.give.percent is not None or rule.give.amount is not None
        self.members_alone_use_it = rule.per_member is not None or not self.discounts
        """Uses are counted, and points and gifts kept, for a member: a guest would use it up for nothing."""

    def spelled(self, code: str) -> str | None:
        """A shared code as the rule spells it; None for one that it does not list."""
        return self.codes.get(code.casefold())

    def knows(self, code: Code) -> bool:
        return code.rule == self.id or code.code.casefold() in self.codes

    def code(self, run: Run) -> Code | None:
        """The first presented code of this rule that may still be used."""
        for code in run.context.codes:
            if self.knows(code) and not self._used_up(run, code):
                return code
        return None

    def _used_up(self, run: Run, code: Code) -> bool:
        rule = self.settings
        shared = code.code.casefold() in self.codes
        total = rule.total if shared else 1
        if total is not None and code.used >= total:
            return True
        by_member = max(code.used_by_member, run.state.counted(self.id).uses)
        return rule.per_member is not None and by_member >= rule.per_member

    def refusal(self, run: Run) -> Reason | None:
        if not any(self.knows(code) for code in run.context.codes):
            return self.no("code_not_presented")
        if self.members_alone_use_it and not run.member:
            return self.no("members_only")
        if self.code(run) is None:
            return self.no("code_used_up")
        missing = self.settings.min_receipt - run.net_of(self.filter)
        return self.no("missing_for_code", missing_minor=missing) if missing > 0 else None

    def benefit(self, run: Run) -> Benefit:
        return self.settings.give

    def settle(self, run: Run) -> None:
        if not self.may(run) or not self.here(run):
            return
        code = self.code(run)
        if code is None or (self.discounts and not run.given.get(self.id)):
            return
        hand_over(self, run, self.settings.give, terms=self.settings.lots, now=True)
        run.effects.append(CodeUsed(self.id, self.spelled(code.code) or code.code))
        if run.member:
            run.effects.append(Counted(self.id, 0, uses=1))


def plans(rule: PromoCodeRule, scope: Scope) -> list[Plan]:
    return [PromoCode(rule, scope)]


def owners(rules: Iterable[PromoCodeRule]) -> dict[str, list[str]]:
    """The last two rules that list each code: whichever of them a rule is, it meets the other."""
    found: dict[str, list[str]] = {}
    for rule in rules:
        for code in {code.casefold() for code in rule.codes}:
            others = [id for id in found.get(code, ()) if id != rule.id]
            found[code] = [*others[-1:], rule.id]
    return found


def taken_codes(rule: PromoCodeRule, owners: dict[str, list[str]]) -> Iterable[tuple[str, str, str]]:
    """Codes of a rule that another lists too."""
    for number, code in enumerate(rule.codes):
        others = [id for id in owners[code.casefold()] if id != rule.id]
        if others:
            yield (
                f"codes[{number}]",
                f"the code {code!r} belongs to {others[-1]!r} too",
                "give each rule codes of its own",
            )


def check(rule: PromoCodeRule, programme: Programme) -> Iterable[tuple[str, str, str]]:
    yield from benefit_problems(rule.give, "give")
    if not rule.codes:
        yield from unused(
            rule, "total", because="a unique code is used once anyway", hint="remove it, or list codes"
        )


def terms(rule: PromoCodeRule, programme: Programme) -> Said:
    yield say("with_code", code=", ".join(rule.codes)) if rule.codes else say("with_own_code")
    yield gives(rule.give)
    yield from min_receipt(rule.min_receipt)
    if rule.per_member is not None:
        yield say("per_member", n=rule.per_member)
    if rule.total is not None:
        yield say("in_total", n=rule.total)
    yield from lots(rule.lots, where=rule.give.points is not None)


KIND = Kind(PromoCodeRule, plans, check, terms=terms)
