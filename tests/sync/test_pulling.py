"""The client's pulls against a server that a test scripts: pages, hints, refusals, and facts in between."""

from __future__ import annotations

import uuid
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from sync import protocol
from sync.events import Deaf, DirectoryKept, FactsAvailable, Failed, Hinted, Listening, Started
from sync.pulling import DIRECTORY_S, IDLE_S, PERSONS, POLL_S, RESETS_MAX
from sync.session import SLOW_S
from tests.sync.desk import KEY, NOW_MS, TILL, Desk
from tests.sync.memory import body_of


def at_rest(facts: int = 0, **options: bool) -> Desk:
    """A till whose facts are all at the server, and that has just asked for a page."""
    desk = Desk(facts, pulls=True, **options)
    desk.state(facts)
    return desk


def asked(desk: Desk) -> dict[str, str]:
    """The query of the pull in flight."""
    send = desk.sent[-1]
    assert (send.method, urlsplit(send.target).path) == ("GET", "/v1/pull"), send
    return {name: values[0] for name, values in parse_qs(urlsplit(send.target).query).items()}


def answer(desk: Desk, cursor: str, *, more: bool = False) -> None:
    desk.answer(200, protocol.PullPage(feed_epoch="f", cursor=cursor, more=more))


def paths(desk: Desk) -> list[str]:
    return [urlsplit(send.target).path.rsplit("/", 1)[-1] for send in desk.sent]


def test_pages_follow_one_another_until_there_is_no_more() -> None:
    desk = at_rest()
    assert "cursor" not in asked(desk)
    answer(desk, "a b+/", more=True)
    assert asked(desk)["cursor"] == "a b+/", "whatever a cursor looks like"
    assert desk.inbox.kept == "a b+/"
    answer(desk, "z")
    assert (desk.inbox.kept, desk.status.problem, desk.status.state) == ("z", "", "online")
    assert paths(desk) == ["state", "pull", "pull"]
    desk.step(Started(desk.outbox.credentials(), desk.inbox.cursor()))
    desk.state(0)
    assert asked(desk)["cursor"] == "z", "a new process goes on where the last page ended"


def test_pulls_are_signed_and_name_the_version() -> None:
    desk = at_rest()
    send = desk.sent[-1]
    signed = protocol.parse_authorization(dict(send.headers)["Authorization"])
    assert signed.verify(protocol.public_key_of(KEY), "GET", send.target, b"")
    assert asked(desk)["v"] == str(protocol.VERSION)


def test_facts_go_first_even_in_the_middle_of_a_bulk_pull() -> None:
    desk = at_rest()
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    assert (desk.status.unsynced, paths(desk)[-1]) == (1, "pull"), "one request at a time"
    answer(desk, "1", more=True)
    assert paths(desk)[-1] == "facts"
    desk.pushed(1)
    assert asked(desk)["cursor"] == "1", "and then the pages go on"
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    answer(desk, "2")
    assert paths(desk)[-1] == "facts", "also after the last page"


def test_an_idle_till_pulls_at_a_hint_and_now_and_then() -> None:
    desk = at_rest()
    answer(desk, "1")
    assert len(desk.listens) == 1
    desk.step(Listening())
    assert asked(desk)["cursor"] == "1", "what changed before the stream began was not heard"
    answer(desk, "2")
    assert IDLE_S <= desk.waits[-1].seconds <= IDLE_S * 1.5
    sent = len(desk.sent)
    desk.step(Hinted())
    assert asked(desk)["cursor"] == "2"
    desk.step(Hinted())
    answer(desk, "3")
    assert asked(desk)["cursor"] == "3", "a hint during a pull is worth another"
    answer(desk, "4")
    assert len(desk.sent) == sent + 2
    desk.world.ms += int(IDLE_S * 1000)
    desk.timer()
    desk.state(0)
    assert asked(desk)["cursor"] == "4", "and a hint may be lost"


