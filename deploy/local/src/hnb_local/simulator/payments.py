"""Payment runs: what finance pays of each commitment in the year, never more than it costs."""

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from hnb_local.simulator.leicester import FIRST_DAY, LAST_DAY, YEAR
from hnb_local.simulator.pen import FINANCE, Event, Pen, moment
from hnb_local.simulator.prices import Charged, standing

# Fridays a commitment may be paid on, by half of the year, and how many in a hundred are paid at all in each.
_RUNS = [(date(2025, 9, 12), 14, 78), (date(2026, 1, 16), 10, 74)]


def write_payments(pen: Pen, random: Random, charged: dict[str, Charged]) -> list[Event]:
    """Says up to two payments for each commitment that costs anything; returns what was said."""
    said: list[Event] = []
    firsts, lasts = _days(standing(pen.events))
    for id, charge in charged.items():
        if charge.pence <= 0:
            continue
        first, last = max(firsts[id], FIRST_DAY), min(lasts.get(id, LAST_DAY), LAST_DAY)
        paid = 0
        for start, weeks, share in _RUNS:
            friday = start + timedelta(weeks=random.randrange(weeks))
            due = charge.pence * ((min(friday, last) - first).days + 1) // ((last - first).days + 1)
            if friday <= first or due <= paid or random.randrange(100) >= share:
                continue
            data = {
                "payment_id": pen.reference("PAY"), "commitment_id": id, "financial_year": YEAR,
                "paid_on": friday.isoformat(), "amount_pence": due - paid,
            }  # fmt: skip
            said.append(pen.say("payment-made", moment(random, friday), data, source=FINANCE))
            paid = due
    return said


def spent_by_line(events: Iterable[Event], charged: dict[str, Charged]) -> dict[str, int]:
    """Pence paid by line, once what was withdrawn is taken away."""
    lines = dict.fromkeys({charge.line for charge in charged.values()}, 0)
    for event in standing(events):
        if event["type"] == "hnb.payment-made.v1":
            lines[charged[event["data"]["commitment_id"]].line] += event["data"]["amount_pence"]
    return lines


def _days(events: Iterable[Event]) -> tuple[dict[str, date], dict[str, date]]:
    """The first and last day of every commitment, where one is said; corrections never move these here."""
    firsts: dict[str, date] = {}
    lasts: dict[str, date] = {}
    for event in events:
        data = event["data"]
        ids = [data[name] for name in ("placement_id", "grant_id", "contract_id") if name in data]
        if not ids or event["type"] == "hnb.contribution-agreed.v1":
            continue
        if "start_date" in data:
            firsts[ids[0]] = date.fromisoformat(data["start_date"])
        if data.get("end_date"):
            lasts[ids[0]] = date.fromisoformat(data["end_date"])
    return firsts, lasts
