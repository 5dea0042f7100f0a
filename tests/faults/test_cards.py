"""The reader service under random faults, made on a real pcscd: nobody ever gets another's account.

STEMPEL_STEPS and STEMPEL_SEED choose the length and the run (docs/development.md).
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable

import pytest

from app.lanes import Backoff
from hardware.cards.pcsc import PcscReaders
from hardware.cards.settings import PcscSettings
from hardware.ports import CardEvent, CardFailed, CardRemoved, CardTapped, ReadersChanged
from tests.support.virtual_card import Ntag, VirtualCard, member_message, ntag213, tlv
from tests.support.vpcd import Pcscd, pcscd

__all__ = ["pcscd"]

STEPS = int(os.environ.get("STEMPEL_STEPS", "1000"))
SEED = int(os.environ.get("STEMPEL_SEED", "1"))
LIMITS = PcscSettings(
    poll_s=0.1, watch_deadline_s=0.5, read_deadline_s=0.5, glance_s=0.1, backoff=Backoff(0.02, 0.1)
)
SETTLED_S = 6.0
"""Far more than any deadline, retry or back-off needs; only a hang takes longer."""
RECORDS = {f"04A1B2C3D4E5{number:02X}": f"LOY-{number:07}" for number in range(8)}


FAILED = "failed"


class Belief:
    """What the till believes lies on each reader, from the events alone."""

    def __init__(self) -> None:
        self.on: dict[str, str] = {}
        self.service = False
        self.wrong: list[CardEvent] = []
        self._lock = threading.Lock()

    def __call__(self, event: CardEvent) -> None:
        with self._lock:
            match event:
                case CardTapped(reader, _, uid, _, record):
                    self.on[reader] = uid
                    if record not in (RECORDS[uid], None):
                        self.wrong.append(event)
                case CardRemoved(reader, _):
                    self.on.pop(reader, None)
                case CardFailed(reader):
                    # Which failure may differ: a hung card swapped unseen for a silent one stays "timeout".
                    self.on[reader] = FAILED
                case ReadersChanged(_, service):
                    self.service = service
                    if not service and self.on:
                        self.wrong.append(event)


class Storm:
    """Random faults on two readers, each step followed by what must be true once things have settled."""

    def __init__(self, pcscd: Pcscd, seed: int) -> None:
        self.chance = random.Random(seed)
        self.pcscd = pcscd
        self.belief = Belief()
        self.service = PcscReaders(LIMITS)
        self.lying: dict[int, tuple[str | None, VirtualCard]] = {}
        self.log: list[str] = []

    def step(self) -> None:
        act = self.chance.choice(
            [self.lay] * 6 + [self.lift] * 3 + [self.swap] * 5 + [self.kill, self.freeze, self.tap_and_go]
        )
        self.log.append(act.__name__)
        act()

    def lay(self) -> None:
        slot = self.chance.randrange(2)
        self.take(slot)
        uid = self.chance.choice(list(RECORDS))
        kind = self.chance.choice(["good", "good", "good", "slow", "hung", "bad", "malformed", "torn"])
        self.log.append(f"{kind} {uid} on {slot}")
        chip, before, expected = self.card(uid, kind)
        card = VirtualCard(chip, before)
        self.lying[slot] = (expected, card)
        self.pcscd.insert(card, slot)

    def card(self, uid: str, kind: str) -> tuple[Ntag, Callable[[bytes], bytes | None] | None, str | None]:
        good, holder = ntag213(uid, RECORDS[uid]), self.lying
        match kind:
            case "slow":
                return good, lambda _: time.sleep(0.02), uid
            case "hung":

                def hang(apdu: bytes) -> None:
                    card = next((card for _, card in list(holder.values()) if card.chip is good), None)
                    if card is not None:
                        card.release.wait(20)

                return good, hang, FAILED
            case "bad":
                return good, lambda _: b"\x63\x00", FAILED
            case "malformed":
                message = member_message(RECORDS[uid])
                return Ntag(bytes.fromhex(uid), tlv(message[:-1] + b"\xff")), None, uid
            case "torn":
                return good, lambda apdu: b"\x00" if apdu[:4] == b"\xff\xb0\x00\x04" else None, uid
            case _:
                return good, None, uid

    def take(self, slot: int) -> None:
        if slot in self.lying:
            self.lying.pop(slot)[1].remove()

    def lift(self) -> None:
        self.take(self.chance.randrange(2))

    def swap(self) -> None:
        """Another card of the same type, after a pause that pcscd's polling may or may not see."""
        slot = self.chance.randrange(2)
        uid = self.chance.choice(list(RECORDS))
        pause_s = self.chance.choice([0, 0.01, 0.1, 0.3, 0.5])
        self.log.append(f"{uid} on {slot} after {pause_s}")
        self.take(slot)
        time.sleep(pause_s)
        card = VirtualCard(ntag213(uid, RECORDS[uid]))
        self.lying[slot] = (uid, card)
        self.pcscd.insert(card, slot)

    def tap_and_go(self) -> None:
        slot = self.chance.randrange(2)
        self.swap()
        time.sleep(0.1)
        self.take(slot)

    def kill(self) -> None:
        self.pcscd.kill()
        self.lying.clear()
        time.sleep(self.chance.choice([0, 0.2]))
        self.pcscd.start()

    def freeze(self) -> None:
        self.pcscd.freeze()
        time.sleep(self.chance.choice([0.1, 0.9]))
        self.pcscd.thaw()

    def settled(self) -> bool:
        wanted = {Pcscd.READERS[slot]: expected for slot, (expected, _) in self.lying.items()}
        return self.belief.service and self.belief.on == wanted

    def story(self) -> str:
        lying = {Pcscd.READERS[slot]: expected for slot, (expected, _) in self.lying.items()}
        return f"{self.log[-12:]}\nlying {lying}\nbelieved {self.belief.on}\n{self.service.counts}"

    def check(self) -> None:
        until_s = time.monotonic() + SETTLED_S
        while not self.settled():
            assert time.monotonic() < until_s, self.story()
            time.sleep(0.01)
        assert self.belief.wrong == [], self.story()
        hands = [thread for thread in threading.enumerate() if thread.name.startswith("cards ")]
        assert len(hands) <= LIMITS.most_stuck + 5, (hands, self.story())


@pytest.mark.timeout(0)
def test_no_fault_gives_anybody_anothers_account(pcscd: Pcscd):
    storm = Storm(pcscd, SEED)
    storm.service.start(storm.belief)
    for _ in range(STEPS):
        storm.step()
        if storm.chance.random() < 0.7:
            storm.check()
    storm.check()
    for slot in list(storm.lying):
        storm.take(slot)
    assert storm.service.stop()
    assert [thread for thread in threading.enumerate() if thread.name.startswith("cards ")] == []
