"""The charts of a forecast from files: children and their cost, January by January."""

import altair as alt

from hnb.money import pounds
from hnb_local.forecasting.charts_page import COLOURS, HEIGHT, WIDTH, Chart
from ledger.forecast.run import Forecast
from ledger.forecast.summary import Figure

COLUMNS = ("January", "95 of 100 futures are above", "Middle", "95 of 100 are below")


def charts_of(forecast: Forecast) -> list[Chart]:
    """Children, and what they cost a year."""
    children = [(year.year, year.total.count) for year in forecast.years]
    cost = [(year.year, year.total.cost_pence) for year in forecast.years]
    return [
        _fan("children", "Children with plans", "children", children, 1, lambda value: f"{value:,}"),
        _fan("cost", "What they cost a year", "£", cost, 100, pounds),
    ]


def _fan(name: str, title: str, unit: str, years: list[tuple[int, Figure]], per: int, words: object) -> Chart:
    assert callable(words)
    rows = [(str(year), words(figure.low), words(figure.middle), words(figure.high)) for year, figure in years]
    data = [
        {"year": str(year), "low": one.low / per, "middle": one.middle / per, "high": one.high / per}
        for year, one in years
    ]
    base = alt.Chart(alt.InlineData(data)).encode(x=alt.X("year:O", title="January", axis=alt.Axis(labelAngle=0)))
    band = base.mark_area(opacity=0.25, color=COLOURS[0]).encode(
        y=alt.Y("low:Q", title=unit, scale=alt.Scale(zero=False)), y2="high:Q"
    )
    line = base.mark_line(color=COLOURS[0], strokeWidth=2.5, point=True).encode(y="middle:Q")
    says = (
        f"{title}: {rows[0][2]} in January {rows[0][0]}, {rows[-1][2]} in January {rows[-1][0]}. "
        "The band holds 95 futures of 100."
    )
    return Chart(name, title, says, alt.layer(band, line).properties(width=WIDTH, height=HEIGHT), COLUMNS, rows)
