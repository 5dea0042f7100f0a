"""The reader of the feed against the real server: order, cut-offs, clear errors."""

from __future__ import annotations

import io
import os
from pathlib import Path

import httpx
import msgspec
import pytest

from sync import protocol
from sync.feed import FeedProblem, follow, pages
from tests.sync.memory import body_of
from tests.sync.rig import HandTill, Rig


class RigTransport(httpx.BaseTransport):
    """httpx to the server in this process; `wreck` may spoil an answer."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.answers: list[httpx.Response] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.answers:
            return self.answers.pop(0)
        target = request.url.raw_path.decode()
        answer = self.rig.call(request.method, target, request.read(), request.headers.items())
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


@pytest.fixture
def wire(rig: Rig) -> RigTransport:
    till = HandTill(rig)
    till.enrol()
    till.push_ok(till.start, [body_of(rig.world, n=n) for n in range(25)])
    return RigTransport(rig)


def test_lines_are_facts_and_the_place_is_remembered(rig: Rig, wire: RigTransport, tmp_path: Path) -> None:
    out, place = io.BytesIO(), tmp_path / "cursor"
    read = {"cursor_file": place, "limit": 10, "transport": wire}
    assert follow("http://server", rig.token, out, **read) == 25
    facts = [msgspec.json.decode(line, type=protocol.FeedFact) for line in out.getvalue().splitlines()]
    assert [fact.seq for fact in facts] == list(range(1, 26))
    assert follow("http://server", rig.token, out, **read) == 0
    till = HandTill(rig, bytes(32))
    till.enrol()
    till.push_ok(till.start, [body_of(rig.world)])
    assert follow("http://server", rig.token, out, **read) == 1


def test_a_reader_that_dies_in_a_page_repeats_it_and_skips_nothing(
    rig: Rig, wire: RigTransport, tmp_path: Path
) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            if self.tell() > 2500:
                raise OSError("no space left on device")
            return super().write(data)  # type: ignore[arg-type]

    first, place = Full(), tmp_path / "cursor"
    with pytest.raises(OSError, match="no space"):
        follow("http://server", rig.token, first, cursor_file=place, limit=4, transport=wire)
    second = io.BytesIO()
    follow("http://server", rig.token, second, cursor_file=place, limit=4, transport=wire)
    lines = first.getvalue().splitlines() + second.getvalue().splitlines()
    numbers = [msgspec.json.decode(line)["seq"] for line in lines]
    assert sorted(set(numbers)) == list(range(1, 26))
    assert len(numbers) < 25 + 4


def test_what_is_wrong_is_said(rig: Rig, wire: RigTransport) -> None:
    with pytest.raises(FeedProblem) as wrong:
        list(pages("http://server", "no such token", transport=wire))
    assert wrong.value.code == "bad_token"
    for answer in (httpx.Response(500, text="oops"), httpx.Response(200, text="<html>Welcome to Wi-Fi")):
        wire.answers.append(answer)
        with pytest.raises(FeedProblem, match="not as a Stempel server") as wrong:
            list(pages("http://server", rig.token, transport=wire))
        assert wrong.value.code == "nonsense"
    with pytest.raises(FeedProblem, match="does not answer") as wrong:
        list(pages("http://127.0.0.1:1", rig.token))
    assert wrong.value.code == "unreachable"


@pytest.mark.parametrize(
    ("url", "token", "code"),
    [
        ("https://server:port", "x", "bad_address"),
        ("https://xn--/", "x", "bad_address"),
        ("http://[::1", "x", "bad_address"),
        ("https://", "x", "bad_address"),
        ("server.example", "x", "bad_address"),
        ("ftp://server.example", "x", "bad_address"),
        ("http://server", "żeton", "bad_token"),
        ("http://server", "two\nlines", "bad_token"),
    ],
)
def test_what_was_mistyped_is_said(url: str, token: str, code: str) -> None:
    with pytest.raises(FeedProblem) as wrong:
        list(pages(url, token))
    assert wrong.value.code == code
    assert token == "x" or token not in str(wrong.value), "a secret"


def test_a_redirect_to_nowhere_is_said(rig: Rig, wire: RigTransport) -> None:
    wire.answers.append(httpx.Response(302, headers={"Location": "https:portal.example/login"}))
    with pytest.raises(FeedProblem, match="does not answer") as wrong:
        list(pages("http://server", rig.token, transport=wire))
    assert wrong.value.code == "unreachable"


def test_a_cursor_file_of_something_else_is_said(tmp_path: Path) -> None:
    place = tmp_path / "cursor"
    place.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FeedProblem, match="cursor") as wrong:
        follow("http://server", "x", io.BytesIO(), cursor_file=place)
    assert wrong.value.code == "bad_cursor"
    assert place.read_bytes() == b"\xff\xfe\x00"


def test_lines_in_a_file_are_durable_before_the_place_is(
    rig: Rig, wire: RigTransport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, place = tmp_path / "facts.jsonl", tmp_path / "cursor"
    durable: list[tuple[int, int]] = []
    sync = os.fsync

    def fsync(handle: int) -> None:
        found = os.fstat(handle)
        durable.append((found.st_ino, found.st_size))
        sync(handle)

    monkeypatch.setattr("sync.feed.os.fsync", fsync)
    with lines.open("wb") as out:
        inode = os.fstat(out.fileno()).st_ino
        assert follow("http://server", rig.token, out, cursor_file=place, limit=10, transport=wire) == 25
    assert [file == inode for file, _ in durable] == [True, False] * 3
    assert durable[-2] == (inode, lines.stat().st_size)


def test_a_pipe_needs_not_be_durable(rig: Rig, wire: RigTransport, tmp_path: Path) -> None:
    ending, beginning = os.pipe()
    with os.fdopen(ending, "rb") as read, os.fdopen(beginning, "wb") as out:
        place = tmp_path / "cursor"
        assert follow("http://server", rig.token, out, cursor_file=place, transport=wire) == 25
        out.close()
        assert len(read.read().splitlines()) == 25
