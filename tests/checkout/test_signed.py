"""Signed coupons: any till checks them offline, whoever issued them; nobody makes one up."""

from __future__ import annotations

import base64
import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.checkout import signed
from app.checkout.signed import Key, Mine
from app.ledger.alone import Allowance, alone_of
from app.ledger.facts import Hold
from app.loyalty.effects import CodeUsed, Grant
from hardware.receipt import Document, Qr, decode_job
from hardware.scanners import codes
from sync.holding import SILENCE, Answer
from sync.protocol import public_key_of
from tests.checkout.test_coupons import pay, under
from tests.checkout.test_holding import GOOD_MS, LUCJA, Server
from tests.support.shop import SHOP, Desk

BEANS = "5901234000161"
"""18.90"""
HERE, THERE = uuid.UUID(int=1 << 120), uuid.UUID(int=2 << 120)
SEED = {HERE: bytes([1]) * 32, THERE: bytes([2]) * 32}
DAY_MS = 86_400_000


class Tills:
    """Two tills of a shop, each enrolled, each knowing the other's key."""

    def __init__(self, folder: Path) -> None:
        self.server = Server(online=False)
        self.here = Desk(folder / "here", holds=self.server).stock()
        self.there = Desk(folder / "there", holds=self.server).stock()
        for desk, till in ((self.here, HERE), (self.there, THERE)):
            mine = msgspec.json.encode({"till": till, "epoch": 1, "store": "1", "private_key": SEED[till]})
            desk.database.call(
                lambda desk=desk, mine=mine: desk.database.writer.put_setting("credentials", mine)
            )
            under(desk, "come-back", ("    min_receipt: 20.00\n", ""))
        listed(self.there, "till_key", f"{HERE.hex}-1", {"public_key": public_key_of(SEED[HERE])})

    def coupon(self) -> str:
        """Bought here, printed here."""
        till = self.here.till
        till.tap(LUCJA)
        till.scan(BEANS)
        sale = pay(self.here)
        (document,) = (
            job
            for (payload,) in self.here.database.writer._sql.execute(
                "SELECT document FROM print_job"
            ).fetchall()
            if (job := decode_job(payload).document) is not None
        )
        assert isinstance(document, Document)
        codes = [block.data for block in document.blocks if isinstance(block, Qr)]
        assert sale.id.hex in codes[0]
        return codes[1]

    def close(self) -> None:
        self.here.close()
        self.there.close()


def listed(desk: Desk, name: str, key: str, body: Any) -> None:
    with desk.database.writer.transaction() as sql:
        sql.execute(
            "INSERT OR REPLACE INTO listed VALUES (?, ?, '', ?)", (name, key, msgspec.json.encode(body))
        )


@pytest.fixture
def tills(tmp_path: Path) -> Any:
    tills = Tills(tmp_path)
    yield tills
    tills.close()


def test_a_coupon_of_one_till_is_good_at_another_offline(tills: Tills) -> None:
    code = tills.coupon()
    assert len(code) == 159
    till = tills.there.till
    till.scan(BEANS)
    taken = till.scan(code)
    assert (taken.code, taken.values) == ("code_taken", {"saved_minor": 2_84})
    assert till.scan(code.lower()).code == "code_here", "a scanner may change the case"
    sale = pay(tills.there)
    (used,) = (effect for effect in sale.effects if isinstance(effect, CodeUsed))
    assert used.code.endswith(":come-back")
    assert alone_of(sale).coupons_minor == 2_84
    till.scan(BEANS)
    assert till.scan(code).code == "coupon_spent", "not twice at one till"


def test_the_allowance_for_coupons_bounds_what_is_taken_alone(tills: Tills) -> None:
    code = tills.coupon()
    listed(tills.there, "allowance", "card", Allowance(coupons_minor=2_83))
    till = tills.there.till
    till.scan(BEANS)
    assert till.scan(code).code == "coupon_needs_server"
    assert till.coupons.codes == ()
    listed(tills.there, "allowance", "card", Allowance(coupons_minor=2_84))
    assert till.scan(code).code == "code_taken"
    till.scan(BEANS)
    assert till.start_payment().code == "coupon_needs_server", "the basket has grown past it"


