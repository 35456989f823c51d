"""Conditions in words: what holds, of what, and how much."""

from datetime import datetime
from zoneinfo import ZoneInfo

from alerts.domain.evidence import ConditionEvidence
from alerts.domain.line_words import Rows, title_of
from hnb.calendar import year_label
from hnb.money import pounds

LONDON = ZoneInfo("Europe/London")

# What holds, as half a sentence. One that a newer owner says, and we do not know yet, goes by its own name.
_TITLES = {
    "placement-unpriced": "a placement without a price",
    "placement-cost": "a placement that costs much",
    "placement-after-plan-ceased": "a placement live though its plan has ceased",
    "overlap": "placements of one child that share days",
    "uplift": "an uplift",
    "paid-apart": "payments apart from what was due",
    "independents-net": "more independent placements started than ended within a month",
    "appeal-lodged": "an appeal lodged",
    "clock-decision": "a request without a decision",
    "clock-plan": "a request without a final plan",
    "tribunal-order-overdue": "something a tribunal ordered is overdue",
    "occupancy-high": "a setting nearly full, or over",
    "occupancy-low": "a setting with many places free",
    "feed-silent": "a feed gone silent",
    "forecast-reserve": "the forecast reserve",
    "forecast-outturn": "the forecast outturn",
}


def headline(scope: str, evidence: ConditionEvidence) -> str:
    """What holds, how much, and of what."""
    amount = f", {_said(evidence.value, evidence.unit)}" if evidence.value is not None and evidence.active else ""
    if evidence.threshold is not None:
        return f"{_title(evidence.condition)}{amount}, {_mark(evidence)}"
    return f"{_title(evidence.condition)}{amount}: {scope}"


def what(scope: str, evidence: ConditionEvidence) -> str:
    """The same as a sentence, with since when."""
    if evidence.threshold is not None:
        return _against(evidence)
    begins = "since" if evidence.active else "until"
    line = f" on {title_of(evidence.provision)}" if evidence.provision else ""
    title = _title(evidence.condition)
    return f"{title[0].upper()}{title[1:]}{line}: {scope}, {begins} {_day(evidence.since)}."


def figures(evidence: ConditionEvidence) -> Rows:
    """The value, and the figures beside it."""
    rows = [
        (figure.name.replace("-", " ").capitalize(), _said(figure.value, figure.unit)) for figure in evidence.figures
    ]
    if evidence.value is not None:
        rows.insert(0, ("How much", _said(evidence.value, evidence.unit)))
    if evidence.threshold is not None:
        rows.append((_mark(evidence).split(" ")[0].capitalize(), _said(evidence.threshold, evidence.unit)))
    if evidence.source:
        rows.append(("Set by", evidence.source))
    return tuple(rows)


def _mark(evidence: ConditionEvidence) -> str:
    """What it was judged by."""
    assert evidence.threshold is not None
    name = "planned" if evidence.condition == "forecast-reserve" else "threshold"
    return f"{name} {_said(evidence.threshold, evidence.unit)}"


def _against(evidence: ConditionEvidence) -> str:
    """A forecast beside what it was judged by."""
    title = _title(evidence.condition)
    what = f"{title[0].upper()}{title[1:]} of {year_label(evidence.year)}"
    if evidence.value is None:
        return f"{what} is not forecast any more."
    figures = {figure.name: _said(figure.value, figure.unit) for figure in evidence.figures}
    between = (
        f" ({figures['p10']} to {figures['p90']} in eight of ten futures)" if {"p10", "p90"} <= set(figures) else ""
    )
    return f"{what} is {_said(evidence.value, evidence.unit)} in the middle{between}; {_mark(evidence)}."


def _title(condition: str) -> str:
    return _TITLES.get(condition, condition.replace("-", " "))


def _said(value: int, unit: str | None) -> str:
    match unit:
        case "pence":
            return pounds(value)
        case "permille":
            return f"{value / 10:.1f}%"
        case "percent":
            return f"{value}%"
        case _:
            return f"{value:,} {(unit or '').replace('-', ' ')}".rstrip()


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(LONDON):%-d %B %Y}"
