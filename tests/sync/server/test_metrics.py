"""Metrics: counted where it happens, given to this machine or by a token, with few values of labels."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from sync.server import admin, members, metrics
from sync.server.database import Database
from sync.server.metrics import Observed
from tests.sync.memory import body_of
from tests.sync.rig import NOW_MS, Answer, HandTill, Rig, asgi

pytestmark = pytest.mark.parametrize("db", ["sqlite"], indirect=True)


class Seen(Rig):
    """A rig whose answers are counted, as `stempel server` does."""

    def call(self, method: str, target: str, body: bytes = b"", headers: object = ()) -> Answer:
        self.app.state["context"] = self.context
        app = Observed(self.app, self.context.metrics)
        return self._loop.run_until_complete(asgi(app, method, target, body, headers))  # type: ignore[arg-type]


def figures(rig: Rig) -> dict[tuple[str, ...], float]:
    answer = rig.call("GET", "/metrics")
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(answer.body.decode()):
        for sample in family.samples:
            found[(sample.name, *sample.labels.values())] = sample.value
    return found


@pytest.fixture
def seen(rig: Rig) -> Rig:
    return Seen(rig.db)


def test_pushes_refusals_and_what_is_behind_are_counted(seen: Rig) -> None:
    till = HandTill(seen)
    till.enrol()
    bodies = [body_of(seen.world) for _ in range(3)]
    till.push_ok(till.start, [*bodies, b"\xff"])
    till.push_ok(till.start, bodies)
    assert till.push(till.start, [body_of(seen.world)]).problem.code == "fork"
    seen.world.ms += 90_000
    found = figures(seen)
    assert [found["stempel_facts_total", what] for what in ("new", "replayed", "quarantined")] == [3, 3, 1]
    assert found["stempel_refusals_total", "fork"] == 1
    assert found["stempel_requests_total", "POST", "/v1/tills/{till}/facts", "200"] == 2
    assert found["stempel_requests_total", "POST", "/v1/tills/{till}/facts", "409"] == 1
    assert found["stempel_request_seconds_count", "/v1/tills/{till}/facts"] == 3
    assert found["stempel_unfolded_facts",] == 3
    assert (found["stempel_tills",], found["stempel_till_silent_seconds",]) == (1, 90)
    assert (found["stempel_queue_jobs",], found["stempel_streams",]) == (0, 0)
    assert found["process_start_time_seconds",] > 0
    while members.fold_new(seen.db):
        pass
    seen.restart()
    assert figures(seen)["stempel_unfolded_facts",] == 0


def test_without_its_database_a_server_still_tells_what_it_counted(
    seen: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert figures(seen)["stempel_database_up",] == 1
    monkeypatch.setattr(metrics, "FRESH_S", 0.0)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", None, Exception("connection refused"))

    monkeypatch.setattr(Database, "read", away)
    monkeypatch.setattr(Database, "version", away)
    assert seen.call("GET", "/ready").status == 503
    found = figures(seen)
    assert found["stempel_database_up",] == 0
    assert found["stempel_refusals_total", "database"] == 1
    assert ("stempel_tills",) not in found


def test_what_strangers_send_becomes_no_label(seen: Rig) -> None:
    figures(seen)
    seen.call("GET", "/metrics")
    before = set(figures(seen))
    for number in range(20):
        seen.call(f"M{number}", f"/nothing/{number}")
        seen.call("GET", f"/v1/tills/{uuid.UUID(int=number)}/state")
    new = {key for key in figures(seen) if key[0] == "stempel_requests_total"} - before
    assert new == {
        ("stempel_requests_total", "other", "none", "404"),
        ("stempel_requests_total", "GET", "/v1/tills/{till}/state", "401"),
    }


def test_metrics_are_for_this_machine_and_for_tokens(seen: Rig) -> None:
    proxied = [("X-Forwarded-For", "203.0.113.7")]
    assert seen.call("GET", "/metrics", headers=proxied).status == 401
    for scopes, status in (((), 200), (["metrics"], 200), (["events"], 403)):
        token = admin.create_office_token(seen.db, "prometheus", NOW_MS, scopes)
        headers = [*proxied, ("Authorization", f"Bearer {token}")]
        assert seen.call("GET", "/metrics", headers=headers).status == status
    accept = [("Accept", "application/openmetrics-text; version=1.0.0")]
    answer = seen.call("GET", "/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


def test_who_is_gone_before_the_answer_is_counted_too(seen: Rig) -> None:
    async def gone(scope: object, receive: object, send: object) -> None:
        raise asyncio.CancelledError

    with pytest.raises((asyncio.CancelledError, StopIteration)):
        asyncio.run(asgi(Observed(gone, seen.context.metrics), "GET", "/", b""))  # type: ignore[arg-type]
    assert figures(seen)["stempel_requests_total", "GET", "none", "499"] == 1
