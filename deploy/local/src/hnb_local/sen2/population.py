"""A made-up population of children with plans: its returns, its tariff, and the truth as events."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from hnb_local.sen2.census import reference_date
from hnb_local.sen2.lives import Lives
from hnb_local.sen2.prices import made_up_prices
from hnb_local.sen2.records import Person
from hnb_local.sen2.returned import person_in_return
from hnb_local.sen2.truth import Truth
from hnb_local.sen2.whereabouts import PLANS, MadeUpSetting

LEICESTER, LEICESTER_LEA = "E06000016", "856"


@dataclass(frozen=True)
class Population:
    """So many children with a plan at the census of `year`, and on top those whose plan ceased or was only asked for.

    Returns of `years` census years can be written of it: `year` and those before. The same people, seed, year and
    years give the same children, each made from the seed and a number alone, so that any size takes the same memory.
    """

    people: int = PLANS
    seed: int = 2025
    year: int = 2026
    years: int = 2
    authority: str = LEICESTER
    lea: str = LEICESTER_LEA

    @property
    def census_years(self) -> range:
        """The census years there can be a return of."""
        return range(self.year - self.years + 1, self.year + 1)

    @property
    def total(self) -> int:
        """Everybody there is; a return of one year has most of them."""
        return self.lives.total

    @cached_property
    def lives(self) -> Lives:
        return Lives(self.people, self.seed, self.year, self.years)

    @property
    def settings(self) -> dict[str, list[MadeUpSetting]]:
        """Where the children go, by row of Leicester's table; a school with a resourced provision is in two."""
        return self.lives.settings

    @property
    def academic_years(self) -> range:
        """The school years the tariff has prices for: those the returns are about."""
        return range(self.year - self.years - 1, self.year)

    def reference_date(self, year: int) -> date:
        """The census day of a year: the third Thursday of January."""
        return reference_date(year)

    def persons(self, year: int) -> Iterator[Person]:
        """Everybody in the return of a census year, made as they are asked for."""
        self.check(year)
        return (person for life in self.lives if (person := person_in_return(life, year)) is not None)

    def check(self, year: int) -> None:
        """ValueError for a year there can be no return of."""
        if year not in self.census_years:
            raise ValueError(f"{year} is not from {self.census_years.start} to {self.year}, which the population is of")


def settings_of_truth(population: Population) -> Iterator[dict[str, Any]]:
    """`setting-registered` events: what must be in the register before a return is imported. `urn` is the URN or,
    where there is none, the UKPRN or the SENSetting code."""
    return Truth(population.authority, ()).settings(population.settings)


def events_of_truth(
    population: Population, year: int, *, since: int | None = None, priced: bool = False
) -> Iterator[dict[str, Any]]:
    """What a case system would have said of all that the returns of `since` (else `year` alone) to `year` tell, the
    settings first. `priced` puts the tariff's prices on placements, from the start and from each 1 September; a
    placement older than the tariff has no price until its first; else every cost is null."""
    population.check(year)
    population.check(since or year)
    prices = made_up_prices(population.settings, population.academic_years) if priced else []
    by_key = {(price.setting_id, price.provision, price.academic_year): price for price in prices}
    truth = Truth(population.authority, tuple(range(since or year, year + 1)), by_key)
    yield from truth.settings(population.settings)
    yield from truth.events(population.lives)


def tariff_rows(population: Population) -> list[dict[str, str]]:
    """The prices, as rows of a tariff file: setting_id (blank: any), provision, band (blank: any), academic_year (the
    year it begins in), amount (pounds) and per."""
    return [price.row for price in made_up_prices(population.settings, population.academic_years)]
