"""What the ledger service is told by its environment."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import Field, field_validator

from hnb.calendar import financial_year, year_end
from hnb.events import Pence
from hnb.provisions import Provision
from hnb.settings import ServiceSettings

HORIZON_YEARS = 5

# What a place costs a year where a line has no priced placement yet to take a mean of. Illustrative figures: an
# authority sets its own.
DEFAULT_PRICES: dict[Provision, int] = {
    Provision.MAINSTREAM: 920_000,
    Provision.RESOURCED_PROVISION: 1_700_000,
    Provision.SPECIAL: 3_350_000,
    Provision.INDEPENDENT: 6_650_000,
    Provision.ALTERNATIVE: 2_700_000,
    Provision.POST_16: 1_450_000,
    Provision.OTHERWISE: 4_500_000,
    Provision.EARLY_YEARS: 700_000,
    Provision.ELEMENT_3: 480_000,
}
DEFAULT_PRICE = 1_000_000


class LedgerSettings(ServiceSettings):
    """The shared settings, and how far ahead open commitments run."""

    port: int = Field(8002, ge=0, le=65535, description="the port the HTTP door listens on")
    planning_horizon: date | None = Field(
        None,
        description="the last day open ends run to; 31 March five financial years after this one starts when unset",
    )
    default_prices: Mapping[Provision, Pence] = Field(
        DEFAULT_PRICES, description="pence a year for a line where no placement has a price yet, as JSON by provision"
    )
    unpaid_days: int = Field(
        60, ge=0, le=3650, description="days something may have been due and not paid before it is an exception"
    )

    forecast_hour: int = Field(3, ge=0, le=23, description="the hour (UTC) from which the night's forecasts are made")

    scenarios: Path | None = Field(None, description="a file of forecast scenarios to use instead of those shipped")

    @field_validator("scenarios", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    def horizon(self, today: date) -> date:
        """The last day an open end runs to, as seen today."""
        return self.planning_horizon or year_end(financial_year(today) + HORIZON_YEARS - 1)
