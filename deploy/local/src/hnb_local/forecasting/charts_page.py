"""Charts as files: each an SVG, a PNG and a CSV of its figures, and one page that shows every chart above its table."""

import csv
import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from hnb.formulas import as_words
from hnb_local.errors import CommandFailed
from hnb_local.forecasting.sources import write

# Okabe and Ito's colours: told apart by everybody. Every line has a name beside it too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
WIDTH, HEIGHT, PNG_SCALE = 720, 360, 2.0
FONT = "sans-serif"
TITLE_CHARACTERS = 88  # of a line, as wide as a chart

_STYLE = (
    "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#0b0c0c}"
    "table{border-collapse:collapse;margin:1rem 0 3rem}caption{text-align:left;font-weight:bold;padding:.3rem 0}"
    "th,td{border-bottom:1px solid #b1b4b6;padding:.3rem .8rem;text-align:right}"
    "th:first-child,td:first-child{text-align:left}"
    "svg{max-width:100%;height:auto}"
)


@dataclass(frozen=True)
class Chart:
    """A chart, what it shows in a sentence, and its figures as a table."""

    name: str  # of its files
    title: str
    says: str
    drawn: alt.TopLevelMixin
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def write_charts(folder: Path, title: str, charts: Sequence[Chart]) -> None:
    """Into a folder, made where it is not there. CommandFailed where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(f"{folder} cannot be made: {error.strerror}.") from None
    parts = []
    for chart in charts:
        spec = _spec(chart)
        svg = _named(vl_convert.vegalite_to_svg(spec), chart)
        write(folder / f"{chart.name}.svg", svg)
        write(folder / f"{chart.name}.png", vl_convert.vegalite_to_png(spec, scale=PNG_SCALE))
        write(folder / f"{chart.name}.csv", _csv(chart))
        parts.append(_section(chart, svg))
    write(folder / "index.html", _page(title, parts))


def _spec(chart: Chart) -> dict[str, Any]:
    spec: dict[str, Any] = chart.drawn.to_dict()
    spec["description"] = chart.says
    spec["title"] = textwrap.wrap(chart.title, TITLE_CHARACTERS)
    spec["config"] = {
        "font": FONT, "view": {"stroke": None}, "background": "white", "title": {"anchor": "start", "fontSize": 15},
        "axis": {"labelFontSize": 12, "titleFontSize": 12, "gridColor": "#e5e5e5"},
        "legend": {"labelFontSize": 12, "labelLimit": 400, "title": None, "orient": "bottom", "columns": 2},
    }  # fmt: skip
    return spec


def _named(svg: str, chart: Chart) -> str:
    """With what a screen reader says of it; ids are the chart's own, as the page has them all."""
    start, rest = svg.split(">", 1)
    name = escape(chart.name, quote=True)
    return (
        f'{start} role="img" aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(chart.title)}</title>'
        f'<desc id="{name}-desc">{escape(chart.says)}</desc>{rest}'
    )


def _csv(chart: Chart) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(chart.columns)
    writer.writerows([as_words(cell) for cell in row] for row in chart.rows)
    return out.getvalue()


def _section(chart: Chart, svg: str) -> str:
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in chart.columns)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in chart.rows)
    return (
        f"<section><h2>{escape(chart.title)}</h2><p>{escape(chart.says)}</p>{svg}"
        f"<table><caption>{escape(chart.title)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _page(title: str, parts: Sequence[str]) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>"
        "<p>For officers. Small numbers are not suppressed: do not publish them.</p>"
        f"{''.join(parts)}</main></body></html>\n"
    )
