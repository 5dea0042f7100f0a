"""What a card proves decides what it may redeem: from the tap to the receipt, on a real database."""

from __future__ import annotations

import pytest

from app.checkout.outcome import Outcome
from hardware.ports import CardProof
from tests.support.shop import Desk

UID = "04A1B2C3D4E5F6"
BEANS = "5901234000161"
CAP_CENTI = 600_00


def redeem_all(desk: Desk) -> Outcome:
    """Ten bags of beans, and all points that may go towards them."""
    for _ in range(10):
        desk.till.scan(BEANS)
    return desk.till.redeem("max")


def test_a_copyable_card_redeems_up_to_the_cap_and_earns_all_the_same(desk: Desk) -> None:
    assert desk.till.tap(UID).code == "member_here"
    assert redeem_all(desk).values["points_centi"] == CAP_CENTI
    assert desk.till.decision.points.earned_centi > 0


def test_a_genuine_card_redeems_all_that_is_safe(desk: Desk) -> None:
    assert desk.till.tap(UID, None, CardProof.GENUINE, 61).code == "member_here"
    assert int(redeem_all(desk).values["points_centi"]) > CAP_CENTI


def test_a_genuine_card_without_a_counter_proved_itself_afresh(desk: Desk) -> None:
    """Ultralight AES answers a challenge of ours: there is nothing to play back."""
    for _ in range(2):
        assert not desk.till.tap(UID, None, CardProof.GENUINE).refused
    assert int(redeem_all(desk).values["points_centi"]) > CAP_CENTI


@pytest.mark.parametrize("counter", [61, 60, 1])
def test_a_replayed_card_is_refused_and_attaches_nobody(desk: Desk, counter: int) -> None:
    desk.till.tap(UID, None, CardProof.GENUINE, 61)
    desk.till.detach()
    outcome = desk.till.tap(UID, None, CardProof.GENUINE, counter)
    assert (outcome.code, outcome.refused) == ("card_replayed", True)
    assert desk.till.member is None
    assert not desk.till.tap(UID, None, CardProof.GENUINE, 62).refused


def test_a_replay_leaves_the_member_who_is_there_alone(desk: Desk) -> None:
    desk.till.tap(UID, None, CardProof.GENUINE, 61)
    before = desk.till.sale
    assert desk.till.tap(UID, None, CardProof.GENUINE, 61).code == "card_replayed"
    assert desk.till.sale == before


def test_the_counter_survives_a_restart(desk: Desk) -> None:
    desk.till.tap(UID, None, CardProof.GENUINE, 61)
    desk.restart()
    assert desk.reader.tap_counter(UID) == 61
    assert desk.till.tap(UID, None, CardProof.GENUINE, 61).code == "card_replayed"
    assert not desk.till.tap(UID, None, CardProof.GENUINE, 62).refused


def test_the_counter_of_a_card_nobody_holds_is_remembered_too(desk: Desk) -> None:
    """Otherwise a recording made before its enrolment would be good after it."""
    assert desk.till.tap("04FFFFFFFFFFFF", None, CardProof.GENUINE, 7).code == "card_of_nobody"
    assert desk.till.tap("04FFFFFFFFFFFF", None, CardProof.GENUINE, 7).code == "card_replayed"


def test_each_card_counts_for_itself(desk: Desk) -> None:
    desk.till.tap(UID, None, CardProof.GENUINE, 1000)
    assert desk.till.tap("04FFFFFFFFFFFF", None, CardProof.GENUINE, 1).code == "card_of_nobody"


def test_a_lower_counter_never_replaces_a_higher_one(desk: Desk) -> None:
    from app.checkout.ports import Work

    for counter in (5, 9, 7):
        desk.database.write(Work(tap_counters=((UID, counter),), keep_basket=True))
    assert desk.reader.tap_counter(UID) == 9


def test_a_copyable_tap_after_a_genuine_one_is_capped_again(desk: Desk) -> None:
    desk.till.tap(UID, None, CardProof.GENUINE, 61)
    redeem_all(desk)
    desk.till.tap(UID)
    assert desk.till.redeem("max").values["points_centi"] == CAP_CENTI
