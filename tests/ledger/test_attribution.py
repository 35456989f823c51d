"""Every penny of a whole simulated year, taken apart: by commitment, by month, by step, and put together again."""

from collections import defaultdict
from datetime import date
from typing import Any

from ledger.domain.commitments import fold
from ledger.domain.schedules import Context, Kind, schedule
from ledger.domain.words import explain, steps
from tests.cases import Json, read
from tests.ledger.asking import Asking
from tests.ledger.conftest import Year

FIGURES = ("committed_pence", "spent_pence", "provisional_pence", "contingent_pence")


def test_every_penny_of_a_simulated_year_is_attributed(year: Year) -> None:
    ask = Asking(year.books)
    halfway = year.books.value("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY recorded_at) FROM postings")
    then, now = ask("/positions", known_at=halfway), ask("/positions")
    for position in (then, now):
        each_line_is_its_commitments(ask, position)
        months_sum_to_the_position(ask, position)
    what_moved_is_the_difference(ask, then, now)
    over_payments_are_what_the_position_leaves_out(ask, year.events)


def each_line_is_its_commitments(ask: Asking, position: Any) -> None:
    for line in position["lines"]:
        query = {"line": line["provision"], "known_at": position["known_at"]}
        shares = ask.pages("/commitments", "commitments", limit=700, **query)
        total = ask("/commitments", limit=1, **query)["total"]
        assert total.pop("commitments") == len(shares) == len({share["commitment_id"] for share in shares})
        for figure in FIGURES:
            assert sum(share[figure] for share in shares) == line[figure] == total[figure], line["provision"]


def months_sum_to_the_position(ask: Asking, position: Any) -> None:
    profile = ask("/profile", known_at=position["known_at"])
    assert profile["months"][0] == "2025-04"
    assert profile["months"][-1] == "2026-03"
    months = {line["provision"]: line for line in profile["lines"]} | {"total": profile["total"]}
    for line in [*position["lines"], {"provision": "total", **position["total"]}]:
        found = months.get(line["provision"], {"due_pence": [], "paid_pence": []})
        assert sum(found["due_pence"]) == line["committed_pence"] + line["spent_pence"]
        assert sum(found["paid_pence"]) == line["spent_pence"]


def what_moved_is_the_difference(ask: Asking, before: Any, after: Any) -> None:
    changes = ask("/positions/changes", since=before["known_at"], to=after["known_at"], most=10_000)
    moved = {line["provision"]: line for line in changes["lines"]}
    lines = {line["provision"]: line for line in before["lines"]}
    for line in after["lines"]:
        of_line = moved.get(line["provision"], {"commitments": [], "budgets": []})
        parts = [*of_line["commitments"], *of_line["budgets"]]
        for figure in (*FIGURES, "budget_pence", "headroom_pence", "full_year_effect_pence"):
            change = line[figure] - lines.get(line["provision"], {}).get(figure, 0)
            assert change == sum(part[figure] for part in parts) == of_line.get(figure, 0)
            assert change == sum(event[figure] for part in parts for event in part["events"])
    for figure, pence in after["total"].items():
        assert changes["total"][figure] == pence - before["total"][figure]


def over_payments_are_what_the_position_leaves_out(ask: Asking, events: list[Json]) -> None:
    found = ask("/exceptions", on="2026-04-30")
    gone = {(e["data"]["withdrawn_source"], e["data"]["withdrawn_id"]) for e in events if "withdrawn" in e["type"]}
    paid = {
        event["data"]["payment_id"]: event["data"]["amount_pence"]
        for event in events
        if event["type"] == "hnb.payment-made.v1" and (event["source"], event["id"]) not in gone
    }
    spent = sum(line["spent_pence"] for line in ask("/positions")["lines"])
    beyond = sum(found["kinds"][kind]["amount_pence"] for kind in ("over-paid", "no-commitment"))
    assert sum(paid.values()) == spent + beyond


def test_the_steps_of_every_explanation_sum_to_the_schedule(year: Year) -> None:
    facts: dict[str, list[Json]] = defaultdict(list)
    names = ("placement_id", "grant_id", "contract_id", "commitment_id", "appeal_id")
    for event in {event["id"]: event for event in year.events}.values():
        for id in [event["data"][name] for name in names if name in event["data"]][:1]:
            if event["type"] != "hnb.mediation-held.v1":
                facts[id].append(event)
    assert len(facts) > 5_000
    for id, heard in facts.items():
        folded = fold(read(*heard))
        context = Context(date(2030, 3, 31), defaultdict(lambda: 3_350_000), {})
        stands, said = defaultdict[Any, int](int), defaultdict[Any, int](int)
        for cell, amount in schedule(folded, context).items():
            stands[cell.year, cell.line, cell.kind in (Kind.PAYMENT, Kind.EXPOSURE) and cell.kind] += amount.pence
        for step in steps(folded, context):
            said[step.year, step.line, step.kind in (Kind.PAYMENT, Kind.EXPOSURE) and step.kind] += step.pence
        assert {key: pence for key, pence in said.items() if pence} == stands, id
        assert {step.words for step in steps(folded, context)} <= set(explain(folded, context))
