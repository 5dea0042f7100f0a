"""Training: a till that behaves like the real one and counts for nothing.

It works on a database of its own (`app.store.training`), so that no figure, no member and no server hears of
it; here its paper is marked and its drawer stays shut.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from app.checkout.ports import Done, Journal, Slip, Work
from app.texts import LANGUAGES, texts
from hardware.receipt import Align, Block, Rule, RuleKind, Size, Text


class TrainingJournal:
    """A journal whose paper says that it is none, top and bottom, and that opens no drawer."""

    def __init__(self, journal: Journal) -> None:
        self._journal: Final = journal

    def write(self, work: Work, done: Done) -> None:
        slips = tuple(marked for slip in work.slips if (marked := _marked(slip)) is not None)
        self._journal.write(replace(work, slips=slips), done)


def _marked(slip: Slip) -> Slip | None:
    """The slip as practice; None for one that would only open the drawer."""
    document = slip.job.document
    if document is None:
        return None
    lang = document.language if document.language in LANGUAGES else "en"
    mark = texts(lang, paper=True).get("receipt.training")
    stamp: tuple[Block, ...] = (Text(mark, align=Align.CENTER, bold=True, size=Size.LARGE),)
    line = (Rule(RuleKind.DOUBLE),)
    blocks = (*stamp, *line, *document.blocks, *line, *stamp)
    marked = msgspec.structs.replace(document, blocks=blocks)
    return Slip(slip.title, msgspec.structs.replace(slip.job, document=marked, open_drawer=False), slip.fact)
