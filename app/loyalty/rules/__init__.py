"""The kinds of rule. Each is a file of this folder, named as programme files name it, with a `KIND`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from app.loyalty.plan import Kind


class _Kinds(Mapping[str, Kind]):
    """Imports a kind when it is asked for: a programme has few of them, and a till starts every morning."""

    def __init__(self) -> None:
        self._names = sorted(module.name for module in iter_modules(__path__))
        self._known: dict[str, Kind] = {}

    def __getitem__(self, name: str) -> Kind:
        kind = self._known.get(name)
        if kind is None:
            if name not in self._names:
                raise KeyError(name)
            kind = self._known[name] = import_module(f"{__name__}.{name}").KIND
        return kind

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


KINDS: Final[Mapping[str, Kind]] = _Kinds()
"""Kinds by their name in the file."""
