"""Training leaves no trace in the shop: another database, marked paper, a shut drawer."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

import resources
from app.cli import app
from app.config import FILE, load
from app.main import practice, run_till
from app.rig.programme import open_programme
from app.store.database import Database
from app.store.training import begin_training
from hardware.receipt import PrintJob, Text, decode_job
from tests.support.facts import product
from tests.support.shop import SHOP, Desk


def jobs(desk: Desk) -> list[PrintJob]:
    with desk.database.file.engine().connect() as connection:
        rows = connection.exec_driver_sql("SELECT document FROM print_job ORDER BY id").all()
    return [decode_job(row[0]) for row in rows]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "till"
    folder.mkdir()
    shutil.copy(resources.path("demo", FILE), folder / FILE)
    shutil.copy(resources.path("programmes", "demo.yaml"), folder / "programme.yaml")
    return folder


@pytest.mark.parametrize(("lang", "mark"), [("pl", "SZKOLENIE"), ("ru", "ОБУЧЕНИЕ"), ("en", "TRAINING")])
def test_its_paper_is_marked_at_both_ends_and_the_drawer_stays_shut(
    tmp_path: Path, lang: str, mark: str
) -> None:
    desk = Desk(tmp_path / "till", shop=msgspec.structs.replace(SHOP, training=True, lang=lang)).stock()
    desk.sell("5901234000178", uid="")
    desk.till.drawer.no_sale(answer=desk.heard.append)
    desk.till.drawer.pay_in(1_00, reason="x", answer=desk.heard.append)
    assert [outcome.refused for outcome in desk.heard] == [False] * len(desk.heard)
    sale, paid_in = jobs(desk)
    for job in (sale, paid_in):
        assert job.document is not None
        first, last = job.document.blocks[0], job.document.blocks[-1]
        assert isinstance(first, Text)
        assert first == last
        assert first.text.startswith(mark)
        assert not job.open_drawer
    desk.close()


def test_practice_has_the_goods_and_the_staff_and_nobodys_points(folder: Path) -> None:
    run("import", "products", resources.path("demo", "products.csv"), "--data", folder)
    run("import", "members", resources.path("demo", "members.csv"), "--data", folder)
    assert (
        run("staff", "add", "olga", "Olga", "--role", "manager", "--pin", "4711", "--data", folder).exit_code
        == 0
    )
    place, config = practice(folder, load(folder))
    assert (config.shop.training, config.server.url, place.parent) == (True, "", folder)
    practising = Database(place)
    reader = practising.reader()
    beans = reader.product_by_code("5901234000161")
    assert beans is not None
    assert beans.codes == ()
    assert reader.find_products("5901234000161")[0] == beans
    assert [one.id for one in reader.staff()] == ["olga"]
    assert (reader.count("person"), reader.count("fact")) == (0, 0)
    practising.writer.put_products([product("PRACTICE")])
    practising.close()
    begin_training(folder, "programme.yaml")
    again, real = Database(place), Database(folder)
    assert again.reader().product("PRACTICE") is None, "made anew"
    assert real.reader().product("PRACTICE") is None
    assert real.reader().count("fact") > 0
    for database in (again, real):
        database.close()


@pytest.mark.parametrize("place", ["{folder}/shared/offer.yaml", "../offer.yaml", "shared/offer.yaml"])
def test_practice_has_the_programme_wherever_it_lies(folder: Path, place: str) -> None:
    named = place.format(folder=folder)
    (folder / named).parent.mkdir(exist_ok=True)
    (folder / "programme.yaml").rename(folder / named)
    settings = folder / FILE
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("[till]", f'[till]\nprogramme = "{named}"'), "utf-8")
    practising, config = practice(folder, load(folder))
    copy = practising / config.till.programme
    assert copy.parent == practising
    assert copy.read_bytes() == (folder / named).read_bytes()
    assert open_programme(practising, config).programme.id == "demo"


def test_practice_beside_a_running_till_says_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gc.disable", lambda: None)
    database = Database(folder)
    assert run_till(folder, training=True) == 1
    assert "close it before starting another" in capsys.readouterr().err
    database.close()


def test_staff_are_kept_from_the_command_line(folder: Path) -> None:
    def staff(*arguments: str) -> Result:
        return run("staff", *arguments, "--data", folder)

    assert staff("add", "anna", "Anna", "--pin", "1234", "--card", "code:99").output == (
        "Anna (anna) is a cashier.\n"
    )
    assert staff("add", "olga", "Olga", "--role", "manager", "--pin", "4711").exit_code == 0
    assert staff("list").output == "anna\tAnna\tcashier\tPIN code:99\nolga\tOlga\tmanager\tPIN\n"
    assert staff("add", "anna", "Anna N", "--pin", "", "--card", "uid:04AA").exit_code == 0
    assert "Anna N\tcashier\tuid:04AA" in staff("list").output
    for written, kept in (("UID:04aabb", "uid:04AABB"), ("CODE:9x", "code:9x")):
        assert staff("add", "anna", "Anna N", "--pin", "", "--card", written).exit_code == 0
        assert f"Anna N\tcashier\t{kept}" in staff("list").output
    for wrong in (
        ("add", "x", "X", "--pin", "12"),
        ("add", "x", "X", "--pin", ""),
        ("add", "x", "X", "--pin", "1234", "--card", "77"),
        ("remove", "nobody"),
    ):
        assert staff(*wrong).exit_code == 2, wrong
    assert staff("remove", "anna").exit_code == 0
    assert staff("list").output == "olga\tOlga\tmanager\tPIN\n"
