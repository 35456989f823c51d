"""A made-up population of children with plans: seeded, and each child's life a function of the seed and a number."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from hnb_local.sen2.records import Person


@dataclass(frozen=True, slots=True)
class Population:
    """So many children with a plan at the census of `year`, and on top those whose plan ceased or was only asked for.

    Returns of `years` census years can be written of it: `year` and those before.
    """

    people: int = 4_175
    seed: int = 2025
    year: int = 2026
    years: int = 2
    authority: str = "E06000016"
    lea: str = "856"

    def reference_date(self, year: int) -> date:
        """The census day of a year: the third Thursday of January."""
        raise NotImplementedError

    def persons(self, year: int) -> Iterator[Person]:
        """Everybody in the return of a census year."""
        raise NotImplementedError


def settings_of_truth(population: Population) -> Iterator[dict[str, Any]]:
    """`setting-registered` events: what must be in the register before a return is imported."""
    raise NotImplementedError


def events_of_truth(
    population: Population, year: int, *, since: int | None = None, priced: bool = False
) -> Iterator[dict[str, Any]]:
    """What a case system would have said of all that the returns of `since` (else `year`) to `year` tell, settings
    included, oldest child first. `priced` puts the tariff's prices on placements; else cost is null."""
    raise NotImplementedError


def tariff_rows(population: Population) -> list[dict[str, str]]:
    """The prices, as rows of a tariff file: setting_id, provision, band, academic_year, amount (pounds), per."""
    raise NotImplementedError
