"""A server whose clock was ahead by a year for a while, as after a start without a network."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sync import holds
from sync.server import exposure, holding, others
from sync.server.webhooks import Deliverer
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, Rig
from tests.sync.server.held import enrolled, held_of, hold, member_with
from tests.sync.server.test_member_scope import limit
from tests.sync.server.test_webhooks import the_one

YEAR_MS = 365 * 86_400_000
HOUR_MS = 3_600_000


class Taker:
    """Takes whatever is posted."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def post(self, _url: str, body: bytes, _headers: dict[str, str]) -> tuple[str, int]:
        self.bodies.append(body)
        return "", 0


def test_a_hold_of_then_keeps_nobody_from_their_points(rig: Rig) -> None:
    one, two = enrolled(rig, 1), enrolled(rig, 2)
    member, _ = member_with(rig, one, 1000)
    rig.world.ms = NOW_MS + YEAR_MS
    held_of(hold(one, member, 400))
    rig.world.ms = NOW_MS + HOUR_MS
    held = held_of(hold(two, member, 600))
    assert holding.lapse(rig.db, rig.world.ms) == 1, "the other is of now"
    assert held_of(hold(two, member, 400)).left == 0
    held_of(hold(two, member, 600, id=held.id))
    figure = exposure.figure(rig.db, rig.world.ms)
    assert figure.lapsed_centi == 400, "its till may have spent it"


def test_a_till_that_was_in_contact_then_is_not_for_a_year(rig: Rig) -> None:
    till = enrolled(rig, 1)
    rig.world.ms = NOW_MS + YEAR_MS
    assert till.send("GET", "/v1/pull").status == 200
    rig.world.ms = NOW_MS + HOUR_MS
    figure = rig.office("/v1/exposure").read(holds.Exposure)
    assert (figure.tills, figure.tills_offline) == (1, 1)
    assert till.send("GET", "/v1/pull").status == 200
    assert exposure.figure(rig.db, rig.world.ms).tills_offline == 0


def test_webhooks_go_on(rig: Rig) -> None:
    taker, till = Taker(), enrolled(rig, 1)
    deliverer = Deliverer(rig.db, rig.context.feed_cursors(), rig.world, taker)  # type: ignore[arg-type]
    headers = [("Authorization", f"Bearer {rig.token}"), ("Content-Type", "application/json")]
    assert rig.call("POST", "/v1/webhooks", b'{"url": "https://a.example/"}', headers).status == 201
    rig.world.ms = NOW_MS + YEAR_MS
    while deliverer.deliver_due():
        pass
    rig.world.ms = NOW_MS
    till.push_ok(till.start, [body_of(rig.world)])
    while deliverer.deliver_due():
        pass
    assert (len(taker.bodies), the_one(rig).delivered_ms) == (1, NOW_MS)


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_the_directory_is_made_again(rig: Rig, tmp_path: Path) -> None:
    member_with(rig, enrolled(rig, 1), 1000)
    rig.context = replace(rig.context, directories=tmp_path / "directory")
    limit(rig, 0)
    file = others.keep_up(rig.context)
    assert file is not None
    made_s = (NOW_MS + YEAR_MS) / 1000
    os.utime(file, (made_s, made_s))
    assert others.keep_up(rig.context) is not None
