"""Where the reserve is going: through the years that are known, and on to where a forecast sees it."""

from collections.abc import Mapping

from hnb.calendar import year_label
from hnb.charts import Point
from hnb.money import MILLION
from ledger.domain.documents import Chart
from ledger.domain.positions import Reserve
from ledger.outlook.result import Spread


def reserve_path(years: Mapping[int, Reserve]) -> dict[int, Reserve]:
    """The reserve through the years whose grant is known, carried from one to the next where no opening was said."""
    path: dict[int, Reserve] = {}
    for year, reserve in sorted(years.items()):
        before = path.get(year - 1)
        carried = reserve.opening_pence or (before.closing_pence if before else 0)
        path[year] = Reserve(reserve.grant_pence, carried, reserve.cost_pence)
    return path


def to_come(path: Mapping[int, Reserve], forecast: Mapping[int, Spread]) -> dict[int, Spread]:
    """What a forecast sees of the years after those that are known."""
    return {year: spread for year, spread in sorted(forecast.items()) if year > max(path)}


def reserve_chart(path: Mapping[int, Reserve], forecast: Mapping[int, Spread]) -> Chart:
    """For a document, of both."""
    title = "Reserve at the end of each year, in millions of pounds"
    return Chart(title=title, points=reserve_points(path, forecast))


def reserve_points(path: Mapping[int, Reserve], forecast: Mapping[int, Spread]) -> tuple[Point, ...]:
    """A chart of both, in millions of pounds, from where the first year opened; its band begins at the last close."""
    first, last = min(path), max(path)
    closes = {first - 1: path[first].opening_pence, **{year: path[year].closing_pence for year in sorted(path)}}
    close = closes.pop(last) / MILLION
    return (
        *(Point(year_label(year), pence / MILLION) for year, pence in closes.items()),
        Point(year_label(last), close, close, close),
        *(
            Point(year_label(year), one.p50 / MILLION, one.p10 / MILLION, one.p90 / MILLION)
            for year, one in to_come(path, forecast).items()
        ),
    )
