"""The programme in force in plain words, and those to come."""

from __future__ import annotations

from app.checkout.wording import term_text
from app.screens.corner.page import Page
from app.screens.forms import Row, Rows, Sign


class InForce(Page):
    def body(self) -> Rows:
        from app.loyalty.terms import explain, general  # knows every kind of rule

        words, programme = self.corner.words, self.corner.till.programme.programme
        rows = [
            Row(
                key=rule.rule,
                title=rule.name.get(words.lang),
                detail=" · ".join(term_text(words, programme.currency, term) for term in rule.terms),
                sign=Sign.GIFT,
            )
            for rule in explain(programme)
        ]
        terms = " · ".join(term_text(words, programme.currency, term) for term in general(programme))
        rows.append(Row("general", words.get("terms.general"), terms))
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
