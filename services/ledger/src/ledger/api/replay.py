"""Every line of every position said once more, for a hearer whose memory is not this ledger's."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Engine

from ledger import saying


def make_router(engine: Engine, now: Callable[[], datetime], wake: Callable[[], None]) -> APIRouter:
    """The route, over the given database and clock."""
    router = APIRouter(tags=["operations"])

    @router.post("/positions/replay", summary="Say every line once more, as it stands")
    def post_replay() -> dict[str, int]:
        """Under a version above all said before. Where the figures are those last heard, nobody is told anything."""
        lines = saying.say_again(engine, now())
        wake()
        return {"lines": lines}

    return router
