"""The command line: what it lists, what it says, how it ends."""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

import resources
from app import doctor
from app.cli import app
from app.config import FILE
from app.loyalty.effects import CodeUsed
from app.store.database import Database
from app.store.programmes import Published
from app.store.remains import PAGE_BYTES
from sync.server.database import open_database
from tests.support.facts import Shelf
from tests.sync.rig import Rig
from tests.sync.server.held import enrolled, sale
from tests.sync.server.test_members import fold_all


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "till"
    folder.mkdir()
    shutil.copy(resources.path("demo", FILE), folder / FILE)
    shutil.copy(resources.path("programmes", "demo.yaml"), folder / "programme.yaml")
    return folder


def test_help_lists_what_there_is() -> None:
    text = run("--help").output
    for command in ("till", "server", "demo", "doctor", "devices", "feed", "import", "replay", "rebuild"):
        assert command in text


def test_import_then_import_again(folder: Path) -> None:
    products, members = resources.path("demo", "products.csv"), resources.path("demo", "members.csv")
    assert (
        run("import", "products", products, "--data", folder).output == "24 products are in the catalogue.\n"
    )
    first = run("import", "members", members, "--data", folder)
    assert first.output == "3 members enrolled, 0 were here already.\n"
    again = run("import", "members", members, "--data", folder)
    assert again.output == "0 members enrolled, 3 were here already.\n"
    assert run("import", "products", products, "--data", folder).exit_code == 0


def test_a_bad_list_changes_nothing(folder: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("sku,name,price\n1,Mleko,6.49\n2,Ser,abc\n", "utf-8")
    refused = run("import", "products", bad, "--data", folder)
    assert refused.exit_code == 2
    assert f"{bad}: line 3, price: 'abc' is not a plain decimal number such as 19.99" in refused.output
    assert "Nothing was changed." in refused.output
    assert not (folder / "till.db").exists()
    missing = run("import", "products", tmp_path / "none.csv", "--data", folder)
    assert missing.exit_code == 2


def test_balances_of_rules_that_no_programme_has_are_refused(folder: Path, tmp_path: Path) -> None:
    members = tmp_path / "members.csv"
    members.write_text("name,phone,stamps:nosuchrule\nAnna,+48 500 100 201,5\n", "utf-8")
    refused = run("import", "members", members, "--data", folder)
    assert refused.exit_code == 2
    assert "line 1, stamps:nosuchrule: names no stamp card of the programme" in refused.output
    assert "there are coffee-card" in refused.output
    later = Published("later", 1, 10**13, (folder / "programme.yaml").read_text("utf-8"))
    body = msgspec.json.encode(
        msgspec.structs.replace(later, source=later.source.replace("coffee-card", "nosuchrule"))
    )
    database = Database(folder)
    with database.file.engine().connect() as connection:
        row = "INSERT INTO listed (list, key, store, body) VALUES ('programme', 'later@1', '', ?)"
        connection.exec_driver_sql(row, (body,))
    database.close()
    taken = run("import", "members", members, "--data", folder)
    assert taken.output == "1 members enrolled, 0 were here already.\n", "published, and in force later"


def test_no_settings_says_what_to_do(tmp_path: Path) -> None:
    refused = run("rebuild", "--data", tmp_path)
    assert refused.exit_code == 1
    assert "There is no stempel.toml" in refused.output


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("[shop]\nname = 5", "Expected `str`"),
        ("[shop", "Expected"),
        ("[printer]\nadress = 'x'", "unknown field `adress`"),
        ("[server]\nurl = 'ftp://x'", "begins with https://"),
    ],
)
def test_wrong_settings_are_named(folder: Path, line: str, reason: str) -> None:
    file = folder / FILE
    text = file.read_text("utf-8")
    file.write_text(line if line.startswith("[shop") else f"{text}\n{line}\n", "utf-8")
    refused = run("rebuild", "--data", folder)
    assert refused.exit_code == 1
    assert reason in refused.output


def test_rebuild_proves_or_mends(folder: Path) -> None:
    database = Database(folder)
    shelf = Shelf()
    database.writer.commit(shelf.opened())
    member, work = shelf.enrolled()
    database.writer.commit(work)
    database.writer.commit(shelf.sold(member))
    database.close()
    assert (
        run("rebuild", "--check", "--data", folder).output == "3 facts folded: every projection is equal.\n"
    )
    database = Database(folder)
    with database.file.engine().connect() as connection:
        connection.exec_driver_sql("DELETE FROM sale")
    database.close()
    differs = run("rebuild", "--check", "--data", folder)
    assert differs.exit_code == 1
    assert "sale differ" in differs.output
    assert run("rebuild", "--data", folder).exit_code == 0
    assert run("rebuild", "--check", "--data", folder).exit_code == 0


