"""Reading a table from a CSV or XLSX file as rows of texts by column name."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from app.checkout.ports import NotWritten

MOST_BYTES: Final = 200_000_000
MOST_ROWS: Final = 2_000_000


class SheetProblem(NotWritten):
    """A file that is no table; the message says what would be one."""


def read_sheet(file: Path) -> list[dict[str, str]]:
    """All rows below the header. Column names are lower-cased; empty rows are left out.

    CSV: UTF-8 (or UTF-16 with its mark), separated by comma, semicolon or tab.
    XLSX: the first sheet, its cached values.
    """
    if not file.is_file():
        raise SheetProblem(f"{file} is not a file")
    if file.stat().st_size > MOST_BYTES:
        raise SheetProblem(f"{file} is larger than {MOST_BYTES // 1_000_000} MB: split it")
    if file.suffix.lower() in (".xlsx", ".xlsm"):
        return _named(file, _xlsx(file))
    return _named(file, _csv(file))


def _csv(file: Path) -> list[list[str]]:
    text = _decode(file)
    first = text.partition("\n")[0]
    delimiter = max(";,\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise SheetProblem(f"{file} is not a table: {error}") from error


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


def _xlsx(file: Path) -> list[list[str]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book: Any = load_workbook(file, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError, ValueError, OSError) as error:
        raise SheetProblem(f"{file} is not an XLSX workbook: {error}") from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True, max_row=MOST_ROWS)
        return [[_cell(value) for value in row] for row in rows]
    finally:
        book.close()


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


def _named(file: Path, table: list[list[str]]) -> list[dict[str, str]]:
    if not table:
        raise SheetProblem(f"{file} is empty: its first row names the columns")
    header = [name.strip().lower() for name in table[0]]
    while header and not header[-1]:
        header.pop()
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise SheetProblem(f"{file} names a column twice: {', '.join(sorted(twice))}")
    if not all(header):
        raise SheetProblem(f"{file} has a column without a name in its first row")
    for number, row in enumerate(table[1:], start=2):
        if any(cell.strip() for cell in row[len(header) :]):
            raise SheetProblem(
                f"{file}, row {number} has more cells than there are columns: put what holds the separator "
                "into quotes (1,50 is two cells), or save the file with semicolons"
            )
    return [
        dict(zip(header, [*row, *[""] * len(header)], strict=False))
        for row in table[1:]
        if any(cell.strip() for cell in row)
    ]
