"""What a return changes about one child: moves, ends, new numbers, identities, and what is left out."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hnb_local.sen2.facts import told, year_group
from hnb_local.sen2.pseudonym import identity_in
from hnb_local.sen2.records import Assessment, Person, Placement, Request
from hnb_local.sen2.saying import Difference
from hnb_local.sen2.settings_known import PLACELESS, KnownSettings
from tests.local.returns import KEY, PlainRegister
from tests.local.sen2_returns import ASHFIELD, ELLESMERE, HERE, at, child, placed, requested

LAST_YEAR, THIS_YEAR, NEXT_YEAR = date(2025, 1, 16), date(2026, 1, 15), date(2027, 1, 21)
NEW_ACADEMY, COLLEGE = "148000", "10001000"
KNOWN = KnownSettings(
    [
        {"setting_id": "ELLESMERE", "provision": "mainstream", "urn": ELLESMERE},
        {"setting_id": "ASH-FIELD", "provision": "special", "urn": ASHFIELD},
        {"setting_id": "ELLESMERE-ACADEMY", "provision": "mainstream", "urn": NEW_ACADEMY},
        {"setting_id": "COLLEGE", "provision": "post-16", "urn": COLLEGE},
    ]
)


@pytest.fixture
def register() -> PlainRegister:
    return PlainRegister()


def take(register: PlainRegister, person: Person, on: date = THIS_YEAR) -> Difference:
    said, _ = told(person, KNOWN)
    return register.import_child(said, KEY.child_ref(KEY.identity(person)), on)


def said(difference: Difference) -> Counter[str]:
    return Counter(event["type"][4:-3] for event in difference.events)


def placements(register: PlainRegister) -> dict[str, tuple[str, str, str | None]]:
    """By setting: the line, the first day and the last."""
    data: dict[str, list[dict[str, Any]]] = {"placement-made": [], "placement-ended": []}
    for event in register.standing():
        data.get(event.type[4:-3], []).append(event.data.model_dump(mode="json"))
    ends = {one["placement_id"]: one["end_date"] for one in data["placement-ended"]}
    return {
        one["setting_id"]: (one["provision"], one["start_date"], ends.get(one["placement_id"]))
        for one in data["placement-made"]
    }


def test_a_child_with_a_plan_and_a_place_is_a_request_a_plan_and_a_placement(register: PlainRegister) -> None:
    first = take(register, child())
    assert said(first) == {"assessment-requested": 1, "ehcp-issued": 1, "placement-made": 1}
    plan = next(event["data"] for event in first.events if "issued" in event["type"])
    assert (plan["issued_on"], plan["primary_need"], plan["year_group"]) == ("2024-04-15", "ASD", 7)
    assert plan["request_id"] == first.events[0]["data"]["request_id"]
    made = first.events[-1]["data"]
    assert (made["cost"], made["plan_id"], made["setting_id"]) == (None, plan["plan_id"], "ELLESMERE")
    assert not take(register, child()).events


def test_a_child_who_moved_leaves_one_school_and_starts_at_another(register: PlainRegister) -> None:
    take(register, child(), LAST_YEAR)
    there = [placed(leaving=date(2025, 7, 18)), placed(at(ASHFIELD), date(2025, 9, 1))]
    moved = take(register, child(requested(*there)))
    assert moved.moved
    assert said(moved) == {"placement-ended": 1, "placement-made": 1}
    assert placements(register)["ELLESMERE"] == ("mainstream", "2024-09-02", "2025-07-18")


def test_a_school_no_longer_listed_ends_the_day_before_the_next_one_starts(register: PlainRegister) -> None:
    take(register, child(), LAST_YEAR)
    moved = take(register, child(requested(placed(at(ASHFIELD), date(2025, 9, 1)))))
    assert moved.moved
    assert placements(register)["ELLESMERE"] == ("mainstream", "2024-09-02", "2025-08-31")


def test_a_placement_that_is_merely_absent_is_reported_and_never_ended(register: PlainRegister) -> None:
    both = child(requested(placed(), placed(at(ASHFIELD), date(2024, 9, 3), None)))
    take(register, both, LAST_YEAR)
    difference = take(register, child(requested(placed(at(ASHFIELD), date(2024, 9, 3)))))
    assert not difference.events
    (about,) = difference.absent
    assert about.startswith("placement/")


def test_a_school_that_became_an_academy_costs_no_year_twice(register: PlainRegister) -> None:
    take(register, child(), LAST_YEAR)
    take(register, child(requested(placed(at(NEW_ACADEMY)))))
    assert placements(register) == {
        "ELLESMERE": ("mainstream", "2024-09-02", "2024-09-01"),
        "ELLESMERE-ACADEMY": ("mainstream", "2024-09-02", None),
    }


def test_a_plan_that_ceased_ends_what_was_paid_under_it(register: PlainRegister) -> None:
    take(register, child(), LAST_YEAR)
    ceased = take(register, child(requested(ceased=date(2025, 8, 31))))
    assert said(ceased) == {"ehcp-ceased": 1, "placement-ended": 1}
    assert placements(register)["ELLESMERE"][2] == "2025-08-31"
    assert not take(register, child(requested(ceased=date(2025, 8, 31)))).events
    assert not take(register, child(), LAST_YEAR).events


def test_an_end_that_was_wrong_is_taken_back(register: PlainRegister) -> None:
    take(register, child(requested(placed(leaving=date(2024, 12, 20)))), LAST_YEAR)
    back = take(register, child())
    assert said(back) == {"event-withdrawn": 1, "placement-made": 1}
    assert placements(register)["ELLESMERE"][2] is None
    assert not take(register, child(requested(placed(leaving=date(2024, 12, 20)))), LAST_YEAR).events


def test_of_two_exports_of_one_return_the_one_imported_last_counts(register: PlainRegister) -> None:
    take(register, child(requested(placed(leaving=date(2025, 12, 19)))))
    mended = child(requested(placed(leaving=date(2025, 12, 12)), needs=("SEMH",)))
    assert said(take(register, mended)) == {"ehcp-issued": 1, "placement-ended": 1, "event-withdrawn": 1}
    assert placements(register)["ELLESMERE"][2] == "2025-12-12"
    assert not take(register, mended).events


def test_what_a_return_cannot_know_stays_as_somebody_else_said_it(register: PlainRegister) -> None:
    made = take(register, child(), LAST_YEAR).events[-1]
    priced = {**made, "id": "priced", "source": "/finance", "time": "2025-02-01T09:00:00Z"}
    register.take([{**priced, "data": {**made["data"], "cost": {"amount_pence": 900_000, "per": "year"}}}])
    in_unit = take(register, child(requested(placed(at(unit=True)))))
    assert in_unit.events[-1]["data"]["provision"] == "resourced-provision"
    assert in_unit.events[-1]["data"]["cost"] == {"amount_pence": 900_000, "per": "year"}


def test_requests_are_decided_refused_withdrawn_or_end_without_a_plan(register: PlainRegister) -> None:
    day = date(2025, 3, 3)

    def asked(outcome: str | None, on: date | None, assessment: str | None = None) -> Request:
        after = Assessment(HERE, assessment, on, None, None) if assessment else None
        return Request(HERE, day, outcome, on, after, None)

    take(register, child(asked("A", None), upn="H801200001002"), LAST_YEAR)
    undecided = take(register, child(asked("Y", date(2025, 4, 7)), upn="H801200001002"))
    assert undecided.events[0]["data"]["outcome"] == "assess"
    for outcome, on, assessment, kind, result in (
        ("N", date(2025, 4, 7), None, "assessment-decided", "refuse"),
        ("W", None, None, "request-closed", "withdrawn"),
        ("Y", date(2025, 4, 7), "N", "request-closed", "no-plan"),
    ):
        one = PlainRegister()
        last = take(one, child(asked(outcome, on, assessment))).events[-1]
        assert (last["type"][4:-3], last["data"]["outcome"]) == (kind, result)
        assert not take(one, child(asked(outcome, on, assessment))).events


@pytest.mark.parametrize(
    ("code", "provision"),
    [("OLA", "otherwise"), ("EYP", "early-years"), *((code, None) for code in sorted(PLACELESS))],
)  # fmt: skip
def test_codes_without_a_place_are_placed_only_where_the_authority_pays(code: str, provision: str | None) -> None:
    one, faults = told(child(requested(placed(at(code=code)))), KNOWN)
    assert not faults
    assert [place.provision for place in one.placed] == ([provision] if provision else [])
    assert one.placeless == ([] if provision else [code])


def test_a_college_is_found_by_its_ukprn() -> None:
    college = replace(at(None), ukprn=COLLEGE)
    one, _ = told(child(requested(placed(college))), KNOWN)
    assert one.placed[0].setting_id == "COLLEGE"


def test_a_unit_is_told_from_the_school_that_shares_its_number() -> None:
    known = KnownSettings(
        [{"setting_id": "SCHOOL", "provision": "mainstream", "urn": ELLESMERE},
         {"setting_id": "UNIT", "provision": "resourced-provision", "urn": ELLESMERE}]
    )  # fmt: skip
    for unit, setting in ((False, "SCHOOL"), (True, "UNIT")):
        one, _ = told(child(requested(placed(at(unit=unit)))), known)
        assert one.placed[0].setting_id == setting


def without_entry(placement: Placement) -> Placement:
    return replace(placement, entry_date=None)


def test_what_is_wrong_is_left_out_and_the_rest_of_the_child_goes_in() -> None:
    person = child(requested(placed(at("999999")), without_entry(placed(at(ASHFIELD))), placed()))
    one, faults = told(person, KNOWN)
    assert [str(fault) for fault in faults] == [
        f"{HERE}, urn: is 999999, and no setting is registered with it: register it and import again",
        f"{HERE}, entrydate: is missing: the placement is left out",
    ]
    assert [place.setting_id for place in one.placed] == ["ELLESMERE"]
    assert one.planned
    assert not one.whole


def test_a_placement_left_out_ends_no_other(register: PlainRegister) -> None:
    take(register, child(), LAST_YEAR)
    assert not take(register, child(requested(placed(at("999999")), placed(at(ASHFIELD))))).absent
    assert placements(register)["ELLESMERE"][2] is None


@pytest.mark.parametrize(
    ("born", "on", "group"),
    [
        (date(2012, 8, 31), date(2024, 4, 15), 7), (date(2012, 9, 1), date(2024, 4, 15), 6),
        (date(2020, 8, 31), date(2024, 9, 1), 0), (date(2020, 8, 31), date(2024, 8, 31), -1),
        (date(2024, 1, 1), date(2024, 9, 2), -4), (date(1999, 1, 1), date(2024, 9, 2), 20),
        (None, date(2024, 9, 2), None),
    ],
)  # fmt: skip
def test_a_year_group_is_that_of_the_school_year(born: date | None, on: date, group: int | None) -> None:
    assert year_group(born, on) == group


def test_a_pseudonym_holds_both_hashes_and_shows_nobody() -> None:
    person = child()
    ref = KEY.child_ref(KEY.identity(person))
    found = identity_in(ref)
    assert found == (KEY.mark, KEY.identity(person))
    assert not any(str(part).lower() in ref for part in (person.surname, person.upn, person.birth_date))
    spelt_otherwise = child(surname="  thistle-wood", forename="MARIGOLD", upn="h801200001001 ")
    assert KEY.identity(spelt_otherwise) == KEY.identity(person)
    accented, plain = child(surname="Bartoš-O'Neill"), child(surname="BARTOS ONEILL")
    assert KEY.identity(accented) == KEY.identity(plain)
    twin = child(forename="Primrose", upn="H801200001002")
    assert KEY.identity(twin).name != KEY.identity(person).name


def test_an_exception_to_the_20_weeks_is_told_as_one_nobody_named(register: PlainRegister) -> None:
    request = requested(placed())
    assert request.assessment is not None
    excepted = replace(request, assessment=replace(request.assessment, week20=True))
    plan = next(event["data"] for event in take(register, child(excepted)).events if "issued" in event["type"])
    assert plan["exception"] == "unspecified"