def test_a_second_process_on_the_folder_is_told(folder: Path) -> None:
    database = Database(folder)
    refused = run("rebuild", "--data", folder)
    assert refused.exit_code == 1
    assert "already running" in refused.output
    database.close()


def test_programme_check_names_line_path_and_hint(folder: Path) -> None:
    file = folder / "programme.yaml"
    assert run("programme", "check", file).exit_code == 0
    file.write_text(
        file.read_text("utf-8").replace("n_for_m: {take: 3, pay: 2}", "n_for_m: {take: 2, pay: 3}")
    )
    refused = run("programme", "check", file)
    assert refused.exit_code == 2
    assert f"{file}:" in refused.output


def test_pairs_are_found_in_the_sales_of_a_running_till(folder: Path, tmp_path: Path) -> None:
    assert "nothing was sold yet" in run("programme", "pairs", "--data", folder).output
    database, shelf = Database(folder), Shelf()
    database.writer.commit(shelf.opened())
    for n in range(6):
        database.writer.commit(shelf.sold(lines=2 if n < 3 else 1))
    for lines in (1, 2):
        told = run("programme", "pairs", "--data", folder, "--least", str(lines + 3))
        assert "No two things" in told.output
    # Two kinds of receipt only: together is no more than chance until something else is sold as well.
    told = run("programme", "pairs", "--data", folder, "--by", "skus", "--least", "3")
    assert told.exit_code == 1
    for _ in range(6):
        database.writer.commit(shelf.sold(lines=0))
    told = run("programme", "pairs", "--data", folder, "--by", "skus", "--least", "3")
    assert told.exit_code == 0
    assert "# 3 receipts, 100 % of those with the first, 2.0 times chance" in told.output
    head, rules = (folder / "programme.yaml").read_text("utf-8").split("rules:\n", 1)
    draft = tmp_path / "draft.yaml"
    draft.write_text(f"{head}rules:\n{told.output}{rules}", "utf-8")
    assert run("programme", "check", draft).output == f"{draft} is a valid programme.\n"
    assert run("programme", "pairs", "--by", "brand").exit_code == 2
    database.close()


def test_doctor_looks_at_everything_and_goes_on(folder: Path) -> None:
    Database(folder).close()
    settings = folder / FILE
    text = settings.read_text("utf-8")
    settings.write_text(
        text + '\n[printer]\naddress = "tcp://127.0.0.1:9"\n[server]\nurl = "http://127.0.0.1:9"\n'
    )
    told = run("doctor", "--data", folder)
    assert told.exit_code == 1
    for part in ("ok settings", "ok programme", "ok database", "ok disk", "!! server", "!! printer"):
        assert part in told.output, told.output
    assert "nothing is lost" in told.output


def test_doctor_names_a_damaged_database_and_goes_on(folder: Path) -> None:
    Database(folder).close()
    file = folder / "till.db"
    data = file.read_bytes()
    for start in range(PAGE_BYTES, len(data), PAGE_BYTES):
        file.write_bytes(data[:start] + bytes(PAGE_BYTES) + data[start + PAGE_BYTES :])
        told = run("doctor", "--data", folder)
        assert told.exit_code == 1, start
        assert "!! database:" in told.output
        assert "restore the backup" in told.output
        assert "ok disk" in told.output


@pytest.mark.parametrize(
    ("wrong", "right", "told_of", "todo"),
    [
        ("", '\n[server]\nurl = "https://server:port"\n', "settings", "stempel.toml"),
        ("", '\n[server]\nurl = "https://[::1"\n', "settings", "stempel.toml"),
        ("Europe/Warsaw", "Europe", "settings", "stempel.toml"),
    ],
)
def test_doctor_names_settings_that_break_a_look(
    folder: Path, wrong: str, right: str, told_of: str, todo: str
) -> None:
    settings = folder / FILE
    text = settings.read_text("utf-8")
    settings.write_text(text.replace(wrong, right) if wrong else text + right, "utf-8")
    told = run("doctor", "--data", folder)
    assert (told.exit_code, told.exception.__class__) == (1, SystemExit), told.output
    found, what_to_do = told.output.split(f"!! {told_of}: ")[1].splitlines()[:2]
    assert found
    assert todo in what_to_do


