"""Mutation testing of the engine: mutmut makes the mutants, a fork of this process runs the tests on each.

    python -m tests.faults.mutants [OPTIONS] [FILE or FILE:FUNCTION …]

mutmut's own runner was measured and left aside, docs/decisions/0028-mutants-in-forks.md says why. What is
mutated without FILE and by which tests stands under `tool.mutmut` in pyproject.toml. A mutant that no test
notices is a failure, unless equivalent_mutants.yaml beside this file lists it with the reason.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import difflib
import fnmatch
import gc
import importlib
import inspect
import math
import os
import pickle
import random
import re
import resource
import signal
import sys
import textwrap
import time
import types
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import libcst as cst
import pytest
import yaml
from _pytest.tmpdir import tmppath_result_key
from coverage import Coverage
from hypothesis import Phase, settings
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.configuration import config
from mutmut.mutation.file_mutation import create_mutations

ROOT = Path(__file__).resolve().parents[2]
KNOWN = Path(__file__).with_name("equivalent_mutants.yaml")
EXAMPLES = 12
"""Of each property; a mutant that only the hundredth would notice deserves a test of its own."""
READERS = {
    "test_gallery", "test_hints", "test_lives", "test_programme", "test_published_schemas", "test_schema",
    "test_terms", "test_texts", "test_unused",
}  # fmt: skip
"""Tests of how files are read and explained. They take long, and say little of how a sale is decided."""
READING = {
    "contract", "model", "plain", "programme", "promise", "reading", "schema", "terms", "unused", "wording",
    "yamltree",
}  # fmt: skip
"""The sources that those tests are for, beside what each kind says of its own settings."""
ABOUT_SETTINGS = {"benefit_problems", "check", "terms", "takes_off", "earns", "spends"}
MEMORY_MAX = 4 * 2**30
GUARD = re.compile(r",?\s*\bstrict=(True|False|None)\b")
"""`zip(…, strict=True)` guards an invariant; without the guard nothing changes while it holds."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change to one function. `was` and `now` are the lines that differ, as they stand in the source."""

    file: str
    function: str
    was: str
    now: str
    source: str
    """The changed function, inside its class where it has one."""
    lines: tuple[int, int]
    """The statement it is in: tests that never reach it cannot notice."""
    about_settings: bool = False
    """The function checks settings or words them for customers; it decides nothing of a sale."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.file, self.function, f"{self.was} => {self.now}"

    def __str__(self) -> str:
        return f"{self.file}:{self.lines[0]} {self.function}\n    - {self.was}\n    + {self.now}"


# -- making mutants --------------------------------------------------------------------------------------


def mutated_files(every: bool) -> list[str]:
    """The engine's sources, relative to the root: every one, or those that pyproject.toml holds to it."""
    files: list[Path] = []
    for path in config().source_paths:
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [str(file) for file in files if every or config().should_mutate(file)]


def mutants_of(file: str) -> Iterator[Mutant]:
    """Every mutant that mutmut makes of a file, in the order of the source."""
    text = (ROOT / file).read_text(encoding="utf-8")
    module, mutations, _, _ = create_mutations(file, text)
    wrapper = MetadataWrapper(module, unsafe_skip_copy=True)
    positions = wrapper.resolve(PositionProvider)
    spans = statement_spans(text)
    named = {function: (owner, function) for owner, function in functions_of(module)}
    for mutation in mutations:
        function = mutation.contained_by_top_level_function
        if not isinstance(function, cst.FunctionDef) or function not in named:
            continue
        owner = named[function][0]
        changed = function.deep_replace(mutation.original_node, mutation.mutated_node)
        before, after = (module.code_for_node(each).splitlines() for each in (function, changed))
        was, now = difference(before, after)
        if was == now or unguarded(was) == unguarded(now):
            continue
        source = textwrap.dedent("\n".join(after).strip("\n"))
        if owner:
            source = f"class {owner}:\n{textwrap.indent(source, '    ')}"
        place = positions[mutation.original_node]
        span = smallest(spans, place.start.line, place.end.line)
        name = f"{owner}.{function.name.value}" if owner else function.name.value
        words = function.returns and module.code_for_node(function.returns.annotation)
        settings_alone = function.name.value in ABOUT_SETTINGS or words in ("Said", "Term")
        yield Mutant(
            file, name, was, now, f"from __future__ import annotations\n{source}\n", span, settings_alone
        )


