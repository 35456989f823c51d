"""An outlook as CSV: one row a figure, in exact pounds, children or weeks."""

import csv
import io
from collections.abc import Iterator
from decimal import Decimal

from hnb.formulas import as_words
from ledger.outlook.result import Outlook, ScenarioOutlook, Spread, YearOutlook

COLUMNS = (
    "scenario", "financial_year", "measure", "provision", "phase", "need", "unit", "value", "mean", "p10", "p50", "p90",
)  # fmt: skip
Row = tuple[str | int | float | Decimal | None, ...]


def csv_of(outlook: Outlook) -> str:
    """`value` is what does not vary: as known, a share of futures, a number of places; the others are a spread."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for scenario in outlook.scenarios:
        for row in _scenario(scenario):
            writer.writerow(row)
    for row in _places(outlook):
        writer.writerow(row)
    return out.getvalue()


def _scenario(scenario: ScenarioOutlook) -> Iterator[Row]:
    for year in scenario.years:
        yield from _year(scenario.name, year)
    for worth in scenario.worth:
        yield _spread(scenario.name, worth.financial_year, "saved", worth.saved_pence)
        yield _value(scenario.name, worth.financial_year, "likely-to-save", "share", worth.likely)
    if scenario.past is not None:
        for financial_year, chance in scenario.past.chances.items():
            yield _value(scenario.name, financial_year, "past-level", "share", chance)


def _year(name: str, year: YearOutlook) -> Iterator[Row]:
    at = year.financial_year
    if year.known_pence is not None:
        yield _value(name, at, "known", "pounds", _pounds(year.known_pence))
    spreads = {
        "outturn": year.outturn_pence, "grant": year.grant_pence, "balance": year.balance_pence,
        "stability-grant": year.stability_grant_pence, "reserve": year.reserve_pence,
    }  # fmt: skip
    for measure, spread in spreads.items():
        if spread is not None:
            yield _spread(name, at, measure, spread)
    if year.children_hundredths is not None:
        yield _spread(name, at, "children", year.children_hundredths, unit="children")
    if year.since_first is not None:
        for part in ("caseload", "price", "other"):
            yield _value(name, at, f"change-by-{part}", "pounds", _pounds(getattr(year.since_first, f"{part}_pence")))
    for line in year.lines:
        yield _value(name, at, "known", "pounds", _pounds(line.known_pence), provision=line.provision)
        yield _spread(name, at, "outturn", line.outturn_pence, provision=line.provision)
        if line.children_hundredths is not None:
            yield _spread(
                name, at, "children", line.children_hundredths, unit="children", provision=line.provision
            )  # fmt: skip


def _places(outlook: Outlook) -> Iterator[Row]:
    for one in outlook.places:
        of = {"provision": one.provision, "phase": as_words(one.phase or "")}
        for year in one.years:
            at = year.financial_year
            yield _value("", at, "places", "children", one.places, **of)
            yield _whole(at, "wanting-places", year.children, **of)
            yield _value("", at, "more-than-places", "share", year.chance_over, **of)
            yield _whole(at, "waiting", year.waiting, **of)
            if year.wait_weeks is not None:
                yield _whole(at, "wait", year.wait_weeks, unit="weeks", **of)
    for need in outlook.needs:
        for of_year in need.years:
            yield _whole(of_year.financial_year, "by-need", of_year.children, provision=need.provision, need=need.need)


def _pounds(pence: int | float) -> Decimal:
    return (Decimal(str(pence)) / 100).quantize(Decimal("0.01"))


def _spread(
    scenario: str, year: int, measure: str, spread: Spread, *, unit: str = "pounds", provision: str = ""
) -> Row:
    figures = (_pounds(value) for value in (spread.mean, spread.p10, spread.p50, spread.p90))
    return (scenario, year, measure, provision, "", "", unit, "", *figures)


def _whole(
    year: int, measure: str, spread: Spread, *, unit: str = "children", provision: str = "", phase: str = "",
    need: str = "",
) -> Row:  # fmt: skip
    figures = (spread.mean, spread.p10, spread.p50, spread.p90)
    return ("", year, measure, provision, phase, need, unit, "", *figures)


def _value(
    scenario: str, year: int, measure: str, unit: str, value: Decimal | float, *, provision: str = "", phase: str = ""
) -> Row:
    return (scenario, year, measure, provision, phase, "", unit, value, "", "", "", "")
