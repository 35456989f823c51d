"""What is asked of the ledger over HTTP."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Engine

from ledger.api import positions, preview, replay, reports, statutory
from ledger.handlers import Ledger


def routers(engine: Engine, ledger: Ledger, now: Callable[[], datetime], wake: Callable[[], None]) -> list[APIRouter]:
    """Every route, over the given database; `wake` tells whoever says positions that there is something to say."""
    asked = (positions, preview, reports, statutory)
    return [*(module.make_router(engine, ledger) for module in asked), replay.make_router(engine, now, wake)]