def test_the_server_vouches_for_a_coupon_while_online(tills: Tills) -> None:
    code, server, till = tills.coupon(), tills.server, tills.there.till
    listed(tills.there, "allowance", "card", Allowance(coupons_minor=0))
    server.online = True
    till.scan(BEANS)
    assert till.scan(code).code == "code_taken"
    (asked,) = server.asked
    assert (asked["kind"], asked["amount"]) == ("coupon", 1)
    server.say(Answer("held", 1, GOOD_MS))
    sale = pay(tills.there)
    assert sale.holds == (Hold(asked["id"], "coupon", 1, asked["of"]),)
    assert alone_of(sale).coupons_minor == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer("refused", code="spent"), "coupon_spent"),
        (Answer("refused", code="held"), "coupon_held_elsewhere"),
        (SILENCE, "coupon_needs_server"),
    ],
)
def test_a_coupon_that_nobody_vouches_for_is_taken_off(tills: Tills, answer: Answer, said: str) -> None:
    code, server, till = tills.coupon(), tills.server, tills.there.till
    listed(tills.there, "allowance", "card", Allowance(coupons_minor=0))
    heard: list[str] = []
    till.outside.heard = lambda outcome: heard.append(outcome.code)
    server.online = True
    till.scan(BEANS)
    till.scan(code)
    server.say(answer)
    assert (heard, till.coupons.codes, till.due_minor) == ([said], (), 18_90)


def test_a_coupon_of_a_till_nobody_knows_is_policy(tills: Tills) -> None:
    code, till = tills.coupon(), tills.there.till
    with tills.there.database.writer.transaction() as sql:
        sql.execute("DELETE FROM listed WHERE list = 'till_key'")
    till.scan(BEANS)
    assert till.scan(code).code == "coupon_unknown_key"
    listed(tills.there, "allowance", "card", Allowance(unknown_codes="accept"))
    assert till.scan(code).code == "code_taken"


def test_a_coupon_issued_after_its_key_was_withdrawn_is_not_good(tills: Tills) -> None:
    code, till = tills.coupon(), tills.there.till
    now_ms = tills.here.world.now_ms()
    body = {"public_key": public_key_of(SEED[HERE]), "revoked_ms": now_ms - 3 * DAY_MS}
    listed(tills.there, "till_key", f"{HERE.hex}-1", body)
    till.scan(BEANS)
    assert till.scan(code).code == "coupon_key_withdrawn"
    listed(tills.there, "till_key", f"{HERE.hex}-1", {**body, "revoked_ms": now_ms + DAY_MS})
    assert till.scan(code).code == "code_taken"


def test_a_changed_or_foreign_code_is_refused(tills: Tills) -> None:
    code, till = tills.coupon(), tills.there.till
    till.scan(BEANS)
    data = bytearray(base64.b32decode(code[len(signed.PREFIX) :] + "======="[: -149 % 8]))
    data[-1] ^= 1
    forged = signed.PREFIX + base64.b32encode(bytes(data)).decode().rstrip("=")
    assert till.scan(forged).code == "coupon_forged"
    assert till.scan(code[:-8]).code == "coupon_forged"
    other = signed.printed(Grant(f"{uuid.uuid4()}:other", "other", "coupon", 0), Mine(HERE, SEED[HERE]))
    assert till.scan(other).code == "coupon_other_programme"


RULES = st.text(min_size=1, max_size=40).filter(lambda rule: rule.strip() == rule and "\n" not in rule)


@given(st.uuids(), RULES, st.integers(0, 2**40), st.uuids())
def test_what_was_signed_is_read_and_holds_only_by_its_key(
    sale: uuid.UUID, rule: str, at_ms: int, till: uuid.UUID
) -> None:
    seed = till.bytes * 2
    text = signed.printed(Grant(f"{sale}:{rule}", rule, "coupon", at_ms), Mine(till, seed))
    if text == f"{sale}:{rule}":
        return
    coupon = signed.read(text)
    assert coupon is not None
    assert (coupon.sale, coupon.till, coupon.issued_at_ms) == (sale, till.bytes[:4], at_ms // 60_000 * 60_000)
    assert coupon.named(["x" + rule, rule]) == (rule, f"{sale}:{rule}")
    assert coupon.named(["x" + rule]) is None
    second = signed.read(signed.printed(Grant(f"{sale}:{rule}:2", rule, "coupon", at_ms), Mine(till, seed)))
    assert second is not None
    assert second.named(["x" + rule, rule]) == (rule, f"{sale}:{rule}:2")
    ours, theirs = Key(public_key_of(seed)), Key(public_key_of(bytes(31) + b"\1"))
    assert coupon.signed_by([theirs, ours]) == ours
    assert coupon.signed_by([theirs, Key(b"short")]) is None
    assert isinstance(codes.read_code(text, None, codes.Known()), codes.Unknown)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    signed.read(signed.PREFIX + text)


def test_a_till_that_was_never_enrolled_prints_the_name_in_the_ledger() -> None:
    grant = Grant(f"{HERE}:come_back", "come_back", "coupon", 0)
    assert signed.printed(grant, None) == grant.code
    assert SHOP is not None
