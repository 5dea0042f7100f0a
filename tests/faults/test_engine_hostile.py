"""Hostile programme files and cases through the real commands: a clear error or a right answer, in bounds."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import resources
from app.loyalty.contract import Contract
from app.loyalty.engine import compile_programme
from tests.loyalty.cases import case
from tests.loyalty.plain_cases import plain_case
from tests.loyalty.support import HEAD, NAME

MEMORY_MAX = 700 * 2**20
CPU_MAX_S = 20
RULES = HEAD + "rules:\n"
GOOD = "  - {id: a, kind: price, NAME, percent: 5%}\n".replace("NAME", NAME)
DEMO = resources.path("programmes", "demo.yaml")


def bounded() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MAX_S, CPU_MAX_S))


def stempel(*arguments: str | Path, stdin: bytes | Path = b"") -> subprocess.CompletedProcess[bytes]:
    """A process of its own, that may take neither much memory nor much time."""
    command = [sys.executable, "-m", "app.main", *map(str, arguments)]
    environment = {**os.environ, "PYTHONUTF8": "1"}
    if isinstance(stdin, Path):
        with stdin.open("rb") as file:
            return subprocess.run(
                command, stdin=file, capture_output=True, preexec_fn=bounded, env=environment
            )
    return subprocess.run(command, input=stdin, capture_output=True, preexec_fn=bounded, env=environment)


def huge(path: Path, begin: bytes, repeated: bytes, size: int = 50_000_000) -> None:
    with path.open("wb") as file:
        file.write(begin)
        for _ in range(size // len(repeated)):
            file.write(repeated)


def aliases() -> str:
    """The billion laughs: nine lists, each ten times the one before."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    return "\n".join(lines)


