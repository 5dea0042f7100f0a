"""Two tills of a store, each with its own database, and a real server between them: one sees the other."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from app.checkout.ports import Person, Work
from app.lanes import RealWorld
from app.ledger.facts import CardLinked, MemberEnrolled, PointsAdjusted
from app.loyalty.effects import BudgetSpent, Lot, PointsEarned
from app.store.database import Database
from sync.events import Status
from sync.inbox import Arrival
from sync.worker import SyncWorker
from tests.sync.postgres import Postgres
from tests.sync.process import ServerProcess

WORLD = RealWorld()
SOON_S = 2.0


class Till:
    """A till's database and its sync lane."""

    def __init__(self, folder: Path, url: str) -> None:
        self.database = Database(folder)
        self.reader = self.database.reader()
        self.status = Status()
        self.arrivals: list[Arrival] = []
        self._ports = self.database.outbox(), self.database.inbox()
        self.crashes: list[BaseException] = []
        self.worker = SyncWorker(
            url,
            *self._ports,
            on_status=self._told,
            on_arrival=self.arrivals.append,
            on_crash=self.crashes.append,
        ).start()
        self.database.after_write.append(self.worker.facts_available)

    def _told(self, status: Status) -> None:
        self.status = status

    def enrolled(self, code: str) -> Till:
        self.worker.enrol(code)
        until(lambda: self.status.state == "online" and self.listens(), 20)
        return self

    def listens(self) -> bool:
        """Whether the stream of hints is open: what comes now comes at once."""
        return self.worker._client._puller._listening and self.worker._hints._response is not None

    def enrol_member(self, name: str, card: str) -> uuid.UUID:
        member, now_ms = WORLD.new_id(), WORLD.now_ms()
        facts = (
            MemberEnrolled(id=WORLD.new_id(), at_ms=now_ms, member=member),
            CardLinked(id=WORLD.new_id(), at_ms=now_ms, member=member, card=card),
        )
        people = (Person(member=member, name=name, phone="+48 600 100 200"),)
        self.database.write(Work(facts=facts, people=people, keep_basket=True, at_ms=now_ms))
        return member

    def earn(self, member: uuid.UUID, centi: int) -> None:
        id, now_ms = WORLD.new_id(), WORLD.now_ms()
        effects = PointsEarned(Lot(str(id), "points", centi, now_ms)), BudgetSpent("offer", centi)
        fact = PointsAdjusted(id=id, at_ms=now_ms, member=member, reason="test", effects=effects)
        self.database.write(Work(facts=(fact,), keep_basket=True, at_ms=now_ms))

    def balance(self, card: str) -> int | None:
        holder = self.reader.holder(card)
        member = self.reader.member(holder.member) if holder else None
        return member.state.balance_centi if member else None

    def close(self) -> None:
        self.worker.stop()  # a request in flight may be abandoned: a server that folds answers late
        assert not self.worker.lane.alive
        for port in self._ports:
            port.close()
        assert self.database.close()


def until(true: Callable[[], bool], deadline_s: float) -> float:
    began_s = time.monotonic()
    while not true():
        assert time.monotonic() < began_s + deadline_s, "it did not happen"
        time.sleep(0.005)
    return time.monotonic() - began_s


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerProcess]:
    url = ""
    if request.param == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.fresh_database()
    (tmp_path / "server").mkdir()
    process = ServerProcess(tmp_path / "server", url)
    yield process
    process.kill()


def enrol_code(server: ServerProcess) -> str:
    command = [sys.executable, "-m", "app.main", "server", "--data", str(server.folder)]
    command += ["--database", server.database_url] if server.database_url else []
    run = subprocess.run(
        [*command, "enrol-code", "main"], capture_output=True, text=True, check=True, timeout=60
    )
    return run.stdout.strip()


