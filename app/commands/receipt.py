"""`stempel receipt`: look at a receipt as its printer would leave it, and print a test page."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from app.commands.console import Data, complain, known_errors
from app.config import data_folder, load

if TYPE_CHECKING:
    from app.config import Config
    from hardware.printers.profile import Profile
    from hardware.receipt import PrintJob

receipt_app: Final = typer.Typer(help="Look at receipts, and try a printer.", no_args_is_help=True)

ProfileName = Annotated[str, typer.Option(help="58mm, 80mm-42, 80mm or a model; the till's own if left out.")]


@receipt_app.command("preview")
def receipt_preview(
    file: Annotated[
        Path | None, typer.Argument(help="A job as JSON, or the bytes a printer got; - reads standard input.")
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="The till's newest paper.")] = False,
    png: Annotated[Path | None, typer.Option(help="Write a picture of it here.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Show it as text, beside the picture too.")] = False,
    profile: ProfileName = "",
    data: Data = None,
) -> None:
    """Show a receipt as paper, from the very bytes that a printer gets."""
    from hardware.printers.preview import as_png, as_text

    if last == (file is not None):
        complain("Name a file, or ask for --last.")
        raise typer.Exit(2)
    with known_errors(), _wrong_input():
        folder = data or data_folder()
        config = load(folder) if last or not profile else None
        chosen = _profile(profile or (config.printer.profile if config else ""))
        stream = _encoded(_last_job(folder, config), chosen, folder, config) if config and last else None
        if file is not None:
            stream = _read(file, chosen, folder, config)
        assert stream is not None  # there is a file, or --last
        if png is not None:
            png.write_bytes(as_png(stream, chosen))
        if text or png is None:
            sys.stdout.write(as_text(stream, chosen))


@receipt_app.command("test-page")
def receipt_test_page(
    address: Annotated[str, typer.Argument(help="A printer; all of the till's own if left out.")] = "",
    profile: ProfileName = "",
    data: Data = None,
) -> None:
    """Print a page that shows what a printer can do, and which code page numbers suit it."""
    from hardware.printers import testpage

    printers = [(address, profile or "80mm")]
    if not address:
        with known_errors():
            own = load(data or data_folder()).printer
        every = [(own.address, own.profile), *((other.address, other.profile) for other in own.also)]
        printers = [(each, profile or its) for each, its in every if each]
    if not printers:
        complain("No printer is named: write one behind the command, or as [printer] address.")
        raise typer.Exit(2)
    raise typer.Exit(max([testpage.main([each, its]) for each, its in printers]))


@contextmanager
def _wrong_input() -> Iterator[None]:
    try:
        yield
    except (KeyError, ValueError) as error:
        complain(str(error.args[0]))
        raise typer.Exit(2) from error


def _profile(name: str) -> Profile:
    from hardware.printers.profile import profile_for

    return profile_for(name)


def _read(file: Path, profile: Profile, folder: Path, config: Config | None) -> bytes:
    """A job of the queue, laid out for this printer, or bytes as some printer got them."""
    import msgspec

    from hardware.receipt import decode_job

    content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    if not content.lstrip().startswith(b"{"):
        return content
    try:
        job = decode_job(content)
    except msgspec.DecodeError as error:
        raise ValueError(f"{file} is no print job: {error}") from error
    return _encoded(job, profile, folder, config)


def _encoded(job: PrintJob, profile: Profile, folder: Path, config: Config | None) -> bytes:
    from hardware.printers.stations import Encoder

    logo = folder / config.printer.logo if config and config.printer.logo else None
    return Encoder(profile, logo)(job)


def _last_job(folder: Path, config: Config) -> PrintJob:
    """Looks without the till's lock, so that it works while the till sells."""
    from app.store.connection import DatabaseFile, database_key
    from app.store.database import FILE
    from app.store.printing import last_paper

    file = folder / FILE
    if not file.exists():
        raise ValueError(f"The till in {folder} has printed nothing yet.")
    sql = DatabaseFile(file, database_key(folder, config.till.keystore)).connect()
    try:
        job = last_paper(sql)
    finally:
        sql.close()
    if job is None:
        raise ValueError(f"The till in {folder} has printed nothing yet.")
    return job
