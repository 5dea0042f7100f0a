"""A till's sync in a process of its own that kills itself (SIGKILL) at a given step of its enrolment.

Run as `python -m tests.sync.till_process FOLDER URL CODE STEP SALES`: sells, syncs until the server has it
all, prints its epoch. STEP is one of STEPS, or "-" to live.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

STEPS = ("before_key", "after_key", "before_reply", "before_epoch", "after_epoch")
"""Before the new key is durable, before the request goes out, once the server has answered and before the
process hears it, before what it said is durable, and right after."""


def run(
    folder: Path, url: str, code: str = "", step: str = "-", sales: int = 0, deadline_s: float = 90.0
) -> int | None:
    """Run a till; its epoch, or None if it was killed at the step."""
    command = [sys.executable, "-m", "tests.sync.till_process", str(folder), url, code, step, str(sales)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=deadline_s, check=False)
    if found.returncode == -signal.SIGKILL:
        return None
    assert found.returncode == 0, found.stderr
    return int(found.stdout)


def main(folder: Path, url: str, code: str, step: str, sales: int) -> None:
    from app.checkout.ports import Work
    from app.lanes import RealWorld
    from app.ledger.facts import NoSale
    from app.store.database import Database
    from sync.events import Status
    from sync.worker import SyncWorker

    def die(at: str) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    class Transport(httpx.HTTPTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            if request.url.path == "/v1/enrol":
                response.read()
                die("before_reply")
            return response

    database, world, told = Database(folder), RealWorld(), [Status()]
    outbox: Any = database.outbox()
    keep, begin = outbox.keep_enrolment, outbox.begin_epoch

    def keep_enrolment(enrolment: Any) -> None:
        die("before_key")
        keep(enrolment)
        die("after_key")

    def begin_epoch(credentials: Any) -> None:
        die("before_epoch")
        begin(credentials)
        die("after_epoch")

    outbox.keep_enrolment, outbox.begin_epoch = keep_enrolment, begin_epoch
    for _ in range(sales):
        fact = NoSale(id=world.new_id(), at_ms=world.now_ms(), shift=uuid.UUID(int=0), cashier="1")
        database.write(Work(facts=(fact,), keep_basket=True, at_ms=fact.at_ms))
    worker = SyncWorker(url, outbox, database.inbox(), on_status=told.append, transport=Transport()).start()
    if code and outbox.credentials() is None:
        worker.enrol(code)
    reader, until_s = database.reader(), time.monotonic() + 60
    while told[-1].state != "online" or reader.unsynced()[0] or told[-1].problem:
        assert time.monotonic() < until_s, told[-1]
        assert told[-1].problem not in ("code_used", "bad_code", "till_exists"), told[-1]
        time.sleep(0.01)
    worker.stop()
    sys.stdout.write(str(database.writer.head.epoch))
    sys.stdout.flush()
    os._exit(0)  # nothing is left to be said; lanes that wait for a network would take their time


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
