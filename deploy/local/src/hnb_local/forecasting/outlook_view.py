"""An outlook for a person: the years, the lines, scenarios side by side, and places."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb.money import MILLION
from hnb_local.forecasting.layout import Layout, note_under, print_fitting, table
from hnb_local.showing import add_row, console, line_title, money
from ledger.outlook.result import Growth, Outlook, PlacesOutlook, ScenarioOutlook, Spread, YearOutlook

BETWEEN = "8 of 10 futures"


def show(outlook: Outlook, run: int | None) -> None:
    """What it is made of, the first scenario in full, all beside each other, places, and what to know of it."""
    screen = console()
    first = outlook.scenarios[0]
    print_fitting(screen, lambda layout: _years(first, layout))
    print_fitting(screen, lambda layout: _lines(first, layout))
    if len(outlook.scenarios) > 1:
        print_fitting(screen, lambda layout: _side_by_side(outlook.scenarios, layout))
        print_fitting(screen, lambda layout: _worth(outlook.scenarios, layout))
    _assumptions(screen, outlook)
    if outlook.places:
        print_fitting(screen, lambda layout: _places(outlook.places, layout))
    for note in outlook.notes:
        screen.print(Text(note))
    screen.print(Text(provenance(outlook, run)))


def provenance(outlook: Outlook, run: int | None) -> str:
    """What is needed to draw it again."""
    kept = f"Run {run}: " if run is not None else ""
    return (
        f"{kept}from {outlook.reference_day} on, as known at {outlook.known_at:%Y-%m-%d %H:%M} UTC; "
        f"inputs {outlook.inputs_sha256[:12]}, scenarios {outlook.scenarios_sha256[:12]}, seed {outlook.seed}, "
        f"{outlook.simulations:,} simulations, model {outlook.model}."
    )


def millions(pence: int) -> Text:
    """£m with two decimals: red below zero."""
    sign = "−" if pence < 0 else ""
    return Text(f"{sign}£{abs(pence) / MILLION:,.2f}m", style="red" if pence < 0 else "")


def between(spread: Spread, layout: Layout = Layout.WIDE) -> Text:
    """From the worse to the better of eight in ten futures."""
    if spread.p10 == spread.p90:
        return Text("–")
    return Text(f"{millions(spread.p10)}{_break(layout)}to {millions(spread.p90)}")


def _break(layout: Layout) -> str:
    return "\n" if layout is Layout.NARROW else " "


def _years(scenario: ScenarioOutlook, layout: Layout) -> Table:
    wide = layout is Layout.WIDE
    growth = ("by caseload", "by price", "by other") if wide else ()
    found = table(
        layout, f"{scenario.title}: the High Needs Block", "Year", "Known", "Outturn", "8 of 10\nfutures", "Grant",
        "Balance", "Reserve,\n31 March", "8 of 10\nfutures", *growth,
    )  # fmt: skip
    for year in scenario.years:
        cells = *_year(year, layout), *(_growth(year.since_first) if wide else ())
        add_row(found, year_label(year.financial_year), *cells)
    if not wide:
        last = scenario.years[-1]
        parts = " · ".join(
            f"{name} {cell}"
            for name, cell in zip(("caseload", "price", "other"), _growth(last.since_first), strict=True)
        )
        note_under(found, f"Change to {year_label(last.financial_year)}: {parts}")
    return found


def _year(year: YearOutlook, layout: Layout) -> list[Text]:
    assert year.outturn_pence is not None
    assert year.grant_pence is not None
    assert year.balance_pence is not None
    return [
        millions(year.known_pence or 0), millions(year.outturn_pence.p50), between(year.outturn_pence, layout),
        millions(year.grant_pence.p50), millions(year.balance_pence.p50),
        millions(year.reserve_pence.p50), between(year.reserve_pence, layout),
    ]  # fmt: skip


def _growth(growth: Growth | None) -> list[Text]:
    if growth is None:
        return [Text("–")] * 3
    return [millions(growth.caseload_pence), millions(growth.price_pence), millions(growth.other_pence)]


def _lines(scenario: ScenarioOutlook, layout: Layout) -> Table:
    first, last = scenario.years[0], scenario.years[-1]
    then = {line.provision: line for line in first.lines}
    found = table(
        layout, f"{scenario.title}: by provision", "Provision", f"Children\n{year_label(first.financial_year)}",
        year_label(last.financial_year), f"Outturn\n{year_label(first.financial_year)}",
        year_label(last.financial_year), "8 of 10\nfutures",
    )  # fmt: skip
    for line in last.lines:
        before = then.get(line.provision)
        add_row(
            found,
            line_title(line.provision),
            _children(before.children_hundredths if before else None),
            _children(line.children_hundredths),
            money(before.outturn_pence.p50 if before else 0, whole=True),
            money(line.outturn_pence.p50, whole=True),
            between(line.outturn_pence, layout),
        )
    return found


def _children(spread: Spread | None) -> Text:
    """On average over the year, to the nearest child."""
    return Text("–" if spread is None else f"{round(spread.p50 / 100):,}")


def _side_by_side(scenarios: tuple[ScenarioOutlook, ...], layout: Layout) -> Table:
    """The middle of each 31 March; where there is room, how wide the last one is."""
    years = sorted({year.financial_year for one in scenarios if not one.stated for year in one.years})
    level = scenarios[0].past
    wide = (f"{BETWEEN}, Mar {years[-1] + 1}",) if layout is Layout.WIDE else ()
    past = (f"Below\n{millions(level.level_pence)}",) if level else ()
    title = "Reserve at 31 March, scenario beside scenario (middle of all futures)"
    found = table(layout, title, "Scenario", *(f"Mar {year + 1}" for year in years), *wide, *past)
    for one in scenarios:
        reserve = {year.financial_year: year.reserve_pence for year in one.years}
        cells = [millions(reserve[year].p50) if year in reserve else Text("–") for year in years]
        if wide:
            cells.append(between(reserve[years[-1]]) if years[-1] in reserve else Text("–"))
        add_row(found, one.title + (" (stated)" if one.stated else ""), *cells, *(_past(one) if level else ()))
    return found


def _past(scenario: ScenarioOutlook) -> list[Text]:
    assert scenario.past is not None
    year = scenario.past.middle_year
    if year is None:
        return [Text("not by then")]
    return [Text(f"Mar {year + 1}" + ("" if scenario.stated else f" ({scenario.past.chances[year]:.0%})"))]


def _worth(scenarios: tuple[ScenarioOutlook, ...], layout: Layout) -> Table:
    drawn = [one for one in scenarios if one.worth]
    title = f"What each is worth beside “{scenarios[0].title}”: a smaller deficit by so much"
    found = table(layout, title, "Scenario", "By", "Saved", "8 of 10\nfutures", "Saves in")
    for one in drawn:
        for worth in (one.worth[2], one.worth[-1]):
            add_row(
                found, one.title if worth is one.worth[2] else "", f"Mar {worth.financial_year + 1}",
                millions(worth.saved_pence.p50), between(worth.saved_pence, layout), f"{worth.likely:.0%} of futures",
            )  # fmt: skip
    return found


def _assumptions(screen: Console, outlook: Outlook) -> None:
    for one in outlook.scenarios:
        source = f" Source: {one.source}." if one.source else ""
        screen.print(Text.assemble((f"{one.title}: ", "bold"), " ".join(one.assumes) + source))
        if one.override_end is not None and one is outlook.scenarios[0]:
            end = one.override_end
            screen.print(
                Text(
                    f"The override ends on {end.ends:%d %B %Y}: from then on the council's own reserves meet the "
                    f"deficit, {millions(end.reserve_pence.p50)} in the middle ({between(end.reserve_pence)})."
                )
            )


def _places(places: tuple[PlacesOutlook, ...], layout: Layout) -> Table:
    """Every year's children; where there is little room, the last year's."""
    years = [year.financial_year for year in places[0].years][-1 if layout is Layout.NARROW else 0 :]
    found = table(
        layout, "Children against places, each year at its fullest month", "Provision", "Places", "Now",
        *(year_label(year) for year in years), "More than\nplaces", "Waiting", "Weeks", "Runs out",
    )  # fmt: skip
    for one in places:
        last = one.years[-1]
        add_row(
            found,
            line_title(one.provision) + (f", {one.phase}" if one.phase else ""),
            f"{one.places:,}",
            f"{one.filled:,}",
            *(f"{year.children.p50:,}" for year in one.years if year.financial_year in years),
            f"{last.chance_over:.0%}",
            f"{last.waiting.p50:,}",
            "–" if last.wait_weeks is None else f"{last.wait_weeks.p50:,}",
            one.runs_out or "no",
        )
    note_under(found, f"More than places, waiting and weeks are of {year_label(years[-1])}.")
    return found