def functions_of(module: cst.Module) -> Iterator[tuple[str, cst.FunctionDef]]:
    """Functions and methods, with the name of their class."""
    for node in module.body:
        if isinstance(node, cst.FunctionDef):
            yield "", node
        elif isinstance(node, cst.ClassDef):
            yield from (
                (node.name.value, each) for each in node.body.body if isinstance(each, cst.FunctionDef)
            )


def difference(before: list[str], after: list[str]) -> tuple[str, str]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    was: list[str] = []
    now: list[str] = []
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            was += before[a:b]
            now += after[c:d]
    return " ".join(line.strip() for line in was), " ".join(line.strip() for line in now)


def unguarded(line: str) -> str:
    return re.sub(r",\s*\)", ")", GUARD.sub("", line))


def statement_spans(text: str) -> list[tuple[int, int]]:
    """First and last line of every statement; of one with a body, its head and the whole."""
    spans: list[tuple[int, int]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            if body and not isinstance(node, ast.FunctionDef):  # whose defaults count for all of it
                spans.append((node.lineno, max(node.lineno, body[0].lineno - 1)))
            spans.append((node.lineno, node.end_lineno or node.lineno))
    return spans


def smallest(spans: Iterable[tuple[int, int]], first: int, last: int) -> tuple[int, int]:
    around = [span for span in spans if span[0] <= first and last <= span[1]]
    return min(around, key=lambda span: span[1] - span[0], default=(first, last))


# -- putting one in place ----------------------------------------------------------------------------------


def find(mutant: Mutant) -> types.FunctionType:
    """The function that the mutant changes, as it lives in this process."""
    name = mutant.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    found: Any = importlib.import_module(name)
    for part in mutant.function.split("."):
        found = inspect.getattr_static(found, part)
    return getattr(found, "__func__", found)


def put_in_place(mutant: Mutant) -> None:
    """Give the living function the changed code, so that whoever holds it calls the mutant."""
    function = find(mutant)
    made: dict[str, Any] = {}
    exec(compile(mutant.source, mutant.file, "exec"), function.__globals__, made)
    changed: Any = made
    for number, part in enumerate(mutant.function.split(".")):
        changed = changed[part] if number == 0 else vars(changed)[part]
    changed = getattr(changed, "__func__", changed)
    code: types.CodeType = changed.__code__
    if set(code.co_freevars) != set(function.__code__.co_freevars):
        # `super()` makes a cell of its own; the living function may have one more or fewer
        raise TypeError("the mutant closes over other names")
    function.__code__ = code
    function.__defaults__ = changed.__defaults__
    function.__kwdefaults__ = changed.__kwdefaults__


# -- running tests -------------------------------------------------------------------------------------------


class Seen:
    """Which lines of the engine each test reaches, and how long it takes."""

    def __init__(self) -> None:
        self.tests: dict[tuple[str, int], set[int]] = defaultdict(set)
        self.seconds: list[float] = []

    def covering(self, mutant: Mutant) -> set[int]:
        file = str(ROOT / mutant.file)
        first, last = mutant.lines
        return set().union(*(self.tests.get((file, line), set[int]()) for line in range(first, last + 1)))


def run_item(item: pytest.Item) -> None:
    state = item.session._setupstate  # pyright: ignore[reportPrivateUsage]
    item.stash[tmppath_result_key] = {}  # pytest's own protocol would leave its reports there
    try:
        state.setup(item)
        item.runtest()
    except pytest.skip.Exception:
        pass
    finally:
        state.teardown_exact(None)


def watch(items: list[pytest.Item], files: set[str]) -> Seen | str:
    """Run every test on the engine as it is, in a fork; or the name of one that fails, with its reason."""
    seen = Seen()
    watching = Coverage(data_file=None, config_file=False, include=sorted(files))
    watching.start()
    for number, item in enumerate(items):
        watching.switch_context(str(number))
        began_s = time.process_time()
        try:
            run_item(item)
        except Exception as error:
            return f"{item.nodeid}: {error!r}"
        seen.seconds.append(time.process_time() - began_s)
    watching.stop()
    data = watching.get_data()
    for file in data.measured_files():
        for line, contexts in data.contexts_by_lineno(file).items():
            seen.tests[file, line] = {int(context) for context in contexts if context}
    return seen


def in_fork(work: Callable[[], Any]) -> tuple[int, Any]:
    """Exit status and result of `work` in a child that shares nothing back."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            silence()
            result = work()
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(result, pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), pickle.loads(data) if data else None


def silence() -> None:
    with Path(os.devnull).open("r+b") as null:
        for number in (0, 1, 2):
            os.dup2(null.fileno(), number)


def killer(
    mutant: Mutant, items: list[pytest.Item], order: list[int], seen: Seen, budget_s: float
) -> int | None:
    """The first test that notices the mutant; None if none does in that CPU time. Runs in a fork."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    put_in_place(mutant)
    began_s = time.process_time()
    for number in order:
        if time.process_time() - began_s > budget_s:
            return None
        # CPU time, so that a busy machine kills nothing; the signal's default ends the process
        signal.setitimer(signal.ITIMER_VIRTUAL, 2 + 10 * seen.seconds[number])
        try:
            run_item(items[number])
        except BaseException:
            return number
    return None


# -- the run -----------------------------------------------------------------------------------------------


class Runner:
    """A pytest plugin that, instead of running the collected tests, runs the mutants."""

    def __init__(self, wanted: argparse.Namespace) -> None:
        self.wanted = wanted
        self.counts: Counter[str] = Counter()
        self.by_file: dict[str, Counter[str]] = defaultdict(Counter)
        self.survivors: list[Mutant] = []
        self.kills: Counter[tuple[str, int]] = Counter()
        self.last: dict[str, int] = {}

    def pytest_configure(self) -> None:
        # Before the test modules are read: no shrinking, since one example is enough to notice a mutant.
        phases = (Phase.explicit, Phase.generate)
        fast = settings(settings.get_profile("test"), phases=phases, max_examples=EXAMPLES)
        settings.register_profile("mutants", fast)
        settings.load_profile("mutants")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        mutants, known = self.mutants()
        self.counts["known"] = known
        if not any(map(about_reading, mutants)):
            session.items = [item for item in session.items if item.path.stem not in READERS]
        files = {str(ROOT / mutant.file) for mutant in mutants}
        print(
            f"{len(mutants)} mutants, {len(session.items)} tests, {known} known to be equivalent", flush=True
        )
        gc.collect()
        gc.freeze()
        _, seen = in_fork(lambda: watch(session.items, files))
        print(f"watched in {resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime:.0f} s", flush=True)
        if not isinstance(seen, Seen):
            raise pytest.UsageError(f"a test fails without any mutant: {seen}")
        began_s = time.monotonic()
        for number, mutant in enumerate(mutants, 1):
            self.try_one(mutant, session.items, seen)
            if number % 100 == 0:
                print(
                    f"{number} of {len(mutants)}, {time.monotonic() - began_s:.0f} s, {dict(self.counts)}",
                    flush=True,
                )
        self.report()
        return True

    def mutants(self) -> tuple[list[Mutant], int]:
        """Those asked for, without those known to be equivalent; and how many of these there are."""
        known = {} if self.wanted.known else known_mutants()
        files = [file for file in mutated_files(every=bool(self.wanted.only)) if self.asked(file)]
        files.sort(key=self.place)
        made = [mutant for file in files for mutant in mutants_of(file)]
        made = [mutant for mutant in made if self.asked(mutant.file, mutant.function)]
        if self.wanted.deciding:
            made = [mutant for mutant in made if not about_reading(mutant)]
        fresh = [mutant for mutant in made if mutant.key not in known]
        if not self.wanted.only:
            stale = known.keys() - {mutant.key for mutant in made}
            for key in sorted(stale):
                print("listed as equivalent, but there is no such mutant any more:", *key)
        if self.wanted.sample and self.wanted.sample < len(fresh):
            chosen = random.Random(self.wanted.seed).sample(range(len(fresh)), self.wanted.sample)
            return [fresh[number] for number in sorted(chosen)], len(made) - len(fresh)
        return fresh, len(made) - len(fresh)

    def asked(self, file: str, function: str = "") -> bool:
        return not self.wanted.only or any(fits(pattern, file, function) for pattern in self.wanted.only)

    def place(self, file: str) -> int:
        """Files are tried in the order in which they were named."""
        return next((n for n, pattern in enumerate(self.wanted.only) if fits(pattern, file)), 0)

    def try_one(self, mutant: Mutant, items: list[pytest.Item], seen: Seen) -> None:
        covering = seen.covering(mutant)
        if not about_reading(mutant):
            covering = {number for number in covering if items[number].path.stem not in READERS}
        last = self.last.get(mutant.function, -1)

        near = f"test_{Path(mutant.file).stem}"

        def rank(number: int) -> tuple[bool, float]:
            """What killed this function's mutants before, then what kills most of the file for its time;
            the tests named after the file are as good as ten that have killed."""
            weight = 1 + self.kills[mutant.file, number] + 10 * (items[number].path.stem == near)
            return number != last, seen.seconds[number] / weight

        order = sorted(covering, key=rank)
        status, found = in_fork(lambda: killer(mutant, items, order, seen, self.wanted.budget))
        if status == 0 and found is None:
            verdict = "survived" if covering else "untested"
            self.survivors.append(mutant)
            print(f"{verdict} {mutant}", flush=True)
        elif status == 0:
            verdict = "killed"
            self.kills[mutant.file, found] += 1
            self.last[mutant.function] = found
        else:
            verdict = "timeout" if status == -signal.SIGVTALRM else "crashed"
        self.counts[verdict] += 1
        self.by_file[mutant.file][verdict] += 1

    def report(self) -> None:
        for file, counts in sorted(self.by_file.items()):
            print(f"{file}: " + ", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
        print("in all: " + ", ".join(f"{count} {word}" for word, count in sorted(self.counts.items())))
        if self.survivors:
            print(f"\n{len(self.survivors)} mutants that no test notices: add a test, or list them")
            print(f"in {KNOWN.name} with the reason why they change nothing:")
            print(as_yaml(self.survivors))


def fits(pattern: str, file: str, function: str = "") -> bool:
    path, _, name = pattern.partition(":")
    return fnmatch.fnmatch(file, path) and (not function or fnmatch.fnmatch(function, name or "*"))


def about_reading(mutant: Mutant) -> bool:
    return mutant.about_settings or Path(mutant.file).stem in READING


def known_mutants() -> dict[tuple[str, str, str], str]:
    """Mutants known to be equivalent, with the reason."""
    entries: Any = yaml.safe_load(KNOWN.read_text(encoding="utf-8")) if KNOWN.exists() else []
    return {
        (entry["file"], entry["function"], mutant): entry["why"]
        for entry in entries or []
        for mutant in entry["mutants"]
    }


def as_yaml(mutants: Iterable[Mutant]) -> str:
    by_place: dict[tuple[str, str], list[str]] = defaultdict(list)
    for mutant in mutants:
        by_place[mutant.file, mutant.function].append(mutant.key[2])
    entries = [
        {"file": file, "function": function, "why": "?", "mutants": found}
        for (file, function), found in by_place.items()
    ]
    return yaml.safe_dump(entries, sort_keys=False, allow_unicode=True, width=1000)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.mutants", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("only", nargs="*", help="files, or file:function; wildcards are understood")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants drawn at random; 0: all")
    parser.add_argument("--seed", type=int, default=1, help="draws the sample")
    parser.add_argument("--deciding", action="store_true", help="leave out how files are read and worded")
    parser.add_argument("--budget", type=float, default=math.inf, help="CPU seconds for each mutant's tests")
    parser.add_argument("--known", action="store_true", help="run those known to be equivalent, too")
    wanted = parser.parse_args(arguments)
    os.chdir(ROOT)
    runner = Runner(wanted)
    tests = config().pytest_add_cli_args_test_selection
    code = pytest.main(
        ["-q", "--no-header", "--timeout=0", "-p", "no:terminalreporter", *tests], plugins=[runner]
    )
    return int(code) or int(bool(runner.survivors))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
