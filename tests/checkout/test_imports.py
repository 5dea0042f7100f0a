from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

import resources
from app.checkout.imports import Row, read_members, read_products
from app.store.sheets import SheetProblem, read_sheet
from tests.support.shop import NOON_MS, Desk


def sheet(tmp_path: Path, text: str) -> list[Row]:
    file = tmp_path / "list.csv"
    file.write_text(text, "utf-8")
    return read_sheet(file)


def told(problems: Iterable[object]) -> list[str]:
    return [str(problem) for problem in problems]


def test_products_from_csv(tmp_path: Path) -> None:
    rows = sheet(
        tmp_path,
        "SKU;Name;Price;VAT;barcodes;category;unit\n"
        "1;Mleko;6,49;5%;5901234000178 400;dairy;\n"
        "2;Jabłka;1 029,90;zw;;fruit;kg\n",
    )
    listing = read_products(rows, "PLN")
    assert listing.problems == []
    milk, apples = listing.products
    assert (milk.price_minor, milk.tax, milk.codes) == (649, "5", ("5901234000178", "400"))
    assert (apples.price_minor, apples.unit, apples.tax) == (102990, "kg", "zw")


def test_products_from_xlsx_keep_their_barcodes(tmp_path: Path) -> None:
    """Excel keeps 5901234000178 as a float; it must not become 5.901234000178E+12."""
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["sku", "name", "price", "barcodes"])
    page.append([1017, "Mleko", 6.49, 5901234000178.0])
    page.append([1018, "Masło", 9, "590 591"])
    book.save(tmp_path / "list.xlsx")
    listing = read_products(read_sheet(tmp_path / "list.xlsx"), "PLN")
    assert listing.problems == []
    assert [(p.sku, p.price_minor, p.codes) for p in listing.products] == [
        ("1017", 649, ("5901234000178",)),
        ("1018", 900, ("590", "591")),
    ]


def test_every_bad_row_is_told(tmp_path: Path) -> None:
    rows = sheet(
        tmp_path,
        "sku,name,price,unit,barcodes,favourite,vat\n"
        "1,Mleko,6.49,piece,400,,5\n"
        "1,Mleko,abc,litre,400,x,5%%\n"
        ",,,,,,\n"
        "2,,-1,,,,\n"
        "3,Ser,1.999,,,,\n"
        "4,Ser,,,,,\n"
        "5,Ser,1e3,,,,\n",
    )
    problems = told(read_products(rows, "PLN").problems)
    assert problems == [
        "line 3, unit: 'litre' is neither piece nor kg",
        "line 3, favourite: 'x' is not a place such as 1",
        "line 3, vat: '5%' is neither a rate such as 23 nor a letter code such as zw",
        "line 3, price: 'abc' is not a plain decimal number such as 19.99",
        "line 3, sku: 1 stands in line 2 already",
        "line 3, barcodes: 400 stands in line 2 already",
        "line 5, name: is empty",
        "line 5, price: -1 is below zero",
        "line 6, price: '1.999' has more than 2 decimal places",
        "line 7, price: is empty",
        "line 8, price: '1e3' is not a plain decimal number such as 19.99",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sku,name,price\n\n\n1,Mleko,abc\n", 4),
        ("sku,name,price\n,,\n1,Mleko,abc\n", 3),
        ('sku,name,price\n1,"Mleko\nUHT",1.00\n2,Ser,abc\n', 4),
        ('sku,name,price\r\n1,"Mleko\r\nUHT",abc\r\n', 2),
    ],
)
def test_the_line_told_is_that_of_the_file(tmp_path: Path, text: str, line: int) -> None:
    (problem,) = read_products(sheet(tmp_path, text), "PLN").problems
    assert (problem.line, problem.column) == (line, "price")


def test_the_line_told_is_that_of_the_sheet(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["sku", "name", "price"], [], [], [1017, "Mleko", "abc"]):
        page.append(row)
    book.save(tmp_path / "list.xlsx")
    (problem,) = read_products(read_sheet(tmp_path / "list.xlsx"), "PLN").problems
    assert problem.line == 4


