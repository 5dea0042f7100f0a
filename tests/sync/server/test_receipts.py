"""A receipt on the web: what it shows, to whom it answers what, and that nobody's name stands on it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
import segno
from sqlalchemy.dialects import postgresql, sqlite
from structlog.testing import capture_logs

from app.checkout.receipt_code import is_receipt, long_code
from app.ledger.facts import SaleCompleted, SoldLine, encode
from app.texts import LANGUAGES, texts
from app.values import uuid7
from sync.server import listing, persons
from sync.server.context import Threads
from sync.server.database import Database
from sync.server.receipts import handler
from sync.server.receipts import sold as module
from tests.sync.rig import NOW_MS, Answer, Rig
from tests.sync.server.pushing import of_store
from tests.sync.server.receipt_day import Morning, morning, served

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, migrated_file: bytes) -> Iterator[Rig]:
    """One server for all that only read."""
    path = tmp_path_factory.mktemp("receipts") / "server.sqlite"
    path.write_bytes(migrated_file)
    rig = Rig(Database.sqlite(path))
    served(rig)
    yield rig
    rig.close()
    rig.db.close()


@pytest.fixture(scope="module")
def day() -> Morning:
    return morning()


def ask(rig: Rig, sale: uuid.UUID | str, query: str = "", **headers: str) -> Answer:
    path = sale.hex if isinstance(sale, uuid.UUID) else sale
    given = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return rig.call("GET", f"/r/{path}{query}", headers=given)


def text_of(answer: Answer) -> str:
    """What a reader sees."""
    body = answer.body.decode().partition("</style>")[2]
    shown = re.sub(r"<svg.*?</svg>", "", body, flags=re.DOTALL)
    return re.sub(r"(<[^>]*>)+", " | ", shown).replace("\N{NO-BREAK SPACE}", " ")


def sold(rig: Rig, **fields: object) -> SaleCompleted:
    """The least of a sale, by a till that says nothing of what it was priced from."""
    line = SoldLine(
        line=1, sku="x", name="Tea <b>&", qty_milli=2000, price_minor=500, gross_minor=1000, net_minor=1000
    )
    given: dict[str, object] = {
        "id": rig.world.new_id(), "at_ms": NOW_MS, "number": 7, "shift": uuid.UUID(int=1),
        "business_day": "2026-09-21", "cashier": "Anna", "currency": "EUR",
        "programme": "x@1", "lines": (line,), "goods_minor": 1000,
        "total_minor": 1000, "tenders": (),
    }  # fmt: skip
    return SaleCompleted(**(given | fields))  # type: ignore[arg-type]


def assert_indexed(db: Database) -> None:
    dialect = postgresql.dialect() if db.postgresql else sqlite.dialect()
    asked = module._LATER.params(sale="x")
    query = str(asked.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    with db.read() as connection:
        if db.postgresql:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN" if db.postgresql else "EXPLAIN QUERY PLAN"
        plan = "\n".join(str(tuple(row)) for row in connection.exec_driver_sql(f"{explain} {query}"))
    assert "ix_fact_sale" in plan or "shard_expr_idx" in plan, plan


def test_a_members_purchase_of_which_a_part_came_back(db: Database, day: Morning) -> None:
    """On every database, and by an index: no shop's facts are read for one receipt."""
    rig = Rig(db)
    served(rig)
    assert_indexed(db)
    answer = ask(rig, day.bought.id, "?lang=pl")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    shown = text_of(answer)
    for said in (
        "Sklep Poranek | ul. Kwiatowa 7, Kraków | Nr 1 · 21.11.2026, 12:05",
        "Kawa ziarnista 250 g | 37,80 zł | 34,02 zł | 2 × 18,90 zł | Poziom −3,78 zł | Zwrócono: 1",
        "Mleko 3,2% 1 l | 6,49 zł | Zwrócono: 1",
        "0,642 kg × 29,90 zł",
        "3 w cenie 2 −4,20 zł",
        "Szósta kawa gratis −12,00 zł",
        "Oszczędzasz | −19,98 zł | RAZEM | 68,11 zł | W tym VAT 23 % | 5,80 zł | W tym VAT 5 % | 1,48 zł",
        "Zapłacono: 600 punktów | −6,00 zł | Gotówka | 67,11 zł | Reszta | 5,00 zł",
        "Zwrot 21.11.2026, 12:15 | Kawa ziarnista 250 g | −17,01 zł | Mleko 3,2% 1 l | −6,49 zł",
        f"Stan konta | {texts('pl').counted_points(day.balance_centi)} | Stan na 21.11.2026, 12:05",
        "Karta kawowa | 0 z 6",
    ):
        assert said.replace("\N{NO-BREAK SPACE}", " ") in shown, (said, shown)
    rig.close()


def test_nobodys_name_stands_on_it(rig: Rig, day: Morning) -> None:
    for sale in (day.bought, day.claimed, day.taken):
        body = ask(rig, sale.id).body.decode()
        assert "kiewska" not in body
        assert "Anna" not in body, "nor the cashier's, on the web"
        assert str(sale.member or "no member") not in body
        assert sale.card in ("", "uid:04A1B2C3D4E5F6")
        assert "04A1B2C3D4E5F6" not in body


