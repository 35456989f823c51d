"""A service's loops: they end when they are told to, whatever else happens just then."""

import asyncio

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
