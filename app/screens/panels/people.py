"""Who is at the till: chosen by name, proved by PIN, card or barcode; and somebody else's yes to one act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.checkout.outcome import Outcome
from app.checkout.rights import Approval, Role, Staff
from app.screens import views
from app.screens.forms import BACK, YES, Press, Tool
from app.screens.panel import Panel, Screen
from hardware.ports import CardTapped

PIN_MOST: Final = 8
DOT: Final = "●"
_ICONS: Final = {Role.CASHIER: "user-round", Role.SENIOR: "user-round-pen", Role.MANAGER: "shield-check"}


class _Proving(Panel):
    """A name among those who may, then their PIN; a card or barcode needs neither."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self.chosen: Staff | None = None
        self.pin = self.problem = ""
        self.checking = False
        """A PIN is being checked, beside the window; scans and cards are taken meanwhile."""

    def those(self) -> tuple[Staff, ...]:
        """Who may be chosen."""
        return self.till.people.staff

    def prove(self, one: Staff, pin: str) -> None:
        """Have the PIN checked; `wrong` hears a refusal."""
        raise NotImplementedError

    def wrong(self, refusal: Outcome) -> None:
        self.checking, self.pin = False, ""
        self.problem = self.show.words.get(f"till.{refusal.code}", **refusal.values)
        self.screen.repaint()

    @property
    def shown(self) -> bool:
        """Whether it is still this panel that asks."""
        return self.screen.panel is self

    def token(self, token: str, by: str) -> bool:
        """Whether a card or barcode was somebody's who may."""
        raise NotImplementedError

    def detail(self) -> str:
        raise NotImplementedError

    def title(self) -> str:
        raise NotImplementedError

    def asking(self) -> str:
        """What is wanted of whoever was chosen."""
        return self.say("people.checking" if self.checking else "people.pin")

    # -- keys and cards ----------------------------------------------------------------------------------

    def key(self, key: str) -> None:
        if self.checking:
            return
        self.problem = ""
        if key == "\b":
            self.pin = self.pin[:-1]
        elif key.isdigit() and len(self.pin) < PIN_MOST:
            self.pin += key

    def pick(self, key: str) -> None:
        self.chosen = next((one for one in self.those() if one.id == key), None)
        self.pin = self.problem = ""

    def press(self, key: str) -> None:
        if key == YES and self.chosen is not None and self.pin and not self.checking:
            self.checking, self.problem = True, ""
            self.prove(self.chosen, self.pin)
        elif key == "other" or (key == BACK and self.chosen is not None):
            self.chosen, self.checking, self.pin = None, False, ""
        elif key == BACK:
            self.leave()

    def leave(self) -> None:
        """Back, before anybody was chosen."""
        self.screen.close()

    def scanned(self, text: str, aim: str | None) -> bool:
        return self.token(f"code:{text.strip()}", "barcode")

    def tapped(self, event: CardTapped) -> bool:
        return self.token(f"uid:{event.uid}", "card")

    # -- showing -----------------------------------------------------------------------------------------

    def backs(self) -> tuple[Press, ...]:
        return (self.back(),)

    def view(self) -> views.Pad | views.Tools:
        if self.chosen is None:
            return views.Tools(
                title=self.title(),
                detail=self.detail(),
                tools=tuple(
                    Tool(
                        one.id,
                        one.name,
                        _ICONS[one.role],
                        str(place) if place < 10 else "",
                        self.say(f"role.{one.role}"),
                    )
                    for place, one in enumerate(self.those(), start=1)
                ),
                presses=self.backs(),
            )
        other = Press("other", self.say("people.other"), "Esc", icon="arrow-left")
        return views.Pad(
            title=self.chosen.name,
            detail=self.asking(),
            figure=DOT * len(self.pin),
            problem=self.problem,
            decimal=False,
            secret=True,
            presses=(other, self.go(self.title(), enabled=bool(self.pin) and not self.checking)),
        )


class SigningIn(_Proving):
    """Sign in, or change places while the sale in hand stays. A locked till does nothing else."""

    @property
    def pressing(self) -> bool:
        return self.till.people.locked

    def title(self) -> str:
        return self.say("people.sign_in")

    def detail(self) -> str:
        return self.say("people.sign_in_detail")

    def prove(self, one: Staff, pin: str) -> None:
        self.till.people.sign_in(one.id, pin, self._checked)

    def _checked(self, outcome: Outcome) -> None:
        if not outcome.refused:
            self._entered(outcome)
        elif self.checking:
            self.wrong(outcome)

    def token(self, token: str, by: str) -> bool:
        outcome = self.till.people.present(token, by)
        if outcome is not None:
            self._entered(outcome)
        return outcome is not None

    def _entered(self, outcome: Outcome) -> None:
        if self.shown:
            self.screen.close()
        self.screen.tell(outcome)

    def backs(self) -> tuple[Press, ...]:
        return () if self.pressing else (self.back(),)

    def leave(self) -> None:
        if not self.pressing:
            super().leave()


class Approving(_Proving):
    """Goes back to the panel that asked, which does its act again with the approval."""

    stays = True

    def __init__(
        self,
        screen: Screen,
        act: str,
        role: Role,
        then: Callable[[Approval], None],
        asker: Panel,
        about: str = "",
    ) -> None:
        super().__init__(screen)
        self._act, self._role, self._then, self._asker = act, role, then, asker
        self._of_what = about

    def goes_on(self) -> bool:
        return self._asker.goes_on()

    def those(self) -> tuple[Staff, ...]:
        return tuple(one for one in self.till.people.staff if one.role.rank >= self._role.rank)

    def title(self) -> str:
        return self.say("approve.do")

    def detail(self) -> str:
        return self.say("approve.detail", act=self._asked(), role=self.say(f"role.{self._role}"))

    def asking(self) -> str:
        """Whoever types their PIN sees what for."""
        return super().asking() if self.checking else f"{self._asked()}. {super().asking()}"

    def _asked(self) -> str:
        act = self.say(f"act.{self._act}")
        return f"{act} ({self._of_what})" if self._of_what else act

    def prove(self, one: Staff, pin: str) -> None:
        self.till.people.approve(one.id, pin, self._checked)

    def _checked(self, given: Approval | Outcome) -> None:
        """Whoever went away meanwhile wants it no more: a yes is for what is asked now."""
        if not self.checking or not self.shown:
            return
        if isinstance(given, Outcome):
            self.wrong(given)
        else:
            self._given(given)

    def token(self, token: str, by: str) -> bool:
        given = self.till.people.approve_token(token)
        if given is None or given.role.rank < self._role.rank:
            return False
        self._given(given)
        return True

    def leave(self) -> None:
        self.screen.open(self._asker)

    def _given(self, approval: Approval) -> None:
        self.screen.open(self._asker)
        self._then(approval)
