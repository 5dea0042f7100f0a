"""The print queue's contract in memory: what the till keeps in its database, kept by the test."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hardware.ports import JobState, PrintOutcome, QueuedJob
from hardware.receipt import PrintJob


class MemoryQueue:
    """A `PrintQueue` that outlives the lanes which a test starts and kills."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self.jobs: dict[int, QueuedJob] = {}
        self.states: dict[int, JobState] = {}
        self.details: dict[int, str] = {}

    def add(self, job: PrintJob) -> int:
        with self._lock:
            job_id = len(self.jobs) + 1
            self.jobs[job_id] = QueuedJob(job_id, job, self._now_ms())
            self.states[job_id] = JobState.QUEUED
            return job_id

    def recover(self) -> list[int]:
        with self._lock:
            for job_id, state in self.states.items():
                if state is JobState.SENDING:
                    self.states[job_id] = JobState.UNKNOWN
            return [job_id for job_id, state in self.states.items() if state is JobState.UNKNOWN]

    def take(self) -> QueuedJob | None:
        with self._lock:
            for job_id, state in self.states.items():
                if state in (JobState.QUEUED, JobState.FAILED):
                    self.states[job_id] = JobState.SENDING
                    taken = self.jobs[job_id]
                    self.jobs[job_id] = QueuedJob(job_id, taken.job, taken.created_ms, taken.attempts + 1)
                    return taken
            return None

    def settle(self, job_id: int, outcome: PrintOutcome, detail: str = "") -> None:
        with self._lock:
            self.states[job_id] = JobState(outcome.value)
            self.details[job_id] = detail

    def wait(self, job_id: int, *states: JobState, timeout_s: float = 5.0) -> JobState:
        """The job's state once it is one of `states`, or after the time."""
        deadline_s = time.monotonic() + timeout_s
        while self.states[job_id] not in states and time.monotonic() < deadline_s:
            time.sleep(0.002)
        return self.states[job_id]
