"""What is asked of placements over HTTP."""

from collections.abc import Callable
from datetime import date

from fastapi import APIRouter
from sqlalchemy import Engine

from hnb.intake import Intake
from placements.api import accepted, clocks, events, facts, journal, register, support, tariff, tribunals


def routers(engine: Engine, intake: Intake, today: Callable[[], date]) -> list[APIRouter]:
    """Every route, over the given database; `today` is the clock's day."""
    asked = (accepted, register, clocks, facts, support, tariff, tribunals)
    return [
        events.make_router(engine, intake),
        journal.make_router(engine, intake.after_commit),
        *(module.make_router(engine, today) for module in asked),
    ]
