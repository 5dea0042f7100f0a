"""Hints: who is told of what, how streams end, and that there are not too many of them."""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from litestar.exceptions import LitestarException

from sync import protocol
from sync.server import listing, members, stream
from sync.server.hints import Full, Hints, Watch
from tests.sync.rig import HandTill, Rig, asgi
from tests.sync.server.test_lists import product, till_of
from tests.sync.server.test_members import earned

REVIEWS = b"""
stempel: 1
id: reviews
version: 1
valid_from: 2026-01-01
currency: PLN
time_zone: Europe/Warsaw
name: {ru: R, pl: R, en: R}
rules:
  - {id: review, kind: activity, name: {ru: R, pl: R, en: R}, event: review, points: 5}
"""


async def next_of(events: AsyncIterator[bytes], seconds: float = 5.0) -> bytes:
    return await asyncio.wait_for(anext(events), seconds)


def test_a_listener_hears_of_its_own_store_and_of_what_concerns_all() -> None:
    async def run() -> None:
        hub = Hints()
        here, there = hub.join("1"), hub.join("2")
        ours, theirs = stream.events(hub, here, 0.05), stream.events(hub, there, 0.05)
        assert await next_of(ours) == await next_of(theirs) == stream.HELLO
        hub.tell({"1"})
        assert await next_of(ours) == stream.HINT
        assert await next_of(theirs) == stream.BEAT, "nothing for this one but a sign of life"
        hub.tell(None)
        assert await next_of(ours) == await next_of(theirs) == stream.HINT
        hub.tell({"1"})
        hub.tell({"1"})
        assert await next_of(ours) == stream.HINT
        assert await next_of(ours) == stream.BEAT, "two hints at once are one"

    asyncio.run(run())


def test_a_server_that_stops_ends_every_stream_and_forgets_those_that_went() -> None:
    async def run() -> None:
        hub = Hints(most=2)
        first = stream.events(hub, hub.join("1"), 60)
        second = stream.events(hub, hub.join("1"), 60)
        with pytest.raises(Full):
            hub.join("1")
        await next_of(first)
        await first.aclose()
        third = stream.events(hub, hub.join("1"), 60)
        for events in (second, third):
            await next_of(events)
        await hub.close()
        for events in (second, third):
            with pytest.raises(StopAsyncIteration):
                await next_of(events)

    asyncio.run(run())


def test_more_streams_than_there_is_room_for_are_told_to_poll(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = till_of(rig, "shop 1", 1)
    monkeypatch.setattr(rig.context.hints, "_most", 0)
    answer = till.send("GET", "/v1/stream")
    assert (answer.status, answer.problem.code, answer.headers["retry-after"]) == (503, "busy", "60")
    assert rig.office("/v1/stream").status == 401


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
def test_who_is_gone_before_the_stream_begins_takes_no_place(rig: Rig) -> None:
    ours = till_of(rig, "shop 1", 1).credentials
    signed = protocol.authorise(ours.private_key, "GET", "/v1/stream", ours.till, ours.epoch, b"")
    gone: list[str] = []

    async def hung_up(message: Any) -> None:
        gone.append(message["type"])
        raise OSError("the line is cut")

    async def through(scope: Any, receive: Any, _send: Any) -> None:
        await rig.app(scope, receive, hung_up)

    rig.app.state["context"] = rig.context
    with pytest.raises(LitestarException):
        asyncio.run(asgi(through, "GET", "/v1/stream", b"", [("Authorization", signed)]))
    gc.collect()
    assert (gone, rig.context.hints.open) == (["http.response.start"], 0)


def test_news_are_of_the_store_whose_till_pushed_once_they_are_folded(rig: Rig) -> None:
    here, there = till_of(rig, "shop 1", 1), till_of(rig, "shop 2", 2)
    watch = Watch(rig.db)
    assert watch.look() == set()

    def push(till: HandTill) -> None:
        till.push_ok(till.start, [earned(rig, uuid.uuid4(), 100)])

    push(here)
    assert watch.look() == set(), "there is nothing to pull yet"
    members.fold_new(rig.db)
    assert watch.look() == {"shop 1"}
    assert watch.look() == set()
    push(there)
    members.fold_new(rig.db)
    assert watch.look() == {"shop 2"}
    listing.publish_rows(rig.db, "product", msgspec.json.encode([product("1")]))
    assert watch.look() is None
    assert watch.look() == set()


def test_points_of_an_event_are_news_where_their_member_is_known(rig: Rig) -> None:
    here, there = till_of(rig, "shop 1", 1), till_of(rig, "shop 2", 2)
    listing.publish_programme(rig.db, REVIEWS)
    ann, bob = rig.world.new_id(), rig.world.new_id()
    row = protocol.PersonRow(member=ann, updated_ms=1, data=msgspec.Raw(b'{"name": "Ann"}'))
    target = f"/v1/tills/{here.credentials.till}/persons"
    here.send("POST", target, protocol.pack(protocol.Persons(persons=[row])))
    there.push_ok(there.start, [earned(rig, member, 100) for member in (ann, bob)])
    members.fold_new(rig.db)
    watch = Watch(rig.db)
    headers = [("Authorization", f"Bearer {rig.token}")]
    for member, stores in ((ann, {"shop 1"}), (bob, set[str]())):
        event = {"key": str(member), "member": member, "name": "review"}
        body = msgspec.json.encode({"events": [event]})
        assert rig.call("POST", "/v1/events", body, headers).status == 200
        assert watch.look() == set()
        members.fold_new(rig.db)
        assert watch.look() == stores
