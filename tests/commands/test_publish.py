"""`stempel server publish`: whole files or nothing, and what was done in one line."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
from typer.testing import CliRunner, Result

import resources
from app.checkout.pin import verify_pin
from app.cli import app
from sync.server import schema
from sync.server.database import Database


def run(folder: Path, *arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["server", "--data", str(folder), *map(str, arguments)])


def rows(folder: Path, name: str) -> dict[str, dict[str, object]]:
    database = Database.sqlite(folder / "server.sqlite")
    with database.read() as connection:
        table = schema.listing.c
        found = {
            row.key: msgspec.json.decode(row.body)
            for row in connection.execute(schema.listing.select().where(table.list == name))
            if row.body is not None
        }
    database.close()
    return found


def test_products_are_the_file_from_now_on(tmp_path: Path) -> None:
    file = resources.path("demo", "products.csv")
    done = run(tmp_path, "publish", "products", file, "--currency", "PLN")
    assert done.exit_code == 0, done.output
    count = len(rows(tmp_path, "product"))
    assert count > 5
    assert done.output.strip() == f"{count} added, 0 changed, 0 removed, 0 as they were."
    short = tmp_path / "short.csv"
    short.write_text("sku,name,price\n1017,Mleko,6.49\n")
    kept = run(tmp_path, "publish", "products", short, "--currency", "PLN", "--keep")
    assert "0 removed" in kept.output
    cut = run(tmp_path, "publish", "products", short, "--currency", "PLN")
    assert len(rows(tmp_path, "product")) == 1, cut.output
    assert run(tmp_path, "publish", "products", short, "--currency", "XYZ1").exit_code == 2


def test_a_bad_file_is_refused_with_every_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("sku,name,price\n1,,x\n2,Chleb,-1\n")
    refused = run(tmp_path, "publish", "products", file, "--currency", "PLN")
    assert refused.exit_code == 2
    assert "line 2, name" in refused.output
    assert "line 3, price" in refused.output
    programme = tmp_path / "bad.yaml"
    programme.write_text(resources.path("programmes", "demo.yaml").read_text().replace("kind:", "knid:"))
    refused = run(tmp_path, "publish", "programme", programme)
    assert refused.exit_code == 2
    assert refused.output.count("'kind' is missing") >= 2
    assert run(tmp_path, "publish", "programme", tmp_path / "none.yaml").exit_code == 2


def test_an_allowance_is_published_in_points_and_money(tmp_path: Path) -> None:
    said = ("publish", "allowance", "--points", "12.5", "--coupons", "30.00", "--currency", "PLN")
    assert "1 added" in run(tmp_path, *said).output
    assert rows(tmp_path, "allowance") == {
        "card": {"points_centi": 1250, "coupons_minor": 3000, "unknown_codes": "refuse"}
    }
    assert "1 changed" in run(tmp_path, *said, "--unknown-codes", "accept").output
    assert "1 added" in run(tmp_path, *said, "--store", "shop 2").output
    for wrong in (("--points", "x"), ("--coupons", "1.001"), ("--points", "-1"), ("--currency", "zł")):
        assert run(tmp_path, *said, *wrong).exit_code == 2, wrong


def test_how_many_members_tills_know_in_full_is_published(tmp_path: Path) -> None:
    said = ("publish", "member-scope", "--full-up-to")
    assert "every member" in run(tmp_path, *said, "500000").output
    assert run(tmp_path, *said, "-1").exit_code == 2


def test_a_programme_is_published_once_and_withdrawn(tmp_path: Path) -> None:
    file = tmp_path / "programme.yaml"
    shutil.copy(resources.path("programmes", "demo.yaml"), file)
    assert "1 added" in run(tmp_path, "publish", "programme", file).output
    assert "1 as they were" in run(tmp_path, "publish", "programme", file).output
    (key,) = rows(tmp_path, "programme")
    assert run(tmp_path, "publish", "withdraw", "other@1").exit_code == 2
    assert "1 removed" in run(tmp_path, "publish", "withdraw", key).output


def test_staff_pins_are_hashed_before_they_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text("id,name,role,pin,card\n1,Anna,manager,4711,uid:04A1\n2,Olga,cashier,,\n")
    done = run(tmp_path, "publish", "staff", file)
    assert done.exit_code == 0, done.output
    anna = rows(tmp_path, "staff")["1"]
    assert verify_pin("4711", str(anna["pin"]))
    assert (anna["role"], anna["card"]) == ("manager", "uid:04A1")
    file.write_text("id,name,role,pin,colour\n1,Anna,boss,47,red\n")
    refused = run(tmp_path, "publish", "staff", file)
    assert refused.exit_code == 2
    assert "colour" in refused.output
    assert "4 to 12 digits" in refused.output
    file.write_text("id,name,pin\n\n1,Anna,47\n")
    assert "line 3, pin" in run(tmp_path, "publish", "staff", file).output
    file.write_text("id,name,role\n1,Anna,boss\n")
    assert "boss" in run(tmp_path, "publish", "staff", file).output


def test_badges_are_kept_as_readers_read_them(tmp_path: Path) -> None:
    file = tmp_path / "staff.csv"
    file.write_text(
        "id,name,role,card\n1,Anna,cashier,uid:04a1b2c3\n2,Olga,cashier,12345\n3,Iza,cashier,\n4,Ewa,cashier,Code:9x\n"
    )
    done = run(tmp_path, "publish", "staff", file)
    assert done.exit_code == 0, done.output
    cards = {key: row.get("card", "") for key, row in rows(tmp_path, "staff").items()}
    assert cards == {"1": "uid:04A1B2C3", "2": "code:12345", "3": "", "4": "code:9x"}


def test_erasing_asks_for_an_id(tmp_path: Path) -> None:
    assert run(tmp_path, "erase", "Anna").exit_code == 2
    done = run(tmp_path, "erase", "019a0000-0000-7000-8000-00000000000a")
    assert (done.exit_code, "Nobody" in done.output) == (0, True)
