"""What the programme lets a cashier give by hand: pick it, and say yes once."""

from __future__ import annotations

from app.checkout.rights import Approval
from app.loyalty.by_hand import Chance
from app.loyalty.wording import name_of, reason_message
from app.screens import views
from app.screens.forms import BACK, YES, Row, Sign
from app.screens.panel import Screen
from app.screens.panels.member import OfMember


class Giving(OfMember):
    """One row for each thing; those that cannot be given now say why, below the others."""

    def pick(self, key: str) -> None:
        chance = self.till.giving.chances()[int(key)]
        if chance.refusal is None:
            self.screen.open(AskingToGive(self.screen, chance))

    def view(self) -> views.Rows:
        # The first row is the one that Enter picks.
        chances = sorted(enumerate(self.till.giving.chances()), key=lambda each: each[1].refusal is not None)
        return views.Rows(
            title=self.say("member.by_hand"),
            detail=self.person.name,
            rows=tuple(self._row(n, chance) for n, chance in chances),
            empty=self.say("give.none"),
            pickable=True,
            presses=(self.back(),),
        )

    def _row(self, number: int, chance: Chance) -> Row:
        refusal = chance.refusal
        why = self.show.said(reason_message(self.till.programme, refusal)) if refusal else ""
        points = self.show.words.points(chance.points_centi, plus=True) if chance.points_centi else ""
        sign = Sign.NO if refusal else Sign.GIFT
        return Row(str(number), named(self, chance), why, points, sign=sign)


class AskingToGive(OfMember):
    """It cannot be taken back by a touch: once more, in words."""

    def __init__(self, screen: Screen, chance: Chance) -> None:
        super().__init__(screen)
        self._chance = chance

    def press(self, key: str) -> None:
        if key == YES:
            self._give()
        elif key == BACK:
            self.screen.open(Giving(self.screen))

    def _give(self, approval: Approval | None = None) -> None:
        self.till.giving.give(
            self._chance,
            approval,
            lambda outcome: None if self.approve(outcome, self._give) else self.heard(outcome),
        )

    def view(self) -> views.Ask:
        return views.Ask(
            question=self.say("give.question", thing=named(self, self._chance)),
            detail=self.person.name,
            yes=self.say("member.give"),
            no=self.say("back"),
            busy=self.till.busy,
        )


def named(panel: OfMember, chance: Chance) -> str:
    """What is given, as the customer knows it: the rule, and which of its things."""
    rule = panel.show.rule(chance.rule)
    if not chance.item:
        return rule
    return f"{rule}: {name_of(panel.till.programme, chance.item).get(panel.show.words.lang)}"
