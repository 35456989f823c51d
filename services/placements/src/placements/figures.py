"""The register's figures for Prometheus, counted again no more often than is cheap."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

import structlog
from prometheus_client.metrics_core import Metric
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from hnb.database import reading
from placements import due, tariff
from placements.metrics import gauge, histogram_of_weeks
from placements.reports import area, clocks, mismatches, places, tribunals, waits

log = structlog.get_logger(__name__)

# A scrape counts again only once twenty times as long has passed as counting took: at one council's size always, at
# England's every minute or two. So counting never takes more than a twentieth of anybody's time.
REST = 20.0


@dataclass
class Figures:
    """Plans, waits, places, placements out of area and mismatches, by authority."""

    engine: Engine
    today: Callable[[], date]
    clock: Callable[[], float] = time.monotonic
    _counted: list[Metric] = field(default_factory=list)
    _count_after: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> Iterable[Metric]:
        """The figures as they were last counted; counted again where that has become cheap."""
        with self._lock:  # two scrapes at once need one count
            started = self.clock()
            if started >= self._count_after:
                try:
                    self._counted = list(count(self.engine, self.today()))
                except DBAPIError as error:  # a register too large for its server: all else is still told
                    log.warning("the register could not be counted: its last figures stand", error=str(error.orig))
                finished = self.clock()
                self._count_after = finished + REST * (finished - started)
            return self._counted


def count(engine: Engine, today: date) -> Iterable[Metric]:
    """Every figure on the day, of one consistent view of the register."""
    with reading(engine) as connection:
        yield gauge(
            "hnb_plans", "Education, Health and Care Plans in force", ["authority"],
            (((authority,), plans) for authority, plans in waits.plans_in_force(connection, "", today).items()),
        )  # fmt: skip
        yield gauge(
            "hnb_plans_waiting", "Plans in force whose child has no placement", ["authority"],
            (((authority,), plans) for authority, plans in waits.plans_waiting(connection, today).items()),
        )  # fmt: skip
        yield gauge(
            "hnb_places", "Places at settings whose capacity is known", ["authority", "provision", "state"],
            (
                ((authority, provision, state), number)
                for authority, provision, by_state in places.totals(connection, today)
                for state, number in by_state.items()
            ),
        )  # fmt: skip
        yield gauge(
            "hnb_placements_out_of_area", "Live placements at settings out of the area", ["authority", "provision"],
            ((labels, number) for *labels, number in area.counts(connection, today)),
        )  # fmt: skip
        yield gauge(
            "hnb_register_mismatches", "What does not fit together in the register", ["authority", "kind"],
            (
                ((authority, kind), number)
                for kind in mismatches.KINDS
                for authority, number in mismatches.counts(connection, kind, today).items()
            ),
        )  # fmt: skip
        yield gauge(
            "hnb_appeals_open", "Appeals lodged and not concluded", ["authority"],
            (((authority,), appeals) for authority, appeals in tribunals.still_open(connection)),
        )  # fmt: skip
        yield histogram_of_weeks(clocks.weeks_to_plan(connection))
        yield gauge(
            "hnb_tariff_unsettled", "Placements still to be priced by their tariff", [],
            [((), tariff.unsettled(connection))],
        )  # fmt: skip
        yield from due.count(connection, today)
