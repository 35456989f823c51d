"""The benchmarking page: an authority beside its comparators, in tables with a chart of each rate.

Whoever is signed in may look at any council: government has published all that is shown.
"""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import Connection, Engine

from hnb.calendar import year_label
from hnb.charts import Bar
from hnb.database import reading
from hnb.money import pounds
from hnb.pages import TAG, Pages
from ledger import benchmarks
from ledger.api.benchmarks import both
from ledger.api.positions import OfAuthority
from ledger.domain.benchmarks import Compared, Growth, NotKnown, in_words
from ledger.domain.s251 import FORMULA_TEXT
from ledger.published.editions import ENGLAND
from ledger.published.kinds import BY_NAME, POPULATION, POPULATION_24
from ledger.reports import benchmarks as report

Words = Annotated[str, Query(max_length=4_000, description="names or ONS codes, with semicolons between")]
AYear = Annotated[str, Query(pattern=r"^(?:\d{4})?$", description="a financial year; 2025 is 2025-26")]


def make_router(engine: Engine, pages: Pages) -> APIRouter:
    """The routes, over the given database."""
    router = APIRouter(prefix="/benchmarks", tags=[TAG], default_response_class=HTMLResponse)

    @router.get("", summary="The councils that published files name")
    def get_councils(request: Request) -> HTMLResponse:
        with reading(engine) as connection:
            names = benchmarks.names(connection)
        names.pop(ENGLAND, None)
        return pages.show(request, "councils.html", councils=sorted(names.items(), key=lambda one: one[1]))

    @router.get("/{authority}", summary="A council beside others")
    def get_page(
        request: Request, authority: OfAuthority, comparators: Words = "", from_year: AYear = "", to_year: AYear = ""
    ) -> HTMLResponse:
        asked = [one.strip() for one in comparators.split(";") if one.strip()]
        years = both(int(from_year) if from_year else None, int(to_year) if to_year else None)
        with reading(engine) as connection:
            known, error = _read(connection, report.Asked(authority, asked, years))
        if known is None:
            raise HTTPException(404, f"no published file names {authority}")
        return pages.show(
            request, "benchmarks.html", 422 if error else 200, known=known, error=error, comparators=comparators,
            from_year=from_year, to_year=to_year, name=known.names[authority],
            rates=[_drawn(one, known) for one in known.rates], growth=[_grown(one, known) for one in known.growth],
            formula=FORMULA_TEXT, titles={name: kind.title for name, kind in BY_NAME.items()},
        )  # fmt: skip

    return router


def _read(connection: Connection, asked: report.Asked) -> tuple[report.Benchmarks | None, str | None]:
    """What is known, and what is wrong with the comparators: the page is shown then with the usual ones."""
    try:
        return report.read(connection, asked), None
    except NotKnown as error:
        return report.read(connection, report.Asked(asked.authority, (), asked.years)), str(error)


def _drawn(one: Compared, known: report.Benchmarks) -> dict[str, object]:
    """A rate as the page shows it: the highest first, those without a figure last and why."""
    unit, places = one.rate.unit, [one.authority, *one.comparators]
    ordered = sorted(places, key=lambda place: (place.rank is None, place.rank or 0, known.names[place.authority]))
    rows = [
        [known.names[place.authority], f"{place.rank} of {one.ranked}" if place.rank else "–",
         in_words(place.rate, unit) if place.rate is not None else (place.why or "–")]
        for place in ordered
    ]  # fmt: skip
    beside = [("Median of comparators", one.median), ("England", one.england)]
    rows += [[label, "–", in_words(value, unit)] for label, value in beside]
    bars = [(known.names[place.authority], place.rate) for place in ordered]
    return {
        "id": one.rate.name.replace("_", "-"), "title": one.title, "rows": rows, "note": _note(one),
        "bars": [Bar(label, float(v), in_words(v, unit)) for label, v in [*bars, *beside] if v is not None],
        "figure": in_words(one.authority.rate, unit), "england": in_words(one.england, unit), "short": one.rate.title,
    }  # fmt: skip


def _note(one: Compared) -> str:
    if one.of not in (POPULATION, POPULATION_24):
        return ""
    ages = "" if one.of == POPULATION else " Aged 0 to 24: nothing is known here of those aged 25."
    return f"Of the population estimated in the middle of {one.of_year}.{ages}"


def _grown(one: Growth, known: report.Benchmarks) -> list[str]:
    share = one.caseload_share
    return [
        known.names[one.authority], f"{year_label(one.first_year)} to {year_label(one.last_year)}",
        f"{one.plans[0]:,} to {one.plans[1]:,}", pounds(one.whole_pence), pounds(one.caseload_pence),
        pounds(one.price_pence), "–" if share is None else in_words(share * 100, "percent"),
    ]  # fmt: skip
