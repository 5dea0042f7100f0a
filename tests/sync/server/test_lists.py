"""What head office publishes: checked whole, versioned, and pulled by tills as it holds for their store."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync import protocol
from sync.server import admin, listing, pull
from sync.server.database import Database
from tests.sync.rig import Answer, HandTill, Rig

COFFEE = Path("resources/programmes/gallery/whole-coffee-shop.yaml").read_bytes()


def till_of(rig: Rig, store: str, number: int) -> HandTill:
    till = HandTill(rig, bytes([number] * 32))
    assert till.enrol(admin.create_enrol_code(rig.db, store, rig.world.now_ms())).status == 200
    return till


@pytest.fixture
def till(rig: Rig) -> HandTill:
    return till_of(rig, "shop 1", 1)


class Mirror:
    """A till's copy of the lists, kept by pulls."""

    def __init__(self, till: HandTill, scope: str = "") -> None:
        self.till, self.scope, self.cursor = till, scope, ""
        self.rows: dict[tuple[str, str], Any] = {}
        self.pages = 0

    def pull(self, limit: int = 1000) -> Mirror:
        more = True
        while more:
            answer = self.till.send("GET", f"/v1/pull?cursor={self.cursor}&limit={limit}&scope={self.scope}")
            assert answer.status == 200, answer.body
            page = answer.read(protocol.PullPage)
            for row in page.listed:
                if row.removed:
                    self.rows.pop((row.list, row.key), None)
                else:
                    self.rows[row.list, row.key] = msgspec.json.decode(row.body)
            self.cursor, more = page.cursor, page.more
            self.pages += 1
        return self

    def of(self, name: str) -> dict[str, Any]:
        return {key: body for (of, key), body in self.rows.items() if of == name}


def product(sku: str, price_minor: int = 100, **more: object) -> dict[str, object]:
    return {"sku": sku, "name": f"Product {sku}", "price_minor": price_minor, **more}


def put(rig: Rig, what: str, rows: object, query: str = "") -> protocol.Published:
    body = rows if isinstance(rows, bytes) else msgspec.json.encode(rows)
    answer = rig.call("PUT", f"/v1/{what}{query}", body, [("Authorization", f"Bearer {rig.token}")])
    assert answer.status == 200, answer.body
    return answer.read(protocol.Published)


def test_a_list_is_published_and_pulled_with_its_changes_and_removals(rig: Rig, till: HandTill) -> None:
    mirror = Mirror(till)
    first = put(rig, "products", [product("1", codes=["590"]), product("2"), product("3")])
    assert (first.added, first.changed, first.removed, first.same) == (3, 0, 0, 0)
    assert set(mirror.pull(limit=2).of("product")) == {"1", "2", "3"}
    assert mirror.rows["product", "1"]["codes"] == ["590"], "what the server does not know passes through"
    second = put(rig, "products", [product("1", codes=["590"]), product("2", 250)])
    assert (second.added, second.changed, second.removed, second.same) == (0, 1, 1, 1)
    mirror.pages = 0
    assert {sku: row["price_minor"] for sku, row in mirror.pull().of("product").items()} == {
        "1": 100,
        "2": 250,
    }
    assert put(rig, "products", [product("3")], "?keep=true").added == 1
    assert set(mirror.pull().of("product")) == {"1", "2", "3"}
    assert put(rig, "products", [product("3")], "?keep=true").same == 1


def test_a_stores_own_row_goes_before_the_one_for_all(rig: Rig, till: HandTill) -> None:
    here, there = Mirror(till), Mirror(till_of(rig, "shop 2", 2))
    put(rig, "products", [product("1"), product("2")])
    put(rig, "products", [product("1", 90), product("9", 5)], "?store=shop%201")

    def prices(mirror: Mirror) -> dict[str, int]:
        return {sku: row["price_minor"] for sku, row in mirror.pull(limit=1).of("product").items()}

    assert prices(here) == {"1": 90, "2": 100, "9": 5}
    assert prices(there) == {"1": 100, "2": 100}
    put(rig, "products", [product("1", 110)])
    assert prices(here) == {"1": 90, "9": 5}, "its own row hides a change of the one for all"
    put(rig, "products", [], "?store=shop%201")
    assert prices(here) == {"1": 110}, "and without it the other shows"
    assert prices(there) == {"1": 110}
    assert here.of("store") == {"shop 1": {"id": "shop 1", "name": "shop 1"}}


