"""Benchmarking over HTTP: published figures taken in, and an authority beside its comparators."""

from dataclasses import asdict
from fractions import Fraction
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import Engine

from hnb.database import reading, transaction
from hnb.events import Text
from hnb.money import divide_half_up
from ledger import benchmarks
from ledger.api.positions import Authority, KnownAt
from ledger.domain.benchmarks import Compared, Growth, NotKnown, Placed
from ledger.handlers import Ledger
from ledger.published.editions import Edition, Figure
from ledger.published.kinds import BY_NAME, MEASURE, SYMBOLS
from ledger.published.layouts import MOST_NEIGHBOURS
from ledger.published.reading import MAX_FIGURES
from ledger.reports import benchmarks as report

MOST_SHOWN = 20
Code = Annotated[str, StringConstraints(pattern=r"^E\d{8}$")]
Name = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Year = Annotated[int | None, Query(ge=1990, le=2099, description="a financial year; 2025 is 2025-26")]
Comparators = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=200)]],
    Query(max_length=report.MOST_COMPARATORS, description="a name or ONS code, given again for each; or none for the "
          "statistical neighbours"),
]  # fmt: skip


class GivenFigure(BaseModel):
    """One figure in whole pence, people, plans, appeals or hundredths of a percent; or the symbol in its place."""

    model_config = ConfigDict(extra="forbid", strict=True)

    authority: Code
    measure: str = Field(pattern=f"^(?:{MEASURE.pattern})$")
    year: int = Field(ge=1990, le=2099)
    value: int | None = Field(None, ge=-(10**15), le=10**15)
    symbol: str | None = Field(None, max_length=5)

    @model_validator(mode="after")
    def _one_of_both(self) -> "GivenFigure":
        if (self.value is None) == (self.symbol is None):
            raise ValueError("either a value or a symbol is wanted")
        if self.symbol is not None and self.symbol not in SYMBOLS:
            raise ValueError(f"the symbol is none of {', '.join(SYMBOLS)}")
        return self


