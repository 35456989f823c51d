"""An outlook's charts: outturn against grant, the reserve by scenario, why it grows, and children against places."""

from typing import Any

import altair as alt

from hnb.calendar import year_label
from hnb_local.forecasting.charts_page import COLOURS, HEIGHT, WIDTH, Chart
from hnb_local.forecasting.outlook_view import millions
from hnb_local.showing import line_title
from ledger.outlook.result import Outlook, PlacesOutlook, ScenarioOutlook, Spread

MILLION = 100_000_000
POUNDS_AXIS = "£ million"


def charts_of(outlook: Outlook) -> list[Chart]:
    """Those there are figures for."""
    first = outlook.scenarios[0]
    found = [_outturn(first), _reserve(outlook), *_worth(outlook), _growth(first)]
    return found + [_places(one, number) for number, one in enumerate(outlook.places, 1) if one.filled]


def _m(pence: float) -> float:
    return round(pence / MILLION, 3)


def _words(pence: int) -> str:
    return str(millions(pence))


def _fan(data: list[dict[str, Any]], axis: str, x: alt.X) -> Any:
    """A band of eight futures in ten about the middle one."""
    base = alt.Chart(alt.InlineData(data)).encode(x=x)
    band = base.mark_area(opacity=0.25, color=COLOURS[0]).encode(
        y=alt.Y("low:Q", title=axis, scale=alt.Scale(zero=False)), y2="high:Q"
    )
    line = base.mark_line(color=COLOURS[0], strokeWidth=2.5, point=alt.OverlayMarkDef(color=COLOURS[0])).encode(
        y="middle:Q"
    )
    return alt.layer(band, line)


def _x(name: str, title: str | None = None) -> alt.X:
    return alt.X(f"{name}:O", title=title, axis=alt.Axis(labelAngle=0))


def _outturn(first: ScenarioOutlook) -> Chart:
    data, rows = [], []
    for year in first.years:
        assert year.outturn_pence is not None
        assert year.grant_pence is not None
        label, outturn, grant = year_label(year.financial_year), year.outturn_pence, year.grant_pence.p50
        data.append({"year": label, **_fan_of(outturn), "grant": _m(grant), "what": "Grant"})
        rows.append((label, _words(outturn.p10), _words(outturn.p50), _words(outturn.p90), _words(grant)))
    last = first.years[-1]
    assert last.balance_pence is not None
    over = "over" if last.balance_pence.p50 < 0 else "under"
    says = (
        f"{first.title}: the block comes to {rows[0][2]} in {rows[0][0]} and {rows[-1][2]} in {rows[-1][0]}, when it "
        f"is {_words(abs(last.balance_pence.p50))} {over} its grant. The band holds eight futures in ten."
    )
    grant_line = (
        alt.Chart(alt.InlineData(data))
        .mark_line(color=COLOURS[1], strokeDash=[6, 4], strokeWidth=2.5)
        .encode(x=_x("year"), y="grant:Q")
    )
    labels = (
        alt.Chart(alt.InlineData([data[-1]]))
        .mark_text(align="right", dy=-10, color=COLOURS[1], fontWeight="bold", fontSize=12)
        .encode(x=_x("year"), y="grant:Q", text="what:N")
    )
    drawn = alt.layer(_fan(data, POUNDS_AXIS, _x("year")), grant_line, labels).properties(width=WIDTH, height=HEIGHT)
    return Chart(
        "outturn", "Outturn of the High Needs Block against its grant", says, drawn,
        ("Year", "1 future in 10 is below", "Middle", "1 in 10 is above", "Grant"), rows,
    )  # fmt: skip


def _fan_of(spread: Spread) -> dict[str, float]:
    return {"low": _m(spread.p10), "middle": _m(spread.p50), "high": _m(spread.p90)}


