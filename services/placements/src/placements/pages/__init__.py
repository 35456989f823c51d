"""The pages of placement staff: places, out of area, waits, statutory clocks, and the tribunal review."""

from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import Engine

from hnb.pages import Pages
from placements.pages import area, clocks, places, tribunals, waits


def routers(engine: Engine, pages: Pages, now: Callable[[], datetime]) -> list[APIRouter]:
    """Every page, over the given database; `now` is the clock."""
    return [one.make_router(engine, pages, now) for one in (places, area, waits, clocks, tribunals)]