def test_a_bad_list_changes_nothing_and_names_every_error(rig: Rig, till: HandTill) -> None:
    put(rig, "products", [product("1")])
    rows = [
        {"sku": "2", "name": "", "price_minor": 1},
        {"sku": "3"},
        product("4", -1),
        product("5"),
        product("5"),
    ]
    answer = rig.call(
        "PUT", "/v1/products", msgspec.json.encode(rows), [("Authorization", f"Bearer {rig.token}")]
    )
    assert (answer.status, answer.problem.code) == (422, "bad_list")
    assert [error.split(":")[0] for error in answer.problem.errors] == ["row 1", "row 2", "row 3", "row 5"]
    for nonsense in (b"", b"{", b"[1]", b'["x"]', b"null", b"\xff", b'{"sku": 1}'):
        answer = rig.call("PUT", "/v1/staff", nonsense, [("Authorization", f"Bearer {rig.token}")])
        assert answer.status == 422, nonsense
    assert set(Mirror(till).pull().of("product")) == {"1"}


def test_a_store_is_called_something_by_its_customers(rig: Rig, till: HandTill) -> None:
    office = [("Authorization", f"Bearer {rig.token}")]
    said = {"name": "Sklep Poranek", "address": "ul. Kwiatowa 7, Kraków", "lang": "pl"}

    def published(said: object, query: str = "?store=shop%201") -> Answer:
        return rig.call("PUT", f"/v1/store{query}", msgspec.json.encode(said), office)

    assert published(said).read(protocol.Published).changed == 1
    assert published(said).read(protocol.Published).same == 1
    assert Mirror(till).pull().of("store") == {"shop 1": {"id": "shop 1", **said}}
    assert published({"name": "Later"}, "?store=new").read(protocol.Published).added == 1, "before its tills"
    for wrong in (
        {},
        {"name": ""},
        {"name": "x", "lang": "de"},
        {"name": "x", "adress": "y"},
        {"name": "\0"},
    ):
        assert published(wrong).status == 422, wrong
    assert published(said, "").status == published(said, "?store=").status == 400
    with pytest.raises(listing.BadList, match="which store"):
        listing.publish_store(rig.db, "", msgspec.json.encode(said))
    assert Mirror(till).pull().of("store")["shop 1"]["name"] == "Sklep Poranek"


OBJECTS = {"allowance": {"points_centi": 6, "coupons_minor": 0}, "store": {"name": "x"}}


@pytest.mark.parametrize("what", ["products", "staff", "allowance", "store"])
def test_a_store_that_no_database_can_name_is_refused(rig: Rig, what: str) -> None:
    rows: object = OBJECTS.get(what, [])
    office = [("Authorization", f"Bearer {rig.token}")]
    answer = rig.call("PUT", f"/v1/{what}?store=a%00b", msgspec.json.encode(rows), office)
    assert (answer.status, list(answer.problem.errors)) == (422, ["the store holds a NUL"])


def test_a_pin_is_never_taken_as_it_is(rig: Rig, till: HandTill) -> None:
    with pytest.raises(listing.BadList, match="pin"):
        listing.publish_rows(rig.db, "staff", b'[{"id": "1", "name": "Anna", "pin": "1234"}]')
    put(
        rig, "staff", [{"id": "1", "name": "Anna", "role": "manager", "pin": "$scrypt$abc", "card": "uid:04"}]
    )
    assert Mirror(till).pull().of("staff")["1"]["card"] == "uid:04"


