"""Made-up populations: Leicester's mix in any size, the same children in each year's return, and the truth of both."""

import csv
import json
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from hnb.events import CASE_EVENTS, read_event
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2.census import reference_date
from hnb_local.sen2.fields import upn_letter
from hnb_local.sen2.making import simulate_sen2
from hnb_local.sen2.population import Population, events_of_truth, settings_of_truth, tariff_rows
from hnb_local.sen2.records import ActivePlan, Person
from hnb_local.sen2.whereabouts import MIX, NOWHERE_CODES
from tests.local.sen2_returns import read_all

HNB = str(Path(sys.executable).with_name("hnb"))
SMALL = Population(people=400, seed=7)


def active_plans(population: Population, year: int) -> Iterator[ActivePlan]:
    for person in population.persons(year):
        yield from (request.active_plan for request in person.requests if request.active_plan)


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event["data"] for event in events if event["type"] == f"hnb.{kind}.v1"]


def test_the_usual_population_has_leicesters_plans_by_provision() -> None:
    population = Population()
    rows: Counter[str] = Counter()
    for life in islice(population.lives, population.people):
        rows[next(stay.row for stay in reversed(life.stays) if stay.rank == 1)] += 1
    assert rows == MIX
    assert sum(1 for _ in active_plans(population, 2026)) == 4_175


@pytest.mark.parametrize("people", [1, 2, 10, 999, 4_175])
def test_any_size_has_as_many_plans_in_force_as_it_was_asked_for(people: int) -> None:
    assert sum(1 for _ in active_plans(Population(people=people), 2026)) == people


def test_a_seed_gives_the_same_children_again_and_another_gives_others() -> None:
    assert list(SMALL.persons(2026)) == list(Population(people=400, seed=7).persons(2026))
    assert not set(SMALL.persons(2026)) & set(Population(people=400, seed=8).persons(2026))


def test_a_child_is_made_of_its_number_alone() -> None:
    assert [SMALL.lives.life(number) for number in (399, 0, 17)] == [
        life for number in (399, 0, 17) for life in islice(SMALL.lives, number, number + 1)
    ]


def test_no_two_children_have_a_upn_or_a_name_and_birthday_in_common_and_every_upn_checks() -> None:
    persons = list(SMALL.persons(2026))
    upns = [person.upn for person in persons if person.upn]
    assert len(set(upns)) == len(upns) > 0.9 * len(persons)
    assert all(upn_letter(upn[1:]) == upn[0] and upn[1:4] == "998" for upn in upns)
    assert len({(p.surname, p.forename, p.birth_date) for p in persons}) == len(persons)
    assert all(person.postcode and person.postcode.startswith("ZZ") for person in persons)


def test_last_years_return_is_of_the_same_children_a_year_younger_in_what_is_known() -> None:
    last, this = ({p.upn: p for p in SMALL.persons(year) if p.upn} for year in (2025, 2026))
    both = [(last[upn], this[upn]) for upn in last if upn in this]
    assert len(both) > 300
    ceased = moved = 0
    for before, now in both:
        assert (before.surname, before.birth_date) == (now.surname, now.birth_date)
        plan_before, plan_now = (_plan(person) for person in (before, now))
        if plan_before and plan_now:
            assert plan_before.start_date == plan_now.start_date
            ceased += plan_before.cease_date is None and plan_now.cease_date is not None
        moved += any(placement.leaving_date and placement.leaving_date > reference_date(2025) for placement in
                     _placements(now))  # fmt: skip
    assert ceased > 20
    assert moved > 40


def test_no_return_tells_of_a_day_after_its_census_or_a_plan_that_ceased_before_its_year() -> None:
    for year in SMALL.census_years:
        on = reference_date(year)
        for person in SMALL.persons(year):
            plan = _plan(person)
            days = [day for placement in _placements(person) for day in (placement.entry_date, placement.leaving_date)]
            days += [plan.start_date, plan.cease_date] if plan else []
            assert all(day <= on for day in days if day)
            assert not (plan and plan.cease_date and plan.cease_date < date(year - 1, 1, 1))


@pytest.mark.parametrize(("since", "priced"), [(None, False), (2025, False), (2025, True)])
def test_the_truth_is_events_of_the_contract_each_with_an_id_of_its_own(since: int | None, priced: bool) -> None:
    events = list(events_of_truth(SMALL, 2026, since=since, priced=priced))
    for event in events:
        read_event(event, known=CASE_EVENTS, strict=True)
    assert len({event["id"] for event in events}) == len(events)
    assert {event["type"] for event in events} >= {"hnb.placement-ended.v1", "hnb.ehcp-ceased.v1"}


def test_the_truth_of_a_year_is_what_its_return_says() -> None:
    events = list(events_of_truth(SMALL, 2026))
    persons = list(SMALL.persons(2026))
    paid = [(placement.setting, placement.entry_date) for plan in active_plans(SMALL, 2026)
            for placement in plan.placements if placement.setting.code not in NOWHERE_CODES]  # fmt: skip
    urns = {data["setting_id"]: data["urn"] for data in of_kind(events, "setting-registered")}
    made = of_kind(events, "placement-made")
    assert Counter((urns[data["setting_id"]], data["start_date"]) for data in made) == Counter(
        (setting.urn or setting.ukprn or setting.code, str(entry)) for setting, entry in paid
    )
    in_units = sum(setting.sen_unit or setting.resourced_provision for setting, _ in paid)
    assert sum(data["provision"] == "resourced-provision" for data in made) == in_units > 0
    plans = [plan for person in persons if (plan := _plan(person))]
    assert Counter(data["issued_on"] for data in of_kind(events, "ehcp-issued")) == Counter(
        str(plan.start_date) for plan in plans
    )
    assert Counter((data["ceased_on"], data["reason"]) for data in of_kind(events, "ehcp-ceased")) == Counter(
        (str(plan.cease_date), plan.cease_reason) for plan in plans if plan.cease_date
    )
    left = [placement.leaving_date for plan in active_plans(SMALL, 2026) for placement in plan.placements
            if placement.leaving_date]  # fmt: skip
    assert Counter(data["end_date"] for data in of_kind(events, "placement-ended")) == Counter(map(str, left))