def test_the_language_is_the_readers(rig: Rig, day: Morning) -> None:
    titles = {lang: f'<html lang="{lang}">' for lang in LANGUAGES}
    member, stranger = day.bought.id, day.taken.id
    for sale, query, accepted, lang in (
        (member, "", "en", "pl"),  # the member's own
        (member, "?lang=ru", "en", "ru"),  # chosen on the page
        (member, "?lang=xx", "en", "pl"),
        (stranger, "", "de, en;q=0.4, ru;q=0.7, pl;q=zero", "ru"),
        (stranger, "", "ru-RU, en;q=0.9", "ru"),
        (stranger, "", "de", "pl"),  # the shop's
    ):
        assert titles[lang] in ask(rig, sale, query, Accept_Language=accepted).body.decode()
    assert "Coffee beans 250 g" in text_of(ask(rig, member, "?lang=en"))
    assert day.bought.member is not None
    persons.erase(rig.db, day.bought.member, NOW_MS)
    assert titles["ru"] in ask(rig, member, "", Accept_Language="ru").body.decode()


def test_a_sale_that_was_claimed_and_one_that_was_taken_away(rig: Rig, day: Morning) -> None:
    claimed, taken = (
        text_of(ask(rig, day.claimed.id, "?lang=en")),
        text_of(ask(rig, day.taken.id, "?lang=en")),
    )
    assert "Points earned | +12" in claimed
    assert "Coffee card | 1 of 6" in claimed
    assert "Points earned" not in taken
    assert "Balance" not in taken


def test_a_link_is_no_window_on_a_balance(rig: Rig, day: Morning) -> None:
    """What is bought later changes nothing on it."""
    later = text_of(ask(rig, day.bought.id))
    assert later == text_of(ask(rig, day.bought.id))
    assert texts("pl").counted_points(day.balance_centi).replace("\N{NO-BREAK SPACE}", " ") in later


def test_a_sale_that_has_not_come_is_waited_for(rig: Rig, day: Morning) -> None:
    fresh, week, old = (
        uuid7(NOW_MS - age_ms, rig.world.random_bytes) for age_ms in (5_000, 3_600_000, 31 * DAY_MS)
    )
    with capture_logs() as lines:
        now, later, never = (ask(rig, id, "?lang=en") for id in (fresh, week, old))
    assert [line["path"] for line in lines] == [f"/r/{old.hex}"], "a page that looks again is no refusal"
    assert [answer.status for answer in (now, later, never)] == [404] * 3
    assert '<meta http-equiv="refresh" content="10">' in now.body.decode()
    assert (now.headers["retry-after"], later.headers["retry-after"]) == ("10", "360")
    assert "on its way" in text_of(now)
    assert "There is no receipt here" in text_of(never)
    assert "refresh" not in never.body.decode()
    assert all(answer.headers["cache-control"] == "no-store" for answer in (now, later, never))


def test_what_is_no_sale_is_answered_as_what_never_was(rig: Rig, day: Morning) -> None:
    """Members, refunds, shifts: by their ids nothing can be asked."""
    for fact in day.facts:
        if not isinstance(fact, SaleCompleted):
            nobodys = uuid7(fact.at_ms, rig.world.random_bytes)
            ours, theirs = ask(rig, fact.id), ask(rig, nobodys)
            assert (ours.status, ours.body) == (theirs.status, theirs.body) == (404, ours.body)
    for text in ("x", "0" * 31, "g" * 32, "%00" * 12, uuid.uuid4().hex, "-" * 36):
        assert "There is no receipt here" in text_of(ask(rig, text))


def test_nothing_keeps_it_and_nothing_finds_it(rig: Rig, day: Morning) -> None:
    answer = ask(rig, day.bought.id)
    said = answer.headers
    assert said["cache-control"] == "private, no-cache"
    assert said["x-robots-tag"] == "noindex, nofollow"
    assert said["referrer-policy"] == "no-referrer"
    assert said["content-security-policy"].startswith("default-src 'none'")
    assert b"<script" not in answer.body
    assert b" style=" not in answer.body, "the policy would not let it"
    again = ask(rig, day.bought.id, "", If_None_Match=said["etag"])
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", said["etag"])
    assert ask(rig, str(day.bought.id)).body == answer.body


def test_its_code_is_the_receipts_own(rig: Rig, day: Morning) -> None:
    code = long_code(day.bought.id)
    assert is_receipt(code)
    drawn = segno.make(code, error="m", micro=False).svg_inline(border=4, omitsize=True, lineclass=None)
    path = re.search(r' d="[^"]+"', drawn)
    assert path is not None
    assert path[0] in ask(rig, day.bought.id).body.decode()


def test_of_a_shop_of_which_nothing_is_known_it_shows_what_there_is(rig: Rig) -> None:
    """No programme, no goods, no name: text is text, whatever stands in it."""
    till = of_store(rig, "nameless", 2)
    fact = sold(rig, note="<script>alert(1)</script>")
    till.push(encode(fact))
    answer = ask(rig, fact.id, "?lang=en")
    assert "nameless | No 7 · 21/09/2026" in text_of(answer)
    assert '<p class="sub">&lt;script&gt;alert(1)&lt;/script&gt;</p>' in answer.body.decode()
    assert "Tea &lt;b&gt;&amp;" in answer.body.decode()


def test_goods_that_mean_another_thing_now_keep_their_name(rig: Rig, day: Morning) -> None:
    rows = b'[{"sku": "1006", "name": "Kubek", "names": {"en": "Mug"}, "price_minor": 1200}]'
    listing.publish_rows(rig.db, "product", rows)
    assert "Latte do wynosu" in text_of(ask(rig, day.claimed.id, "?lang=en"))


def test_a_flood_of_readers_is_told_to_come_back(rig: Rig, day: Morning) -> None:
    rig.context = replace(rig.context, receipts=Threads(threads=1, queue_max=0))
    answer = ask(rig, day.bought.id, "", Accept_Language="ru")
    rig.restart()
    assert (answer.status, answer.headers["retry-after"]) == (503, str(handler.BUSY_S))
    assert "Сейчас слишком много запросов" in text_of(answer)
