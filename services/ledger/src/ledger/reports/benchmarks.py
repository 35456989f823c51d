"""One authority beside its comparators: rates, and how its spending grew, from the published figures that stand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from ledger import benchmarks
from ledger.domain.benchmarks import (
    Compared,
    Growth,
    NotKnown,
    Published,
    comparators_of,
    compare,
    growth,
    growth_years,
)
from ledger.published.editions import ENGLAND

MOST_COMPARATORS = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to compare with whom; without comparators, with the statistical neighbours."""

    authority: str
    comparators: Sequence[str] = ()
    years: tuple[int, int] | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Benchmarks:
    """What is known of an authority and its comparators."""

    authority: str
    names: dict[str, str]
    comparators: list[str]
    chosen: Literal["statistical neighbours", "as asked", "none known"]
    rates: list[Compared]
    growth: list[Growth]  # the authority's, England's, and each comparator's where it is known
    growth_years: list[int]  # the financial years that the authority's growth can be split between
    basis: str
    sources: list[benchmarks.Imported]


def read(connection: Connection, asked: Asked) -> Benchmarks | None:
    """None where no published file names the authority; NotKnown where a comparator cannot be told."""
    names = benchmarks.names(connection, asked.known_at)
    if asked.authority not in names or asked.authority == ENGLAND:
        return None
    if len(asked.comparators) > MOST_COMPARATORS:
        raise NotKnown(f"that is {len(asked.comparators)} comparators: {MOST_COMPARATORS} at most")
    chosen: Literal["statistical neighbours", "as asked", "none known"] = "as asked"
    comparators = comparators_of(asked.comparators, names, asked.authority)
    if not comparators:
        comparators = benchmarks.neighbours(connection, [asked.authority], asked.known_at).get(asked.authority, [])
        chosen = "statistical neighbours" if comparators else "none known"
    everyone = [asked.authority, ENGLAND, *comparators]
    known = Published(benchmarks.standing(connection, everyone, asked.known_at))
    return Benchmarks(
        asked.authority, {code: names.get(code, code) for code in everyone}, comparators, chosen,
        compare(known, asked.authority, comparators),
        [found for one in everyone if (found := growth(known, one, asked.years)) is not None],
        growth_years(known, asked.authority), known.basis, benchmarks.sources(connection, asked.known_at),
    )  # fmt: skip
