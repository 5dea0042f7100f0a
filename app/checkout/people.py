"""Who is at the till: signing in by PIN, card or barcode, locking, and approving what not everybody may do.

A shop without a list of staff sells as it is. Wrong PINs cost time, more with each; they never stop a shop,
since a card works at once and so does everybody else's PIN. What they cost is worked out from the log after a
restart: pulling the plug buys no tries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from app.checkout.heart import Answer, Heart, ignore
from app.checkout.outcome import Outcome, done, refused
from app.checkout.pin import verify_pin
from app.checkout.ports import StaffList, Work
from app.checkout.rights import Approval, Staff
from app.ledger.facts import PinFailed, SignedIn

FREE_TRIES: Final = 3
"""Wrong PINs in a row before waiting begins."""
WAIT_MOST_S: Final = 60
REMEMBERED_MS: Final = 3_600_000
"""Wrong PINs older than this are forgotten by a restart."""

Proved = Callable[[Staff | Outcome], None]


class People:
    """The staff at this till."""

    def __init__(self, heart: Heart, staff: StaffList) -> None:
        self._heart: Final = heart
        self._list: Final = staff
        self._failed: dict[str, tuple[int, float]] | None = None
        """By person: wrong PINs in a row, and until when (monotonic seconds) the next is not looked at."""
        self._checking: set[str] = set()
        self._staff: dict[str, Staff] = {}
        self.on_change: Callable[[], None] = lambda: None
        self.refresh()

    @property
    def staff(self) -> tuple[Staff, ...]:
        """Everybody, by name."""
        return tuple(sorted(self._staff.values(), key=lambda one: (one.name, one.id)))

    @property
    def who(self) -> Staff | None:
        return self._heart.who

    @property
    def locked(self) -> bool:
        """Whether somebody has to sign in before anything is sold."""
        return self._heart.locked

    @property
    def checking(self) -> bool:
        """Whether a PIN is being checked now."""
        return bool(self._checking)

    def refresh(self) -> None:
        """The list may have changed: head office sent another, or a name was added here."""
        heart = self._heart
        self._staff = {one.id: one for one in self._list.staff()}
        heart.staffed = bool(self._staff)
        if heart.who is not None:
            heart.who = self._staff.get(heart.who.id)

    # -- signing in --------------------------------------------------------------------------------------

    def sign_in(self, id: str, pin: str, answer: Answer = ignore) -> None:
        """Take the till over by PIN; the sale in hand stays as it is."""
        self._prove(
            id, pin, lambda found: answer(found if isinstance(found, Outcome) else self._enter(found, "pin"))
        )

    def present(self, token: str, by: str) -> Outcome | None:
        """A card ("uid:…") or barcode ("code:…") that may be somebody's of the staff; None if it is not."""
        found = self._holder(token)
        return None if found is None else self._enter(found, by)

    def lock(self) -> Outcome:
        """Leave the till: nobody sells until somebody signs in; the sale in hand stays."""
        if not self._heart.staffed:
            return refused("no_staff")
        self._heart.who = None
        return done("locked_now")

    def _enter(self, one: Staff, by: str) -> Outcome:
        heart = self._heart
        self._failures().pop(one.id, None)
        if heart.who is not None and heart.who.id == one.id:
            return done("signed_in", name=one.name)
        heart.who = one
        fact = SignedIn(id=heart.world.new_id(), at_ms=heart.world.now_ms(), cashier=one.id, by=by)
        heart.note_down(Work(facts=(fact,), keep_basket=True, at_ms=fact.at_ms))
        return done("signed_in", name=one.name)

    # -- approving ---------------------------------------------------------------------------------------

    def approve(self, id: str, pin: str, answer: Callable[[Approval | Outcome], None]) -> None:
        """Somebody's yes to one act by their PIN; who is at the till does not change."""
        self._prove(
            id,
            pin,
            lambda found: answer(found if isinstance(found, Outcome) else Approval(found.id, found.role)),
        )

    def approve_token(self, token: str) -> Approval | None:
        """The same by card or barcode; None if the token is nobody's of the staff."""
        found = self._holder(token)
        return None if found is None else Approval(found.id, found.role)

    # -- within ------------------------------------------------------------------------------------------

    def _holder(self, token: str) -> Staff | None:
        return next((one for one in self._staff.values() if one.token and one.token == token), None)

    def _prove(self, id: str, pin: str, answer: Proved) -> None:
        """Check a PIN beside the till's thread; only one of a person's at a time, so that waiting counts."""
        heart, one, failures = self._heart, self._staff.get(id), self._failures()
        now_s = heart.world.monotonic_s()
        until_s = failures.get(id, (0, 0.0))[1]
        if now_s < until_s:
            return answer(refused("pin_wait", seconds=int(until_s - now_s) + 1))
        if id in self._checking:
            return answer(refused("pin_checking"))
        if one is None or not one.pin:
            return answer(self._wrong(id))
        self._checking.add(id)

        def heard(right: bool) -> None:
            self._checking.discard(id)
            if not right or self._staff.get(id) != one:
                # Right, and yet of somebody whom head office has just changed or struck off: once more.
                return answer(refused("pin_wrong") if right else self._wrong(id))
            failures.pop(id, None)
            return answer(one)

        return heart.aside(lambda: verify_pin(pin, one.pin), heard)

    def _wrong(self, id: str) -> Outcome:
        heart, failures = self._heart, self._failures()
        count = failures.get(id, (0, 0.0))[0] + 1
        failures[id] = count, heart.world.monotonic_s() + _wait_s(count)
        known = id if id in self._staff else ""
        fact = PinFailed(id=heart.world.new_id(), at_ms=heart.world.now_ms(), cashier=known)
        heart.note_down(Work(facts=(fact,), keep_basket=True, at_ms=fact.at_ms))
        return refused("pin_wrong")

    def _failures(self) -> dict[str, tuple[int, float]]:
        """Read from the log when it first matters: after a restart, waiting goes on where it was."""
        if self._failed is None:
            world = self._heart.world
            now_ms, now_s = world.now_ms(), world.monotonic_s()
            self._failed = {}
            for id, (count, last_ms) in self._list.failed_pins(now_ms - REMEMBERED_MS).items():
                wait_s = _wait_s(count)
                left_s = min(wait_s, wait_s - (now_ms - last_ms) / 1000)
                self._failed[id] = count, now_s + max(left_s, 0.0)
        return self._failed


def _wait_s(count: int) -> int:
    """How long the next PIN is not looked at after so many wrong ones in a row."""
    return 0 if count < FREE_TRIES else min(WAIT_MOST_S, 2 ** (count - FREE_TRIES))
