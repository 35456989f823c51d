"""What is asked of the ledger over HTTP."""

from fastapi import APIRouter
from sqlalchemy import Engine

from ledger.api import benchmarks, editions, positions, preview, recovery, reports, statutory
from ledger.handlers import Ledger


def routers(engine: Engine, ledger: Ledger) -> list[APIRouter]:
    """Every route, over the given database."""
    modules = (benchmarks, editions, positions, preview, recovery, reports, statutory)
    return [module.make_router(engine, ledger) for module in modules]
