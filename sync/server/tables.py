"""Tables as files: CSV that Excel opens, Excel's own workbooks, Parquet. Written row by row.

CSV is UTF-8 with a byte order mark and semicolons, which is what Excel expects in most of Europe; a text that
a spreadsheet would take for a formula gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import IO, Any, BinaryIO, Final, Protocol

Column = tuple[str, type]
Columns = Mapping[str, Sequence[Column]]

_FORMULA: Final = re.compile(r"[=+\-@\t\r]")
_GROUP: Final = 5000
"""Rows of one row group of Parquet."""
SHEET_ROWS: Final = 1_048_576
"""Rows that Excel opens in one sheet."""


class Writer(Protocol):
    """Writes tables one after another."""

    def begin(self, table: str) -> None: ...
    def write(self, row: Sequence[Any]) -> None: ...
    def close(self) -> None: ...


def writer_of(form: str, file: BinaryIO, tables: Columns) -> Writer:
    """A writer of a format: csv, xlsx or parquet. Several tables in csv or parquet make a zip."""
    if form == "xlsx":
        return Workbook(file, tables)
    kind = Csv if form == "csv" else Parquet
    return Files(file, tables, form, kind)


class Csv:
    """One table as CSV."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._text, delimiter=";")
        self._csv.writerow([name for name, _ in columns])

    def write(self, row: Sequence[Any]) -> None:
        self._csv.writerow([_safe(value) if isinstance(value, str) else value for value in row])

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


def _safe(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


class Parquet:
    """One table as Parquet."""

    def __init__(self, file: IO[bytes], columns: Sequence[Column]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        kinds = {int: pa.int64(), str: pa.string()}
        self._arrow = pa
        self._schema = pa.schema([pa.field(name, kinds[kind]) for name, kind in columns])
        self._parquet = pq.ParquetWriter(file, self._schema, compression="zstd")
        self._rows: list[Sequence[Any]] = []

    def write(self, row: Sequence[Any]) -> None:
        self._rows.append(row)
        if len(self._rows) >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(self._schema)
        pairs = zip(columns, self._schema, strict=True)
        arrays = [self._arrow.array(list(values), field.type) for values, field in pairs]
        self._parquet.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []

    def close(self) -> None:
        self._flush()
        self._parquet.close()


class Files:
    """One table into the file itself, or each of several into a zip."""

    def __init__(self, file: BinaryIO, tables: Columns, form: str, kind: type[Csv | Parquet]) -> None:
        self._file = file
        self._tables = tables
        self._form = form
        self._kind = kind
        # What is in Parquet is packed already.
        packing = zipfile.ZIP_DEFLATED if form == "csv" else zipfile.ZIP_STORED
        self._zip = zipfile.ZipFile(file, "w", packing) if len(tables) > 1 else None
        self._member: IO[bytes] | None = None
        self._writer: Csv | Parquet | None = None

    def begin(self, table: str) -> None:
        self._end()
        if self._zip is not None:
            self._member = self._zip.open(f"{table}.{self._form}", "w", force_zip64=True)
        self._writer = self._kind(self._member or self._file, self._tables[table])

    def write(self, row: Sequence[Any]) -> None:
        assert self._writer is not None
        self._writer.write(row)

    def _end(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._member is not None:
            self._member.close()

    def close(self) -> None:
        self._end()
        if self._zip is not None:
            self._zip.close()


class Workbook:
    """All tables as sheets of one workbook; a table that is too long for one goes on in the next."""

    def __init__(self, file: BinaryIO, tables: Columns) -> None:
        from openpyxl import Workbook as Book

        self._file = file
        self._tables = tables
        self._book = Book(write_only=True)
        self._table = ""
        self._part = 0
        self._count = 0
        self._sheet: Any = None

    def begin(self, table: str) -> None:
        self._table, self._part = table, 0
        self._next()

    def _next(self) -> None:
        self._part += 1
        title = self._table if self._part == 1 else f"{self._table} {self._part}"
        self._sheet = self._book.create_sheet(title)
        self._sheet.freeze_panes = "A2"
        self._sheet.append([name for name, _ in self._tables[self._table]])
        self._count = 1

    def write(self, row: Sequence[Any]) -> None:
        if self._count >= SHEET_ROWS:
            self._next()
        self._sheet.append([self._cell(value) if isinstance(value, str) else value for value in row])
        self._count += 1

    def _cell(self, text: str) -> Any:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

        cell = WriteOnlyCell(self._sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
        cell.data_type = "s"  # never a formula, whatever it begins with
        return cell

    def close(self) -> None:
        self._book.save(self._file)
