"""The reserve at each 31 March, scenario beside scenario, with the level watched and the end of the override."""

from typing import Any

import altair as alt

from hnb_local.forecasting.charts_page import COLOURS, HEIGHT, WIDTH, Chart
from hnb_local.forecasting.fan import POUNDS_AXIS, fan_of, in_millions, words, year_axis
from ledger.outlook.result import Outlook, ScenarioOutlook

GREY = "#505a5f"
DASHES = ([1, 0], [6, 4], [2, 2], [8, 2, 2, 2])


def reserve_chart(outlook: Outlook) -> Chart:
    """A line a scenario, about the first a band of eight futures in ten."""
    first = outlook.scenarios[0]
    years = [year.financial_year for year in first.years]
    band = [{"at": _at(year.financial_year), **fan_of(year.reserve_pence)} for year in first.years]
    data, rows = [], []
    for one in outlook.scenarios:
        title = one.title + (" (stated)" if one.stated else "")
        reserve = {year.financial_year: year.reserve_pence.p50 for year in one.years if year.financial_year in years}
        data += [{"at": _at(year), "reserve": in_millions(pence), "scenario": title} for year, pence in reserve.items()]
        rows.append((title, *(words(reserve[year]) if year in reserve else "–" for year in years)))
    base = alt.Chart(alt.InlineData(band)).encode(x=year_axis("at"))
    layers: list[Any] = [
        base.mark_area(opacity=0.2, color=COLOURS[0]).encode(y="low:Q", y2="high:Q"),
        _lines(data, [row[0] for row in rows]),
        *_level(first, _at(years[-1])),
        *_override_end(first, years),
    ]
    ends = f"from {rows[0][1]} in March {years[0] + 1} to {rows[0][-1]} in March {years[-1] + 1}"
    title = f"The reserve goes {ends}"
    says = f"{first.title}: the reserve goes {ends}. The band holds eight of its futures in ten."
    drawn = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT + 60)
    columns = ("Scenario", *(f"31 March {year + 1}" for year in years))
    return Chart("reserve", title, says, drawn, columns, rows)


def _at(financial_year: int) -> str:
    return f"Mar {financial_year + 1}"


def _lines(data: list[dict[str, Any]], names: list[str]) -> Any:
    """Told apart by colour and, once the colours are used up, by dashes too; the legend shows both."""
    colours = [COLOURS[at % len(COLOURS)] for at in range(len(names))]
    dashes = [DASHES[at // len(COLOURS) % len(DASHES)] for at in range(len(names))]
    legend = alt.Legend(symbolType="stroke", symbolSize=700, symbolStrokeWidth=2.5)
    return (
        alt.Chart(alt.InlineData(data))
        .mark_line(strokeWidth=2.5, point=True)
        .encode(
            x=year_axis("at"),
            y=alt.Y("reserve:Q", title=f"Reserve at 31 March, {POUNDS_AXIS}"),
            color=alt.Color("scenario:N", scale=alt.Scale(domain=names, range=colours), sort=names, legend=legend),
            strokeDash=alt.StrokeDash("scenario:N", scale=alt.Scale(domain=names, range=dashes), sort=names),
        )
    )


def _level(first: ScenarioOutlook, last: str) -> list[Any]:
    """Across, where a level is watched."""
    if first.past is None:
        return []
    pence = first.past.level_pence
    data = {"level": in_millions(pence), "says": f"watched level {words(pence)}", "at": last}
    rule = alt.Chart(alt.InlineData([data])).encode(y="level:Q")
    written = rule.mark_text(align="right", dy=-7, dx=30, color=GREY, fontSize=11)
    return [rule.mark_rule(color=GREY, strokeDash=[3, 3]), written.encode(x=year_axis("at"), text="says:N")]


def _override_end(first: ScenarioOutlook, years: list[int]) -> list[Any]:
    """Down, where it falls into these years."""
    if first.override_end is None or first.override_end.ends.year - 1 not in years:
        return []
    ends = first.override_end.ends
    data = {"at": _at(ends.year - 1), "says": f"the override ends {ends.day} {ends:%B %Y}"}
    rule = alt.Chart(alt.InlineData([data])).encode(x=year_axis("at"))
    written = rule.mark_text(align="left", dx=6, color=GREY, fontSize=11).encode(y=alt.value(10), text="says:N")
    return [rule.mark_rule(color=GREY, strokeDash=[3, 3]), written]
