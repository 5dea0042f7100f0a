"""The till put together without its window: codes, programme, shift, lanes."""

from __future__ import annotations

import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from stdnum import ean

from app.checkout.linking import CARD_MAX, link_card
from app.checkout.outcome import Outcome, refused
from app.checkout.ports import Product, Work
from app.config import ConfigProblem, load
from app.demo import prepare
from app.lanes import FixedWorld
from app.rig import Devices, Rig
from hardware.ports import CardFailed, CardTapped, CardWritten, PrintEvent
from hardware.printers.profile import PROFILES
from hardware.simulated.paper import PaperPrinter
from hardware.simulated.reader import SimulatedReader
from tests.support.shop import NOON_MS


class Posted:
    """Stands for the window's event loop: calls wait until the test turns it."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []
        self.came = threading.Condition()

    def __call__(self, call: Callable[[], None]) -> None:
        with self.came:
            self.calls.append(call)
            self.came.notify()

    def until(self, done: Callable[[], bool], timeout_s: float = 20.0) -> None:
        while not done():
            with self.came:
                assert self.came.wait_for(lambda: bool(self.calls), timeout_s), "nothing came"
                calls, self.calls = self.calls, []
            for call in calls:
                call()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "demo"
    prepare(folder, lang="pl")
    return folder


@pytest.fixture
def folder(shop: Path, tmp_path: Path) -> Path:
    shutil.copytree(shop, tmp_path / "demo")
    return tmp_path / "demo"


@pytest.fixture
def world() -> FixedWorld:
    return FixedWorld(NOON_MS)


@pytest.fixture
def posted() -> Posted:
    return Posted()


@pytest.fixture
def rig(folder: Path, world: FixedWorld, posted: Posted) -> Iterator[Rig]:
    rig = Rig(folder, load(folder), post=posted, world=world)
    rig.begin_day()
    posted.until(lambda: rig.till.shift is not None)
    yield rig
    assert rig.close()


def test_a_scale_label_rings_its_weight(rig: Rig) -> None:
    label = "220018500642"
    assert rig.till.scan(label + ean.calc_check_digit(label)).code == "rung"
    (line,) = rig.till.sale.lines
    assert (line.sku, line.qty_milli) == ("1018", 642)
    assert rig.till.decision.total_minor == 19_20


def test_a_scale_label_without_a_weight_rings_nothing(rig: Rig) -> None:
    label = "220018500000"
    assert rig.till.scan(label + ean.calc_check_digit(label)).code == "label_empty"
    assert rig.till.sale.lines == ()


@pytest.mark.parametrize(("currency", "price_minor"), [("985", 5_00), ("978", 6_49)])
def test_a_labels_price_is_rung_up_in_the_shops_currency_alone(
    rig: Rig, currency: str, price_minor: int
) -> None:
    """GS1's AI 393; the shop sells in zlotys, 985, and has a price of its own for what bears another."""
    assert rig.till.scan(f"01059012340001783932{currency}500", "]C1").code == "rung"
    assert [line.price_minor for line in rig.till.sale.lines] == [price_minor]


def test_a_misread_scale_label_rings_nothing(rig: Rig) -> None:
    label = "220018500642"
    wrong = str((int(ean.calc_check_digit(label)) + 1) % 10)
    assert rig.till.scan(label + wrong).code == "unknown_code"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("2900000000018", "member_here"),
        ("2900000000094", "card_of_nobody"),
        ("5901234000178", "rung"),
        ("05901234000178", "rung"),
        ("0105901234000178", "rung"),
        ("]C10105901234000178", "rung"),
        ("4006381333931", "unknown_code"),
        ("4111111111111111", "payment_card"),
        ("%B4111111111111111^NOWAK/JAN^2512", "payment_card"),
        ("", "unknown_code"),
        ("\x1bp0", "unknown_code"),
    ],
)
def test_what_a_code_is(rig: Rig, code: str, outcome: str) -> None:
    aim = code[:3] if code.startswith("]") else None
    assert rig.till.scan(code[3:] if aim else code, aim).code == outcome


