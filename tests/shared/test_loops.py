"""A service's loops: they end when they are told to, whatever else happens just then."""

import asyncio
import time
from itertools import pairwise

import pytest

from hnb.service import Loop


@pytest.mark.parametrize("steps", range(6))
def test_a_loop_that_is_woken_and_cancelled_in_one_moment_ends(steps: int) -> None:
    async def run() -> None:
        loop = Loop("waits", lambda: False, 60.0)
        task = asyncio.ensure_future(loop.run())
        await asyncio.sleep(0.05)
        loop.wake()
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        _, unfinished = await asyncio.wait([task], timeout=1.0)
        for one in unfinished:
            one.cancel()
        assert not unfinished

    asyncio.run(run())


def test_a_loop_rests_as_many_times_as_long_as_it_worked_even_with_more_to_do() -> None:
    worked: list[float] = []

    def work() -> bool:
        worked.append(time.monotonic())
        time.sleep(0.02)
        return True

    async def run() -> None:
        task = asyncio.ensure_future(Loop("rests", work, 60.0, lambda: 9.0).run())
        await asyncio.sleep(0.7)
        task.cancel()

    asyncio.run(run())
    assert 1 < len(worked) <= 4
    assert min(later - sooner for sooner, later in pairwise(worked)) >= 0.2


def test_a_loop_rests_no_longer_than_there_is_reason_to() -> None:
    async def run() -> None:
        worked, others = asyncio.Event(), asyncio.Event()
        others.set()
        running = asyncio.get_running_loop()

        def work() -> bool:
            time.sleep(0.01)
            running.call_soon_threadsafe(worked.set)
            return True

        task = asyncio.ensure_future(Loop("rests", work, 60.0, lambda: 1e6 if others.is_set() else 0.0).run())
        await asyncio.wait_for(worked.wait(), 10)
        worked.clear()
        await asyncio.sleep(0.05)
        others.clear()
        await asyncio.wait_for(worked.wait(), 10)
        task.cancel()

    asyncio.run(run())
