"""From a shop's settings to cards that are read: on a real pcscd, with keys in a file of their own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.config import ConfigProblem, load
from app.devices import card_readers
from app.doctor import examine
from hardware.cards.keys import FILE, CardKeys, read_card_keys
from hardware.cards.pcsc import PcscReaders
from hardware.ports import CardFailed, CardProof, CardTapped, ReaderRole
from tests.support.told import Told
from tests.support.virtual_card import OK, Classic, Type4, VirtualCard, member_message
from tests.support.vpcd import Pcscd

CLASSIC_KEY = bytes.fromhex("D3F7D3F7D3F7")
KEYS = f"""
[sun]
meta_read = "{bytes(16).hex()}"
file_read = "{bytes(16).hex()}"

[[classic]]
blocks = [4]
key = "{bytes(6).hex()}"

[[classic]]
blocks = [8, 9]
key = "{CLASSIC_KEY.hex()}"
"""
SHOP = """
[shop]
name = "Sklep"
currency = "PLN"
time_zone = "Europe/Warsaw"
"""
CONTACT = """
[[reader.contact]]
atr = "3B 65 00 00 20 63 CB 66 00"
mask = "FF FF FF FF FF FF FF FF 00"
path = ["3F00", "2F01"]
size = 16
"""


def keys_in(folder: Path, text: str, mode: int = 0o600) -> Path:
    file = folder / FILE
    file.write_text(text)
    file.chmod(mode)
    return file


def readers_of(folder: Path, settings: str = "", keys: str = "") -> PcscReaders:
    """The readers of a till whose stempel.toml and keys say this."""
    (folder / "stempel.toml").write_text(SHOP + settings)
    if keys:
        keys_in(folder, keys)
    return card_readers(load(folder), folder)


# -- keys ------------------------------------------------------------------------------------------------


def test_keys_are_read_and_never_shown(tmp_path: Path):
    keys = read_card_keys(keys_in(tmp_path, KEYS + '[ultralight_aes]\nmaster = "' + "ab" * 16 + '"\n'))
    assert keys.sun is not None
    assert keys.ultralight_aes is not None
    assert keys.ultralight_aes.master == b"\xab" * 16
    assert [place.blocks for place in keys.classic] == [(4,), (8, 9)]
    assert "d3f7" not in repr(keys).lower()
    assert "abab" not in repr(keys).lower()


def test_no_file_is_no_keys(tmp_path: Path):
    assert read_card_keys(tmp_path / FILE) == CardKeys()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int):
    file = keys_in(tmp_path, KEYS, mode)
    with pytest.raises(ValueError, match=f"chmod 600 {file}"):
        read_card_keys(file)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[sun]\nmeta_read = 'D3F7D3F7'\nfile_read = ''", "meta_read"),
        ("[sun]\nmeta_read = 'D3F7'", "meta_read|file_read"),
        ("[[classic]]\nblocks = []\nkey = 'D3F7D3F7D3F7'", "blocks"),
        ("[[classic]]\nblocks = [300]\nkey = 'D3F7D3F7D3F7'", "blocks"),
        ("[ultralight_aes]\nmaster = 'D3F7'", "master"),
        ("[ntag]\nkey = 'D3F7'", "ntag"),
        ("sun = 'D3F7", "no TOML"),
        ("key = 'D3F7' 'D3F7'", "no TOML"),
    ],
)
def test_a_wrong_file_is_named_and_its_keys_are_not(tmp_path: Path, text: str, says: str):
    file = keys_in(tmp_path, text)
    with pytest.raises(ValueError, match=says) as raised:
        read_card_keys(file)
    assert str(file) in str(raised.value)
    assert "D3F7" not in str(raised.value)


# -- settings --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ('[[reader.roles]]\nrole = "staff"\n', "name or its serial number"),
        ('[[reader.roles]]\nrole = "none"\nserial = "1"\n', "left alone"),
        ('[[reader.roles]]\nrole = "boss"\nname = "x"\n', "role"),
        ('[[reader.contact]]\natr = "3B6"\npath = ["3F00"]\nsize = 8\n', "hexadecimal"),
        ('[[reader.contact]]\natr = "3B65"\nmask = "FF"\npath = ["3F00"]\nsize = 8\n', "one length"),
        ('[[reader.contact]]\natr = "3B65"\npath = []\nsize = 8\n', "path"),
        ('[[reader.contact]]\natr = "3B65"\npath = ["3F00"]\nsize = 0\n', "size"),
        ("[reader]\nrole = 1\n", "role"),
    ],
)
def test_a_wrong_setting_says_what_would_do(tmp_path: Path, settings: str, says: str):
    with pytest.raises(ConfigProblem, match=says):
        readers_of(tmp_path, settings)


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_doctor_says_what_is_wrong_with_keys_and_forms(tmp_path: Path):
    (tmp_path / "stempel.toml").write_text(SHOP + '[scanner]\nmember_cards = ["ABC"]\n')
    found = {finding.subject: finding for finding in examine(tmp_path)}
    assert "member_cards: 'ABC' has no variable" in found["cards and codes"].todo
    keys_in(tmp_path, KEYS, 0o644)
    found = {finding.subject: finding for finding in examine(tmp_path)}
    assert found["cards and codes"].wrong
    assert f"chmod 600 {tmp_path / FILE}" in found["cards and codes"].todo
    keys_in(tmp_path, KEYS)
    (tmp_path / "stempel.toml").write_text(SHOP)
    assert "cards and codes" not in {finding.subject for finding in examine(tmp_path)}


# -- read for real ---------------------------------------------------------------------------------------


@dataclass
class Contact:
    """A contact card with one file below the root; `text` is what it holds."""

    text: bytes
    atr: bytes = bytes.fromhex("3B6500002063CB6601")
    _at: tuple[bytes, ...] = ()

    def answer(self, apdu: bytes) -> bytes:
        if apdu[:2] == b"\x00\xa4":
            self._at = (*self._at, apdu[5 : 5 + apdu[4]])
            return OK if self._at in ((b"\x3f\x00",), (b"\x3f\x00", b"\x2f\x01")) else b"\x6a\x82"
        if apdu[:2] == b"\x00\xb0" and len(self._at) == 2:
            wanted = apdu[4]
            return self.text[:wanted] + (OK if len(self.text) >= wanted else b"\x62\x82")
        return b"\x6d\x00"


def test_a_contact_card_is_read_by_its_atr_and_file(pcscd: Pcscd, tmp_path: Path):
    service, told = readers_of(tmp_path, CONTACT), Told()
    service.start(told)
    try:
        card = pcscd.insert(VirtualCard(Contact(b"LOY-0000017\xff\xff\xff\xff\xff")))
        tapped = told.wait(CardTapped)
        assert (tapped.kind, tapped.record, tapped.proof) == ("contact", "LOY-0000017", CardProof.COPYABLE)
        card.remove()
        pcscd.insert(VirtualCard(Contact(b"LOY-2")), slot=1)
        assert told.wait(CardTapped, lambda tap: tap.record == "LOY-2").uid == b"LOY-2".hex().upper()
    finally:
        assert service.stop()


def test_a_contact_card_of_another_atr_is_unsupported(pcscd: Pcscd, tmp_path: Path):
    service, told = readers_of(tmp_path, CONTACT), Told()
    service.start(told)
    try:
        other = Contact(b"LOY-2", atr=bytes.fromhex("3B6500002063CB6700"))
        pcscd.insert(VirtualCard(other))
        assert told.wait(CardFailed).code == "unsupported"
    finally:
        assert service.stop()


def test_a_classic_card_is_read_by_the_key_that_fits(pcscd: Pcscd, tmp_path: Path):
    service, told = readers_of(tmp_path, keys=KEYS), Told()
    service.start(told)
    try:
        chip = Classic(CLASSIC_KEY, {8: b"LOY-0000017", 9: b""})
        pcscd.insert(VirtualCard(chip))
        tapped = told.wait(CardTapped)
        assert (tapped.uid, tapped.kind, tapped.record) == ("A1B2C3D4", "classic1k", "LOY-0000017")
    finally:
        assert service.stop()


def test_a_wrong_classic_key_leaves_the_uid_and_says_so(pcscd: Pcscd, tmp_path: Path):
    service, told = readers_of(tmp_path, keys=KEYS), Told()
    service.start(told)
    try:
        pcscd.insert(VirtualCard(Classic(b"\x01" * 6, {8: b"LOY-1"})))
        tapped = told.wait(CardTapped)
        assert (tapped.uid, tapped.record) == ("A1B2C3D4", None)
        assert "6300" in tapped.flaw
    finally:
        assert service.stop()


def test_sun_and_roles_from_the_settings(pcscd: Pcscd, tmp_path: Path):
    roles = '[[reader.roles]]\nrole = "staff"\nname = "Staff"\n'
    service, told = readers_of(tmp_path, roles, KEYS), Told()
    service.start(told)
    try:
        # NXP AN12196, 3.4.4.2.
        url = (
            "https://choose.url.com/ntag424?picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086"
        )
        pcscd.insert(Type4(bytes.fromhex("08112233"), lambda: member_message(url)), slot=1)
        tapped = told.wait(CardTapped)
        assert (tapped.proof, tapped.counter, tapped.role) == (CardProof.GENUINE, 61, ReaderRole.STAFF)
    finally:
        assert service.stop()
