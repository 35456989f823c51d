"""A dashboard: rows of panels laid out from left to right, what is chosen above them, and the way to the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from boards.panels import COLUMNS, PROMETHEUS, Json, Panel, database

# As the services of Grafana's data sources are named in provisioning/datasources.
DATABASES = {"ledger": "HNB ledger", "register": "HNB register", "alerts": "HNB alerts"}


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard before it is written. `of` names the databases it asks; `of_a_year` whether a year is chosen."""

    uid: str
    title: str
    description: str
    rows: Sequence[tuple[str, Sequence[Panel]]]
    of: Sequence[str] = ()
    of_an_authority: bool = True
    of_a_year: bool = True
    span: str = "now-7d"

    def written(self) -> Json:
        """As Grafana keeps it."""
        return {
            "uid": self.uid, "title": self.title, "description": self.description, "tags": ["hnb"],
            "schemaVersion": 39, "version": 1, "editable": False, "graphTooltip": 1, "refresh": "30s",
            "timezone": "browser", "weekStart": "monday", "time": {"from": self.span, "to": "now"},
            "fiscalYearStartMonth": 3, "timepicker": {}, "annotations": {"list": []},
            "links": [
                {"type": "dashboards", "title": "The other dashboards", "tags": ["hnb"], "asDropdown": True,
                 "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link"}
            ],
            "templating": {"list": list(self._variables())},
            "panels": list(self._panels()),
        }  # fmt: skip

    def _panels(self) -> Sequence[Json]:
        placed: list[Json] = []
        y = 0
        for title, panels in self.rows:
            placed.append(
                {"id": len(placed) + 1, "type": "row", "title": title, "collapsed": False,
                 "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}, "panels": []}
            )  # fmt: skip
            y, x, tallest = y + 1, 0, 0
            for panel in panels:
                if x + panel.width > COLUMNS:
                    x, y, tallest = 0, y + tallest, 0
                placed.append(panel.at(len(placed) + 1, x, y))
                x, tallest = x + panel.width, max(tallest, panel.height)
            y += tallest
        return placed

    def _variables(self) -> Iterator[Json]:
        yield _source("prometheus", "Prometheus", "prometheus", "The Prometheus that scrapes the services.")
        for name in self.of:
            views = "The views made for finance, read by a role that may read nothing else."
            yield _source(name, DATABASES[name], str(database(name)["type"]), views, f"/^{DATABASES[name]}$/")
        if self.of_an_authority:
            code = "The local authority, by its ONS code."
            yield _labels("authority", "Authority", code, "hnb_grant_pounds", sort=1)
        if self.of_a_year:
            year = "The year it starts in: 2025 is April 2025 to March 2026."
            yield _labels("financial_year", "Financial year", year, 'hnb_grant_pounds{authority="$authority"}', sort=4)


def _source(name: str, label: str, kind: str, description: str, pattern: str = "") -> Json:
    return {
        "name": name, "label": label, "description": description, "type": "datasource", "query": kind, "refresh": 1,
        "multi": False, "includeAll": False, "current": {}, "options": [], "hide": 0, "regex": pattern,
    }  # fmt: skip


def _labels(name: str, label: str, description: str, series: str, sort: int) -> Json:
    asked = f"label_values({series}, {name})"
    return {
        "name": name, "label": label, "description": description, "type": "query", "datasource": PROMETHEUS,
        "definition": asked, "query": {"query": asked, "refId": name, "qryType": 1}, "refresh": 2, "multi": False,
        "includeAll": False, "current": {}, "options": [], "hide": 0, "regex": "", "sort": sort,
    }  # fmt: skip
