"""What the member may have: gifts that wait, coupons, uses of a service, things for points."""

from __future__ import annotations

from app.checkout.outcome import refused
from app.checkout.rewards import Choice
from app.loyalty.effects import Grant
from app.loyalty.wording import reason_message
from app.screens import views
from app.screens.forms import Count, Row
from app.screens.panel import Panel, Screen


class Rewards(Panel):
    """− and + put them on the sale; nothing is handed over before that is paid."""

    stays = True

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._member = self.till.sale.member

    def goes_on(self) -> bool:
        return self._member is not None and self.till.sale.member == self._member

    def step(self, key: str, by: int) -> None:
        till = self.till
        if any(grant.code == key for grant in till.coupons.held()):
            outcome = till.coupons.present(key) if by > 0 else till.coupons.drop(key)
            return self.screen.tell(outcome or refused("no_code"))
        return self.screen.tell(till.rewards.take(key) if by > 0 else till.rewards.put_back(key))

    def take(self) -> None:
        self.screen.close()

    def press(self, key: str) -> None:
        self.screen.close()

    def view(self) -> views.Counts:
        choices, points = self.till.rewards.choices(), self.till.decision.points
        coupons = self.till.coupons.held()
        left_centi = points.balance_before_centi - points.rewards_centi - points.spent_centi
        words = self.show.words
        return views.Counts(
            title=self.say("tool.rewards"),
            detail=self.say("rewards.detail" if choices or coupons else "rewards.none"),
            rows=(*(self._coupon(grant) for grant in coupons), *(self._row(choice) for choice in choices)),
            sums=(
                Row("rewards", self.say("rewards.spent"), figure=words.points(-points.rewards_centi)),
                Row("left", self.say("rewards.left"), figure=words.points(left_centi), loud=True),
            )
            if points.rewards_centi
            else (),
            presses=(self.back(), self.go(self.say("rewards.done"))),
        )

    def _coupon(self, grant: Grant) -> Count:
        """A coupon is used or not; whether it takes off anything the message and the basket say."""
        here = grant.code in self.till.coupons.codes
        until = (self._until(grant.expires_at_ms),) if grant.expires_at_ms is not None else ()
        return Count(
            key=grant.code,
            title=self.show.rule(grant.rule),
            detail=" · ".join((self.say("rewards.coupon"), *until)),
            quantity="1" if here else "0",
            less=here,
            more=not here,
        )

    def _until(self, until_ms: int) -> str:
        """The last day on which something is good."""
        day = self.show.words.date(until_ms - 1, self.till.shop.time_zone)
        return self.say("rewards.until", day=day)

    def _row(self, choice: Choice) -> Count:
        return Count(
            key=choice.key,
            title=self.show.rule(choice.name),
            detail=" · ".join(self._details(choice)),
            quantity=str(choice.taken),
            figure=self.show.words.points(choice.points_centi) if choice.points_centi else "",
            less=choice.taken > 0,
            more=choice.more,
        )

    def _details(self, choice: Choice) -> list[str]:
        show = self.show
        said: list[str] = []
        if choice.what != "reward":
            said.append(self.say(f"rewards.{choice.what}", n=choice.left or 0))
        if choice.until_ms is not None:
            said.append(self._until(choice.until_ms))
        if choice.waits:
            said.append(self.say("rewards.waits"))
        if choice.why_not is not None and not (choice.taken and choice.what == "reward"):
            said.append(show.said(reason_message(self.till.programme, choice.why_not)))
        return said
