"""Back-pressure: beyond its queue the server refuses at once, and recovers by itself."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sync.server.context import Threads
from sync.server.tills import Refused


def test_more_work_than_the_queue_holds_is_refused_with_a_time_to_come_back() -> None:
    threads, go = Threads(threads=1, queue_max=3), threading.Event()

    async def press() -> None:
        waiting = [asyncio.create_task(threads.run(go.wait, 10)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            await threads.run(lambda: None)
        assert (refused.value.status, refused.value.code, refused.value.retry_after_s) == (503, "busy", 2)
        go.set()
        assert await asyncio.gather(*waiting) == [True] * 3
        assert await threads.run(lambda: 7) == 7

    asyncio.run(press())
    assert threads.pending == 0
    threads.close()


def test_a_job_whose_client_went_away_still_counts_until_it_ends() -> None:
    threads, go = Threads(threads=1, queue_max=1), threading.Event()

    async def leave() -> None:
        task = asyncio.create_task(threads.run(go.wait, 10))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert threads.pending == 1
        with pytest.raises(Refused):
            await threads.run(lambda: None)
        go.set()
        for _ in range(100):
            if threads.pending == 0:
                return
            await asyncio.sleep(0.01)

    asyncio.run(leave())
    assert threads.pending == 0
    threads.close()


def test_much_waits_for_much_and_little_does_not() -> None:
    threads, go = Threads(threads=1, bulk_threads=1, bulk_max=2), threading.Event()

    async def press() -> None:
        waiting = [asyncio.create_task(threads.run_bulk(go.wait, 10)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            await threads.run_bulk(lambda: None)
        assert (refused.value.status, refused.value.retry_after_s) == (503, 2)
        assert await threads.run(lambda: 7) == 7, "one sale does not wait for weeks of others"
        assert threads.pending == 2
        go.set()
        assert await asyncio.gather(*waiting) == [True] * 2

    asyncio.run(press())
    assert threads.pending == 0
    threads.close()
