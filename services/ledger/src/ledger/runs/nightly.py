"""The run of each night, for every authority that has a year of history; whichever replica comes first makes it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import structlog
from sqlalchemy import Engine

from hnb.database import reading
from ledger.forecast.faults import BadInput
from ledger.handlers import Ledger
from ledger.outlook.scenarios import Pack
from ledger.runs import store
from ledger.runs.drawing import Busy, Failed
from ledger.runs.making import Wanted, make

LOOK_SECONDS = 60.0
log = structlog.get_logger(__name__)


class Nightly:
    """Looks whether the night's runs are there, and makes those that are not."""

    def __init__(
        self, engine: Engine, ledger: Ledger, pack: Pack, now: Callable[[], datetime], wake: Callable[[], None]
    ) -> None:
        self._engine, self._ledger, self._pack, self._now, self._wake = engine, ledger, pack, now, wake
        self._done: dict[str, date] = {}

    def make(self) -> bool:
        """One authority's run, if one is missing; whether there may be more."""
        night = night_of(self._now(), self._ledger.settings.forecast_hour)
        with reading(self._engine) as connection:
            missing = [one for one in store.without(connection, night) if self._done.get(one) != night]
        if not missing:
            return False
        self._make(missing[0], night)
        return len(missing) > 1

    def _make(self, authority: str, night: date) -> None:
        """A failure is told and waits for the next night: one authority's never keeps the others'."""
        self._done[authority] = night
        try:
            number = make(self._engine, self._ledger, Wanted(authority, self._pack), night=night)
        except BadInput as bad:
            log.info("no forecast yet", authority=authority, why=str(bad))
        except (Busy, Failed) as error:
            log.warning("the night's forecast failed", authority=authority, error=str(error))
        else:
            log.info("forecast made", authority=authority, run=number, night=str(night))
            self._wake()


def night_of(moment: datetime, hour: int) -> date:
    """The night a moment belongs to: it begins at that hour."""
    return (moment - timedelta(hours=hour)).date()
