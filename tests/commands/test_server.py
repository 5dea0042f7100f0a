"""`stempel server`: arguments that cannot be used are told, and are no bugs."""

from __future__ import annotations

from pathlib import Path

from tests.commands.test_publish import run


def test_a_folder_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a folder")
    for data in (file, file / "below", Path("/proc/nothing")):
        told = run(data, "tills")
        assert told.exit_code == 2, (data, told.output, told.exception)
        assert f"{data}: " in told.output
        assert "--data" in told.output
        assert "Errno" not in told.output
    told = run(tmp_path, "--database", f"sqlite:///{tmp_path}/none/x", "tills")
    assert (told.exit_code, told.output) == (
        2,
        f"{tmp_path}/none/x: there is nothing of this name: check it\n",
    )


def test_a_store_that_cannot_be_written_down_is_refused(tmp_path: Path) -> None:
    told = run(tmp_path, "enrol-code", "x\0y")
    assert (told.exit_code, told.output) == (2, "the store holds a NUL\n")
