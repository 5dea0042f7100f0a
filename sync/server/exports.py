"""GET /v1/export: a business day as a file. Made on disk by a thread of its own, then sent."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO, Annotated, Final

from litestar import get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import Stream

from sync.server.context import Context
from sync.server.describe import BY_OFFICE, problems
from sync.server.export import MEDIA, Day, Format, Table, date_until_now, day_of
from sync.server.tills import Refused

CHUNK: Final = 256 << 10
DAY_TEXT: Final = "The business day: 2026-01-31"
TABLE_TEXT: Final = "One table alone; left out: all (csv and parquet in a zip)"
_FILE: Final = {
    200: ResponseSpec(
        bytes,
        generate_examples=False,
        media_type=MEDIA["zip"],  # type: ignore[arg-type]
        description="The file; its media type is that of the format, or of a zip",
    )
}
DayText = Annotated[str, QueryParameter(pattern=r"^\d{4}-\d{2}-\d{2}$", description=DAY_TEXT)]


@get("/export", security=BY_OFFICE, responses=_FILE | problems(400, 401, 403, 408, 413, 422, 503))
async def export(
    state: State,
    day: DayText,
    form: Annotated[Format, QueryParameter(name="format")] = "csv",
    table: Annotated[Table, QueryParameter(description=TABLE_TEXT)] = "",
) -> Stream:
    """Sales, lines, tenders and ledger entries of a business day."""
    context: Context = state["context"]
    file, media, size = await context.exporting.run(make, context, day, form, table)
    kind = "zip" if media == MEDIA["zip"] else form
    name = f"stempel-{day}{f'-{table}' if table else ''}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(size)}
    return Stream(_chunks(file), media_type=media, headers=headers)


def make(context: Context, day: str, form: Format, table: Table) -> tuple[IO[bytes], str, int]:
    """The day's file, which is nobody's but the caller's and gone once closed; its media type and size."""
    try:
        found = Day(context.db, day_of(day))
    except ValueError as error:
        raise Refused(422, "bad_day", str(error)) from error
    # What was acknowledged before this is in the file.
    date_until_now(context.db, context.programmes, context.world.now_ms())
    file = tempfile.TemporaryFile(prefix="stempel-export-", dir=_folder(context))  # noqa: SIM115
    try:
        media = found.write(file, form, table)  # type: ignore[arg-type]
        size = file.tell()
        file.seek(0)
    except BaseException as error:
        file.close()
        if isinstance(error, OSError):
            raise Refused(503, "disk", f"the file cannot be written: {error}", retry_after_s=60) from error
        raise
    return file, media, size


def _folder(context: Context) -> str | None:
    """Beside the database, where a day has room, if there is such a place."""
    path = context.db.engine.url.database if not context.db.postgresql else None
    return str(Path(path).parent) if path else None


async def _chunks(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    with file:
        while chunk := file.read(CHUNK):  # written a moment ago: it comes from memory
            yield chunk