@pytest.fixture
def tills(server: ServerProcess, tmp_path: Path) -> Iterator[tuple[Till, Till]]:
    here = Till(tmp_path / "here", server.url).enrolled(server.first_run["enrol_code"])
    there = Till(tmp_path / "there", server.url).enrolled(enrol_code(server))
    yield here, there
    here.close()
    there.close()
    assert not here.crashes + there.crashes


def test_what_is_earned_at_one_till_is_seen_at_the_other_within_two_seconds(tills: tuple[Till, Till]) -> None:
    here, there = tills
    member = here.enrol_member("Łucja Żółkiewska", "uid:04A1")
    until(lambda: there.balance("uid:04A1") == 0 and there.reader.person(member) is not None, 10)
    took_s: list[float] = []
    for number in range(1, 6):
        seller, other = (here, there) if number % 2 else (there, here)
        seller.earn(member, 100)
        took_s.append(until(lambda other=other, sum=number * 100: other.balance("uid:04A1") == sum, 20))
    assert sorted(took_s)[2] <= SOON_S, took_s
    until(lambda: here.reader.spent() == there.reader.spent() == {"offer#existing": 500}, 20)
    assert any(arrival.budgets for arrival in there.arrivals)
    found = there.reader.find_people("zolkiewska")
    assert [person.member for person in found] == [member]
    assert here.balance("uid:04A1") == 500
    until(lambda: here.reader.unsynced()[0] == there.reader.unsynced()[0] == 0, 10)
    for till in tills:
        assert till.database.call(till.database.writer.check)[1] == []


def test_both_sell_to_one_member_while_the_server_is_away(
    server: ServerProcess, tills: tuple[Till, Till]
) -> None:
    here, there = tills
    member = here.enrol_member("Anna", "uid:04B1")
    until(lambda: there.balance("uid:04B1") == 0, 10)
    server.kill()
    here.earn(member, 1)
    there.earn(member, 20)
    assert (here.balance("uid:04B1"), there.balance("uid:04B1")) == (1, 20)
    server.start()
    for till in tills:
        till.worker.sync_now()
    until(lambda: here.balance("uid:04B1") == there.balance("uid:04B1") == 21, 30)


def test_a_person_that_is_erased_is_gone_at_both_tills(
    server: ServerProcess, tills: tuple[Till, Till]
) -> None:
    here, there = tills
    member = here.enrol_member("Zapomniana", "uid:04C1")
    until(lambda: there.reader.person(member) is not None, 10)
    headers = {"Authorization": f"Bearer {server.first_run['office_token']}"}
    assert httpx.delete(f"{server.url}/v1/persons/{member}", headers=headers).status_code == 204
    until(lambda: here.reader.person(member) is None and there.reader.person(member) is None, 20)
    # The membership goes on, and names nobody. Persons travel faster than the server folds facts.
    until(lambda: there.balance("uid:04C1") == 0, 20)
    assert there.reader.person(member) is None


def test_a_new_till_gets_lists_members_and_persons(
    server: ServerProcess, tills: tuple[Till, Till], tmp_path: Path
) -> None:
    here, there = tills
    member = here.enrol_member("Nowa", "uid:04D1")
    here.earn(member, 700)
    body = msgspec.json.encode([{"sku": "1", "name": "Latte", "price_minor": 1200, "codes": ["5901"]}])
    headers = {"Authorization": f"Bearer {server.first_run['office_token']}"}
    answer = httpx.put(f"{server.url}/v1/products", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    until(lambda: there.reader.product_by_code("5901") is not None, 10)
    until(lambda: there.balance("uid:04D1") == 700, 10)
    spare = Till(tmp_path / "spare", server.url).enrolled(enrol_code(server))
    try:
        until(lambda: spare.balance("uid:04D1") == 700 and spare.reader.person(member) is not None, 10)
        assert spare.reader.product_by_code("5901") is not None
        assert any("product" in arrival.lists for arrival in spare.arrivals)
    finally:
        spare.close()