def test_without_a_stream_it_polls_and_tries_again_less_and_less_often() -> None:
    desk = at_rest()
    gaps: list[int] = []
    last_ms = desk.world.ms
    for round in range(400):
        if paths(desk)[-1] == "state":
            desk.state(0)
        answer(desk, str(round))
        if len(desk.listens) > len(gaps):
            gaps.append(desk.world.ms - last_ms)
            last_ms = desk.world.ms
            desk.step(Deaf())
        assert 0 < desk.waits[-1].seconds <= POLL_S * 1.5
        desk.world.ms += int(desk.waits[-1].seconds * 1000)
        sent = len(desk.sent)
        while len(desk.sent) == sent:
            desk.timer()
            desk.world.ms += 1
        if paths(desk)[-1] == "state":
            desk.state(0)
    assert 5 <= len(gaps) <= 60, "the stream is tried again"
    assert gaps[-1] >= 50_000


def person(updated_ms: int) -> protocol.PersonRow:
    return protocol.PersonRow(member=uuid.uuid4(), updated_ms=updated_ms, data=msgspec.Raw(b"{}"))


def test_persons_are_handed_over_after_the_pull() -> None:
    """So that a till which has handed any has a cursor, and hears of a restored server by it."""
    desk = Desk(pulls=True)
    people = [person(n) for n in range(3)]
    desk.inbox.unhanded = list(people)
    desk.state(0)
    answer(desk, "1")
    message = protocol.decode(protocol.unpack(desk.sent[-1].body), protocol.Persons)
    assert [row.member for row in message.persons] == [row.member for row in people]
    assert desk.sent[-1].target == f"/v1/tills/{TILL}/persons"
    desk.step(Failed(desk.sent[-1].ticket))
    assert desk.inbox.unhanded == people, "no answer: they stay to be handed"
    desk.timer()
    desk.state(0)
    desk.answer(200, protocol.PersonsKept(kept=3, server_time_ms=1))
    assert desk.inbox.unhanded == []
    assert paths(desk) == ["state", "pull", "persons", "state", "persons"]
    assert PERSONS <= protocol.PERSONS_MAX


@pytest.mark.parametrize(
    ("status", "code"), [(410, "cursor_expired"), (410, "feed_reset"), (400, "bad_cursor")]
)
def test_a_lost_place_means_a_new_beginning_but_not_for_ever(status: int, code: str) -> None:
    desk = at_rest()
    answer(desk, "old", more=True)
    for _ in range(RESETS_MAX):
        desk.problem(status, code)
        desk.state(0)
        assert "cursor" not in asked(desk)
        assert desk.inbox.kept == ""
    desk.problem(status, code)
    assert (desk.status.problem, desk.waits[-1].seconds >= SLOW_S) == (code, True)


def test_a_server_put_back_gets_its_facts_before_it_is_pulled_from() -> None:
    """A till that does not sell would hear of it in no other way."""
    desk = at_rest(3)
    answer(desk, "1")
    desk.step(Listening())
    desk.problem(410, "feed_reset")
    desk.state(1)
    assert paths(desk)[-1] == "facts"
    desk.pushed(3)
    assert "cursor" not in asked(desk)


def test_hints_never_keep_a_till_from_asking_where_the_server_stands() -> None:
    """In a chain they come all day, and each makes an idle till wait anew."""
    desk = at_rest(3)
    answer(desk, "1")
    desk.step(Listening())
    answer(desk, "2")
    for hint in range(3):
        desk.world.ms += int(IDLE_S * 500)
        desk.step(Hinted())
        if paths(desk)[-1] == "state":
            desk.state(3)
        answer(desk, str(hint + 3))
    assert paths(desk).count("state") == 2


