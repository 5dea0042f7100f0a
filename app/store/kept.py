"""Programmes kept as they were read: a start takes over what an earlier one has read and checked.

Reading a file means parsing YAML, every setting with its line, and all checks: work that gives the same for
the same bytes and the same code. Nothing is lost with what is kept: it is made again where it is missing,
damaged, or another version's.
"""

from __future__ import annotations

import hashlib
import logging
import os
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from app.loyalty.model import Programme
from app.loyalty.rules import KINDS

_log: Final = logging.getLogger("stempel")

_HASH_BYTES: Final = 32
SOURCE_BYTES: Final = 4_000_000
"""More than any programme may have: so much of a file is read, and refused."""
FOLDER: Final = "kept"
"""In the till's folder."""
_MOST: Final = 8
"""So many are kept: the one in force, those to come, and some before."""
_Parts = tuple[Programme, list[tuple[str, msgspec.Raw]]]


class Unusable(ValueError):
    """A programme that cannot be used; names everything wrong with it, by line."""


def load_kept(source: bytes, folder: Path) -> Programme:
    """The programme in a file's bytes, checked as it is read, and kept in `folder`. Raises Unusable."""
    made_by = _version()
    if not made_by:
        return _load(source)
    key = hashlib.blake2b(source, digest_size=_HASH_BYTES, key=made_by).digest()
    file = folder / f"programme-{key.hex()[:32]}.kept"
    found = _read(file, key)
    if found is None:
        found = _load(source)
        _write(file, key, found)
    return found


def _load(source: bytes) -> Programme:
    from app.loyalty.programme import ProgrammeProblems, load_programme  # and YAML with it: seldom needed

    try:
        return load_programme(source)
    except ProgrammeProblems as problems:
        raise Unusable(str(problems)) from problems


@cache
def _version() -> bytes:
    """The code that reads programmes, as it is installed; empty where its files cannot be looked at."""
    import app.loyalty
    import app.values

    digest = hashlib.blake2b(digest_size=_HASH_BYTES)
    try:
        files = [file for folder in app.loyalty.__path__ for file in sorted(Path(folder).glob("**/*.py"))]
        for file in (*files, Path(app.values.__file__)):  # how money and shares are read stands there
            stat = file.stat()
            digest.update(f"{file.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    except OSError:
        return b""
    return digest.digest()


def _read(file: Path, key: bytes) -> Programme | None:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    begin = 2 * _HASH_BYTES
    head, body = content[:begin], content[begin:]
    if head != key + _checksum(body):
        return None
    try:
        programme, kinds = msgspec.msgpack.decode(body, type=_Parts, dec_hook=_fraction)
        rules = tuple(
            msgspec.msgpack.decode(rule, type=KINDS[kind].settings, dec_hook=_fraction)
            for kind, rule in kinds
        )
    except (msgspec.DecodeError, KeyError, ValueError, TypeError) as error:
        _log.warning("%s is read anew: %s", file, error)
        return None
    return msgspec.structs.replace(programme, rules=rules)


def _write(file: Path, key: bytes, programme: Programme) -> None:
    encode = msgspec.msgpack.Encoder(enc_hook=_parts_of).encode
    rules = [(rule.kind, msgspec.Raw(encode(rule))) for rule in programme.rules]
    body = encode((msgspec.structs.replace(programme, rules=()), rules))
    made = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(exist_ok=True)
        made.write_bytes(key + _checksum(body) + body)
        made.replace(file)
        _drop_old(file.parent)
    except OSError as error:
        # The next start reads the programme again, and that is all.
        _log.warning("%s could not be kept: %s", file, error)


def _drop_old(folder: Path) -> None:
    kept = sorted(folder.glob("programme-*"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in kept[_MOST:]:
        file.unlink(missing_ok=True)


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_HASH_BYTES).digest()


def _parts_of(value: Any) -> Any:
    if isinstance(value, Fraction):
        return value.numerator, value.denominator
    raise NotImplementedError(f"{type(value)} in a programme")


def _fraction(kind: type, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(*value)
    raise NotImplementedError(f"{kind} in a programme")
