"""`stempel server export`: a day's file is there whole, or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest
from typer.testing import CliRunner, Result

from app.cli import app
from sync.server.export import Day


def export(folder: Path, file: Path) -> Result:
    words = ["server", "--data", folder, "export", "2026-11-01", file, "--table", "sales"]
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize(
    "error", [RuntimeError("server closed the connection"), OSError(28, "No space left")]
)
def test_an_error_midway_leaves_nothing_and_the_next_run_succeeds(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    file = out / "day.csv"

    def breaks(day: Day, opened: BinaryIO, *_: str) -> str:
        opened.write(b"half")
        assert not file.exists(), "nobody takes half a file for a whole one"
        raise error

    with monkeypatch.context() as broken:
        broken.setattr(Day, "write", breaks)
        assert export(tmp_path, file).exit_code == 1
    assert list(out.iterdir()) == []
    assert export(tmp_path, file).exit_code == 0
    whole = file.read_bytes()
    assert export(tmp_path, file).exit_code == 2
    assert list(out.iterdir()) == [file]
    assert file.read_bytes() == whole


def test_what_a_killed_run_left_is_written_over(tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.with_name("day.csv.part").write_bytes(b"half" * 1000)
    assert export(tmp_path, file).exit_code == 0
    assert b"half" not in file.read_bytes()
    assert not file.with_name("day.csv.part").exists()
    told = export(tmp_path, tmp_path / "none" / "day.csv")
    assert told.exit_code == 1
    assert "cannot be written" in told.output
