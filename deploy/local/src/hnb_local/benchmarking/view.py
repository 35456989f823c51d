"""An authority beside others, as tables on a terminal."""

from collections.abc import Iterator
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb_local.showing import add_row, money, plain_table


def benchmarks_view(answer: Any) -> Group:
    """Every rate with its median and England, then growth by caseload and price."""
    chosen = answer["comparators"]
    words = f"{answer['name']} beside {len(chosen['authorities'])} comparators ({chosen['chosen']})."
    return Group(Text(words), *(_rate(one) for one in answer["rates"]), *_growth(answer))


def _rate(one: Any) -> Table:
    when = year_label(one["year"]) if one["unit"] == "pence" else one["year"]
    table = plain_table(f"{one['title']}, {when}", "Council", "Place", "Rate")
    for place in sorted([one, *one["comparators"]], key=lambda place: (place["rank"] is None, place["rank"] or 0)):
        rank = f"{place['rank']} of {one['ranked']}" if place["rank"] else "–"
        add_row(table, place["name"], rank, _value(place["value"], one["unit"], place["why"]))
    add_row(table, "Median of comparators", "", _value(one["median"], one["unit"]))
    add_row(table, "England", "", _value(one["england"], one["unit"]))
    return table


def _value(value: Any, unit: str, why: str | None = None) -> Text:
    if value is None:
        return Text(why or "–")
    return money(value, whole=True) if unit == "pence" else Text(f"{value:,.2f}{'%' if unit == 'percent' else ''}")


def _growth(answer: Any) -> Iterator[Table]:
    if not answer["growth"]:
        return
    columns = ("Council", "Years", "Plans", "Growth", "Caseload", "Price", "Caseload's share")
    table = plain_table(f"Growth of high needs spending (Section 251 {answer['spending_basis']})", *columns)
    for one in answer["growth"]:
        share = one["caseload_percent"]
        add_row(
            table, one["name"], f"{year_label(one['from_year'])} to {year_label(one['to_year'])}",
            " to ".join(f"{plans:,}" for plans in one["plans"]), money(one["growth_pence"]),
            money(one["caseload_pence"]), money(one["price_pence"]), "–" if share is None else f"{share:.1f}%",
        )  # fmt: skip
    yield table
