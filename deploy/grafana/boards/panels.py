"""How a panel is written: what it asks, in which unit, and from which value on it is orange or red."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

# Okabe and Ito's colours, which people with any kind of colour blindness can tell apart; red is told by its minus too.
BLUE, SKY, ORANGE, PINK, GREEN, RED = "#0072B2", "#56B4E9", "#E69F00", "#CC79A7", "#009E73", "#C4162A"
LINES = (BLUE, ORANGE, PINK, SKY, GREEN, RED)

POUNDS = "currency:financial:£"  # to the penny: Grafana's own unit for pounds shortens them to thousands and millions
PROMETHEUS = {"type": "prometheus", "uid": "${prometheus}"}
COLUMNS = 24  # of Grafana's grid


def database(name: str) -> Json:
    """The data source of a service's views for finance: `ledger`, `register` or `alerts`."""
    return {"type": "grafana-postgresql-datasource", "uid": f"${{{name}}}"}


@dataclass(frozen=True, slots=True)
class Query:
    """One question of a panel: PromQL, or SQL on the views of a database."""

    text: str
    legend: str | None = None
    of: str | None = None  # a database; None is Prometheus
    over_time: bool = False

    def target(self, ref: str, table: bool) -> Json:
        """As Grafana keeps it."""
        if self.of is not None:
            return {
                "refId": ref, "datasource": database(self.of), "editorMode": "code", "rawQuery": True,
                "rawSql": self.text, "format": "time_series" if self.over_time else "table",
            }  # fmt: skip
        legend = {} if self.legend is None else {"legendFormat": self.legend}
        form = {"format": "table"} if table else {}
        return {
            "refId": ref, "datasource": PROMETHEUS, "editorMode": "code", "expr": self.text,
            "range": self.over_time, "instant": not self.over_time, **legend, **form,
        }  # fmt: skip


def now(promql: str, legend: str | None = None) -> Query:
    """A figure as it stands."""
    return Query(promql, legend)


def course(promql: str, legend: str | None = None) -> Query:
    """A figure over the time that is looked at."""
    return Query(promql, legend, over_time=True)


def rows(of: str, sql: str) -> Query:
    """Rows of a view, exact to the penny."""
    return Query(" ".join(sql.split()), of=of)


def course_of_rows(of: str, sql: str) -> Query:
    """Rows with a `time`, over the time that is looked at."""
    return Query(" ".join(sql.split()), of=of, over_time=True)


def steps(first: str, *others: tuple[float, str]) -> Json:
    """Thresholds: the first colour, and from each value on another."""
    return {
        "mode": "absolute",
        "steps": [{"color": first, "value": None}, *({"color": colour, "value": value} for value, colour in others)],
    }


