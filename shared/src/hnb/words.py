"""How figures, days and lines are written on pages and in documents."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hnb.calendar import year_label
from hnb.money import divide_half_up, pounds
from hnb.provisions import LINES, Provision

LONDON = ZoneInfo("Europe/London")


def whole_pounds(pence: int) -> str:
    """`£1,235`, halves upwards."""
    return pounds(divide_half_up(pence, 100) * 100).removesuffix(".00")


def millions(pence: int) -> str:
    """`£88.60m`, and `−£22.20m` below nought."""
    hundredths = divide_half_up(pence, 1_000_000)
    return f"{pounds(hundredths)}m"


def percent(part: int, whole: int) -> str:
    """A share with one decimal, `8.7%`; a dash where there is nothing to take it of."""
    return f"{divide_half_up(part * 1_000, whole) / 10:.1f}%" if whole > 0 else "–"


def day(given: date) -> str:
    """`3 November 2025`."""
    return f"{given.day} {given:%B %Y}"


def moment(given: datetime) -> str:
    """`3 November 2025 at 9:05am`, by the clock in England."""
    there = given.astimezone(LONDON)
    return f"{day(there)} at {there.hour % 12 or 12}:{there:%M}{'am' if there.hour < 12 else 'pm'}"


def until(given: datetime) -> str:
    """A moment that something lasts until: where that is midnight, `the end of 2 November 2025`."""
    there = given.astimezone(LONDON)
    return moment(given) if there.time() > time() else f"the end of {day(there.date() - timedelta(days=1))}"


def title(line: str) -> str:
    """A provision line by its title."""
    return LINES[Provision(line)].title


def event(type: str) -> str:
    """An event's type as people read it: `Placement made`."""
    return type.removeprefix("hnb.").rpartition(".")[0].replace("-", " ").capitalize()


FILTERS: dict[str, Callable[..., Any]] = {
    "pounds": pounds, "whole_pounds": whole_pounds, "millions": millions, "percent": percent,
    "day": day, "moment": moment, "until": until, "year": year_label, "line": title, "event": event,
}  # fmt: skip