def test_doctor_says_what_to_do_about_whatever_goes_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("no such thing")

    for name in ("_programme", "_database", "_disk", "_clock_and_server", "_printer", "_beside"):
        monkeypatch.setattr(doctor, name, fails)
    monkeypatch.setattr("hardware.devices.list_devices", fails)
    monkeypatch.setattr("hardware.scanners.setup.known_codes", fails)
    found = doctor.examine(folder)
    assert [each.wrong for each in found] == [False, *[True] * 8]
    assert all("no such thing" in each.state and each.todo for each in found[1:])


def test_doctor_works_beside_a_running_till(folder: Path) -> None:
    database = Database(folder)
    assert "ok database: 0 facts, sound" in run("doctor", "--data", folder).output
    database.close()


def test_devices_are_json() -> None:
    told = run("devices")
    assert told.exit_code == 0
    assert isinstance(json.loads(told.output), list | dict)


def test_server_codes_and_tokens(tmp_path: Path) -> None:
    code = run("server", "--data", tmp_path, "enrol-code", "12")
    assert code.exit_code == 0, code.output
    assert len(code.output.strip()) == 19
    back = run("server", "--data", tmp_path, "enrol-code", "12", "--till", str(uuid.UUID(int=7)))
    assert len(back.output.strip()) == 19
    assert run("server", "--data", tmp_path, "enrol-code", "12", "--till", "7").exit_code == 2
    database = open_database(None, tmp_path)
    with database.read() as connection:
        codes = connection.exec_driver_sql("SELECT till FROM enrol_code ORDER BY till").scalars().all()
    assert codes == [None, uuid.UUID(int=7).bytes]
    database.close()
    token = run("server", "--data", tmp_path, "office-token", "reports")
    assert len(token.output.strip()) >= 40


def test_a_server_is_compared_and_rebuilt(tmp_path: Path) -> None:
    database = open_database(None, tmp_path)
    database.migrate()
    rig = Rig(database)
    till = enrolled(rig, 1)
    till.push_ok(till.start, [sale(rig, member=uuid.UUID(int=9), effects=(CodeUsed("x", "y"),))])
    fold_all(rig)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE member SET state = ?", (b'{"receipts":99}',))
    rig.close()
    server = ("server", "--data", tmp_path, "rebuild")
    wrong = run(*server, "--check")
    assert (wrong.exit_code, str(uuid.UUID(int=9)) in wrong.output) == (1, True)
    in_use = run(*server)
    assert (in_use.exit_code, "Stop it first" in in_use.output) == (1, True)
    database.close()
    assert "1 facts" in run(*server).output
    assert run(*server, "--check").exit_code == 0
    with open_database(None, tmp_path).write() as connection:
        connection.exec_driver_sql("DELETE FROM member_fact")
    passed_over = run(*server, "--check")
    assert (passed_over.exit_code, "not folded: 1" in passed_over.output) == (1, True)


def test_feed_without_a_server_says_so() -> None:
    refused = run("feed", "--url", "http://127.0.0.1:9", "--token", "x")
    assert refused.exit_code == 1
    assert "does not answer" in refused.output


def test_price_answers_a_case_a_line(tmp_path: Path) -> None:
    programme = resources.path("programmes", "demo.yaml")
    cases = tmp_path / "cases.ndjson"
    line = {"line": "1", "sku": "1019", "category": "yoghurt", "qty": "3", "unit_price": "4.20"}
    case = {"at": "2026-11-21T12:00:00+01:00", "member": None, "basket": [line]}
    cases.write_text(json.dumps(case) + "\n{}\n", "utf-8")
    told = run("price", cases, "--programme", programme)
    assert told.exit_code == 2
    answers = [json.loads(each) for each in told.stdout.splitlines()]
    assert answers[0]["total"] == "8.40"
    assert "error" in answers[1]


def test_the_published_schema_is_what_the_command_prints() -> None:
    printed = json.loads(run("programme", "schema").output)
    assert printed == json.loads(resources.path("schemas", "programme.schema.json").read_text("utf-8"))


@pytest.mark.parametrize("command", [("demo",), ("programme", "explain", "x.yaml")])
def test_an_unknown_language_is_refused(command: tuple[str, ...]) -> None:
    refused = run(*command, "--lang", "de")
    assert refused.exit_code == 2
    assert "--lang is one of ru, pl, en, not 'de'" in refused.output
