"""A return says the same in both forms, whatever is in it, and takes the same memory whatever its size."""

import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import date
from itertools import islice, repeat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hnb_local.sen2.made_up import upn
from hnb_local.sen2.records import (
    ActivePlan,
    Assessment,
    NamedPlan,
    Need,
    Person,
    Placement,
    Request,
    Setting,
)
from hnb_local.sen2.schema import CEASE_REASONS, NEED_CODES, SETTING_CODES
from tests.local.sen2_returns import FORMS, HERE, child, placed, read_all, requested, written

DAYS = st.dates(date(1990, 1, 1), date(2100, 3, 31))
SOME_DAY = st.none() | DAYS
FLAGS = st.none() | st.booleans()
# Any text a file can hold, with white space as it is read: names are compared without regard to it.
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), max_size=30).map(
    lambda text: " ".join(text.split())
)
WORDS = TEXT.filter(bool)


def digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def in_order(draw: st.DrawFn, first: st.SearchStrategy[date | None] = DAYS) -> tuple[date | None, date | None]:
    """Two days of which the second, where there is one, is not before the first."""
    one, other = draw(first), draw(SOME_DAY)
    return (other, one) if one and other and other < one else (one, other)


@st.composite
def a_setting(draw: st.DrawFn) -> Setting:
    urn, ukprn, code = draw(
        st.tuples(digits(6), st.none() | digits(8), st.none())
        | st.tuples(st.none(), digits(8), st.none())
        | st.tuples(st.none(), st.none(), st.sampled_from(sorted(SETTING_CODES)))
    )
    rank = draw(st.none() | st.integers(1, 99))
    return Setting(urn, ukprn, code, draw(st.none() | WORDS), rank, draw(st.booleans()), draw(st.booleans()))


@st.composite
def a_placement(draw: st.DrawFn) -> Placement:
    entry, leaving = draw(in_order(SOME_DAY))
    return Placement(HERE, draw(a_setting()), entry, leaving, draw(FLAGS))


@st.composite
def an_assessment(draw: st.DrawFn) -> Assessment:
    start, cease = draw(in_order())
    reason = draw(st.sampled_from(CEASE_REASONS)) if cease else None
    named = tuple(draw(st.lists(a_setting(), max_size=2, unique=True)))
    plan = NamedPlan(HERE, start, cease, reason, draw(FLAGS), named) if start else None
    outcome = draw(st.sampled_from("YNAWH"))
    day = draw(DAYS) if outcome in "YN" else draw(SOME_DAY)
    return Assessment(HERE, outcome, day, draw(FLAGS), draw(st.none() | st.just(plan)))


@st.composite
def an_active_plan(draw: st.DrawFn) -> ActivePlan:
    placements = tuple(draw(st.lists(a_placement(), max_size=3, unique=True)))
    codes = draw(st.lists(st.sampled_from(sorted(NEED_CODES)), max_size=3))
    needs = tuple(Need(code, rank) for rank, code in enumerate(codes, 1))
    transferred = draw(st.none() | digits(3))
    return ActivePlan(HERE, placements, needs, draw(SOME_DAY), draw(SOME_DAY), draw(SOME_DAY), transferred)


@st.composite
def a_request(draw: st.DrawFn) -> Request:
    received, decided = draw(in_order(SOME_DAY))
    outcome = draw(st.sampled_from("YNAWH" if decided else "AWH"))
    return Request(
        HERE, received, outcome, decided, draw(st.none() | an_assessment()), draw(st.none() | an_active_plan())
    )


@st.composite
def a_person(draw: st.DrawFn) -> Person:
    number = draw(st.none() | st.integers(0, 10**9 - 1))
    known = number is not None
    return Person(
        HERE,
        surname=draw(TEXT if known else WORDS),
        forename=draw(TEXT if known else WORDS),
        birth_date=draw(SOME_DAY if known else DAYS),
        upn=None if number is None else upn(number),
        unique_learner_number=draw(st.none() | digits(10)),
        postcode=draw(st.none() | WORDS),
        requests=tuple(draw(st.lists(a_request(), max_size=2, unique=True))),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(a_person(), max_size=4))
def test_who_is_written_in_either_form_is_read_again_the_same(persons: list[Person]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for form in FORMS:
            assert read_all(written(Path(folder), persons, form)) == persons


READING = """
import sys
from pathlib import Path
from hnb_local.sen2.reading import open_return
with open_return(Path(sys.argv[1])) as opened:
    count = sum(1 for person in opened.persons if not isinstance(person, tuple))
# Of this process alone: getrusage would give that of the one which started it, where that was larger.
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(count, peak.split()[1])
"""
FEW, MANY = 500, 10_000
MOST_GROWTH_MIB = 12  # the joined tables' pages in memory among it, 32 at the most; 10,000 persons kept would be 24


@pytest.mark.parametrize("form", FORMS)
def test_reading_takes_the_same_memory_for_twenty_times_as_many(tmp_path: Path, form: str) -> None:
    peaks = []
    for count in (FEW, MANY):
        path = written(tmp_path, repeat(child(), count), form, name=f"{count}")
        said = subprocess.run(
            [sys.executable, "-c", READING, str(path)], capture_output=True, text=True, check=True, timeout=120
        ).stdout.split()
        assert int(said[0]) == count
        peaks.append(int(said[1]) / 1024)
    assert peaks[1] - peaks[0] < MOST_GROWTH_MIB, peaks


def test_the_persons_come_one_by_one_and_in_the_files_order(tmp_path: Path) -> None:
    persons = [child(requested(placed(entry=date(2025, 1, day)))) for day in range(1, 29)]
    named = [replace(person, forename=f"Marigold {number}") for number, person in enumerate(persons)]
    for form in FORMS:
        path = written(tmp_path, named, form)
        assert read_all(path) == named
        assert list(islice(read_all(path), 3)) == named[:3]
