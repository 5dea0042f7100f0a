"""`stempel card` with real readers: read, write, link, and what is said when that cannot be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import resources
from app.cli import app
from app.config import FILE
from app.ledger.facts import CardLinked, decode
from app.store.database import Database
from hardware.scanners.masks import HOUSE_MEMBER
from tests.support.virtual_card import Ntag, VirtualCard, factory213, ntag213
from tests.support.vpcd import Pcscd, pcscd, pcscd_stopped

__all__ = ["pcscd", "pcscd_stopped"]

UID = "04A1B2C3D4E580"
NUMBER = HOUSE_MEMBER.code("12345678901")


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["card", *(str(each) for each in arguments)])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till's folder with the demo's members."""
    folder = tmp_path_factory.mktemp("shop") / "till"
    folder.mkdir()
    shutil.copy(resources.path("demo", FILE), folder / FILE)
    shutil.copy(resources.path("programmes", "demo.yaml"), folder / "programme.yaml")
    arguments = ["import", "members", str(resources.path("demo", "members.csv")), "--data", str(folder)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return folder


@pytest.fixture
def folder(shop: Path, tmp_path: Path) -> Path:
    shutil.copytree(shop, tmp_path / "till")
    return tmp_path / "till"


def links(folder: Path) -> list[str]:
    """Every card ever linked, in order."""
    database = Database(folder)
    try:
        facts = [decode(body) for _, body in database.reader().log()]
    finally:
        database.close()
    return [fact.card for fact in facts if isinstance(fact, CardLinked)]


def test_a_card_is_read_as_json(pcscd: Pcscd, folder: Path):
    pcscd.insert(ntag213(UID, "LOY-1"))
    done = run("read", "--data", folder)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert (told["uid"], told["record"], told["proof"], told["role"]) == (
        UID,
        "LOY-1",
        "copyable",
        "customer",
    )


def test_a_blank_card_is_written_and_linked(pcscd: Pcscd, folder: Path):
    before = links(folder)
    chip = factory213(UID)
    pcscd.insert(chip)
    done = run("write", "--member", "04A1B2C3D4E5F6", "--data", folder)
    assert done.exit_code == 0, done.output
    (card,) = links(folder)[len(before) :]
    number = card.removeprefix("code:")
    assert HOUSE_MEMBER.match(number).fits
    assert f"Written and read back: {number} on {UID}" in done.stdout
    assert number.encode() in chip.area
    again = run("link", number.lower(), "04A1B2C3D4E5F6", "--data", folder)
    assert "already" in again.stdout
    assert len(links(folder)) == len(before) + 1


def test_without_a_member_it_says_what_would_be_linked(pcscd: Pcscd, folder: Path):
    before = links(folder)
    pcscd.insert(factory213(UID))
    done = run("write", NUMBER, "--data", folder)
    assert done.exit_code == 0
    assert f"stempel card link {NUMBER} MEMBER" in done.stdout
    assert links(folder) == before
    linked = run("link", NUMBER, "Łucja", "--data", folder)
    assert linked.exit_code == 0, linked.output
    assert links(folder) == [*before, f"code:{NUMBER}"]


def test_a_card_that_holds_a_record_is_left_alone_unless_asked(pcscd: Pcscd, folder: Path):
    chip = ntag213(UID, "LOY-1")
    pcscd.insert(chip)
    before = chip.area
    refused = run("write", NUMBER, "--data", folder)
    assert refused.exit_code == 1
    assert '(not_blank) ("LOY-1"). It holds a record already.' in refused.output
    assert chip.area == before
    assert run("write", NUMBER, "--overwrite", "--data", folder).exit_code == 0
    assert NUMBER.encode() in chip.area


@pytest.mark.parametrize(
    ("chip", "code"),
    [
        (Ntag(bytes.fromhex(UID), bytes.fromhex("0103A00C340300FE"), access=0x0F), "read_only"),
        (Ntag(bytes.fromhex(UID), b"\x03\xff\xff\xff"), "malformed"),
    ],
    ids=["locked", "damaged"],
)
def test_a_card_that_cannot_be_written_says_why(pcscd: Pcscd, folder: Path, chip: Ntag, code: str):
    pcscd.insert(chip)
    done = run("write", NUMBER, "--member", "04A1B2C3D4E5F6", "--data", folder)
    assert done.exit_code == 1
    assert f"Nothing was written ({code})" in done.output
    assert f"code:{NUMBER}" not in links(folder)


def test_a_members_own_card_is_not_made_anothers(pcscd: Pcscd, folder: Path):
    pcscd.insert(factory213("04A1B2C3D4E5F6"))
    done = run("write", "--member", "04B1B2C3D4E5F6", "--data", folder)
    assert done.exit_code == 1
    assert "belongs to another member" in done.output


def test_a_card_that_cannot_be_read_is_told_and_the_next_is_waited_for(pcscd: Pcscd, folder: Path):
    pcscd.insert(VirtualCard(ntag213(UID), lambda _: b"\x63\x00"), slot=0)
    pcscd.insert(factory213(UID), slot=1)
    done = run("write", NUMBER, "--data", folder)
    assert done.exit_code == 0, done.output
    only = run("read", "--reader", "till", "--seconds", "1", "--data", folder)
    assert only.exit_code == 1
    assert "cannot be read (unsupported)" in only.output
    assert "No card that can be read came within 1 s." in only.output


def test_without_a_service_or_a_card_it_ends_with_what_to_do(pcscd_stopped: Pcscd, folder: Path):
    done = run("read", "--seconds", "0.5", "--data", folder)
    assert done.exit_code == 1
    assert "stempel doctor" in done.output


def test_a_wrong_number_or_member_writes_nothing(pcscd: Pcscd, folder: Path):
    chip = factory213(UID)
    pcscd.insert(chip)
    before = chip.area
    wrong = NUMBER[:-1] + str((int(NUMBER[-1]) + 1) % 10)
    for arguments, says in (
        (("write", wrong), "check character"),
        (("write", "4111111111111111"), "payment card"),
        (("write", "--member", "Nobody"), "no such member"),
        (("write", "04A1B2C3D4E5F6", "--member", "a"), "member"),
        (("link", NUMBER, "uid:04FF"), "no such member"),
    ):
        done = run(*arguments, "--data", folder)
        assert done.exit_code == 2, done.output
        assert says in done.output
    assert chip.area == before


def test_a_running_till_is_not_written_behind_its_back(pcscd: Pcscd, folder: Path):
    chip = factory213(UID)
    pcscd.insert(chip)
    till = Database(folder)
    try:
        done = run("write", "--member", "04A1B2C3D4E5F6", "--data", folder)
    finally:
        till.close()
    assert done.exit_code == 1
    assert "already running" in done.output
    assert NUMBER[:1].encode() not in chip.area


def test_numbers_for_a_maker_of_cards(folder: Path):
    drawn = run("numbers", "50", "--data", folder).stdout.split()
    assert len(set(drawn)) == 50
    assert all(HOUSE_MEMBER.match(number).fits for number in drawn)