@pytest.mark.parametrize("gift_cards", ["here", "server"])
def test_a_payment_card_is_no_gift_card(rig: Rig, gift_cards: Literal["here", "server"]) -> None:
    """It is swiped or scanned just when the till asks for a gift card's number."""
    heart, till = rig.till.heart, rig.till
    heart.shop = msgspec.structs.replace(heart.shop, gift_cards=gift_cards)
    till.ring(Product(sku="GIFT", name="Gift card", price_minor=50_00, tags=("gift_card",)))
    assert till.adjusting.number_line(1, "4111 1111 1111 1111") == refused("payment_card")
    till.clear()
    till.scan("5901234000178")
    assert till.present_gift_card("4111111111111111") == refused("payment_card")
    assert till.scan("4111111111111111").code == "payment_card", "known, so that no panel is asked"
    assert "4111" not in str(till.sale)


def test_what_is_known_is_no_gift_card(rig: Rig) -> None:
    """Panels that take a gift card's number are asked about what is unknown, and nothing else."""
    label = "220018500642"
    label += ean.calc_check_digit(label)
    for code in ("5901234000178", label, "2900000000018", "STEMPEL:R:" + "0" * 32):
        assert rig.till.scan(code).code != "unknown_code"
    assert rig.till.scan("GC-0001").code == "unknown_code"


def test_a_payment_card_leaves_no_trace(rig: Rig, folder: Path) -> None:
    told = rig.till.scan("4111111111111111")
    assert "4111" not in str(told)
    assert rig.reader.basket() is None


def test_a_shift_of_yesterday_is_closed_and_one_of_today_opened(folder: Path, world: FixedWorld) -> None:
    for day, number in (("2026-11-21", 1), ("2026-11-22", 2)):
        posted = Posted()
        rig = Rig(folder, load(folder), post=posted, world=world)
        rig.begin_day()
        posted.until(
            lambda rig=rig, number=number: rig.till.shift is not None and rig.till.shift.number == number
        )
        assert rig.till.shift is not None
        assert rig.till.shift.business_day == day
        rig.close()
        world.ms += 86_400_000


def test_a_till_that_is_left_on_begins_the_new_day_by_itself(
    rig: Rig, world: FixedWorld, posted: Posted
) -> None:
    def days() -> list[str]:
        return [rig.till.shift.business_day] if rig.till.shift else []

    rig.till.scan("5901234000178")
    rig.till.parking.park()
    posted.until(lambda: bool(rig.till.parking.list))
    rig.till.scan("5901234000178")
    world.ms += 86_400_000
    rig.look()
    assert days() == ["2026-11-21"], "not while somebody is served"
    rig.till.pay_cash(100_00)
    posted.until(lambda: not rig.till.sale.lines)
    rig.look()
    assert days() == ["2026-11-21"], "nor at every look"
    world.ms += 60_000
    rig.look()
    posted.until(lambda: days() == ["2026-11-22"])
    assert rig.till.parking.list, "what is parked waits for its customer"


def test_an_open_sale_keeps_the_shift_it_began_in(folder: Path, world: FixedWorld) -> None:
    posted = Posted()
    rig = Rig(folder, load(folder), post=posted, world=world)
    rig.begin_day()
    posted.until(lambda: rig.till.shift is not None)
    rig.till.scan("5901234000178")
    rig.close()
    world.ms += 86_400_000
    rig = Rig(folder, load(folder), post=posted, world=world)
    rig.begin_day()
    assert rig.till.shift is not None
    assert rig.till.shift.business_day == "2026-11-21"
    assert rig.till.sale.lines
    rig.close()


def test_a_basket_of_another_version_is_put_aside(folder: Path, world: FixedWorld) -> None:
    posted = Posted()
    rig = Rig(folder, load(folder), post=posted, world=world)
    rig.database.write(Work(basket=b'{"from": "the future"}'))
    rig.close()
    rig = Rig(folder, load(folder), post=posted, world=world)
    assert rig.spoilt_basket
    assert rig.reader.setting("basket.unreadable") == b'{"from": "the future"}'
    rig.begin_day()
    posted.until(lambda: rig.till.shift is not None)
    assert not rig.till.scan("5901234000178").refused
    rig.close()


