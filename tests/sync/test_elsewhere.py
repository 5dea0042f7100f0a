"""A member of another store at this till: asked for where the server answers, found in the directory where
it does not; what is sold to them is priced again at the server and found right."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

import resources
from app.checkout.outcome import Outcome
from app.checkout.receipt import sale_document
from app.lanes import RealWorld
from app.ledger.alone import Allowance, alone_of
from app.ledger.facts import SaleCompleted
from app.store.elsewhere import StoredElsewhere
from sync import protocol
from sync.asking import AskLane
from sync.server import exposure, findings, listing, others
from sync.server.checking import Checker
from sync.server.tills import card_secret
from tests.support.shop import SHOP, Desk
from tests.sync.rig import NOW_MS, Rig
from tests.sync.server.pushing import Pushing, of_store
from tests.sync.server.test_directory import bought
from tests.sync.server.test_member_scope import limit, linked
from tests.sync.server.test_members import earned
from tests.sync.server.test_persons import hand
from tests.sync.test_fetching import Line

pytestmark = pytest.mark.parametrize("db", ["sqlite"], indirect=True)

EVA = "04AAAAAAAAAAAA"
BEANS = "5901234000161"
"""18.90"""
ALLOWED = Allowance(points_centi=250_00, coupons_minor=0)


class Shop:
    """A till of the store "south", and Eva, whom only "north" has seen."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig, self.line = rig, Line(rig, folder)
        self.north = of_store(rig, "north", 1)
        self.south: Pushing = self.line.till
        listing.publish_programme(rig.db, resources.path("programmes", "demo.yaml").read_bytes())
        exposure.publish(rig.db, msgspec.json.encode(ALLOWED))
        self.eva = rig.world.new_id()
        self.north.push(
            linked(rig, self.eva, f"uid:{EVA}"), earned(rig, self.eva, 900_00), bought(rig, self.eva, 1000)
        )
        data = msgspec.Raw(msgspec.json.encode({"member": str(self.eva), "name": "Eva"}))
        hand(self.north.till, protocol.PersonRow(member=self.eva, updated_ms=NOW_MS, data=data))
        limit(rig, 0)
        assert others.keep_up(rig.context) is not None
        assert self.line.refresh()
        shop = msgspec.structs.replace(SHOP, redeem_cap_centi=None)
        self.desk = Desk(folder / "desk", shop=shop).stock()
        self.desk.world.ms = NOW_MS + 3_600_000
        outbox = self.desk.database.outbox()
        outbox.begin_epoch(self.south.till.credentials)
        outbox.close()
        self.online, self.silent_s = False, 0.0
        self.posted: queue.Queue[Callable[[], None]] = queue.Queue()
        self.heard: list[Outcome] = []
        http = httpx.Client(base_url="http://server", transport=httpx.MockTransport(self._carry))
        credentials = self.south.till.credentials
        self.asking = AskLane(http, lambda: credentials, lambda: self.online, world=RealWorld())
        self.asking.lane.start()
        put = self.desk.database.writer.put_setting
        self.desk.database.call(lambda: put("pull.card_key", card_secret(rig.context.secrets)))
        with self.desk.database.writer.transaction() as sql:
            body = msgspec.json.encode(ALLOWED)
            sql.execute("INSERT INTO listed VALUES ('allowance', 'card', '', ?)", (body,))
        self.open()

    def open(self) -> None:
        till = self.desk.till
        till.heart.elsewhere = StoredElsewhere(
            self.desk.database, self.desk.reader, self.line.shelf, self.asking, self.posted.put
        )
        till.outside.heard = self.heard.append

    def _carry(self, request: httpx.Request) -> httpx.Response:
        time.sleep(self.silent_s)
        target = request.url.raw_path.decode()
        answer = self.rig.call("GET", target, headers=request.headers.items())
        return httpx.Response(answer.status, content=answer.body)

    def tap(self, uid: str = EVA) -> Outcome:
        """Show a card; what comes of it, at once or once it was asked for."""
        said = self.desk.till.tap(uid)
        if said.code == "card_asked":
            self.posted.get(timeout=10)()
            return self.heard[-1]
        return said

    def sell(self) -> SaleCompleted:
        till = self.desk.till
        till.pay_cash(max(till.due_minor, 0), self.desk.heard.append)
        assert self.desk.heard[-1].code == "sold", self.desk.heard[-1]
        assert till.last is not None
        return till.last.sale

    def sync(self) -> None:
        """All that this till wrote goes to the server, and what it has comes."""
        self.south.push(*(body for _, body in self.desk.reader.log()))
        outbox = self.desk.database.outbox()
        outbox.set_acked(1, self.south.head[0].seq)
        outbox.close()
        pulled = self.south.till.send("GET", "/v1/pull").read(protocol.PullPage)
        inbox = self.desk.database.inbox()
        inbox.apply(pulled, self.desk.world.ms)
        inbox.close()

    def check(self) -> findings.Findings:
        """Every sale priced again: nothing is wrong with any, and each could be checked."""
        checker = Checker(self.rig.db, self.rig.context.secrets.feed_epoch, self.rig.world.now_ms)
        while checker.check_new():
            pass
        found = findings.read(self.rig.db, "defects")
        assert (found.findings, found.unchecked) == ((), ())
        return findings.read(self.rig.db, "exposure")

    def close(self) -> None:
        self.asking.stop()
        self.desk.close()


