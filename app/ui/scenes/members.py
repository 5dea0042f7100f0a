"""Enrolling, and what is done for a member."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec.structs import replace

import resources
from app.loyalty.engine import compile_programme
from app.loyalty.programme import load_programme
from app.ui.scenes.selling import selling
from app.ui.scenes.stage import CARDS, LATTE, Stage
from hardware.ports import CardTapped


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
    _of_member(stage, "consents")


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
    "merging": merging,
    "merge": merge_asked,
    "merge-proposed": merge_proposed,
}
