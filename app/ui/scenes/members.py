"""Enrolling, and what is done for a member."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

import resources
from app.checkout.ports import Work
from app.ledger.facts import PointsAdjusted
from app.loyalty.effects import Grant, Granted
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.screens.forms import YES
from app.ui.scenes.selling import selling
from app.ui.scenes.stage import CARDS, LATTE, Stage
from hardware.ports import CardTapped

NEXT_YEAR_MS: Final = 1_798_671_600_000
"""The end of 2026 in Warsaw."""


def enrolling(stage: Stage) -> None:
    stage.sale.scan(LATTE)
    stage.sale.card(CardTapped("Reader 00", 7, "04D1B2C3D4E5F6", "ntag213"))
    stage.sale.start_enrolment()
    stage.sale.type("phone", "+48 600")
    stage.sale.type("name", "Ewa Świątek")
    stage.sale.pick("marketing")


def bringing(stage: Stage) -> None:
    """Enrolling under a programme that pays for friends."""
    friends = load_programme(resources.path("programmes", "gallery", "whole-mixed.yaml"))
    stage.till.use(compile_programme(friends))
    enrolling(stage)
    stage.sale.type("phone", "+48 600 100 200")
    stage.sale.type("friend", "Łucja")


def _of_member(stage: Stage, key: str) -> None:
    selling(stage)
    stage.sale.open_tool("member")
    if key:
        stage.sale.pick(key)


def member_menu(stage: Stage) -> None:
    _of_member(stage, "")


def details(stage: Stage) -> None:
    _of_member(stage, "details")


def consents(stage: Stage) -> None:
    """One given, and none yet of the other."""
    _of_member(stage, "consents")
    stage.sale.pick("programme")
    stage.sale.press(YES)
    stage.sale.pick("consents")


def asking_consent(stage: Stage) -> None:
    consents(stage)
    stage.sale.pick("marketing")


def new_card(stage: Stage) -> None:
    _of_member(stage, "new_card")
    stage.sale.card(CardTapped("Reader 00", 7, "04D1B2C3D4E5F6", "ntag213"))


def goodwill(stage: Stage) -> None:
    _of_member(stage, "goodwill")
    stage.type("50")


def member_pin(stage: Stage) -> None:
    _of_member(stage, "pin")
    stage.type("12")


def merging(stage: Stage) -> None:
    _of_member(stage, "merge")
    stage.sale.type("search", "e")


def merge_asked(stage: Stage) -> None:
    merging(stage)
    stage.pick_first()


def merge_proposed(stage: Stage) -> None:
    """The server found Łucja's phone number under another member, too."""
    members = stage.till.heart.members
    ours, theirs = (members.find_people(name)[0] for name in ("Łucja", "Людмила"))
    stage.till.care.edit(replace(theirs, phone=ours.phone))
    pair = {"members": [ours.member, theirs.member]}
    with stage.database.writer.transaction() as sql:
        row = ("merge", f"{ours.member.hex} {theirs.member.hex}", "1", msgspec.json.encode(pair))
        sql.execute("INSERT INTO listed (list, key, store, body) VALUES (?, ?, ?, ?)", row)
    stage.sale.scan(LATTE)
    stage.tap(CARDS["pl"])


def gift_waits(stage: Stage) -> None:
    """Under the demo's programme with a catalogue and a service that is used up; a mug is waiting."""
    parts = ("demo.yaml", "gallery/reward.yaml", "gallery/entitlement.yaml")
    texts = [resources.path("programmes", *part.split("/")).read_text("utf-8") for part in parts]
    rules = [text.partition("\nrules:\n")[2].replace("laptop", "coffee") for text in texts[1:]]
    stage.till.use(compile_programme(load_programme("\n".join((texts[0], *rules)).encode())))
    held = [
        Grant("old:level", "level", "reward", stage.world.ms, item="mug"),
        Grant("old:consultations", "consultations", "uses", stage.world.ms, 3, expires_at_ms=NEXT_YEAR_MS),
    ]
    for uid in CARDS.values():
        holder = stage.till.heart.members.holder(f"uid:{uid}")
        assert holder is not None
        fact = PointsAdjusted(
            id=stage.world.new_id(),
            at_ms=stage.world.ms,
            member=holder.member,
            reason="",
            cashier="Anna",
            effects=tuple(Granted(grant) for grant in held),
        )
        stage.database.write(Work(facts=(fact,)))
    selling(stage)


def by_hand(stage: Stage) -> None:
    """Under a programme that pays for reviews and games; one of them was paid today."""
    mixed = load_programme(resources.path("programmes", "gallery", "whole-mixed.yaml"))
    stage.till.use(compile_programme(mixed))
    _of_member(stage, "by_hand")
    stage.sale.pick("0")
    stage.sale.press("yes")
    stage.sale.pick("by_hand")


def by_hand_asked(stage: Stage) -> None:
    by_hand(stage)
    stage.sale.pick("1")


def rewards(stage: Stage) -> None:
    gift_waits(stage)
    stage.sale.open_tool("rewards")
    for key in ("old:level", "catalogue/mug", "consultations"):
        stage.sale.step(key, 1)


def rewards_paid(stage: Stage) -> None:
    rewards(stage)
    stage.sale.pay()
    stage.sale.give(100_00)


SCENES: Final[dict[str, Callable[[Stage], None]]] = {
    "enrolling": enrolling,
    "enrolling-friend": bringing,
    "member-menu": member_menu,
    "member-details": details,
    "consents": consents,
    "consent": asking_consent,
    "new-card": new_card,
    "goodwill": goodwill,
    "member-pin": member_pin,
    "gift-waits": gift_waits,
    "rewards": rewards,
    "rewards-paid": rewards_paid,
    "by-hand": by_hand,
    "by-hand-asked": by_hand_asked,
    "merging": merging,
    "merge": merge_asked,
    "merge-proposed": merge_proposed,
}