PLAIN = steps(BLUE)
RED_BELOW_NOUGHT = steps(RED, (0, BLUE))


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel, before it has a place."""

    kind: str
    title: str
    description: str
    queries: Sequence[Query]
    defaults: Json
    options: Json
    overrides: Sequence[Json] = ()
    transformations: Sequence[Json] = ()
    width: int = 8
    height: int = 8
    links: Sequence[Json] = field(default=())

    def at(self, id: int, x: int, y: int) -> Json:
        """As Grafana keeps it, in its place."""
        sources = {str(query.of): query.target("", False)["datasource"] for query in self.queries}
        one = next(iter(sources.values())) if len(sources) == 1 else {"type": "datasource", "uid": "-- Mixed --"}
        made = {
            "id": id, "type": self.kind, "title": self.title, "description": self.description,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "datasource": one,
            "targets": [query.target(chr(65 + n), self.kind == "table") for n, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self.defaults, "overrides": list(self.overrides)},
            "options": self.options,
        }  # fmt: skip
        if self.transformations:
            made["transformations"] = list(self.transformations)
        if self.links:
            made["links"] = list(self.links)
        return made


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_EACH_ROW = {"calcs": ["lastNotNull"], "fields": "", "values": True}


def stat(
    title: str, description: str, *queries: Query, unit: str, colours: Json = PLAIN, decimals: int | None = None,
    width: int = 4, height: int = 4, links: Sequence[Json] = (),
) -> Panel:  # fmt: skip
    """A figure, or one for each query."""
    return Panel(
        "stat", title, description, queries,
        {"unit": unit, "decimals": _decimals(unit, decimals), "color": {"mode": "thresholds"}, "thresholds": colours},
        {"reduceOptions": _LAST, "colorMode": "value", "graphMode": "none", "justifyMode": "auto",
         "orientation": "auto", "textMode": "value" if len(queries) == 1 else "value_and_name", "wideLayout": True},
        width=width, height=height, links=links,
    )  # fmt: skip


def bars(
    title: str, description: str, *queries: Query, unit: str, colours: Json = PLAIN, decimals: int | None = None,
    low: float | None = 0, high: float | None = None, width: int = 8, height: int = 8,
) -> Panel:  # fmt: skip
    """A bar for each label, or for each row of a view: its text column names it."""
    ends = {key: value for key, value in (("min", low), ("max", high)) if value is not None}
    from_rows = any(query.of for query in queries)
    return Panel(
        "bargauge", title, description, queries,
        {"unit": unit, "decimals": _decimals(unit, decimals), "color": {"mode": "thresholds"},
         "thresholds": colours, "noValue": "none", **ends},
        {"displayMode": "basic", "orientation": "horizontal", "showUnfilled": True, "minVizHeight": 16,
         "reduceOptions": _EACH_ROW if from_rows else _LAST, "valueMode": "color"},
        width=width, height=height,
    )  # fmt: skip


def lines(
    title: str, description: str, *queries: Query, unit: str, colours: Mapping[str, str] | None = None,
    decimals: int | None = None, low: float | None = None, stepped: bool = False, stacked: bool = False,
    width: int = 12, height: int = 8,
) -> Panel:  # fmt: skip
    """Figures over time; `colours` are by name, each with a dash of its own, so that they can be told apart in grey."""
    custom: Json = {"lineWidth": 2, "fillOpacity": 20 if stacked else 0, "showPoints": "never"}
    if stepped:
        custom["lineInterpolation"] = "stepAfter"
    if stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    dashes: Sequence[Json | None] = (None, {"fill": "dash", "dash": [10, 10]}, {"fill": "dot", "dash": [2, 6]})
    return Panel(
        "timeseries", title, description, queries,
        {"unit": unit, "decimals": _decimals(unit, decimals), "color": {"mode": "palette-classic"}, "custom": custom,
         **({} if low is None else {"min": low})},
        {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
         "tooltip": {"mode": "multi", "sort": "desc"}},
        overrides=[
            named(
                name, color={"mode": "fixed", "fixedColor": colour},
                **({"custom.lineStyle": dash} if (dash := dashes[n % len(dashes)]) else {}),
            )
            for n, (name, colour) in enumerate((colours or {}).items())
        ],
        width=width, height=height,
    )  # fmt: skip


def columns(
    title: str, description: str, query: Query, unit: str, x: str, colours: Mapping[str, str] | None = None,
    decimals: int | None = None, stacked: bool = False, width: int = 12, height: int = 8,
) -> Panel:  # fmt: skip
    """Columns side by side over the rows of a view; `x` is the field below them."""
    return Panel(
        "barchart", title, description, [query],
        {"unit": unit, "decimals": _decimals(unit, decimals), "color": {"mode": "palette-classic"},
         "custom": {"lineWidth": 1, "fillOpacity": 80}},
        {"xField": x, "orientation": "auto", "showValue": "auto", "stacking": "normal" if stacked else "none",
         "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
         "tooltip": {"mode": "multi", "sort": "none"}, "xTickLabelRotation": 0, "groupWidth": 0.7, "barWidth": 0.9},
        overrides=[
            named(name, color={"mode": "fixed", "fixedColor": colour}) for name, colour in (colours or {}).items()
        ],
        width=width, height=height,
    )  # fmt: skip


def table(
    title: str, description: str, *queries: Query, unit: str = "short", decimals: int | None = None,
    overrides: Sequence[Json] = (), transformations: Sequence[Json] = (), sort: tuple[str, bool] | None = None,
    width: int = 24, height: int = 10,
) -> Panel:  # fmt: skip
    """A table; `sort` is a column and whether the largest comes first."""
    return Panel(
        "table", title, description, queries,
        {"unit": unit, "decimals": _decimals(unit, decimals), "color": {"mode": "thresholds"}, "thresholds": PLAIN,
         "custom": {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True}},
        {"showHeader": True, "cellHeight": "sm",
         "sortBy": [{"displayName": sort[0], "desc": sort[1]}] if sort else []},
        overrides=overrides, transformations=transformations, width=width, height=height,
    )  # fmt: skip


def named(column: str, **properties: Any) -> Json:
    """How one column or line differs from the others."""
    return {
        "matcher": {"id": "byName", "options": column},
        "properties": [{"id": id, "value": value} for id, value in properties.items()],
    }


def coloured(column: str, thresholds: Json, **properties: Any) -> Json:
    """A column whose text takes the colour of its value."""
    cell = {"custom.cellOptions": {"type": "color-text"}}
    return named(column, thresholds=thresholds, **cell, **properties)


def _decimals(unit: str, given: int | None) -> int:
    if given is not None:
        return given
    return 2 if unit == POUNDS else 0
