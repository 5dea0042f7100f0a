"""Imports as Python does them, not as PySide6 wraps them.

PySide6 replaces `__import__` for the sake of its `from __feature__ import …`: from then on it reads the
source text of every module that is imported and looks for its own name there. A till does not use the
feature, and the reading is a tenth of its start and a megabyte that `linecache` keeps.
"""

from __future__ import annotations

import builtins

import PySide6.QtCore  # noqa: F401  (what replaces it)


def use_plain_imports() -> None:
    """Undo the replacement; PySide6 keeps Python's own function beside it for its own calls."""
    original = getattr(builtins, "__orig_import__", None)
    if original is not None:
        builtins.__import__ = original
