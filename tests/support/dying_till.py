"""Tills that die one after the other, forked from one process: a death costs tenths of a second.

    python -m tests.support.dying_till FOLDER MODE FIRST COUNT

MODE is `kill` (SIGKILL at any moment), `cut` (the power goes at any write or sync), `cut-normal` (the same
with synchronous=NORMAL, which promises less) or `full` (the disk is full from the FIRST-th write on). All
but `kill` need failing_disk.so loaded: see `dying`. Says as JSON how many died, what did not hold
afterwards, and, for `full`, whether the writes went on to the end.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from app.checkout.outcome import Outcome
from app.checkout.ports import NotWritten
from app.lanes import FixedWorld
from app.ledger.facts import SaleCompleted
from tests.support.busy_till import CODES, UIDS, Busy
from tests.support.killed import Heard, check
from tests.support.shop import NOON_MS, Desk

SOURCE: Final = Path(__file__).with_name("failing_disk.c")
LIVES: Final = 20
"""How often a till dies before the shop begins anew: its log grows, and every death checks it whole."""
MOST_STEPS: Final = 600
CUT_STATUS: Final = 137


def dying(folder: Path, mode: str, first: int, count: int, timeout_s: float = 3600) -> dict[str, Any]:
    """Let tills die in a process of their own, with the failing disk below it; what came of it."""
    env = dict(os.environ)
    if mode != "kill":
        env["LD_PRELOAD"] = str(_compiled())
    command = [sys.executable, "-m", "tests.support.dying_till", str(folder), mode, str(first), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=timeout_s, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@cache
def _compiled() -> Path:
    """The failing disk, compiled once a run."""
    made = Path(tempfile.mkdtemp(prefix="stempel-disk-")) / "failing_disk.so"
    command = ["gcc", "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE), "-ldl", "-lpthread"]
    subprocess.run(command, check=True)
    return made


class Runner:
    """Forks a till for each life, and another process to look at what it left: neither is ever used again."""

    def __init__(self, folder: Path, mode: str) -> None:
        self.mode = mode
        self.template = folder / "template"
        self.till = folder / "till"
        if not self.template.exists():
            Desk(self.template).stock().close()
        self._warm_up(folder / "warm")
        self.disk: Any = None if mode == "kill" else ctypes.CDLL(None)
        self.problems: list[str] = []
        self.died = 0

    def _warm_up(self, folder: Path) -> None:
        """A sale and a look here, so that no fork imports anything; its threads end with it."""
        shutil.copytree(self.template, folder, dirs_exist_ok=True)
        desk = Desk(folder)
        desk.sell()
        check(desk, [])
        desk.close()
        assert threading.active_count() == 1, "a fork would copy a lock that nobody lets go of"

    def life(self, seed: int) -> None:
        """One till works until it dies; whoever opens its folder next finds everything it promised."""
        if seed % LIVES == 0 or not self.till.exists():
            shutil.rmtree(self.till, ignore_errors=True)
            shutil.copytree(self.template, self.till)
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            os.dup2(write, 1)
            self._work(seed)
        os.close(write)
        if self.mode == "kill":
            time.sleep(Random(seed).uniform(0.02, 0.25))
            os.kill(child, signal.SIGKILL)
        with os.fdopen(read, encoding="utf-8") as pipe:
            said = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != (-signal.SIGKILL if self.mode == "kill" else CUT_STATUS):
            self.problems.append(f"seed {seed}: ended with {status}")
        lines = [line for line in said.splitlines(keepends=True) if line.endswith("\n")]
        heard: Heard = [(code, values) for code, values in map(json.loads, lines)]
        self.died += 1
        self._look(seed, heard)

    def _work(self, seed: int) -> None:
        sys.stdout = os.fdopen(1, "w", encoding="utf-8")
        if self.disk is not None:
            self.disk.disk_watch(str(self.till.resolve()).encode())
            self.disk.disk_cut(Random(seed).randrange(1, MOST_STEPS), ctypes.c_ulonglong(seed))
        busy = Busy(self.till, seed)
        if self.mode == "cut-normal":
            database = busy.desk.database
            database.call(lambda: database.writer._sql.execute("PRAGMA synchronous = NORMAL"))
        busy.work()

    def _look(self, seed: int, heard: Heard) -> None:
        def look() -> None:
            desk = Desk(self.till)
            check(desk, heard)
            desk.close()

        problem = self.forked(look)
        if problem:
            self.problems.append(f"seed {seed}: {problem}")
            shutil.rmtree(self.till, ignore_errors=True)

    def fill(self, writes: int) -> bool:
        """A little of everything on a disk that is full after some writes; whether it was full at all.

        What failed is done again once there is room.
        """
        shutil.rmtree(self.till, ignore_errors=True)
        shutil.copytree(self.template, self.till)

        def work() -> None:
            desk = Desk(self.till, world=FixedWorld(NOON_MS, writes + 1))
            desk.till.report_to(_not_written)
            self.disk.disk_watch(str(self.till.resolve()).encode())
            self.disk.disk_fill(writes)
            heard, left = self._some_acts(desk)
            check(desk, heard)
            desk.close()
            desk = Desk(self.till)
            check(desk, heard)
            assert len([fact for fact in desk.facts() if isinstance(fact, SaleCompleted)]) == 3
            desk.close()
            if left >= 0:
                raise _Enough

        problem = self.forked(work)
        self.died += 1
        if problem.startswith("_Enough"):
            return False
        if problem:
            self.problems.append(f"full after {writes} writes: {problem}")
        return True

    def _some_acts(self, desk: Desk) -> tuple[Heard, int]:
        """Sales, a refund, a parked sale, cash paid in; each until it is done. How many writes were left."""
        till, heard, left = desk.till, list[Any](), 0

        def until_done(act: Callable[[Callable[[Outcome], None]], None], code: str) -> None:
            nonlocal left
            answers: list[Outcome] = []
            for _ in range(2):
                act(answers.append)
                if answers[-1].code == code:
                    heard.append((code, dict(answers[-1].values)))
                    return
                left = self.disk.disk_off()
            raise AssertionError(f"{code} is refused though there is room: {answers}")

        def ring(*codes: str) -> None:
            for scanned in codes:
                till.scan(scanned)

        def sell(answer: Callable[[Outcome], None]) -> None:
            till.pay_cash(till.due_minor, answer)

        till.tap(UIDS[0])
        ring(CODES[0], CODES[1])
        until_done(sell, "sold")
        ring(CODES[1])
        until_done(lambda answer: till.parking.park("later", answer), "parked")
        ring(CODES[2], CODES[1])
        until_done(sell, "sold")
        until_done(lambda answer: till.drawer.pay_in(5_00, reason="test", answer=answer), "paid_in")
        sale = till.refunds.latest(limit=1)[0]
        until_done(lambda answer: till.refunds.refund(sale.id, {1: 1000}, "cash", answer=answer), "refunded")
        until_done(lambda answer: till.parking.resume(till.parking.list[0].slot, answer), "resumed")
        until_done(sell, "sold")
        return heard, self.disk.disk_off() if left == 0 else left

    def forked(self, work: Callable[[], None]) -> str:
        """Run something in a process of its own, which has had no threads; what went wrong, in words."""
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            try:
                work()
            except BaseException as error:
                os.write(write, f"{type(error).__name__}: {error}"[:4000].encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read, encoding="utf-8", errors="replace") as pipe:
            said = pipe.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return said or ("" if status == 0 else f"ended with {status}")


def _not_written(error: BaseException) -> None:
    """The environment's fault is said to the cashier by the answer; anything else is a bug."""
    if not isinstance(error, NotWritten):
        raise error


class _Enough(Exception):
    """The disk held all that was written."""


def main(folder: Path, mode: str, first: int, count: int) -> None:
    runner = Runner(folder, mode)
    whole = False
    for number in range(first, first + count):
        if mode == "full":
            if not runner.fill(number):
                whole = True
                break
        else:
            runner.life(number)
    json.dump({"died": runner.died, "problems": runner.problems, "whole": whole}, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
