"""Appeals and mediations: lodged, paid for from the general fund, mostly concluded within the year."""

from datetime import date, timedelta
from random import Random

from hnb_local.simulator.costs import draft_annual, yearly
from hnb_local.simulator.leicester import FIRST_DAY, LAST_DAY
from hnb_local.simulator.pen import Event, Pen, day_between, moment
from hnb_local.simulator.plans import Child, carried_in

APPEALS = 88  # registered in 2025, as published
MEDIATIONS = 120
_WITHOUT_HEARING_PENCE, _WITH_HEARING_PENCE = 433_100, 605_600
_DECIDED = ("upheld", "part-upheld", "dismissed")  # by the tribunal; what else ends an appeal needs no hearing
_POSTS = 4
_APPEAL_TYPES = {"contents": 82, "cease-to-maintain": 3, "refusal-to-issue": 2, "refusal-to-assess": 1}
_OUTCOMES = {"upheld": 22, "part-upheld": 18, "conceded": 30, "withdrawn": 18, "mediated": 8, "dismissed": 4}
_KINDS = {"officer": 5, "legal": 4, "consultant": 2, "expert-witness": 2, "other": 1}
_CAUSES = ["no local specialist place", "late plan", "provision not specified", "therapy not secured", "phase transfer"]


def write_disputes(pen: Pen, random: Random, children: list[Child]) -> None:
    """Says every mediation and appeal of the year."""
    settled = [child for child in children if carried_in(child) and child.leaves_on is None]
    for child in random.sample(settled, APPEALS):
        _appeal(pen, random, child)
    for child in random.sample(settled, MEDIATIONS):
        held = day_between(random, date(2025, 4, 7), date(2026, 3, 27))
        outcome = random.choices(["resolved", "part-resolved", "unresolved"], [6, 2, 2])[0]
        data = {
            "mediation_id": pen.reference("MED"), "child_ref": child.child_ref, "held_on": held.isoformat(),
            "outcome": outcome,
        }  # fmt: skip
        pen.say("mediation-held", moment(random, held), data)


def _appeal(pen: Pen, random: Random, child: Child) -> None:
    lodged_on = day_between(random, FIRST_DAY, date(2026, 3, 20))
    kind = random.choices(list(_APPEAL_TYPES), list(_APPEAL_TYPES.values()))[0]
    seeks = kind == "contents" and child.row in ("mainstream", "special") and random.random() < 0.6
    sought = {
        "provision": "independent", "cost": yearly(draft_annual(random, "independent")),
        "start_date": (lodged_on + timedelta(days=120)).isoformat(),
    }  # fmt: skip
    appeal_id = pen.reference("AP")
    data = {
        "appeal_id": appeal_id, "child_ref": child.child_ref, "plan_id": child.plan_id, "appeal_type": kind,
        "sections": random.choice([["I"], ["B", "F"], ["B", "F", "I"]]) if kind == "contents" else None,
        "lodged_on": lodged_on.isoformat(), "mediation_certificate": random.random() < 0.9,
        "expected_cost_pence": random.choice((_WITHOUT_HEARING_PENCE, _WITH_HEARING_PENCE)),
        "officer_ref": f"SEND-{int(appeal_id[-5:]) % _POSTS + 1}", "sought": sought if seeks else None,
    }  # fmt: skip
    lodged = pen.say("tribunal-lodged", moment(random, lodged_on), data)
    _pursue(pen, random, lodged, lodged_on)


def _pursue(pen: Pen, random: Random, lodged: Event, lodged_on: date) -> None:
    appeal_id = lodged["data"]["appeal_id"]
    concluded_on = lodged_on + timedelta(days=random.randrange(60, 200))
    for _ in range(random.randrange(1, 4)):
        incurred_on = day_between(random, lodged_on, min(concluded_on, LAST_DAY))
        cost = {
            "appeal_id": appeal_id, "cost_id": pen.reference("TC"), "incurred_on": incurred_on.isoformat(),
            "kind": random.choices(list(_KINDS), list(_KINDS.values()))[0],
            "amount_pence": round(random.lognormvariate(11.6, 0.5)),
        }  # fmt: skip
        if cost["kind"] == "consultant":
            cost |= {"supplier_ref": f"SUP-{random.randrange(1, 9):02d}", "criteria_met": random.random() < 0.8}
        pen.say("tribunal-cost-incurred", moment(random, incurred_on), cost)
    if concluded_on <= LAST_DAY:
        outcome = random.choices(list(_OUTCOMES), list(_OUTCOMES.values()))[0]
        conclusion = {
            "appeal_id": appeal_id, "concluded_on": concluded_on.isoformat(), "outcome": outcome,
            "root_cause": random.choice(_CAUSES),
            "hearing": outcome in _DECIDED and lodged["data"]["expected_cost_pence"] == _WITH_HEARING_PENCE,
        }  # fmt: skip
        pen.say("tribunal-concluded", moment(random, concluded_on), conclusion)