class ToImport(BaseModel):
    """What a published file says, as `hnb import benchmarks` reads it."""

    model_config = ConfigDict(extra="forbid")

    name: Name = Field(description="the file, as it was downloaded")
    kind: str = Field(pattern=f"^(?:{'|'.join(BY_NAME)})$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    by: Name
    dry_run: bool = Field(True, description="show what would change and keep nothing")
    again: bool = Field(False, description="import it though these very bytes were imported before")
    names: dict[Code, Name] = Field(default_factory=dict, max_length=1_000)
    figures: list[GivenFigure] = Field(default_factory=list, max_length=MAX_FIGURES)
    neighbours: dict[Code, Annotated[list[Code], Field(min_length=1, max_length=MOST_NEIGHBOURS)]] = Field(
        default_factory=dict, max_length=1_000
    )

    def edition(self) -> Edition:
        """Twice the same figure is refused: which would be meant?"""
        figures = [Figure(one.authority, one.measure, one.year, one.value, one.symbol) for one in self.figures]
        if len({(one.authority, one.measure, one.year) for one in figures}) < len(figures):
            raise HTTPException(422, "figures: one authority, measure and year is there twice")
        for authority, near in self.neighbours.items():
            if authority in near or len(set(near)) < len(near):
                raise HTTPException(422, f"neighbours: {authority} is its own neighbour, or has one twice")
        return Edition(
            self.name, self.kind, self.sha256, names=dict(self.names), figures=figures, neighbours=dict(self.neighbours)
        )


def make_router(engine: Engine, ledger: Ledger) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/comparisons", tags=["benchmarks"])

    @router.post("/files", summary="Take in what a published file says, or see first what it would change")
    def post_file(asked: ToImport) -> dict[str, Any]:
        """Figures it changes replace those before, which are kept. The same bytes again change nothing."""
        edition = asked.edition()
        with transaction(engine) as connection:
            benchmarks.lock(connection)
            before = None if asked.again else benchmarks.same(connection, asked.sha256)
            differs = benchmarks.difference(connection, edition)
            if before is not None:
                differs = benchmarks.Difference([], [], {}, {})
            adds = differs.is_any and not asked.dry_run
            number = benchmarks.add(connection, edition, differs, asked.by) if adds else None
        return {
            "kind": asked.kind, "name": asked.name, "number": number, "imported": adds,
            "imported_before": None if before is None else asdict(before),
            "figures": {
                "new": len(differs.new), "changed": len(differs.changed),
                "unchanged": len(edition.figures) - len(differs.new) - len(differs.changed),
            },
            "neighbours": len(differs.neighbours), "names": len(differs.names),
            "changes": [{"before": asdict(old), "after": asdict(new)} for old, new in differs.changed[:MOST_SHOWN]],
        }  # fmt: skip

    @router.get("/files", summary="The published files imported, the last first")
    def get_files() -> dict[str, Any]:
        with reading(engine) as connection:
            return {"files": [asdict(one) for one in benchmarks.imported(connection)]}

    @router.get("", summary="An authority beside its comparators: rates, and growth split into caseload and price")
    def get_benchmarks(
        authority: Authority,
        comparators: Comparators = [],  # noqa: B006 - FastAPI makes a new one of each request
        from_year: Year = None, to_year: Year = None, known_at: KnownAt = None,
    ) -> dict[str, Any]:  # fmt: skip
        asked = report.Asked(authority, comparators, both(from_year, to_year), known_at)
        return as_json(found(engine, asked), known_at)

    return router


def both(first: int | None, last: int | None) -> tuple[int, int] | None:
    """The two years growth is split between, where they are asked for."""
    if first is None and last is None:
        return None
    if first is None or last is None or first >= last:
        raise HTTPException(422, "from_year and to_year: give both, the earlier first, or neither")
    return first, last


def found(engine: Engine, asked: report.Asked) -> report.Benchmarks:
    """What is known; 404 where nothing is published of the authority, 422 where a comparator cannot be told."""
    with reading(engine) as connection:
        try:
            known = report.read(connection, asked)
        except NotKnown as error:
            raise HTTPException(422, f"comparators: {error}") from None
    if known is None:
        raise HTTPException(404, f"no published file names {asked.authority}; import some by `hnb import benchmarks`")
    return known


def as_json(known: report.Benchmarks, known_at: Any) -> dict[str, Any]:
    """Rates to the hundredth, money in whole pence."""
    return {
        "authority": known.authority, "name": known.names[known.authority], "known_at": known_at,
        "comparators": {
            "chosen": known.chosen,
            "authorities": [{"authority": code, "name": known.names[code]} for code in known.comparators],
        },
        "spending_basis": known.basis,
        "rates": [_rate(one, known.names) for one in known.rates],
        "growth": [_growth(one, known.names) for one in known.growth],
        "sources": [asdict(one) for one in known.sources],
    }  # fmt: skip


def _rate(one: Compared, names: dict[str, str]) -> dict[str, Any]:
    def placed(of: Placed) -> dict[str, Any]:
        value = shown(of.rate, one.rate.unit)
        return {"authority": of.authority, "name": names[of.authority], "value": value, "rank": of.rank, "why": of.why}

    return {
        "rate": one.rate.name, "title": one.rate.title, "unit": one.rate.unit, "year": one.year,
        "taken_of": one.of, "taken_of_year": one.of_year, **placed(one.authority), "ranked": one.ranked,
        "england": shown(one.england, one.rate.unit), "median": shown(one.median, one.rate.unit),
        "comparators": [placed(other) for other in one.comparators],
    }  # fmt: skip


def _growth(one: Growth, names: dict[str, str]) -> dict[str, Any]:
    share = one.caseload_share
    return {
        "authority": one.authority, "name": names[one.authority], "from_year": one.first_year,
        "to_year": one.last_year, "plans": list(one.plans), "spend_pence": list(one.spend_pence),
        "growth_pence": one.whole_pence, "caseload_pence": one.caseload_pence, "price_pence": one.price_pence,
        "caseload_percent": None if share is None else shown(share * 100, "percent"),
    }  # fmt: skip


def shown(value: Fraction | None, unit: str) -> float | int | None:
    """A rate as it is answered: pence whole, others to the hundredth, halves upwards."""
    if value is None:
        return None
    if unit == "pence":
        return divide_half_up(value.numerator, value.denominator)
    return divide_half_up(100 * value.numerator, value.denominator) / 100
