"""Mutation testing of the engine: mutmut makes the mutants, a fork of this process runs the tests on each.

    python -m tests.faults.mutants [OPTIONS] [FILE or FILE:FUNCTION …]

mutmut's own runner was measured and left aside, docs/decisions/0028-mutants-in-forks.md says why. What is
mutated without FILE and by which tests stands under `tool.mutmut` in pyproject.toml. A mutant that no test
notices is a failure, unless equivalent_mutants.yaml beside this file lists it with the reason.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import math
import os
import random
import resource
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, settings
from mutmut.configuration import config

from tests.faults.mutants_making import ROOT, Mutant, about_reading, mutants_of, mutated_files
from tests.faults.mutants_trying import Seen, in_fork, killer, watch

KNOWN = Path(__file__).with_name("equivalent_mutants.yaml")
EXAMPLES = 12
"""Of each property; a mutant that only the hundredth would notice deserves a test of its own."""
READERS = {
    "test_gallery", "test_hints", "test_lives", "test_programme", "test_published_schemas", "test_schema",
    "test_terms", "test_texts", "test_unused",
}  # fmt: skip
"""Tests of how files are read and explained. They take long, and say little of how a sale is decided."""


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
