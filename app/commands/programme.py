"""`stempel programme` and `stempel price`: check, describe and try a programme file."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer

from app.commands.console import Lang, check_lang, complain, known_errors, say

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
def programme_explain(file: Path, lang: Lang = "en") -> None:
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
    for line in terms_text(texts(lang), programme):
        say(line)


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
