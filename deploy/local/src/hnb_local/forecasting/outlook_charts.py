"""An outlook's charts: outturn against grant, the reserve by scenario, why it grows, and children against places."""

import altair as alt

from hnb.calendar import year_label
from hnb_local.forecasting.charts_page import COLOURS, HEIGHT, WIDTH, Chart
from hnb_local.forecasting.fan import POUNDS_AXIS, fan, fan_of, in_millions, words, year_axis
from hnb_local.forecasting.reserve_chart import reserve_chart
from hnb_local.showing import line_title
from ledger.outlook.result import Outlook, PlacesOutlook, ScenarioOutlook


def charts_of(outlook: Outlook) -> list[Chart]:
    """Those there are figures for."""
    first = outlook.scenarios[0]
    found = [_outturn(first), reserve_chart(outlook), *_worth(outlook), _growth(first)]
    return found + [_places(one, number) for number, one in enumerate(outlook.places, 1) if one.filled]


def _outturn(first: ScenarioOutlook) -> Chart:
    data, rows = [], []
    for year in first.years:
        assert year.outturn_pence is not None
        assert year.grant_pence is not None
        label, outturn, grant = year_label(year.financial_year), year.outturn_pence, year.grant_pence.p50
        data.append({"year": label, **fan_of(outturn), "grant": in_millions(grant), "what": "Grant"})
        rows.append((label, words(outturn.p10), words(outturn.p50), words(outturn.p90), words(grant)))
    last = first.years[-1]
    assert last.balance_pence is not None
    over = "over" if last.balance_pence.p50 < 0 else "under"
    apart = f"{words(abs(last.balance_pence.p50))} {over} its grant"
    title = f"The block comes to {rows[0][2]} in {rows[0][0]} and {rows[-1][2]} in {rows[-1][0]}, {apart}"
    says = f"{first.title}: outturn against the grant, in the middle {apart}. The band holds eight futures in ten."
    grant_line = (
        alt.Chart(alt.InlineData(data))
        .mark_line(color=COLOURS[1], strokeDash=[6, 4], strokeWidth=2.5)
        .encode(x=year_axis("year"), y="grant:Q")
    )
    labels = (
        alt.Chart(alt.InlineData([data[-1]]))
        .mark_text(align="right", dy=-10, color=COLOURS[1], fontWeight="bold", fontSize=12)
        .encode(x=year_axis("year"), y="grant:Q", text="what:N")
    )
    drawn = alt.layer(fan(data, POUNDS_AXIS, year_axis("year")), grant_line, labels).properties(
        width=WIDTH, height=HEIGHT
    )
    return Chart(
        "outturn", title, says, drawn,
        ("Year", "1 future in 10 is below", "Middle", "1 in 10 is above", "Grant"), rows,
    )  # fmt: skip


def _worth(outlook: Outlook) -> list[Chart]:
    """What each scenario saves by the last 31 March, and how sure that is; none where there is but one to draw."""
    drawn = [(one.title, one.worth[-1]) for one in outlook.scenarios if one.worth]
    if not drawn:
        return []
    at = f"31 March {drawn[0][1].financial_year + 1}"
    data = [{"scenario": title, **fan_of(worth.saved_pence)} for title, worth in drawn]
    rows = [
        (
            title,
            *(words(pence) for pence in (worth.saved_pence.p10, worth.saved_pence.p50, worth.saved_pence.p90)),
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
    best, most = max(((one, worth.saved_pence.p50) for one, worth in drawn), key=lambda found: found[1])
    finding = f"“{best}” saves most by {at}: {words(most)}" if most > 0 else f"No scenario saves anything by {at}"
    return [Chart("worth", finding, says, chart, columns, rows)]


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
        data += [{"year": label, "part": part, "change": in_millions(pence)} for part, pence in parts.items()]
        rows.append((label, *(words(pence) for pence in parts.values())))
    order = ["Caseload", "Price", "Services and grants"]
    drawn = (
        alt.Chart(alt.InlineData(data))
        .mark_bar()
        .encode(
            x=year_axis("year"),
            xOffset=alt.XOffset("part:N", sort=order),
            y=alt.Y("change:Q", title=f"Change since {year_label(first.years[0].financial_year)}, {POUNDS_AXIS}"),
            color=alt.Color("part:N", sort=order, scale=alt.Scale(domain=order, range=list(COLOURS[:3]))),
        )
        .properties(width=WIDTH, height=HEIGHT)
    )
    since = year_label(first.years[0].financial_year)
    caseload, price, other = rows[-1][1:]
    title = f"{rows[-1][0]} beside {since}: {caseload} from caseload, {price} from price, {other} from services"
    says = f"{first.title}: the change since {since}, split into children, their prices, and services and grants."
    return Chart("growth", title, says, drawn, ("Year", *order), rows)


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
        fan(data, "Children at the fullest month", year_axis("year")),
        capacity.mark_rule(color=COLOURS[1], strokeDash=[6, 4], strokeWidth=2.5),
        capacity.mark_text(align="left", dx=-40, dy=-8, color=COLOURS[1], fontWeight="bold", fontSize=12).encode(
            x=year_axis("year"), text="what:N"
        ),
    ).properties(width=WIDTH, height=HEIGHT - 80)
    ends = f"run out in {one.runs_out}" if one.runs_out else "do not run out in these years"
    says = f"{what}: {one.filled:,} of {one.places:,} places are filled now, and they {ends} in the middle future."
    columns = ("Year", "1 future in 10 is below", "Middle", "1 in 10 is above", "Places", "Chance of more than places")
    title = f"{what}: places run out in {one.runs_out}" if one.runs_out else f"{what}: places are enough in the middle"
    return Chart(f"places-{number}-{one.provision}", title, says, drawn, columns, rows)