FILES: dict[str, bytes | Callable[[Path], None]] = {
    "nothing": b"",
    "NUL bytes": b"\x00" * 1000,
    "NUL in a word": (RULES + GOOD.replace("id: a", 'id: "a\\0b"')).encode(),
    "not UTF-8": RULES.encode() + b"  - {id: \xff\xfe}\n",
    "UTF-16": (RULES + GOOD).encode("utf-16"),
    "a key twice": (RULES + "  - id: a\n    id: b\n    kind: price\n").encode(),
    "a heading twice": (HEAD + HEAD + "rules:\n" + GOOD).encode(),
    "aliases": aliases().encode(),
    "an alias of itself": b"a: &a [*a]\n",
    "a merge key": (RULES + "  - &x {id: a}\n  - {<<: *x, kind: price}\n").encode(),
    "a tag of Python's": b"!!python/object/apply:os.system ['true']\n",
    "deep lists": b"[" * 100_000,
    "deep mappings": b"".join(b" " * n + b"a:\n" for n in range(1500)),
    "deep flow mappings": b"{a: " * 50_000,
    "cyclic categories": (HEAD + "categories: {a: {parent: b}, b: {parent: a}}\nrules:\n" + GOOD).encode(),
    "its own parent": (HEAD + "categories: {a: {parent: a}}\nrules:\n" + GOOD).encode(),
    "more than all off": (RULES + GOOD.replace("5%", "100.01%")).encode(),
    "less than nothing off": (RULES + GOOD.replace("5%", "-5%")).encode(),
    "NaN": (RULES + GOOD.replace("5%", "NaN")).encode(),
    "a number without end": (RULES + GOOD.replace("5%", "9" * 100_000)).encode(),
    "an exponent": (RULES + GOOD.replace("percent: 5%", "amount: 1e9")).encode(),
    "ten thousand rules": (
        RULES + "".join(GOOD.replace("id: a", f"id: a{n}") for n in range(10_001))
    ).encode(),
    "a zone of no place": HEAD.replace("Europe/Warsaw", "../../etc/passwd").encode() + GOOD.encode(),
    "a currency of no country": (RULES + GOOD).replace("PLN", "zł").encode(),
    "50 MB of one word": lambda path: huge(path, b"x: ", b"x" * 1000),
    "50 MB of rules": lambda path: huge(path, RULES.encode(), GOOD.encode()),
    "50 MB of brackets": lambda path: huge(path, b"", b"[" * 1000),
    "50 MB of one comment": lambda path: huge(path, b"#", b"#" * 1000),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_programme_is_refused_in_words(name: str, tmp_path: Path) -> None:
    path = tmp_path / "programme.yaml"
    content = FILES[name]
    path.write_bytes(content) if isinstance(content, bytes) else content(path)
    for arguments in (("programme", "check"), ("programme", "explain"), ("price", "--programme")):
        ended = stempel(*arguments, path, stdin=b"{}\n")
        said = (ended.stdout + ended.stderr).decode(errors="replace")
        assert ended.returncode == 2, (arguments, said[-2000:])
        assert "Traceback" not in said
        assert str(path) in said.replace("\n", ""), said[-500:]
        assert len(said) < 2_000_000


LINE = {"line": "1", "sku": "a", "category": "coffee", "qty": "1", "unit_price": "12.00", "tax": "8%"}


def a_case(**more: Any) -> bytes:
    return json.dumps({"at": "2026-01-15T12:00:00Z", "basket": [LINE], **more}).encode()


def with_line(**more: Any) -> bytes:
    return a_case(basket=[{**LINE, **more}])


CASES: dict[str, bytes] = {
    "no JSON": b"{",
    "not UTF-8": b'{"at": "\xff"}',
    "NUL bytes": b"\x00" * 100,
    "NUL in a name": with_line(sku="a\x00"),
    "half a surrogate": b'{"at": "2026-01-15T12:00:00Z", "basket": [], "sale": "\\ud800"}',
    "NaN": with_line(unit_price=float("nan")),
    "infinity": a_case(points_limit=float("inf")),
    "a quantity as an exponent": with_line(qty="1e9"),
    "a quantity without end": with_line(qty="9" * 19),
    "a negative price": with_line(unit_price="-0.01"),
    "a negative quantity": with_line(qty="-1"),
    "a negative gift card": a_case(redeem={"gift_cards": [{"code": "g", "balance": "-1"}]}),
    "a key twice": b'{"at": "2026-01-15T12:00:00Z", "at": "2026-01-15T12:00:00Z", "basket": []}',
    "a line twice": a_case(basket=[LINE, LINE]),
    "deep lists": b"[" * 100_000,
    "deep mappings": b'{"a":' * 100_000,
    "deep inside": b'{"at": "2026-01-15T12:00:00Z", "basket": ' + b"[" * 900 + b"]" * 900 + b"}",
    "a number without end": b'{"at": "2026-01-15T12:00:00Z", "basket": ' + b"9" * 1_000_000 + b"}",
    "more lines than can be": a_case(basket=[{**LINE, "line": str(n)} for n in range(10_001)]),
    "a year without end": a_case(at="99999-01-15T12:00:00Z"),
    "the last second of time": a_case(at="9999-12-31T23:59:59-12:00"),
    "before time began": a_case(at="1969-12-31T23:59:59Z"),
    "a refund of nothing": a_case(refund_of={}),
    "a refund of more than all": a_case(
        refund_of={"at": "2026-01-15T12:00:00Z", "goods_total": "1", "lines": []}
    ),
    "a state of lists": a_case(member={"id": "m", "state": []}),
    "a lot without an amount": a_case(member={"id": "m", "state": {"lots": [{"id": "x", "rule": "r"}]}}),
}


def test_each_hostile_case_gets_its_reason_and_the_next_its_answer() -> None:
    stream = b"\n".join(each for hostile in CASES.values() for each in (hostile, a_case())) + b"\n"
    ended = stempel("price", "--programme", DEMO, stdin=stream)
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    assert len(answers) == 2 * len(CASES)
    for name, hostile, plain in zip(CASES, answers[::2], answers[1::2], strict=True):
        if "error" in hostile:
            assert hostile["error"]["reason"], name
        else:
            assert name in {"NUL in a name", "the last second of time"}, (name, hostile)
        assert plain["total"] == "12.00"


def test_a_billion_of_everything_is_priced_exactly() -> None:
    asked = with_line(qty="1000000000", unit_price="0.01") + b"\n"
    ended = stempel("price", "--programme", DEMO, stdin=asked)
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["goods_total"] == "10000000.00"


@pytest.mark.parametrize("repeated", [b"x", b"[", b'{"at":'])
def test_50_mb_in_one_line_are_one_wrong_case(repeated: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cases.ndjson"
    huge(path, b"", repeated * 1000)
    with path.open("ab") as file:
        file.write(b"\n" + a_case() + b"\n")
    ended = stempel("price", "--programme", DEMO, stdin=path)
    wrong, right = (json.loads(line) for line in ended.stdout.splitlines())
    assert ended.returncode == 2
    assert wrong["error"]["case"] == 1
    assert right["total"] == "12.00"


def test_spoilt_cases_never_end_the_command(tmp_path: Path) -> None:
    """Random cases with bytes turned over: each gets one answer, and totals that add up."""
    rng = Random(int(os.environ.get("STEMPEL_SEED", "1")))
    lines: list[bytes] = []
    for seed in range(400):
        rules, state, basket, context = case(seed)
        asked = json.dumps(plain_case(Contract(compile_programme(rules)), state, basket, context)).encode()
        for _ in range(rng.randint(0, 3)):
            place = rng.randrange(len(asked))
            asked = (
                asked[:place]
                + rng.choice([b"", b"9", b"-", b'"', b"\x00", b"e9", b"\xff"])
                + asked[place + 1 :]
            )
        lines.append(asked)
    ended = stempel("price", "--programme", DEMO, stdin=b"\n".join(lines) + b"\n")
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(answers) == len(lines)
    for answer in answers:
        if "error" not in answer:
            minor = [round(float(line["net"]) * 100) for line in answer["lines"]]
            assert sum(minor) == round(float(answer["total"]) * 100)
            assert min(minor, default=0) >= 0
