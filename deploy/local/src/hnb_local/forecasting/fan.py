"""What the charts of an outlook share: its figures in millions, and a band of eight futures in ten."""

from typing import Any

import altair as alt

from hnb.money import MILLION
from hnb_local.forecasting.charts_page import COLOURS
from hnb_local.forecasting.outlook_view import millions
from ledger.outlook.result import Spread

POUNDS_AXIS = "£ million"


def in_millions(pence: int) -> float:
    """Pence as an axis has them."""
    return round(pence / MILLION, 3)


def words(pence: int) -> str:
    """Pence as a sentence and a table have them."""
    return str(millions(pence))


def fan(data: list[dict[str, Any]], axis: str, x: alt.X) -> Any:
    """A band of eight futures in ten about the middle one."""
    base = alt.Chart(alt.InlineData(data)).encode(x=x)
    band = base.mark_area(opacity=0.25, color=COLOURS[0]).encode(
        y=alt.Y("low:Q", title=axis, scale=alt.Scale(zero=False)), y2="high:Q"
    )
    line = base.mark_line(color=COLOURS[0], strokeWidth=2.5, point=alt.OverlayMarkDef(color=COLOURS[0])).encode(
        y="middle:Q"
    )
    return alt.layer(band, line)


def year_axis(name: str) -> alt.X:
    """Years, side by side."""
    return alt.X(f"{name}:O", title=None, axis=alt.Axis(labelAngle=0))


def fan_of(spread: Spread) -> dict[str, float]:
    """The figures that a band is drawn from."""
    return {"low": in_millions(spread.p10), "middle": in_millions(spread.p50), "high": in_millions(spread.p90)}
