"""A programme that was kept is the one that was read; whatever happens to it, the file is what counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import resources
from app.loyalty.programme import load_programme
from app.store import kept
from app.store.kept import Unusable, load_kept
from tests.loyalty.cases import case

SOURCE = resources.path("programmes", "demo.yaml").read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    load_kept(SOURCE, tmp_path / "kept")
    return tmp_path / "kept"


def only(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was read anew."""
    heard: list[bytes] = []
    load = kept._load
    monkeypatch.setattr(kept, "_load", lambda source: (heard.append(source), load(source))[1])
    return heard


def test_every_programme_of_ours_is_the_same_from_what_was_kept(tmp_path: Path, unread: list[bytes]) -> None:
    files = sorted(resources.path("programmes").glob("**/*.yaml"))
    for file in files:
        source = file.read_bytes()
        first, unread[:] = load_kept(source, tmp_path), []
        assert load_kept(source, tmp_path) == first == load_programme(source)
        assert unread == []
    assert len(list(tmp_path.iterdir())) == min(len(files), 8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 10**6))
def test_any_programme_survives(tmp_path: Path, seed: int) -> None:
    programme, *_ = case(seed)
    file, key = tmp_path / "one", b"k" * 32
    kept._write(file, key, programme)
    assert kept._read(file, key) == programme


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied", "foreign", "gone"])
def test_what_is_damaged_is_read_anew_and_kept_again(folder: Path, unread: list[bytes], damage: str) -> None:
    file = only(folder)
    content = bytearray(file.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    left = {"cut": content[:-3], "flipped": content, "emptied": b"", "foreign": os.urandom(500), "gone": None}
    if left[damage] is None:
        file.unlink()
    else:
        file.write_bytes(left[damage])  # type: ignore[arg-type]
    assert load_kept(SOURCE, folder) == load_programme(SOURCE)
    assert load_kept(SOURCE, folder) == load_programme(SOURCE)
    assert unread == [SOURCE]


def test_another_version_reads_for_itself(
    folder: Path, unread: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_version", lambda: b"newer")
    load_kept(SOURCE, folder)
    assert unread == [SOURCE]


def test_a_changed_file_is_another_programme(folder: Path, unread: list[bytes]) -> None:
    changed = SOURCE.replace(b"version: 1", b"version: 7", 1)
    assert changed != SOURCE
    assert load_kept(changed, folder).version == 7
    assert unread == [changed]


def test_what_cannot_be_used_says_why_and_is_not_kept(folder: Path) -> None:
    for _ in range(2):
        with pytest.raises(Unusable, match="line 1"):
            load_kept(b"stempel: 1\n", folder)
    only(folder)


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "kept"
    blocked.write_text("not a folder")
    assert load_kept(SOURCE, blocked) == load_programme(SOURCE)
    assert "could not be kept" in caplog.text


def test_what_was_kept_needs_no_yaml(folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from app.store.kept import load_kept; import resources; "
        "load_kept(resources.path('programmes', 'demo.yaml').read_bytes(), Path(sys.argv[1])); "
        "assert 'yaml' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=60)