def test_wrong_headers_are_told_first(tmp_path: Path) -> None:
    problems = told(read_products(sheet(tmp_path, "sku,nmae,price\n1,x,1\n"), "PLN").problems)
    assert problems[0].startswith("line 1, nmae: is not a column; known are ")
    assert problems[1] == "line 1, name: is missing; the file needs this column"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\nsku,name,price\n1,a,1\n", "first row is empty"),
        ("a.csv", b"sku,sku\n1,2\n", "names a column twice: sku"),
        ("a.csv", b"sku,,name\n1,2,3\n", "a column without a name"),
        ("a.csv", "sku;name;price\n1;Żółw;1\n".encode("cp1250"), "is not UTF-8"),
        ("a.csv", b"PK\x00\x01\x02", "is not text"),
        ("a.xlsx", b"no workbook", "is not an XLSX workbook"),
        ("a.csv", b'sku,name\n"1,2\n', "is not a table"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, name: str, content: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SheetProblem, match=reason):
        read_sheet(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("sku,name,price\n1,Mleko,1,50\n2,Ser,12,99\n", "lines 2, 3"),
        ("sku,name,price\n\n1,Mleko,1.50\n2,Ser,12,99\n", "line 4"),
        ('sku,name,price\n1,"Mleko\nUHT",1.50\n2,Ser,12,99\n', "line 4"),
        ("sku,name,price\n" + "1,Mleko,1,50\n" * 30, r"lines 2, 3, 4, 5, 6, …"),
    ],
)
def test_a_price_that_its_comma_would_cut_is_refused(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(SheetProblem, match=f"{line}: more cells .* in quotes, or separate .* semicolons"):
        sheet(tmp_path, text)


def saved(book: Workbook, file: Path) -> Path:
    page = book.active
    assert page is not None
    for row in (["sku", "name", "price"], [1017, "Mleko", 6.49], [1018, "Ser", 9]):
        page.append(row)
    book.save(file)
    return file


def test_a_damaged_workbook_is_told(tmp_path: Path) -> None:
    good, bad = saved(Workbook(), tmp_path / "good.xlsx"), tmp_path / "bad.xlsx"

    def rewritten(change: Callable[[str, bytes], bytes | None]) -> None:
        with ZipFile(good) as read, ZipFile(bad, "w") as write:
            for name in read.namelist():
                if (content := change(name, read.read(name))) is not None:
                    write.writestr(name, content)
        with pytest.raises(SheetProblem, match=r"bad.xlsx .* save it anew"):
            read_sheet(bad)

    rewritten(lambda name, content: content[: len(content) // 2] if "sheet1" in name else content)
    rewritten(lambda name, content: None if "sheet1" in name else content)


def test_a_workbook_with_nothing_but_a_chart_is_told(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.remove(book.active)
    book.create_chartsheet("chart")
    book.save(tmp_path / "chart.xlsx")
    with pytest.raises(SheetProblem, match=r"chart.xlsx .* save it anew"):
        read_sheet(tmp_path / "chart.xlsx")


def test_any_flipped_byte_of_a_workbook_gives_rows_or_a_problem(tmp_path: Path) -> None:
    data = saved(Workbook(), tmp_path / "good.xlsx").read_bytes()
    bad = tmp_path / "bad.xlsx"
    for place in range(0, len(data), 7):
        bad.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        with suppress(SheetProblem):
            read_sheet(bad)


def test_cells_beside_the_columns_of_a_workbook_are_refused(tmp_path: Path) -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in (["sku", "name", "price"], [], [1017, "Mleko", 6.49, None, " "], [1018, "Ser", 9, None, "x"]):
        page.append(row)
    book.save(tmp_path / "list.xlsx")
    with pytest.raises(SheetProblem, match=r"line 4: more cells .* name their column"):
        read_sheet(tmp_path / "list.xlsx")


def test_empty_cells_beyond_the_columns_do_no_harm(tmp_path: Path) -> None:
    rows = sheet(tmp_path, "sku,name,price,,\n1,Mleko,1.50,,\n2,Ser,12.99,, ,\n")
    assert [p.price_minor for p in read_products(rows, "PLN").products] == [150, 1299]


def test_importing_again_does_no_harm(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till").stock()
    before = desk.database.writer.head, desk.reader.count("person"), desk.points_centi()
    products = read_products(read_sheet(resources.path("demo", "products.csv")), "PLN").products
    desk.database.writer.put_products(products)
    roll = read_members(
        read_sheet(resources.path("demo", "members.csv")),
        members=desk.reader,
        world=desk.world,
        points_rule="points",
        source="members.csv",
        day=NOON_MS // 86_400_000,
    )
    assert (roll.members, roll.known) == ([], 3)
    assert (desk.database.writer.head, desk.reader.count("person"), desk.points_centi()) == before
    assert desk.reader.count("product") == 24
    desk.close()


def test_segments_come_with_a_list_and_are_changed_by_the_next(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till").stock()

    def read(text: str) -> tuple[int, int]:
        roll = read_members(
            sheet(tmp_path, text),
            members=desk.reader,
            world=desk.world,
            points_rule="points",
            source="x",
            day=1,
        )
        assert not roll.problems
        for work in roll.works(desk.world, "x"):
            desk.database.write(work)
        return len(roll.members), len(roll.regrouped)

    def segments(card: str) -> tuple[str, ...]:
        member = desk.reader.member(desk.member(card))
        assert member is not None
        assert member.person is not None
        return member.person.segments

    lucja = "uid:04A1B2C3D4E5F6"
    before = desk.reader.person(desk.member(lucja))
    assert read(f"name,cards,segments\nJan,77,staff\nX,{lucja},press;vip\n") == (1, 1)
    assert (segments("code:77"), segments(lucja)) == (("staff",), ("press", "vip"))
    assert read(f"name,cards,segments\nX,{lucja},vip press\n") == (0, 0)
    assert read(f"name,cards\nX,{lucja}\n") == (0, 0)
    assert read(f"name,cards,segments\nX,{lucja},\n") == (0, 1)
    assert segments(lucja) == ()
    assert desk.reader.person(desk.member(lucja)) == before
    desk.close()


def test_members_bring_their_balances_as_facts(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till").stock()
    member = desk.reader.member(desk.member())
    assert member is not None
    assert member.state.balance_centi == 1284_00
    assert member.state.card("coffee-card") == 5
    assert member.person is not None
    assert member.person.lang == "pl"
    kinds = [body.split(b'"', 4)[3] for _, body in desk.reader.log()]
    assert kinds.count(b"opening_balance") == 3
    desk.close()


def test_bad_members_are_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till").stock()
    rows = sheet(
        tmp_path,
        "name,phone,cards,points,birthday,lang\n"
        ",+48 1,1,1,,\n"
        "Jan,,,x,1990-13-01,de\n"
        "Ewa,+48 600 1,55,1,,\n"
        "Ola,+48 600 1,55,-2,,\n",
    )
    roll = read_members(rows, members=desk.reader, world=desk.world, points_rule="points", source="x", day=1)
    assert told(roll.problems) == [
        "line 2, phone: '+48 1' is not a phone number",
        "line 2, name: is empty",
        "line 3, cards: is empty, and so is phone: nothing to know this member by",
        "line 3, birthday: '1990-13-01' is not a date such as 1990-04-30 or 30.04.1990",
        "line 3, lang: 'de' is not one of ru, pl, en",
        "line 3, points: 'x' is not a plain decimal number such as 19.99",
        "line 5, cards: code:55 stands in line 4 already",
        "line 5, phone: +48 600 1 stands in line 4 already",
        "line 5, points: -2 is below zero",
    ]
    desk.close()


def test_one_phone_written_two_ways_is_one_member(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "till").stock()
    rows = sheet(tmp_path, "name,phone\nEwa,+48 600 600 600\nOla,+48 600-600-600\nIza,+48600600600\n")
    roll = read_members(rows, members=desk.reader, world=desk.world, points_rule="points", source="x", day=1)
    assert told(roll.problems) == [
        "line 3, phone: +48 600-600-600 stands in line 2 already",
        "line 4, phone: +48600600600 stands in line 2 already",
    ]
    desk.close()


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        ("stamps", "needs a rule: stamps:RULE"),
        ("stamps:", "needs a rule: stamps:RULE"),
        ("spend:", "needs a rule: spend:RULE"),
        ("points:", "needs a rule: points:RULE"),
        ("cards:x", "is not a column; known are birthday, cards,"),
        ("receipts:tier", "is not a column; known are"),
        ("points:pionts", "names no rule of the programme; there are coffee-card, points"),
        ("stamps:points", "names no stamp card of the programme; there are coffee-card"),
    ],
)
def test_columns_that_would_bring_nothing_are_refused(tmp_path: Path, column: str, reason: str) -> None:
    desk = Desk(tmp_path / "till").stock()
    rows = sheet(
        tmp_path, f"name,phone,points:points,stamps:coffee-card,{column}\nEwa,+48 600 600 600,1,2,3\n"
    )
    roll = read_members(
        rows,
        members=desk.reader,
        world=desk.world,
        points_rule="points",
        source="x",
        day=1,
        rules={"points": "points", "coffee-card": "stamps"},
    )
    (problem,) = told(roll.problems)
    assert problem.startswith(f"line 1, {column}: {reason}")
    desk.close()


@given(st.lists(st.fixed_dictionaries({"sku": st.text(), "name": st.text(), "price": st.text()}), max_size=4))
def test_any_cells_give_products_or_problems(rows: list[dict[str, str]]) -> None:
    listing = read_products([Row(line, cells) for line, cells in enumerate(rows, start=2)], "PLN")
    assert listing.problems or len(listing.products) == len(rows)
