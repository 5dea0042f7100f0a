"""`stempel what-if`: what a draft programme would have cost, and to whom it would have given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.commands.console import Lang, check_lang, complain, known_errors, say, there

if TYPE_CHECKING:
    from app.loyalty.compiled import Compiled


class Spending(StrEnum):
    NONE = "none"
    SAME_SHARE = "same-share"
    MAXIMUM = "maximum"


def what_if(
    draft: Annotated[Path, typer.Argument(help="The programme file to try.")],
    in_force: Annotated[
        Path | None, typer.Option(help="The programme to compare with; with --data, the till's own.")
    ] = None,
    sales: Annotated[
        str,
        typer.Option(
            help="Past sales: a folder with the Complete Journey's parquet files, or complete-journey for "
            "the installed package."
        ),
    ] = "",
    data: Annotated[Path | None, typer.Option(help="Past sales: a till's data folder.")] = None,
    redemption: Annotated[
        Spending, typer.Option(help="How members spend points: not at all, as they did, or all they can.")
    ] = Spending.MAXIMUM,
    share: Annotated[
        str | None, typer.Option(help="With same-share: the share of each receipt paid in points, as 25%.")
    ] = None,
    coupons: Annotated[
        bool, typer.Option(help="Whether members present the coupons that the replay itself issues them.")
    ] = True,
    warm_up: Annotated[int, typer.Option(min=0, help="Days at the beginning that are in no figure.")] = 28,
    html: Annotated[Path | None, typer.Option(help="Write a report with charts here.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write the figures here; - for standard output.")] = None,
    lang: Lang = "en",
) -> None:
    """Replay past sales under a draft programme, against the one in force (docs/reference/what-if.md)."""
    from app.loyalty.whatif.figures import Assumptions
    from app.texts import texts
    from app.whatif import case, console, page, plain
    from app.whatif.tables import Tables

    check_lang(lang)
    if bool(sales) == (data is not None):
        complain("Give the past sales with either --sales or --data")
        raise typer.Exit(2)
    if data is None and in_force is None:
        complain("Give the programme to compare with by --in-force")
        raise typer.Exit(2)
    with known_errors(), _wrong_input():
        tried = _programme(draft)
        now = _programme(in_force) if in_force is not None else None
        if data is not None:
            past, own = case.read_till(data)
            now = now or own
        else:
            if sales != case.COMPLETE_JOURNEY:
                there(Path(sales))
            past = case.read_journey(sales)
        assert now is not None  # one of the two was given
        assumptions = Assumptions(
            redemption=redemption.value, share=share, coupons=coupons, warm_up_days=warm_up
        )
        tables_of = texts(lang)
        with _bar(tables_of.get("whatif.working"), len(past)) as progress:
            done = case.run(tried, now, past, assumptions, progress)
        tables = Tables(done, tables_of)
        if html is not None:
            html.write_text(page.page(tables), "utf-8")
        if json is not None and str(json) != "-":
            json.write_bytes(plain.encode(done))
    if json is not None and str(json) == "-":
        sys.stdout.buffer.write(plain.encode(done))
    else:
        for line in console.lines(tables):
            say(line)


def _programme(file: Path) -> Compiled:
    from app.loyalty.programme import ProgrammeProblems
    from app.whatif.case import read_programme

    try:
        return read_programme(file)
    except ProgrammeProblems as error:
        for problem in error.problems:
            complain(f"{file}:{problem}")
        raise typer.Exit(2) from error


@contextmanager
def _wrong_input() -> Iterator[None]:
    """Options that do not go together end the command with exit code 2."""
    from app.values import ValueProblem

    try:
        yield
    except ValueProblem as problem:
        complain(str(problem))
        raise typer.Exit(2) from problem


@contextmanager
def _bar(label: str, length: int) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error; nothing where that is no terminal."""
    if not sys.stderr.isatty():
        yield lambda done, whole: None
        return
    with typer.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda done, _: bar.update(done - bar.pos)
