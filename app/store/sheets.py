"""Reading a table from a CSV or XLSX file as rows of texts by column name."""

from __future__ import annotations

import csv
import io
from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from app.checkout.imports import Row
from app.checkout.ports import NotWritten

MOST_BYTES: Final = 200_000_000
MOST_ROWS: Final = 2_000_000
MOST_LINES: Final = 5
"""So many lines are named by their numbers; where there are more, the whole file is written so."""

Numbered = tuple[int, list[str]]
"""A row and the line of the file in which it begins."""


class SheetProblem(NotWritten):
    """A file that is no table; the message says what would be one."""


def read_sheet(file: Path) -> list[Row]:
    """All rows below the header. Column names are lower-cased; empty rows are left out.

    CSV: UTF-8 (or UTF-16 with its mark), separated by comma, semicolon or tab.
    XLSX: the first sheet, its cached values.
    """
    if not file.is_file():
        raise SheetProblem(f"{file} is not a file")
    if file.stat().st_size > MOST_BYTES:
        raise SheetProblem(f"{file} is larger than {MOST_BYTES // 1_000_000} MB: split it")
    if file.suffix.lower() in (".xlsx", ".xlsm"):
        return _named(file, _xlsx(file), "name their column in the first row, or empty them")
    return _named(file, _csv(file), "put what has a comma in it in quotes, or separate cells by semicolons")


def _csv(file: Path) -> list[Numbered]:
    text = _decode(file)
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Numbered] = []
    line = 1
    try:
        for row in reader:
            rows.append((line, row))
            line = reader.line_num + 1
    except csv.Error as error:
        raise SheetProblem(f"{file} is not a table: {error}") from error
    return rows


def _decode(file: Path) -> str:
    content = file.read_bytes()
    if b"\0" in content[:4096] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SheetProblem(f"{file} is not text: save it as CSV (UTF-8) or XLSX")
    for encoding in ("utf-8-sig", "utf-16") if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetProblem(f"{file} is not UTF-8: choose «CSV UTF-8» when saving, or save it as XLSX")


def _xlsx(file: Path) -> list[Numbered]:
    from openpyxl import load_workbook

    try:
        with closing(load_workbook(file, read_only=True, data_only=True)) as book:
            sheet: Any = book.worksheets[0]
            rows = list(sheet.iter_rows(values_only=True, max_row=MOST_ROWS))
    except Exception as error:  # the library raises whatever a damaged file leads it to
        raise SheetProblem(
            f"{file} is not an XLSX workbook with a sheet, or is damaged ({type(error).__name__}: {error}): "
            "save it anew, or as CSV (UTF-8)"
        ) from error
    return [(line, [_cell(value) for value in row]) for line, row in enumerate(rows, start=1)]


def _cell(value: object) -> str:
    """A cell as a person reads it: whole numbers without .0, so that barcodes stay barcodes.

    Excel keeps numbers as binary floats; their shortest text gives back what was typed.
    """
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _named(file: Path, table: list[Numbered], where_to: str) -> list[Row]:
    """The rows below the header by column name. `where_to` says what to do with cells beyond the last."""
    if not table:
        raise SheetProblem(f"{file} is empty: its first row names the columns")
    header = [name.strip().lower() for name in table[0][1]]
    while header and not header[-1]:
        header.pop()
    if not header:
        raise SheetProblem(f"{file}: its first row is empty, and should name the columns")
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise SheetProblem(f"{file} names a column twice: {', '.join(sorted(twice))}")
    if not all(header):
        raise SheetProblem(f"{file} has a column without a name in its first row")
    filled = [(line, row) for line, row in table[1:] if any(cell.strip() for cell in row)]
    beyond = [line for line, row in filled if any(cell.strip() for cell in row[len(header) :])]
    if beyond:
        raise SheetProblem(f"{file}, {_lines(beyond)}: more cells than columns; {where_to}")
    return [Row(line, dict(zip(header, [*row, *[""] * len(header)], strict=False))) for line, row in filled]


def _lines(numbers: list[int]) -> str:
    named = ", ".join(map(str, numbers[:MOST_LINES]))
    return f"line{'s' * (len(numbers) > 1)} {named}" + (", …" if len(numbers) > MOST_LINES else "")
