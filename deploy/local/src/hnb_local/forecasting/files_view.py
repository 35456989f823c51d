"""A forecast and a back-test as JSON, as CSV and as tables for a person."""

import csv
import io
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from hnb.money import divide_half_up
from hnb_local.forecasting.sources import write
from hnb_local.showing import console, money, plain_table, show_json
from ledger.forecast import MODEL
from ledger.forecast.backtest import BackTest
from ledger.forecast.run import Forecast, made_with
from ledger.forecast.summary import Figure, Line
from ledger.forecast.table import Source

FIGURES = ("mean", "p2_5", "p50", "p97_5")
INTERVAL = "95 of 100 futures"
CHILDREN, FLOWS, COST = ("Children", INTERVAL), ("Joiners", "Leavers", "Movers"), ("Cost a year", INTERVAL)
WIDE_COLUMNS = 120


def give(forecast: Forecast, *, as_json: bool, out: Path | None, charts: Path | None) -> None:
    """The forecast on the screen, and in the files asked for."""
    if out is not None:
        write(out, csv_of(forecast))
    if charts is not None:
        from hnb_local.forecasting.charts_page import write_charts
        from hnb_local.forecasting.files_charts import charts_of

        write_charts(charts, f"Children with plans from January {forecast.january}", charts_of(forecast))
    if as_json:
        show_json(json_of(forecast))
    else:
        show(forecast)


def json_of(forecast: Forecast) -> dict[str, Any]:
    """What `--json` prints: children, pounds, and what is needed to draw the same again."""
    trend = forecast.trend
    return {
        **_provenance(forecast.sources, forecast.simulations, forecast.seed),
        "from": {"year": forecast.january, "count": forecast.children, "cost": forecast.cost_pence / 100},
        "trend": [
            {"damping": damping, "chance": round(chance, 6), "error": round(error, 6)}
            for damping, chance, error in zip(trend.dampings, trend.chances, trend.errors, strict=True)
        ] if trend.errors else [],
        "notes": forecast.notes,
        "years": [
            {
                "year": one.year,
                **_line(one.total),
                "joiners": _count(one.joiners),
                "leavers": _count(one.leavers),
                "movers": _count(one.movers),
                "settings": {code: _line(line) for code, line in one.settings.items()},
            }
            for one in forecast.years
        ],
    }  # fmt: skip


def _provenance(sources: dict[str, Source], simulations: int, seed: int) -> dict[str, Any]:
    return {
        "model": MODEL,
        **made_with(),
        "seed": seed,
        "simulations": simulations,
        "inputs": {name: {"sha256": source.digest} for name, source in sources.items()},
    }


def _line(line: Line) -> dict[str, Any]:
    return {"count": _count(line.count), "cost": _pounds(line.cost_pence)}


def _count(figure: Figure) -> dict[str, float | int]:
    return {"mean": figure.mean_hundredths / 100, "p2_5": figure.low, "p50": figure.middle, "p97_5": figure.high}


def _pounds(pence: Figure) -> dict[str, float]:
    """To the penny: the mean too."""
    mean = divide_half_up(pence.mean_hundredths, 100)
    values = (mean, pence.low, pence.middle, pence.high)
    return {name: value / 100 for name, value in zip(FIGURES, values, strict=True)}


def csv_of(forecast: Forecast) -> str:
    """A row a figure: of all children where no setting is named."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["year", "setting", "measure", *FIGURES])
    for one in json_of(forecast)["years"]:
        for measure in ("count", "cost", "joiners", "leavers", "movers"):
            writer.writerow([one["year"], "", measure, *one[measure].values()])
        for code, line in one["settings"].items():
            for measure in ("count", "cost"):
                writer.writerow([one["year"], code, measure, *line[measure].values()])
    return out.getvalue()


def show(forecast: Forecast) -> None:
    """Year by year, then the last year by setting, then what to know of it. Joiners and others only where they fit."""
    screen = console()
    wide = screen.width >= WIDE_COLUMNS
    title = f"Children in January, from {forecast.children:,} in {forecast.january}"
    table = _table(title, "January", CHILDREN, FLOWS if wide else (), COST)
    for one in forecast.years:
        flows = [f"{flow.middle:,}" for flow in (one.joiners, one.leavers, one.movers)] if wide else []
        table.add_row(str(one.year), *_children(one.total.count), *flows, *_cost(one.total.cost_pence))
    screen.print(table)
    last = forecast.years[-1]
    by_setting = _table(f"By setting, January {last.year}", "Setting", CHILDREN, COST)
    for code, line in last.settings.items():
        by_setting.add_row(Text(code), *_children(line.count), *_cost(line.cost_pence))
    screen.print(by_setting)
    screen.print("Children and costs are medians; settings' do not add up to the total's.")
    for note in forecast.notes:
        screen.print(Text(note))
    screen.print(Text(f"Seed {forecast.seed}, {forecast.simulations:,} simulations, model {MODEL}."))


def _table(title: str, first: str, *groups: tuple[str, ...]) -> Table:
    """A table whose figures are never cut: where there is no room, an interval takes two lines."""
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(first, overflow="fold")
    for name in (name for group in groups for name in group):
        table.add_column(name, justify="right", no_wrap=name != INTERVAL, overflow="fold")
    return table


def _children(figure: Figure) -> tuple[str, str]:
    return f"{figure.middle:,}", f"{figure.low:,} to {figure.high:,}"


def _cost(pence: Figure) -> tuple[Text, Text]:
    low, high = money(pence.low, whole=True), money(pence.high, whole=True)
    return money(pence.middle, whole=True), Text(f"{low} to {high}")


def backtest_json(found: BackTest, sources: dict[str, Source], simulations: int, seed: int) -> dict[str, Any]:
    """What `--json` prints of a back-test."""
    errors = found.errors
    return {
        **_provenance(sources, simulations, seed),
        "years_of_transitions": found.years,
        "mean_absolute_error": {
            "forecast": errors.forecast, "carry_level": errors.carry_level, "carry_growth": errors.carry_growth,
        },
        "interval": {"inside": found.inside, "of": len(found.trials)},
        "verdict": found.verdict(),
        "trials": [
            {
                "known_until": trial.known_until, "year": trial.year, "actual": trial.actual,
                "p2_5": trial.low, "p50": trial.middle, "p97_5": trial.high, "inside": trial.inside,
                "carry_level": trial.carry_level, "carry_growth": trial.carry_growth,
            }
            for trial in found.trials
        ],
    }  # fmt: skip


def show_backtest(found: BackTest, day: str = "January") -> None:
    """Every trial, the mean errors, the interval's coverage, and the verdict."""
    screen = console()
    columns = ("Known until", day, "Came", "Forecast", "95 of 100 futures", "Held", "Last level", "Last growth")
    table = plain_table("The past, foretold from before it", *columns)
    for trial in found.trials:
        growth = "–" if trial.carry_growth is None else f"{trial.carry_growth:,}"
        table.add_row(
            str(trial.known_until), str(trial.year), f"{trial.actual:,}", f"{trial.middle:,}",
            f"{trial.low:,} to {trial.high:,}", "yes" if trial.inside else "no", f"{trial.carry_level:,}", growth,
        )  # fmt: skip
    if found.trials:
        errors = found.errors
        table.add_section()
        cells = ("–" if error is None else f"{error:,.1f}" for error in (errors.carry_level, errors.carry_growth))
        held = f"{found.inside} of {len(found.trials)}"
        table.add_row("Mean error", "", "", f"{errors.forecast:,.1f}", "", held, *cells, style="bold")
        screen.print(table)
    screen.print(Text(found.verdict()))
