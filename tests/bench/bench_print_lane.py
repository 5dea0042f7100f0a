"""How soon a job leaves for the printer after the commit that queued it, and how soon it is known printed.

Run: python -m tests.bench.bench_print_lane
"""

from __future__ import annotations

import queue
import statistics
import tempfile
import time
from pathlib import Path

from app.checkout.ports import Slip, Work
from app.lanes import RealWorld
from app.store.database import Database
from app.store.printing import StoredPrintQueue
from hardware.ports import JobPrinted, PrintEvent
from hardware.printers.conversation import USUAL
from hardware.printers.lane import PrintLane
from hardware.printers.links import TcpLink
from hardware.printers.profile import PROFILES
from hardware.printers.stations import station
from hardware.printers.transport import LinkPrinter
from tests.bench.bench_receipt import receipt
from tests.support.tcp_printer import TcpPrinter

ROUNDS = 100


class Watched(TcpLink):
    """Notes when the first byte of a connection, and the first of the job itself, were handed over."""

    first_s = 0.0
    job_s = 0.0

    def send(self, data: bytes, timeout_s: float) -> int:
        taken = super().send(data, timeout_s)
        now_s = time.perf_counter()
        Watched.first_s = Watched.first_s or now_s
        if len(data) > 16:
            Watched.job_s = Watched.job_s or now_s
        return taken


def main() -> None:
    first_ms: list[float] = []
    job_ms: list[float] = []
    printed_ms: list[float] = []
    with tempfile.TemporaryDirectory() as folder, TcpPrinter() as paper:
        database = Database(Path(folder) / "till")
        host, _, port = paper.address.removeprefix("tcp://").partition(":")
        printer = LinkPrinter(lambda: Watched(host, int(port), USUAL.answer_s))
        events: queue.SimpleQueue[PrintEvent] = queue.SimpleQueue()
        jobs = StoredPrintQueue(database.writer, database.call)
        lane = PrintLane(jobs, [station(printer, PROFILES["80mm"])], events.put).start()
        database.after_write.append(lane.wake)
        for number in range(ROUNDS + 1):
            time.sleep(0.01)
            Watched.first_s = Watched.job_s = 0.0
            database.write(Work(slips=(Slip("bench", receipt("")),), at_ms=RealWorld().now_ms()))
            started_s = time.perf_counter()
            while not isinstance(events.get(timeout=5), JobPrinted):
                pass
            if number:  # the first one pays for imports
                printed_ms.append((time.perf_counter() - started_s) * 1000)
                first_ms.append((Watched.first_s - started_s) * 1000)
                job_ms.append((Watched.job_s - started_s) * 1000)
        lane.stop()
        database.close()
    print("from the commit in the till's database, through its durable queue, to a loopback printer that")
    print(f"prints at once: median and p95 of {ROUNDS}; the goal is 5 ms to the first byte")
    for name, taken in (
        ("first byte out (a question)", first_ms),
        ("first byte of the job", job_ms),
        ("known printed", printed_ms),
    ):
        p95 = statistics.quantiles(taken, n=20)[-1]
        print(f"  {name:28} {statistics.median(taken):7.2f} ms {p95:7.2f} ms")


if __name__ == "__main__":
    main()
