"""The programme in force in plain words, what is left of its budgets and stocks, and programmes to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from app.checkout.wording import term_text
from app.ledger.budgets import Limit, limits_of
from app.loyalty.engine import Compiled
from app.loyalty.model import Programme
from app.loyalty.promise import Term
from app.loyalty.rules.reward import RewardRule
from app.screens.corner.page import Page
from app.screens.forms import Row, Rows, Sign


class InForce(Page):
    def body(self) -> Rows:
        from app.loyalty.terms import explain, general  # knows every kind of rule

        words, compiled = self.corner.words, self.corner.till.programme
        programme = compiled.programme
        limits = self._limits(compiled)
        rows: list[Row] = []
        for rule in explain(programme):
            terms = self._said(programme, rule.terms)
            rows.append(Row(rule.rule, rule.name.get(words.lang), terms, sign=Sign.GIFT))
            rows += limits.get(rule.rule, ())
        rows.append(Row("general", words.get("terms.general"), self._said(programme, general(programme))))
        return Rows(
            title=self.say("tab.programme"),
            detail=self.say("programme.in_force", id=programme.id, version=programme.version),
            rows=tuple(rows),
            sums=tuple(
                Row(
                    f"{one.id}@{one.version}",
                    self.say("programme.coming", moment=self.moment(one.valid_from_ms)),
                    figure=self.say("programme.version", id=one.id, version=one.version),
                )
                for one in self.corner.back.coming()
            ),
        )

    def _limits(self, compiled: Compiled) -> Mapping[str, list[Row]]:
        """By rule, a row for each of its budgets and stocks."""
        spent = self.corner.till.spent()
        found: defaultdict[str, list[Row]] = defaultdict(list)
        for key, limit in limits_of(compiled).items():
            left = limit.left(spent)
            row = Row(
                key=f"left:{key}",
                title=self._named(compiled, key, limit),
                detail="" if left else self.say("programme." + ("none_left" if limit.pieces else "used_up")),
                figure=self.say("programme.left", left=self._amount(limit, left), total=self._total(limit)),
                sign=Sign.YES if left else Sign.PAUSE,
            )
            found[limit.rule].append(row)
        return found

    def _said(self, programme: Programme, terms: Iterable[Term]) -> str:
        words, currency = self.corner.words, programme.currency
        return " · ".join(term_text(words, currency, term, self._called) for term in terms)

    def _called(self, sku: str) -> str:
        product = self.corner.till.heart.catalogue.product(sku)
        return product.name_in(self.corner.words.lang) if product is not None else ""

    def _named(self, compiled: Compiled, key: str, limit: Limit) -> str:
        rule = compiled.rules[limit.rule]
        if limit.pieces and isinstance(rule, RewardRule):
            item = key.removeprefix(f"{rule.id}/")
            name = next(each.name.get(self.corner.words.lang) for each in rule.items if each.id == item)
            return self.say("programme.stock", item=name)
        part = key.removeprefix(rule.id).lstrip("#")
        return self.say(f"programme.budget_{part}" if part else "programme.budget")

    def _amount(self, limit: Limit, amount: int) -> str:
        return str(amount) if limit.pieces else self.money(amount)

    def _total(self, limit: Limit) -> str:
        return self._amount(limit, limit.total)