def _reserve(outlook: Outlook) -> Chart:
    first = outlook.scenarios[0]
    years = [year.financial_year for year in first.years]
    fan = [{"at": f"Mar {year.financial_year + 1}", **_fan_of(year.reserve_pence)} for year in first.years]
    data, rows = [], []
    for one in outlook.scenarios:
        title = one.title + (" (stated)" if one.stated else "")
        reserve = {year.financial_year: year.reserve_pence.p50 for year in one.years}
        data += [
            {"at": f"Mar {year + 1}", "reserve": _m(reserve[year]), "scenario": title}
            for year in years
            if year in reserve
        ]
        rows.append((title, *(_words(reserve[year]) if year in reserve else "–" for year in years)))
    names = [row[0] for row in rows]
    colours = [COLOURS[at % len(COLOURS)] for at in range(len(names))]
    dashes = [[1, 0], [6, 4], [2, 2], [8, 2, 2, 2]]
    lines = (
        alt.Chart(alt.InlineData(data))
        .mark_line(strokeWidth=2.5, point=True)
        .encode(
            x=_x("at"),
            y=alt.Y("reserve:Q", title=f"Reserve at 31 March, {POUNDS_AXIS}"),
            color=alt.Color("scenario:N", scale=alt.Scale(domain=names, range=colours), sort=names),
            strokeDash=alt.StrokeDash(
                "scenario:N", sort=names,
                scale=alt.Scale(domain=names, range=[dashes[at // len(COLOURS) % 4] for at in range(len(names))]),
            ),
        )
    )  # fmt: skip
    base = alt.Chart(alt.InlineData(fan)).encode(x=_x("at"))
    layers: list[Any] = [base.mark_area(opacity=0.2, color=COLOURS[0]).encode(y="low:Q", y2="high:Q"), lines]
    if first.past is not None:
        level = {
            "level": _m(first.past.level_pence),
            "says": f"watched level {_words(first.past.level_pence)}",
            "at": fan[-1]["at"],
        }
        rule = alt.Chart(alt.InlineData([level])).encode(y="level:Q")
        layers += [
            rule.mark_rule(color="#505a5f", strokeDash=[3, 3]),
            rule.mark_text(align="right", dy=-7, dx=30, color="#505a5f", fontSize=11).encode(x=_x("at"), text="says:N"),
        ]
    says = (
        f"{first.title}: the reserve goes from {rows[0][1]} at 31 March {years[0] + 1} to {rows[0][-1]} at "
        f"31 March {years[-1] + 1}."
    )
    drawn = alt.layer(*layers).properties(width=WIDTH, height=HEIGHT + 60)
    columns = ("Scenario", *(f"31 March {year + 1}" for year in years))
    return Chart("reserve", "The reserve, scenario beside scenario", says, drawn, columns, rows)


def _worth(outlook: Outlook) -> list[Chart]:
    """What each scenario saves by the last 31 March, and how sure that is; none where there is but one to draw."""
    drawn = [(one.title, one.worth[-1]) for one in outlook.scenarios if one.worth]
    if not drawn:
        return []
    at = f"31 March {drawn[0][1].financial_year + 1}"
    data = [{"scenario": title, **_fan_of(worth.saved_pence)} for title, worth in drawn]
    rows = [
        (
            title,
            *(_words(pence) for pence in (worth.saved_pence.p10, worth.saved_pence.p50, worth.saved_pence.p90)),
            f"{worth.likely:.0%}",
        )
        for title, worth in drawn
    ]
    names = [title for title, _ in drawn]
    base = alt.Chart(alt.InlineData(data)).encode(
        y=alt.Y("scenario:N", sort=names, title=None, axis=alt.Axis(labelLimit=320))
    )
    bars = base.mark_bar(color=COLOURS[0]).encode(x=alt.X("middle:Q", title=f"Saved by {at}, {POUNDS_AXIS}"))
    between = base.mark_rule(color=COLOURS[1], strokeWidth=2.5).encode(x="low:Q", x2="high:Q")
    says = (
        f"What each scenario is worth by {at} beside “{outlook.scenarios[0].title}”: below nought it costs. "
        "The thin line holds eight futures in ten."
    )
    columns = ("Scenario", "1 future in 10 is below", "Middle", "1 in 10 is above", "Saves in")
    chart = alt.layer(bars, between).properties(width=WIDTH - 200, height=alt.Step(28))
    return [Chart("worth", f"What each scenario is worth by {at}", says, chart, columns, rows)]


def _growth(first: ScenarioOutlook) -> Chart:
    data, rows = [], []
    for year in first.years:
        if year.since_first is None:
            continue
        label = year_label(year.financial_year)
        parts = {
            "Caseload": year.since_first.caseload_pence, "Price": year.since_first.price_pence,
            "Services and grants": year.since_first.other_pence,
        }  # fmt: skip
        data += [{"year": label, "part": part, "change": _m(pence)} for part, pence in parts.items()]
        rows.append((label, *(_words(pence) for pence in parts.values())))
    order = ["Caseload", "Price", "Services and grants"]
    drawn = (
        alt.Chart(alt.InlineData(data))
        .mark_bar()
        .encode(
            x=_x("year"),
            xOffset=alt.XOffset("part:N", sort=order),
            y=alt.Y("change:Q", title=f"Change since {year_label(first.years[0].financial_year)}, {POUNDS_AXIS}"),
            color=alt.Color("part:N", sort=order, scale=alt.Scale(domain=order, range=list(COLOURS[:3]))),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    says = (
        f"{first.title}: by {rows[-1][0]} more children make {rows[-1][1]} of the change since "
        f"{year_label(first.years[0].financial_year)} and prices {rows[-1][2]}."
    )
    return Chart("growth", "Why it grows: caseload and price", says, drawn, ("Year", *order), rows)


def _places(one: PlacesOutlook, number: int) -> Chart:
    what = line_title(one.provision) + (f", {one.phase}" if one.phase else "")
    data, rows = [], []
    for year in one.years:
        label, spread = year_label(year.financial_year), year.children
        data.append(
            {
                "year": label,
                "low": spread.p10,
                "middle": spread.p50,
                "high": spread.p90,
                "places": one.places,
                "what": "Places",
            }
        )
        rows.append(
            (
                label,
                f"{spread.p10:,}",
                f"{spread.p50:,}",
                f"{spread.p90:,}",
                f"{one.places:,}",
                f"{year.chance_over:.0%}",
            )
        )
    capacity = alt.Chart(alt.InlineData(data[:1])).encode(y=alt.Y("places:Q"))
    drawn = alt.layer(
        _fan(data, "Children at the fullest month", _x("year")),
        capacity.mark_rule(color=COLOURS[1], strokeDash=[6, 4], strokeWidth=2.5),
        capacity.mark_text(align="left", dx=-40, dy=-8, color=COLOURS[1], fontWeight="bold", fontSize=12).encode(
            x=_x("year"), text="what:N"
        ),
    ).properties(width=WIDTH, height=HEIGHT - 80)
    ends = f"run out in {one.runs_out}" if one.runs_out else "do not run out in these years"
    says = f"{what}: {one.filled:,} of {one.places:,} places are filled now, and they {ends} in the middle future."
    columns = ("Year", "1 future in 10 is below", "Middle", "1 in 10 is above", "Places", "Chance of more than places")
    return Chart(f"places-{number}-{one.provision}", f"Children against places: {what}", says, drawn, columns, rows)
