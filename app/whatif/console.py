"""The result on a terminal: aligned columns, nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from app.whatif.tables import Table, Tables


def lines(tables: Tables) -> Iterator[str]:
    """Every line of the report."""
    yield tables.heading
    yield from tables.past()
    yield ""
    yield from (f"· {each}" for each in tables.assumptions())
    result = tables.result
    for table in (
        tables.totals(),
        tables.rules(result.draft, tables.say("draft")),
        tables.rules(result.in_force, tables.say("in_force")),
        tables.changes(),
    ):
        yield ""
        yield from columns(table)
    yield ""
    yield tables.say("examples")
    for story in tables.stories():
        yield f"  {story.way}: {story.title}"
        for name, pays, reasons in story.sides:
            yield f"    {name}: {pays}: {'; '.join(reasons)}"


def columns(table: Table) -> Iterator[str]:
    """A table with its figures flush right."""
    rows = [table.head, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.head))]
    yield table.title
    for row in rows:
        first, *rest = row
        cells = [each.rjust(width) for each, width in zip(rest, widths[1:], strict=True)]
        yield "  " + "  ".join([first.ljust(widths[0]), *cells]).rstrip()
    if table.note:
        yield f"  {table.note}"
