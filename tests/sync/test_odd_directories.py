"""What comes instead of a directory: a portal's page, nonsense, more than the disk has room for."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from app.lanes import RealWorld
from sync.directory import Header
from sync.fetching import LOOK_BYTES, RESERVE_BYTES, Fetching
from sync.outbox import Credentials
from sync.shelf import Shelf


class Answers:
    """A till that fetches from whatever a function says, in this thread."""

    def __init__(self, folder: Path, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self.told: list[bool] = []
        self.shelf = Shelf(folder)
        ours = Credentials(uuid.UUID(int=1), 1, "12", bytes(32), "")
        http = httpx.Client(base_url="http://server", transport=httpx.MockTransport(answer))
        self.lane = Fetching(http, lambda: ours, self.shelf, self.told.append, RealWorld())


@pytest.mark.parametrize(
    "headers",
    [
        {"Location": "https:portal.example/login"},
        {"Location": "http://xn--/"},
        {"ETag": '"abc"', "Content-Length": "x"},
        {"ETag": '"abc"', "Content-Length": "-1"},
    ],
)
def test_what_no_server_of_ours_would_send_is_told_as_not_done(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    status = 302 if "Location" in headers else 200
    till = Answers(
        tmp_path, lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(b"<html>"))
    )
    till.lane._refresh()
    assert till.told == [False]


def test_what_nobody_foresaw_is_told_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("nobody foresaw it")

    till = Answers(tmp_path, lambda _: httpx.Response(404))
    monkeypatch.setattr(Shelf, "part", broken)
    monkeypatch.setattr(Shelf, "clear", broken)
    for job in (till.lane._refresh, till.lane._drop):
        with pytest.raises(ZeroDivisionError):
            job()
    assert len(till.told) == 2


def dripping() -> Iterator[bytes]:
    while True:
        yield b" "
        time.sleep(0.01)


def flooding(counted: list[int]) -> Iterator[bytes]:
    for _ in range(64):
        counted.append(1 << 20)
        yield bytes(1 << 20)


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> None:
    """A till that has a directory: it asks what changed."""
    header = Header(feed_epoch="f", made_ms=1, cursor="c", count=0, sha256=bytes(32))
    monkeypatch.setattr(Shelf, "header", header)
    monkeypatch.setattr(Shelf, "worn", False)


def test_changes_without_end_are_not_read(
    tmp_path: Path, keeping: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.fetching.CHANGES_S", 0.1)
    till = Answers(tmp_path, lambda _: httpx.Response(200, content=dripping()))
    till.lane._refresh()
    assert till.told == [False]


def test_of_changes_that_are_too_large_no_more_is_read(
    tmp_path: Path, keeping: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.fetching.CHANGES_MAX", 4 << 20)
    counted: list[int] = []
    till = Answers(tmp_path, lambda _: httpx.Response(200, content=flooding(counted)))
    till.lane._refresh()
    assert till.told == [False]
    assert sum(counted) <= 6 << 20


def test_a_file_of_unknown_length_leaves_the_reserve_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, folder = 9 << 20, tmp_path / "till"

    def usage(_: Path) -> SimpleNamespace:
        taken = sum(file.stat().st_size for file in folder.glob("*"))
        return SimpleNamespace(free=RESERVE_BYTES + room - taken)

    monkeypatch.setattr("sync.fetching.shutil.disk_usage", usage)
    counted: list[int] = []
    till = Answers(
        folder, lambda _: httpx.Response(200, headers={"ETag": '"abc"'}, content=flooding(counted))
    )
    till.lane._refresh()
    assert till.told == [False]
    assert sum(counted) <= room + LOOK_BYTES
    assert list(folder.iterdir()) == [], "what does not fit is not kept"
