"""A mutant put in the place of its function, and the tests that reach it, run in a fork of this process."""

from __future__ import annotations

import importlib
import inspect
import os
import pickle
import resource
import signal
import time
import types
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from _pytest.tmpdir import tmppath_result_key
from coverage import Coverage

from tests.faults.mutants_making import ROOT, Mutant

MEMORY_MAX = 4 * 2**30


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