@pytest.fixture
def shop(rig: Rig, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(rig, tmp_path)
    yield shop
    shop.close()


def test_offline_a_member_of_the_directory_earns_and_spends_up_to_the_allowance(shop: Shop) -> None:
    till = shop.desk.till
    assert shop.tap().code == "member_here"
    assert till.member is not None
    assert (till.member.id, till.member.short, till.member.person) == (shop.eva, True, None)
    for _ in range(3):
        till.scan(BEANS)
    assert till.redeem("max").code == "redeeming"
    spent_centi = till.decision.points.spent_centi
    assert 0 < spent_centi <= ALLOWED.points_centi < 900_00, "no more than the till may answer for"
    sale = shop.sell()
    assert sale.basis is not None
    assert sale.basis.snapshot.startswith("short:")
    assert alone_of(sale).points_centi == spent_centi
    assert "Balance" in (text := paper(shop))
    assert "after the next sync" in text
    assert shop.tap().code == "member_here"
    till.scan(BEANS)
    till.redeem("max")
    left_centi = ALLOWED.points_centi - spent_centi
    assert till.decision.points.spent_centi <= left_centi, "the allowance is of the card, not of the sale"
    shop.sell()
    shop.sync()
    member = shop.desk.reader.member(shop.eva)
    assert member is not None
    assert (member.short, member.own) == (False, 0), "their own sale brought them into the store's scope"
    assert member.state.balance_centi > 600_00
    shop.check()


def paper(shop: Shop) -> str:
    receipt = shop.desk.till.last
    assert receipt is not None
    english = msgspec.structs.replace(shop.desk.shop, lang="en")
    return str(sale_document(receipt, english, shop.desk.programme))


def test_a_sale_that_claims_another_state_in_short_is_found(shop: Shop) -> None:
    shop.tap()
    till = shop.desk.till
    till.scan(BEANS)
    sale = shop.sell()
    assert sale.basis is not None
    richer = sale.basis.snapshot.replace("25000", "99000")
    assert richer != sale.basis.snapshot
    lying = msgspec.structs.replace(sale.basis, snapshot=richer)
    bodies = [body for _, body in shop.desk.reader.log()]
    fact = msgspec.json.decode(bodies[-1]) | {"basis": msgspec.to_builtins(lying)}
    bodies[-1] = msgspec.json.encode(fact)
    shop.south.push(*bodies)
    checker = Checker(shop.rig.db, shop.rig.context.secrets.feed_epoch, shop.rig.world.now_ms)
    while checker.check_new():
        pass
    (found,) = findings.read(shop.rig.db, "defects").findings
    assert found.sale == sale.id


def test_a_member_found_offline_survives_a_restart(shop: Shop) -> None:
    shop.tap()
    shop.desk.till.scan(BEANS)
    shop.desk.restart()
    shop.open()
    assert shop.desk.till.member is not None
    assert shop.desk.till.member.short
    shop.sell()
    shop.sync()
    shop.check()


def test_online_the_server_says_who_it_is_and_all_they_have(shop: Shop) -> None:
    shop.online = True
    said = shop.tap()
    assert (said.code, said.values["name"]) == ("member_here", "Eva")
    till = shop.desk.till
    assert till.member is not None
    assert till.member.person is not None
    assert (till.member.person.name, till.member.short) == ("Eva", False)
    assert till.member.state.balance_centi == 900_00
    till.scan(BEANS)
    shop.sell()
    shop.online = False
    assert shop.tap().code == "member_here"
    assert not till.member.short, "what was told a minute ago is better than last night's list"
    till.scan(BEANS)
    shop.sell()
    shop.sync()
    shop.check()


def test_a_server_that_does_not_answer_in_time_is_not_waited_for(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.asking.DEADLINE_S", 0.05)
    shop.online, shop.silent_s = True, 0.5
    said = shop.desk.till.tap(EVA)
    assert said.code == "card_asked"
    assert shop.desk.till.scan(BEANS).code == "rung", "scanning goes on"
    shop.posted.get(timeout=10)()
    assert shop.heard[-1].code == "member_repriced"
    assert shop.desk.till.member is not None
    assert shop.desk.till.member.short


def test_a_card_of_nobody_is_nobodys_everywhere(shop: Shop) -> None:
    assert shop.tap("04BBBBBBBBBBBB").code == "card_of_nobody", "not in the directory: nothing to ask"
    shop.online = True
    said = shop.tap("04BBBBBBBBBBBB")
    assert (said.code, said.values["token"]) == ("card_of_nobody", "uid:04BBBBBBBBBBBB")


def test_an_answer_is_for_the_sale_at_which_the_card_was_shown(shop: Shop) -> None:
    till = shop.desk.till
    till.scan(BEANS)
    assert till.tap(EVA).code == "card_asked"
    shop.sell()
    shop.posted.get(timeout=10)()
    assert (till.member, shop.heard) == (None, [])


def test_a_chain_that_tells_of_everybody_asks_for_nobody(shop: Shop) -> None:
    with shop.desk.database.writer.transaction() as sql:
        sql.execute("DELETE FROM setting WHERE key = 'pull.card_key'")
    shop.online = True
    assert shop.desk.till.tap(EVA).code == "card_of_nobody"
    assert uuid.UUID(int=0) != shop.eva
