"""`stempel programme` and `stempel price`: check, describe and try a programme file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.checkout.ports import NotWritten
from app.commands.console import Data, Lang, check_lang, complain, known_errors, say
from app.config import data_folder, load

if TYPE_CHECKING:
    from app.checkout.ports import Product

programme_app: Final = typer.Typer(help="Check and describe a programme file.", no_args_is_help=True)


@programme_app.command("check")
def programme_check(file: Path) -> None:
    """Check a programme file: every error with its line, path, reason and a hint."""
    from app.loyalty import programme as tools

    with known_errors():
        problems = tools.check(file)
    if problems:
        for problem in problems:
            complain(f"{file}:{problem}")
        raise typer.Exit(2)
    say(f"{file} is a valid programme.")


@programme_app.command("schema")
def programme_schema() -> None:
    """The JSON Schema of programme files, for editors."""
    from app.loyalty import schema

    say(json.dumps(schema.programme_schema(), indent=2, ensure_ascii=False))


@programme_app.command("explain")
def programme_explain(
    file: Path,
    lang: Lang = "en",
    products: Annotated[
        Path | None, typer.Option(help="The shop's goods (CSV or XLSX): named, and not by their numbers.")
    ] = None,
) -> None:
    """The programme's terms in plain words for customers, from its settings."""
    from app.checkout.wording import terms_text
    from app.loyalty.programme import ProgrammeProblems, load_programme
    from app.texts import texts

    check_lang(lang)
    with known_errors():
        try:
            programme = load_programme(file)
        except ProgrammeProblems as error:
            for problem in error.problems:
                complain(f"{file}:{problem}")
            raise typer.Exit(2) from error
    goods = {each.sku: each.name_in(lang) for each in _goods(products, programme.currency)}
    for line in terms_text(texts(lang), programme, lambda sku: goods.get(sku, "")):
        say(line)


def _goods(file: Path | None, currency: str) -> Sequence[Product]:
    """The goods in a file, as far as they can be read: what names them need not have a price."""
    if file is None:
        return ()
    from app.checkout.imports import read_products
    from app.store.sheets import SheetProblem, read_sheet

    with known_errors():
        try:
            return read_products(read_sheet(file), currency).products
        except SheetProblem as problem:
            complain(f"{file}: {problem}")
            raise typer.Exit(2) from problem


@programme_app.command("pairs")
def programme_pairs(
    data: Data = None,
    journey: Annotated[
        bool, typer.Option("--journey", help="The Complete Journey data set instead.")
    ] = False,
    by: Annotated[str, typer.Option(help="Pair categories, or skus.")] = "categories",
    least: Annotated[int, typer.Option(min=1, help="Receipts that a pair must be on.")] = 20,
    most: Annotated[int, typer.Option(min=1, help="The surest pairs, at most.")] = 20,
) -> None:
    """Goods that are bought together more often than by chance, as a `complement` rule to paste."""
    from app.loyalty.lift import as_rule, lift_pairs

    if by not in ("categories", "skus"):
        complain(f"--by is categories or skus, not {by!r}")
        raise typer.Exit(2)
    with known_errors():
        pairs = lift_pairs(_receipts(data, journey, by == "skus"), least_together=least)
    if not pairs:
        complain(f"No two things are on {least} receipts together more than by chance: try --least.")
        raise typer.Exit(1)
    say(as_rule(pairs[:most], by))


def _receipts(data: Path | None, journey: bool, by_sku: bool) -> Iterator[list[str]]:
    """What each past receipt holds: this till's own sales, or the data set's baskets."""
    if journey:
        from app.store.journey import baskets

        for basket in baskets():
            yield [line.sku if by_sku else line.category for line in basket.lines]
        return
    from app.ledger.facts import SaleCompleted, decode
    from app.store.connection import DatabaseFile, database_key
    from app.store.database import FILE
    from app.store.reader import Reader

    folder = data or data_folder()
    keystore = load(folder).till.keystore
    if not (folder / FILE).exists():
        raise NotWritten(f"There is no till in {folder}: nothing was sold yet")
    # Beside the running till: whoever asks does not want to close the shop for it.
    reader = Reader(DatabaseFile(folder / FILE, database_key(folder, keystore)))
    try:
        for _, body in reader.log():
            fact = decode(body)
            if isinstance(fact, SaleCompleted):
                yield [thing for line in fact.lines if (thing := line.sku if by_sku else line.category)]
    finally:
        reader.close()


def price(
    programme: Annotated[Path, typer.Option(help="The programme file to price by.")],
    cases: Annotated[Path | None, typer.Argument(help="Cases, one a line; left out: standard input.")] = None,
) -> None:
    """Price baskets without a till: a case a line in, a decision a line out (docs/reference/price.md)."""
    from app.loyalty.contract import price as price_stream
    from app.loyalty.engine import compile_programme
    from app.loyalty.programme import ProgrammeProblems, load_programme

    with known_errors():
        try:
            compiled = compile_programme(load_programme(programme))
        except ProgrammeProblems as error:
            for problem in error.problems:
                complain(f"{programme}:{problem}")
            raise typer.Exit(2) from error
        with cases.open("rb") if cases else nullcontext(sys.stdin.buffer) as stream:
            errors = price_stream(stream, sys.stdout.buffer, compiled)
    if errors:
        complain(f"{errors} cases could not be read; each has its error in its place")
        raise typer.Exit(2)
