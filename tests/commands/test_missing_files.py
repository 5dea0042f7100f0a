"""A file that was named wrongly: every command says so, and ends with 2 as for any wrong argument."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

import resources
from app.cli import app

PROGRAMME = str(resources.path("programmes", "demo.yaml"))
COMMANDS = (
    "programme check FILE",
    "programme explain FILE",
    "price FILE --programme PROGRAMME",
    "price --programme FILE",
    "what-if FILE --in-force PROGRAMME --sales OUT",
    "what-if PROGRAMME --in-force FILE --sales OUT",
    "what-if PROGRAMME --in-force PROGRAMME --sales FILE",
    "import products FILE --data TILL",
    "import members FILE --data TILL",
    "receipt preview FILE --data TILL",
    "replay --data OUT --programme FILE",
    "rescue FILE",
    "server --data SERVER publish programme FILE",
    "server --data SERVER publish products FILE --currency PLN",
    "server --data SERVER publish staff FILE",
    "server --data SERVER take FILE",
    "server --data SERVER restore FILE",
)


@pytest.fixture(scope="module")
def till(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("till")
    shop = resources.path("demo", "stempel.toml").read_text("utf-8")
    (folder / "stempel.toml").write_text(shop, "utf-8")
    return folder


@pytest.mark.parametrize("line", COMMANDS)
def test_a_file_that_is_not_there_is_named(line: str, till: Path, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere.csv"
    words = {"FILE": missing, "PROGRAMME": PROGRAMME, "TILL": till, "SERVER": tmp_path, "OUT": tmp_path / "o"}
    told = CliRunner().invoke(app, [str(words.get(word, word)) for word in line.split()])
    assert told.exit_code == 2, (told.output, told.exception)
    assert "nowhere.csv" in told.output.replace("\n", "")
    assert "Errno" not in told.output