def test_a_till_too_old_to_pull_pushes_on_and_says_so() -> None:
    desk = at_rest()
    desk.problem(426, "too_old")
    assert (desk.status.state, desk.status.problem) == ("online", "too_old")
    for _ in range(2):
        desk.outbox.append(body_of(desk.world))
        desk.step(FactsAvailable())
        assert paths(desk)[-1] == "facts"
        desk.pushed(desk.outbox.head.seq)
        assert (desk.status.problem, desk.status.unsynced) == ("too_old", 0)
    desk.step(Hinted())
    assert paths(desk)[-1] == "facts", "a hint is no reason to ask again"
    desk.world.ms += int(SLOW_S * 1000) + 1
    desk.timer()
    desk.state(2)
    assert asked(desk), "a newer server may serve it"
    answer(desk, "1")
    assert desk.status.problem == ""


def test_a_revoked_till_keeps_everything_and_goes_on_selling() -> None:
    desk = at_rest()
    desk.problem(401, "revoked")
    assert desk.status.problem == "revoked"
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    assert (desk.status.unsynced, desk.acked) == (1, [])


def test_an_older_server_without_these_paths_is_pushed_to_all_the_same() -> None:
    desk = Desk(pulls=True)
    desk.inbox.unhanded = [person(1)]
    desk.state(0)
    assert asked(desk)
    desk.problem(404, "not_found")
    assert paths(desk)[-1] == "persons"
    desk.problem(404, "not_found")
    assert (desk.status.state, desk.status.problem) == ("online", "")
    desk.outbox.append(body_of(desk.world))
    desk.step(FactsAvailable())
    assert paths(desk)[-1] == "facts"
    assert desk.inbox.unhanded


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"{}", b'{"feed_epoch":"f","cursor":"c","more":true,"members":[{}]}', b'{"feed_epoch":1}'],
)
def test_nonsense_for_a_page_changes_nothing(body: bytes) -> None:
    desk = at_rest()
    desk.answer(200, body)
    assert (desk.status.problem, desk.inbox.kept) == ("nonsense", "")
    desk.timer()
    assert paths(desk)[-1] == "state", "after a doubt it asks"


def test_a_page_that_leads_nowhere_is_not_followed_in_a_circle() -> None:
    desk = at_rest()
    answer(desk, "1", more=True)
    answer(desk, "1", more=True)
    assert desk.status.problem == "nonsense"


def test_a_clock_put_back_stops_nothing() -> None:
    desk = at_rest()
    answer(desk, "1")
    desk.world.ms -= 400 * 86_400_000
    desk.timer()
    desk.state(0)
    assert asked(desk)["cursor"] == "1"
    assert desk.world.ms < NOW_MS


def kept(desk: Desk, *, limited: bool) -> list[bool]:
    """What becomes of the directory after the next pull."""
    found = len(desk.keeps)
    desk.step(Hinted())
    if paths(desk)[-1] == "state":
        desk.state(0)
    desk.answer(200, protocol.PullPage(feed_epoch="f", cursor="c", more=False, limited=limited))
    return desk.keeps[found:]


def test_a_bare_till_fetches_the_directory_beside_its_members() -> None:
    desk = at_rest()
    desk.answer(200, protocol.PullPage(feed_epoch="f", cursor="1", more=True, limited=True))
    assert (desk.keeps, paths(desk)[-1]) == ([True], "pull")


def test_a_till_of_a_large_chain_keeps_a_directory_and_others_none() -> None:
    desk = at_rest()
    answer(desk, "1")
    assert desk.keeps == []
    assert kept(desk, limited=False) == []
    assert kept(desk, limited=True) == [True]
    assert kept(desk, limited=True) == [], "it is on its way"
    desk.step(DirectoryKept(False))
    assert kept(desk, limited=True) == [], "not at once again"
    desk.world.ms += int(SLOW_S * 1000)
    assert kept(desk, limited=True) == [True]
    desk.step(DirectoryKept(True))
    desk.world.ms += int(SLOW_S * 1000)
    assert kept(desk, limited=True) == []
    desk.world.ms += int(DIRECTORY_S * 1000)
    assert kept(desk, limited=True) == [True]
    desk.step(DirectoryKept(True))
    assert kept(desk, limited=False) == [False], "the chain is small again"
