"""A till's directory on its way: from a real server's handlers, over a line that a test cuts and spoils."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest

from app.lanes import RealWorld
from sync.directory import card_key
from sync.fetching import Fetching
from sync.server import others
from sync.server.tills import card_secret
from sync.shelf import Shelf
from tests.sync.rig import Rig
from tests.sync.server.pushing import of_store
from tests.sync.server.test_member_scope import limit, linked, some
from tests.sync.server.test_members import earned

pytestmark = pytest.mark.parametrize("db", ["sqlite"], indirect=True)


class Line:
    """From a till to the server: `cut` ends answers after so many bytes, `spoil` turns one of them."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        rig.context = replace(rig.context, directories=folder / "server")
        self.rig = rig
        self.till = of_store(rig, "south", 2)
        self.shelf = Shelf(folder / "till")
        self.cut: int | None = None
        self.spoil = False
        self.asked: list[str] = []
        self.sent: list[int] = []
        self.told: list[bool] = []

    def refresh(self) -> bool:
        """Bring the directory up to date once, in this thread; how it went."""
        http = httpx.Client(base_url="http://server", transport=httpx.MockTransport(self._carry))
        lane = Fetching(http, lambda: self.till.till.credentials, self.shelf, self.told.append, RealWorld())
        lane._refresh()
        return self.told[-1]

    def _carry(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        answer = self.rig.call(request.method, target, request.content, request.headers.items())
        self.asked.append(f"{target.partition('?')[0]} {request.headers.get('Range', '')}".strip())
        self.sent.append(len(answer.body))
        body = answer.body
        if self.spoil:
            body = body[:-1] + bytes([body[-1] ^ 1])
        return httpx.Response(answer.status, headers=answer.headers, content=self._coming(body))

    def _coming(self, body: bytes) -> Iterator[bytes]:
        yield body[: self.cut]
        if self.cut is not None:
            raise httpx.ReadError("cut")

    def find(self, token: str) -> uuid.UUID | None:
        found = self.shelf.find(card_key(card_secret(self.rig.context.secrets), token))
        return None if found is None else found.entry.member


@pytest.fixture
def line(rig: Rig, tmp_path: Path) -> Line:
    return Line(rig, tmp_path)


@pytest.fixture
def crowd(line: Line) -> list[uuid.UUID]:
    """Members of another store, each with a card, in a directory."""
    rig = line.rig
    north = of_store(rig, "north", 1)
    members = some(rig, 40)
    north.push(*(linked(rig, one, f"uid:{n}") for n, one in enumerate(members)))
    limit(rig, 0)
    assert others.keep_up(rig.context) is not None
    return members


def test_a_bare_till_fetches_all_of_it_and_then_what_changed(line: Line, crowd: list[uuid.UUID]) -> None:
    assert line.refresh()
    assert line.asked == ["/v1/directory", "/v1/directory/changes"]
    assert [line.find(f"uid:{n}") for n in range(41)] == [*crowd, None]
    line.till.push(linked(line.rig, crowd[3], "uid:40"))
    line.asked.clear()
    assert line.refresh()
    assert line.asked == ["/v1/directory/changes"]
    assert line.find("uid:40") == crowd[3]
    assert sorted(file.suffix for file in (line.shelf._folder).iterdir()) == [".changes", ".directory"]
    again = Shelf(line.shelf._folder)
    assert again.header == line.shelf.header, "a new process finds both"
    line.shelf = again
    assert (line.find("uid:40"), line.find("uid:39")) == (crowd[3], crowd[39])


def test_what_was_cut_off_goes_on_where_it_ended(line: Line, crowd: list[uuid.UUID]) -> None:
    line.cut = 400
    assert not line.refresh()
    assert not line.refresh(), "further, and cut again"
    assert line.find("uid:0") is None
    line.cut = None
    assert line.refresh()
    assert line.asked[:3] == ["/v1/directory", "/v1/directory bytes=400-", "/v1/directory bytes=800-"]
    assert line.sent[2] == line.sent[0] - 800
    assert line.find("uid:0") == crowd[0]


def test_a_part_of_a_file_that_is_no_more_begins_anew(line: Line, crowd: list[uuid.UUID]) -> None:
    line.cut = 400
    assert not line.refresh()
    line.cut = None
    line.till.push(linked(line.rig, crowd[0], "uid:99"))
    line.rig.world.ms += others.DAY_MS + 10**12
    assert others.keep_up(line.rig.context) is not None
    assert line.refresh()
    assert line.find("uid:99") == crowd[0]


def test_whole_but_not_put_in_its_place_is_put_there(line: Line, crowd: list[uuid.UUID]) -> None:
    assert line.refresh()
    (made,) = line.shelf._folder.glob("*.directory")
    made.rename(made.with_suffix(".part"))
    line.shelf = Shelf(line.shelf._folder)
    assert line.shelf.header is None
    assert line.refresh()
    assert line.find("uid:0") == crowd[0]


def test_spoilt_bytes_are_not_believed(line: Line, crowd: list[uuid.UUID]) -> None:
    line.spoil = True
    assert not line.refresh()
    assert line.shelf.header is None
    line.spoil = False
    assert line.refresh()
    held = line.shelf.header
    line.till.push(linked(line.rig, crowd[0], "uid:99"))
    line.spoil = True
    assert not line.refresh()
    assert line.shelf.header == held
    line.spoil = False
    assert line.refresh()
    assert line.find("uid:99") == crowd[0]


def test_much_that_changed_brings_all_of_it_anew(line: Line, crowd: list[uuid.UUID]) -> None:
    assert line.refresh()
    line.till.push(*(earned(line.rig, one, 5) for one in crowd))
    assert line.refresh()
    assert line.shelf.worn
    line.rig.world.ms += others.DAY_MS + 10**12
    assert others.keep_up(line.rig.context) is not None
    line.asked.clear()
    assert line.refresh()
    assert line.asked == ["/v1/directory", "/v1/directory/changes"]
    assert not line.shelf.worn
    assert len(list(line.shelf._folder.iterdir())) == 1


def test_a_restored_server_s_directory_takes_the_place_of_the_old(line: Line, crowd: list[uuid.UUID]) -> None:
    assert line.refresh()
    secrets = line.rig.context.secrets
    line.rig.context = replace(
        line.rig.context, secrets=msgspec.structs.replace(secrets, feed_epoch="another")
    )
    for file in (line.shelf._folder.parent / "server").iterdir():
        file.unlink()
    others.keep_up(line.rig.context)
    assert line.refresh()
    assert line.shelf.header is not None
    assert line.shelf.header.feed_epoch == "another"


def with_epoch(secrets: object, feed_epoch: str):
    import msgspec

    return msgspec.structs.replace(secrets, feed_epoch=feed_epoch)  # type: ignore[type-var]


def test_a_till_that_is_told_of_everybody_keeps_none(line: Line, crowd: list[uuid.UUID]) -> None:
    limit(line.rig, 10**6)
    for file in (line.shelf._folder.parent / "server").iterdir():
        file.unlink()
    assert not line.refresh(), "there is none to be had"
    limit(line.rig, 0)
    others.keep_up(line.rig.context)
    assert line.refresh()
    line.shelf.clear()
    assert line.find("uid:0") is None
    assert list(line.shelf._folder.iterdir()) == []


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"", lambda data: b"x" * 100])
def test_files_that_cannot_be_read_are_as_none(
    line: Line, crowd: list[uuid.UUID], spoil: Callable[[bytes], bytes]
) -> None:
    assert line.refresh()
    line.till.push(linked(line.rig, crowd[0], "uid:99"))
    assert line.refresh()
    (changes,) = line.shelf._folder.glob("*.changes")
    changes.write_bytes(spoil(changes.read_bytes()))
    line.shelf = Shelf(line.shelf._folder)
    assert (line.find("uid:0"), line.find("uid:99")) == (crowd[0], None)
    (base,) = line.shelf._folder.glob("*.directory")
    base.write_bytes(spoil(base.read_bytes()))
    line.shelf = Shelf(line.shelf._folder)
    assert line.shelf.header is None
    assert line.refresh()
    assert line.find("uid:99") == crowd[0]


def test_a_portal_is_no_directory_and_it_is_asked_for_again(
    line: Line, crowd: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    def portal(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "https:portal.example/login"})

    with monkeypatch.context() as hotel:
        hotel.setattr(line, "_carry", portal)
        assert not line.refresh()
    assert line.refresh()
    assert line.find("uid:7") == crowd[7]


def test_a_full_disk_is_left_alone(
    line: Line, crowd: list[uuid.UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.fetching.RESERVE_BYTES", 10**18)
    assert not line.refresh()
    assert list(line.shelf._folder.glob("*.directory")) == []
