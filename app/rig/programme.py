"""The programme that a till prices by, read from its file."""

from __future__ import annotations

from pathlib import Path

from app.config import Config, ConfigProblem
from app.loyalty.engine import Compiled, compile_programme
from app.store.kept import FOLDER, SOURCE_BYTES, Unusable, load_kept


def open_programme(folder: Path, config: Config) -> Compiled:
    """The programme in force; ConfigProblem names every error of its file."""
    file = folder / config.till.programme
    try:
        with file.open("rb") as opened:
            programme = load_kept(opened.read(SOURCE_BYTES), folder / FOLDER)
    except FileNotFoundError:
        raise ConfigProblem(f"There is no programme {file}: copy one from resources/programmes") from None
    except Unusable as error:
        raise ConfigProblem(f"{file} cannot be used:\n{error}") from error
    if programme.currency != config.shop.currency:
        raise ConfigProblem(f"{file} is in {programme.currency}, the shop sells in {config.shop.currency}")
    return compile_programme(programme)


def points_rule(programme: Compiled) -> str:
    """The rule that points without a rule of their own belong to: the programme's first of that kind."""
    rules = programme.programme.rules
    return next((rule.id for rule in rules if rule.kind == "points"), "points")