def test_a_sale_comes_out_as_paper(folder: Path, world: FixedWorld) -> None:
    posted, printed = Posted(), list[PrintEvent]()
    paper = PaperPrinter(PROFILES["80mm"])
    rig = Rig(folder, load(folder), post=posted, world=world)
    rig.begin_day()
    posted.until(lambda: rig.till.shift is not None)
    rig.start_devices(
        Devices(printer=paper, profile=PROFILES["80mm"]),
        on_card=lambda _: None,
        on_scan=lambda _: None,
        on_print=printed.append,
    )
    answers: list[Outcome] = []
    rig.till.scan("5901234000178")
    rig.till.pay_cash(10_00, answers.append)
    posted.until(lambda: len(paper.jobs) == 1)
    assert answers[-1].code == "sold"
    assert "Mleko 3,2% 1 l" in paper.texts()[0]
    assert paper.drawer_opened == 1
    rig.close()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("currency: PLN", "currency: RUB", "is in RUB, the shop sells in PLN"),
        ("kind: bundle", "kind: bundel", "there is no kind"),
        ("stempel: 1", "stempel: [", "programme.yaml cannot be used"),
    ],
)
def test_a_programme_that_cannot_be_used_is_refused_whole(
    folder: Path, old: str, new: str, reason: str
) -> None:
    file = folder / "programme.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigProblem, match=reason):
        Rig(folder, load(folder), post=lambda call: call())
    file.unlink()
    with pytest.raises(ConfigProblem, match="There is no programme"):
        Rig(folder, load(folder), post=lambda call: call())


# -- cards -----------------------------------------------------------------------------------------------


def test_a_card_is_issued_through_the_rig(rig: Rig, posted: Posted) -> None:
    """Tapped, written with a number nobody has, answered where the till lives, and read with it next time."""
    reader, told = SimulatedReader(), list[object]()
    rig.start_devices(Devices(readers=reader), on_card=told.append, on_scan=told.append, on_print=told.append)
    reader.tap("04AABBCCDDEE80")
    posted.until(lambda: any(isinstance(event, CardTapped) for event in told))
    tapped = next(event for event in told if isinstance(event, CardTapped))
    number = rig.new_card_number()
    written: list[CardWritten | CardFailed] = []
    rig.write_card(tapped.event, number, written.append)
    posted.until(lambda: bool(written))
    assert written == [CardWritten(tapped.reader, tapped.event, tapped.uid, number)]
    rig.write_card(tapped.event, "other", written.append)
    posted.until(lambda: len(written) == 2)
    assert isinstance(written[1], CardFailed)
    assert written[1].code == "not_blank"


def test_without_a_reader_a_card_is_not_written(rig: Rig, posted: Posted) -> None:
    written: list[CardWritten | CardFailed] = []
    rig.write_card(1, "M1", written.append)
    posted.until(lambda: bool(written))
    assert isinstance(written[0], CardFailed)
    assert written[0].code == "unsupported"


def test_new_card_numbers_are_members_codes_of_nobody(rig: Rig) -> None:
    numbers = {rig.new_card_number() for _ in range(50)}
    assert len(numbers) == 50
    for number in numbers:
        assert rig.till.scan(number) == refused("card_of_nobody", card=number)


def test_the_shops_receipts_and_coupons_are_known_for_what_they_are(rig: Rig) -> None:
    sale = "0193f2a4c1d27b3e8f00112233445566"
    assert rig.till.scan(f"STEMPEL:R:{sale}").code == "receipt_scanned"
    assert rig.till.scan(f"{uuid.UUID(sale)}:come-back").code == "coupon_scanned"


def test_a_number_typed_in_small_letters_finds_its_member(rig: Rig) -> None:
    number, member = rig.new_card_number(), rig.reader.holder("code:2900000000018")
    assert member is not None
    work = link_card(rig.reader, rig.world, member.member, f"code:{number}")
    assert isinstance(work, Work)
    rig.database.write(work)
    assert rig.till.scan(number.lower()).code == "member_here"
    assert link_card(rig.reader, rig.world, member.member, f"code:{number}") != work, "no fact twice"
    other = rig.reader.holder("code:2900000000025")
    assert other is not None
    assert link_card(rig.reader, rig.world, other.member, f"code:{number}") == refused("card_taken")
    long = "code:" + "7" * CARD_MAX
    assert link_card(rig.reader, rig.world, other.member, long) == refused("card_number_long")
