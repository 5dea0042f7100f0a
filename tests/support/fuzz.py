"""Seeded inputs for parsers: right ones, right ones damaged, and noise. Each target runs `count` of them.

The suite runs a few thousand of each, tests/faults a hundred thousand.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from typing import Any, Final

from hardware.cards.classic import ClassicPlace
from hardware.cards.contact import ContactFile
from hardware.cards.issue import write_member_record
from hardware.cards.kinds import CardSettings, family, read_card, reader_uid
from hardware.cards.link import CardProblem
from hardware.cards.native import Way
from hardware.cards.ndef_record import bytes_needed, find_message, member_record, message_place
from hardware.cards.sun import SunKeys, verify_sun
from hardware.cards.ultralight_aes import UltralightKey
from hardware.ports import CardProof, Scan, ScannerState
from hardware.scanners.codes import Known, PaymentCard, Product, Unknown, read_code
from hardware.scanners.gs1 import read_gs1
from hardware.scanners.masks import HOUSE_MEMBER, InStoreRule, Mask
from hardware.scanners.wedge import WedgeScanner
from tests.support.virtual_card import Ntag, Type4, member_message, storage_atr, tlv

UID: Final = "04A1B2C3D4E580"
SUN_URL: Final = (
    "https://choose.url.com/ntag424?picc_data=EF963FF7828658A599F3041510671E88&cmac=94EED9EE65337086"
)
ZERO_KEYS: Final = SunKeys(bytes(16), bytes(16))
MESSAGES: Final = [
    member_message(record)
    for record in ("LOY-0000017", "Łukasz ₽", "https://example.org/ł?m=1", "x" * 300, "")
]
AREAS: Final = [
    *(head + tlv(message) for message in MESSAGES for head in (b"", bytes.fromhex("0103A00C34"), b"\0\0")),
    bytes.fromhex("0103A00C340203B00434FD02AABB") + tlv(MESSAGES[0]),
    b"",
]
CODES: Final = [
    "4006381333931",
    "96385074",
    "036000291452",
    "01234565",
    "2200185006429",
    "010400638133393110ab\x1d3103001256",
    "]C1010400638133393117261231",
    "https://id.gs1.org/01/04006381333931/10/ABC?3103=001256",
    "LOY-123456Z",
    HOUSE_MEMBER.code("12345678901"),
    "STEMPEL:R:0193f2a4c1d27b3e8f00112233445566",
    "0193f2a4-c1d2-7b3e-8f00-112233445566:come-back",
    "4111111111111111",
    ";4111111111111111=25121010000000000000?",
    "%B4111111111111111^NAME/SOME^2512101?",
]
SHOP: Final = Known(
    members=(Mask("LOY-######?", "mod_37_36"), Mask("77##############", "luhn")),
    receipts=(Mask("R############"),),
    coupons=(Mask("CP@@@###"),),
    in_store=(InStoreRule("22IIIIIWWWWWC"), InStoreRule("21IIIIIPPPPPC")),
)
AIMS: Final = (None, "]E0", "]C1", "]C0", "]d2", "]Q3", "]e0", "]Z9", "]")
SETTINGS: Final = CardSettings(
    classic=(ClassicPlace((4, 5), bytes(6)), ClassicPlace((8,), bytes(6), "B")),
    contact=(ContactFile(bytes.fromhex("3B65"), b"\xff\xff", (b"\x3f\x00", b"\xa0\0\0\0\1"), 16),),
    sun=ZERO_KEYS,
    ultralight_aes=UltralightKey(bytes(16)),
    native={"pn": Way.PN53X, "tr": Way.TRANSPARENT},
)
ATRS: Final = [
    storage_atr(0x0001),
    storage_atr(0x0003),
    storage_atr(0xF004),
    bytes.fromhex("3B8180018080"),
    bytes.fromhex("3B65"),
    b"",
]


class Chance:
    """Randomness with a taste for what breaks parsers."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def bytes_like(self, good: Sequence[bytes]) -> bytes:
        if self.random.random() < 0.15:
            return self.random.randbytes(self.random.choice([0, 1, 2, 3, 16, 48, 144, 300]))
        return bytes(self._damaged(bytearray(self.random.choice(good)), self._byte, bytearray))

    def text_like(self, good: Sequence[str], alphabet: str) -> str:
        if self.random.random() < 0.15:
            size = self.random.choice([0, 1, 3, 8, 13, 18, 60, 400])
            return "".join(self.random.choices(alphabet, k=size))
        letters = list(self.random.choice(good))
        return "".join(self._damaged(letters, lambda: self.random.choice(alphabet), list))

    def _byte(self) -> int:
        return self.random.choice(
            [0x00, 0x01, 0x03, 0x7F, 0x80, 0xD1, 0xFE, 0xFF, self.random.randrange(256)]
        )

    def _damaged(self, whole: Any, one: Callable[[], Any], make: Callable[[Any], Any]) -> Any:
        for _ in range(self.random.choice([0, 1, 1, 2, 3, 8])):
            at = self.random.randrange(len(whole) + 1)
            match self.random.randrange(5):
                case 0 if at < len(whole):
                    whole[at] = one()
                case 1:
                    whole.insert(at, one())
                case 2 if at < len(whole):
                    del whole[at : at + self.random.randrange(1, 5)]
                case 3:
                    del whole[at:]
                case _:
                    whole = make(whole[:at]) + make(whole[at // 2 :])
        return whole


CARD_CODES: Final = ("malformed", "refused", "unsupported", "read_only", "too_long")


def _problem(call: Callable[[], Any]) -> Any:
    """What a call gives, or the code of the CardProblem that it raises; any other error is a finding."""
    try:
        return call()
    except CardProblem as problem:
        if problem.code not in CARD_CODES:
            raise
        return problem


# -- cards -----------------------------------------------------------------------------------------------


def tlv_blocks(count: int, seed: int) -> None:
    chance = Chance(seed)
    for _ in range(count):
        area = chance.bytes_like(AREAS)
        message = _problem(lambda area=area: find_message(area))
        if isinstance(message, bytes):
            assert message in area
        place = _problem(lambda area=area: message_place(area))
        if isinstance(place, tuple):
            assert 0 <= place[0] <= len(area)
            assert place[1] == (message or b"")
        needed = bytes_needed(area)
        assert needed is None or needed >= 0


def ndef_messages(count: int, seed: int) -> None:
    chance = Chance(seed)
    for _ in range(count):
        message = chance.bytes_like(MESSAGES)
        record = _problem(lambda message=message: member_record(message))
        assert record is None or isinstance(record, str | CardProblem)


def card_memory(count: int, seed: int) -> None:
    """Any memory tells the card's UID; written over, it gives back what was written."""
    chance = Chance(seed)
    for n in range(count):
        kind = chance.random.choice(["ntag213", "ntag215", "ntag216"])
        chip = Ntag(bytes.fromhex(UID), chance.bytes_like(AREAS)[:440], kind=kind)
        if kind == "ntag213":
            chip.area = chip.area[:144]
        link = _Link(chip.answer, storage_atr(0x0003), "pn" if n % 3 else "other")
        content = read_card(link, reader_uid(link), SETTINGS)
        assert content is not None
        assert content.uid == UID
        if n % 4 == 0:
            record = f"LOY-{n}"
            outcome = _problem(
                lambda link=link, record=record: write_member_record(link, record, overwrite=True)
            )
            if outcome is None:
                again = read_card(link, UID, SETTINGS)
                assert again is not None
                assert again.record == record


def card_answers(count: int, seed: int) -> None:
    """A card of any family that answers anything at all: content that is copyable, or a known problem."""
    chance = Chance(seed)
    good = [b"\x90\x00", b"\x63\x00", b"\x61\x10", bytes.fromhex("000F20003A00340406E104010000FF9000")]
    good += [bytes.fromhex(UID) + b"\x90\x00", *(area[:16] + b"\x90\x00" for area in AREAS)]
    good += [
        b"\xd5\x43\x00" + bytes.fromhex("0004030104000F03") + b"\x90\x00",
        b"\xaf" + bytes(16) + b"\x90\x00",
    ]

    def answer(apdu: bytes) -> bytes:
        if apdu[:2] == b"\xff\xca" and chance.random.random() < 0.9:
            return bytes.fromhex(UID) + b"\x90\x00"
        return chance.bytes_like(good)

    for _ in range(count):
        link = _Link(answer, chance.bytes_like(ATRS), chance.random.choice(["pn", "tr", "other"]))
        content = _problem(lambda link=link: read_card(link, reader_uid(link), SETTINGS))
        if content is not None and not isinstance(content, CardProblem):
            assert content.proof is CardProof.COPYABLE
        assert family(link.atr)[0] in ("contact", "type2", "type4", "classic", "storage")


def sun_messages(count: int, seed: int) -> None:
    """Only the one true message verifies, however close a forgery comes."""
    chance = Chance(seed)
    alphabet = string.hexdigits + "&=?%:/.picc_datam"
    for _ in range(count):
        url = chance.text_like([SUN_URL, SUN_URL, "https://example.org/m/17"], alphabet)
        sun = _problem(lambda url=url: verify_sun(url, ZERO_KEYS))
        if sun is not None and not isinstance(sun, CardProblem):
            assert (sun.uid, sun.counter) == ("04DE5F1EACC040", 61)


def type4_cards(count: int, seed: int) -> None:
    """A Type 4 card whose message is damaged: its UID, and genuine only with the true message."""
    chance = Chance(seed)
    messages = [*MESSAGES, member_message(SUN_URL)]
    for _ in range(count):
        message = chance.bytes_like(messages)
        chip = Type4(bytes.fromhex(UID), lambda message=message: message)
        link = _Link(chip.answer, chip.atr, "other")
        content = _problem(lambda link=link: read_card(link, reader_uid(link), SETTINGS))
        if content is not None and not isinstance(content, CardProblem):
            genuine = content.proof is CardProof.GENUINE
            assert content.uid == ("04DE5F1EACC040" if genuine else UID)


class _Link:
    def __init__(self, answer: Callable[[bytes], bytes], atr: bytes, reader: str) -> None:
        self.atr, self.reader, self._answer = atr, reader, answer

    def send(self, apdu: bytes) -> tuple[bytes, int]:
        answer = self._answer(apdu)
        if len(answer) < 2:
            raise CardProblem("malformed", f"an answer of {len(answer)} bytes")
        return answer[:-2], int.from_bytes(answer[-2:], "big")


# -- codes -----------------------------------------------------------------------------------------------

ANY: Final = string.printable + "\x1d\x00\x1b]ЖżŁ₽١²\ud800😀"


def codes(count: int, seed: int) -> None:
    chance = Chance(seed)
    for _ in range(count):
        text, aim = chance.text_like(CODES, ANY), chance.random.choice(AIMS)
        code = read_code(text, aim, SHOP)
        if isinstance(code, Unknown):
            assert code.why in ("empty", "too_long", "check_character", "no_match")
        elif isinstance(code, Product):
            assert all(code.keys)
            assert code.weight_milli is None or code.weight_milli >= 0
            assert code.price_minor is None or code.price_minor >= 0
        elif isinstance(code, PaymentCard):
            assert repr(code) == "PaymentCard()"


def gs1_messages(count: int, seed: int) -> None:
    chance = Chance(seed)
    elements = [
        "0104006381333931",
        "10ab\x1d",
        "17261231",
        "3103001256",
        "3922123\x1d",
        "21x",
        "400y",
        "8006",
        "02",
    ]
    for _ in range(count):
        good = ["".join(chance.random.choices(elements, k=chance.random.randrange(1, 6))) for _ in range(2)]
        text = chance.text_like([*good, "https://x.y/01/04006381333931"], string.digits + "\x1dabAB-%/²٣\x00")
        product = read_gs1(text, chance.random.choice(AIMS), chance.random.choice([0, 2, 3]))
        if product is not None:
            assert len(product.gtin) == 14
            assert product.gtin.isdigit()


# -- keys ------------------------------------------------------------------------------------------------


def wedge_streams(count: int, seed: int) -> None:
    """Every key of any stream is typed once or scanned once, whatever the clock does."""
    chance, heard = Chance(seed), list[str]()

    def sink(event: object) -> None:
        if isinstance(event, Scan):
            heard.append((event.aim or "") + event.text)
        else:
            assert isinstance(event, ScannerState)

    scanner: WedgeScanner[str] = WedgeScanner()
    scanner.start(sink)
    now_ms = 0
    for _ in range(count):
        heard.clear()
        keys, typed = (
            chance.text_like(["4006381333931\n", "ab\t", "]C1010\n\n"], "0123456789ab]C\n\t\x1d~"),
            "",
        )
        for key in keys:
            now_ms += chance.random.choice([0, 1, 4, 4, 4, 30, 49, 50, 51, 80, 500, -200])
            typed += "".join(scanner.press(max(now_ms, 0), key, key))
            if chance.random.random() < 0.02:
                typed += "".join(scanner.idle())
        typed += "".join(scanner.idle())
        assert not scanner.holding
        kept = sorted(key for key in keys if key not in "\n\t")
        assert sorted(key for key in "".join(heard) + typed if key not in "\n\t") == kept


TARGETS: Final[dict[str, Callable[[int, int], None]]] = {
    "tlv": tlv_blocks,
    "ndef": ndef_messages,
    "memory": card_memory,
    "answers": card_answers,
    "sun": sun_messages,
    "type4": type4_cards,
    "codes": codes,
    "gs1": gs1_messages,
    "wedge": wedge_streams,
}