def test_what_last_years_return_told_ends_when_this_years_says_the_plan_ceased() -> None:
    this, both = (list(events_of_truth(SMALL, 2026, since=since)) for since in (2026, 2025))
    seen_last_year = {placement["placement_id"] for placement in of_kind(both, "placement-made")} - {
        placement["placement_id"] for placement in of_kind(this, "placement-made")
    }
    ends = {ended["placement_id"] for ended in of_kind(both, "placement-ended")}
    assert len(seen_last_year) > 20
    assert seen_last_year <= ends


def test_prices_are_the_tariffs_from_the_start_and_from_every_september() -> None:
    events = list(events_of_truth(SMALL, 2026, priced=True))
    tariff = {(row["setting_id"], row["provision"], int(row["academic_year"])): row for row in tariff_rows(SMALL)}
    made = {data["placement_id"]: data for data in of_kind(events, "placement-made")}
    prices = [(data, data["start_date"], data["cost"]) for data in made.values() if data["cost"]]
    prices += [(made[data["placement_id"]], data["effective_on"], data["cost"]) for data in
               of_kind(events, "placement-repriced")]  # fmt: skip
    assert len(prices) > len(made)
    for data, day, cost in prices:
        school_year = int(day[:4]) if day[5:] >= "09-01" else int(day[:4]) - 1
        own = tariff.get((data["setting_id"], data["provision"], school_year))
        row = own or tariff[("", data["provision"], school_year)]
        assert f"{cost['amount_pence'] / 100:.2f}" == row["amount"]
        assert cost["per"] == row["per"]
    unpriced = [data for data in made.values() if data["cost"] is None]
    assert all(data["start_date"] < f"{SMALL.academic_years.start}-09-01" for data in unpriced)


def test_a_population_is_made_up_in_the_same_memory_whatever_its_size() -> None:
    peaks = []
    for people in (200, 2_000):
        population = Population(people=people)
        _ = population.settings  # a list of schools, which does grow, by a few kilobytes for a council
        tracemalloc.start()
        for _person in population.persons(2026):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 100_000


def _plan(person: Person) -> Any:
    return next((r.assessment.plan for r in person.requests if r.assessment and r.assessment.plan), None)


def _placements(person: Person) -> list[Any]:
    return [placement for r in person.requests if r.active_plan for placement in r.active_plan.placements]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HNB, "simulate", "sen2", *options], capture_output=True, text=True, timeout=60, check=False)


def test_the_command_writes_a_return_its_settings_its_tariff_and_its_truth(tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("out.xml", "tariff.csv", "settings.jsonl", "truth.jsonl")}
    done = run("--people", "50", "--seed", "3", "--out", files["out.xml"], "--tariff", files["tariff.csv"],
               "--settings", files["settings.jsonl"], "--truth", files["truth.jsonl"])  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    population = Population(people=50, seed=3)
    assert read_all(tmp_path / "out.xml") == list(population.persons(2026))
    with open(files["tariff.csv"], encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == tariff_rows(population)
    for name, events in [("settings", settings_of_truth(population)), ("truth", events_of_truth(population, 2026))]:
        lines = (tmp_path / f"{name}.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == list(events)


def test_both_forms_of_last_years_return_are_of_the_same_children(tmp_path: Path) -> None:
    for form, name in (("xml", "2025.xml"), ("blade", "2025")):
        simulate_sen2(people=40, form=form, year=2025, out=tmp_path / name)
    assert read_all(tmp_path / "2025.xml") == read_all(tmp_path / "2025") == list(Population(40).persons(2025))


def test_a_dry_run_says_how_many_and_where_and_writes_nothing(tmp_path: Path) -> None:
    done = run("--dry-run", "--out", str(tmp_path / "out.xml"))
    assert "    4,175  plans in force" in done.stdout
    assert "      405  plans ceased" in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_not_written_over_as_it_may_be_real(tmp_path: Path) -> None:
    real = tmp_path / "real.xml"
    real.write_text("real")
    done = run("--people", "3", "--out", str(real))
    assert (done.returncode, done.stderr.strip()) == (WRONG_USE, f"{real} is there already: name another.")
    assert real.read_text() == "real"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({}, "Give --out, or --dry-run."),
        ({"people": 0}, "--people is from 1 to 10,000,000."),
        ({"form": "csv"}, "--form is xml or blade."),
        ({"years": 0}, "--years is from 1 to 8."),
        ({"lea": "E06"}, "--lea is three digits."),
        ({"authority": "E06000023"}, "--lea 856 is Leicester's: say that of the council --authority names."),
        ({"year": 2024, "dry_run": True}, "--year is from 2025 to 2026."),
        (
            {"people": 1, "out": Path("/nowhere/out.xml")},
            "/nowhere/out.xml cannot be written: No such file or directory.",
        ),
    ],
)
def test_every_wrong_option_has_its_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CommandFailed) as failure:
        simulate_sen2(**options)
    assert (str(failure.value), failure.value.status) == (sentence, WRONG_USE)