def test_a_programme_is_checked_before_it_is_taken(rig: Rig, till: HandTill) -> None:
    published = put(rig, "programmes", COFFEE)
    assert (published.added, put(rig, "programmes", COFFEE).same) == (1, 1)
    (body,) = Mirror(till).pull().of("programme").values()
    assert body["source"].encode() == COFFEE
    headers = [("Authorization", f"Bearer {rig.token}")]
    broken = COFFEE.replace(b"kind:", b"kimd:").replace(b"valid_from:", b"valid_form:")
    answer = rig.call("PUT", "/v1/programmes", broken, headers)
    assert answer.status == 422
    assert len(answer.problem.errors) >= 2, "every error, not the first"
    other = COFFEE + b"\n# another comment\n"
    answer = rig.call("PUT", "/v1/programmes", other, headers)
    assert "give the file the next version" in answer.problem.errors[0]
    assert rig.call("PUT", "/v1/programmes", b"\xff\xfe", headers).status == 422
    key = f"{body['id']}@{body['version']}"
    listing.withdraw_programme(rig.db, key)
    assert Mirror(till).pull().of("programme") == {}
    with pytest.raises(listing.BadList, match="no programme"):
        listing.withdraw_programme(rig.db, key)


def test_a_packed_list_is_taken_and_a_bomb_is_not(
    rig: Rig, till: HandTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = [("Authorization", f"Bearer {rig.token}"), ("Content-Encoding", "zstd")]
    rows = msgspec.json.encode([product(str(number)) for number in range(2000)])
    answer = rig.call("PUT", "/v1/products", protocol.compress(rows), headers)
    assert answer.read(protocol.Published).added == 2000
    mirror = Mirror(till).pull(limit=300)
    assert (len(mirror.of("product")), mirror.pages) == (2000, 7)
    monkeypatch.setattr(protocol, "LIST_MAX", 1000)
    assert rig.call("PUT", "/v1/products", protocol.compress(rows), headers).status == 413
    monkeypatch.setattr(protocol, "LIST_PACKED_MAX", 1000)
    assert rig.call("PUT", "/v1/products", rows, headers[:1]).status == 413


def test_the_scope_chooses_and_has_a_cursor_of_its_own(rig: Rig, till: HandTill) -> None:
    put(rig, "products", [product("1")])
    put(rig, "staff", [{"id": "1", "name": "Anna"}])
    staff = Mirror(till, "staff").pull()
    assert {of for of, _ in staff.rows} == {"staff"}
    answer = till.send("GET", f"/v1/pull?cursor={staff.cursor}&scope=product")
    assert (answer.status, answer.problem.code) == (400, "bad_cursor")
    assert till.send("GET", "/v1/pull?scope=secrets").problem.code == "malformed"


def test_a_till_that_moved_to_another_store_begins_again(rig: Rig, till: HandTill) -> None:
    put(rig, "products", [product("1", 90)], "?store=shop%202")
    mirror = Mirror(till).pull()
    assert mirror.of("product") == {}
    code = admin.create_enrol_code(rig.db, "shop 2", rig.world.now_ms(), till=till.credentials.till)
    till.enrol(code)
    answer = till.send("GET", f"/v1/pull?cursor={mirror.cursor}")
    assert (answer.status, answer.problem.code) == (410, "cursor_expired")
    assert set(Mirror(till).pull().of("product")) == {"1"}


def test_an_old_till_pushes_on_and_pulls_no_more(rig: Rig, till: HandTill) -> None:
    from sync.server.context import Context, Inline
    from tests.sync.memory import body_of

    rig.context = Context(rig.db, rig.context.secrets, rig.world, Inline(), pull_min_v=2)
    assert (till.send("GET", "/v1/pull?v=1").status, till.send("GET", "/v1/pull").status) == (426, 426)
    assert till.send("GET", "/v1/pull?v=2").status == 200
    pushed, _ = till.push_ok(till.start, [body_of(rig.world)])
    assert (pushed.acked_seq, pushed.min_v, till.state().min_v) == (1, 2, 2)


def test_a_page_ends_at_some_megabytes_whatever_its_rows_hold(rig: Rig, till: HandTill) -> None:
    """Tills give up an answer of more than 64 MiB: they could never begin."""
    rows = [product(str(number), text="x" * 400_000) for number in range(60)]
    listing.publish_rows(rig.db, "product", msgspec.json.encode(rows))
    page = till.send("GET", "/v1/pull?limit=1000")
    assert len(page.body) < pull.PAGE_BYTES_MAX + (1 << 20)
    assert page.read(protocol.PullPage).more
    mirror = Mirror(till).pull()
    assert (len(mirror.of("product")), mirror.pages) == (60, 3)


def test_an_answer_is_packed_for_whoever_takes_it(rig: Rig, till: HandTill) -> None:
    put(rig, "products", [product(str(number)) for number in range(300)])
    ours = till.credentials
    signed = protocol.authorise(ours.private_key, "GET", "/v1/pull", ours.till, ours.epoch, b"")
    headers = [("Authorization", signed), ("Accept-Encoding", "gzip, zstd")]
    packed = rig.call("GET", "/v1/pull", headers=headers)
    plain = rig.call("GET", "/v1/pull", headers=headers[:1])
    assert packed.headers["content-encoding"] == "zstd"
    assert len(packed.body) * 4 < len(plain.body)
    listed = protocol.decode(protocol.unpack(packed.body), protocol.PullPage).listed
    assert len([row for row in listed if row.list == "product"]) == 300


@pytest.mark.parametrize("seed", range(3))
def test_any_history_of_lists_ends_alike_for_every_reader(
    rig: Rig, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pulls all along, now and then, or only at the end, in pages of any size, has the same."""
    monkeypatch.setattr(pull, "PAGE_BYTES_MAX", (150, 8 << 20)[seed % 2])
    draw = random.Random(seed)
    tills = [till_of(rig, f"shop {number % 2 + 1}", number) for number in range(1, 4)]
    mirrors = [Mirror(till) for till in tills]
    wanted: dict[str, dict[str, int]] = {"": {}, "shop 1": {}, "shop 2": {}}
    for _ in range(25):
        store = draw.choice(list(wanted))
        rows = {str(draw.randrange(8)): draw.randrange(1, 99) for _ in range(draw.randrange(5))}
        keep = draw.random() < 0.6
        body = msgspec.json.encode([product(sku, price) for sku, price in rows.items()])
        listing.publish_rows(rig.db, "product", body, store, keep=keep)
        wanted[store] = {**wanted[store], **rows} if keep else rows
        if draw.random() < 0.3:
            draw.choice(mirrors).pull(limit=draw.randrange(1, 6))
    late = [Mirror(till) for till in tills]
    for mirror in mirrors + late:
        store = mirror.till.credentials.store
        mirror.pull(limit=draw.randrange(1, 9))
        prices = {sku: row["price_minor"] for sku, row in mirror.of("product").items()}
        assert prices == {**wanted[""], **wanted[store]}


def test_publishing_at_once_from_two_places_skips_no_version(db: Database) -> None:
    """Versions are handed out under the list's lock: a reader between two writers misses neither."""
    import threading

    rig = Rig(db)
    failed: list[BaseException] = []

    def write(first: int) -> None:
        try:
            for number in range(first, first + 15):
                body = msgspec.json.encode([product(str(number))])
                listing.publish_rows(db, "product", body, keep=True)
        except BaseException as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(first,)) for first in (0, 100, 200)]
    till = till_of(rig, "shop 1", 1)
    mirror = Mirror(till)
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        mirror.pull(limit=3)
    for writer in writers:
        writer.join()
    assert not failed
    assert len(mirror.pull().of("product")) == 45
    rig.close()
