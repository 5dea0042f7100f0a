"""The programmes that sales were made under: their rules' names stand on receipts."""

from __future__ import annotations

import threading

from app.loyalty.compiled import Compiled
from sync.server.database import Database
from sync.server.sources import Sources


class Wordings:
    """The programmes that sales were made under, compiled once. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: Sources | None = None

    def of(self, db: Database, digest: str) -> Compiled | None:
        """None for a programme that was never published here."""
        with self._lock:
            if self._sources is None:
                self._sources = Sources(db)
            return self._sources.of(digest) if digest else None
