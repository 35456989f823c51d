"""Made-up lives: what happens to a child from the request to the plan's end, a function of a seed and a number."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from random import Random

from hnb.calendar import ONE_DAY
from hnb_local.sen2 import made_up
from hnb_local.sen2.census import reference_date
from hnb_local.sen2.whereabouts import (
    NO_PLACEMENT,
    NOWHERE_CODES,
    PLANS,
    UNITS,
    MadeUpSetting,
    made_up_settings,
    row_of,
)

# Leicester's flows of 2024: plans ceased in the year, and requests that led to no plan in it.
_CEASED = 405
_ASKED = {"withdrawn": 298, "refused": 1, "undecided": 40, "assessing": 40, "not-issued": 14}
_SCATTER = 2_654_435_761  # a prime above any population: its multiples visit every place once, in no order one sees
_FIRST_PLANS = date(2014, 9, 1)  # when education, health and care plans began
_YEARS_WITH_A_PLAN = 5.0  # the mean, about
_NEEDS = {"ASD": 1122, "SEMH": 804, "SLCN": 798, "MLD": 453, "OTH": 271, "PD": 177, "HI": 71, "SLD": 64, "SPLD": 62,
          "VI": 44, "PMLD": 23, "MSI": 4, None: 164}  # fmt: skip
_CEASE_REASONS = {1: 30, 2: 25, 3: 5, 4: 10, 5: 16, 6: 8, 7: 2, 8: 1, 9: 3}
_AGES = {"early-years": (2, 4), "post-16": (16, 23), NO_PLACEMENT: (6, 22), "special": (4, 18), "alternative": (8, 15)}
_USUAL_AGES = (5, 16)
_CAME_FROM = {"special": "mainstream", UNITS: "mainstream", "independent": "special", "alternative": "mainstream",
              "post-16": "special", "otherwise": "mainstream", "mainstream": "mainstream"}  # fmt: skip
_MOVED, _TWO_PLACES, _TRANSFERRED, _WITHOUT_UPN, _EXCEPTED = 0.35, 0.01, 0.014, 0.03, 0.05


@dataclass(frozen=True, slots=True)
class Stay:
    """One child in one place: the row of the table it counts in, from a first to a last day where there is one."""

    row: str
    setting: MadeUpSetting | None
    code: str | None  # of those in no setting
    rank: int
    first: date
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """All that ever happens to one child, whatever a return of some year tells of it."""

    number: int
    surname: str
    forename: str
    birth_date: date
    upn: str | None
    learner_number: str | None
    postcode: str
    received: date | None = None  # not known of who came with a plan
    outcome: str | None = None  # Y, N or W, once decided
    decided: date | None = None
    assessed: str | None = None
    assessed_on: date | None = None
    excepted: bool = False
    issued: date | None = None
    moved_in: date | None = None
    ceased: date | None = None
    cease_reason: int | None = None
    residential: bool = False
    needs: tuple[str, ...] = ()
    stays: tuple[Stay, ...] = ()


@dataclass(frozen=True)
class Lives:
    """The lives of a population: `people` with a plan at the census of `year`, and by calendar year, `years` of them
    back, those whose plan ceased and those for whom one was only asked."""

    people: int
    seed: int
    year: int
    years: int

    @property
    def total(self) -> int:
        return self.people + self.years * (self.ceased_a_year + self.asked_a_year)

    @property
    def ceased_a_year(self) -> int:
        return round(self.people * _CEASED / PLANS)

    @property
    def asked_a_year(self) -> int:
        return round(self.people * sum(_ASKED.values()) / PLANS)

    @cached_property
    def settings(self) -> dict[str, list[MadeUpSetting]]:
        """Where they go, by row of the table."""
        return made_up_settings(self.people)

    def __iter__(self) -> Iterator[Life]:
        return (self.life(number) for number in range(self.total))

    def life(self, number: int) -> Life:
        """The life of one of them."""
        random = Random(f"{self.seed}/{number}")
        row = row_of(number % self.people * _SCATTER % self.people, self.people)
        child = self._born(random, number, row)
        if number < self.people:
            return self._with_plan(random, child, row, ceased=None)
        number -= self.people
        if number < self.years * self.ceased_a_year:
            calendar_year = self.year - 1 - number // self.ceased_a_year
            day = date(calendar_year, 1, 1) + timedelta(days=random.randrange(364))
            ceased = date(calendar_year, 8, 31) if random.random() < 0.6 else day
            return self._with_plan(random, child, row, ceased=ceased)
        number -= self.years * self.ceased_a_year
        return self._asked(random, child, self.year - 1 - number // self.asked_a_year)

    def _born(self, random: Random, number: int, row: str) -> Life:
        age = random.randint(*_AGES.get(row, _USUAL_AGES))
        return Life(
            number=number,
            surname=made_up.surname(random),
            forename=made_up.forename(random),
            birth_date=made_up.birth_date(random, age, self.year - 1),
            upn=None if random.random() < _WITHOUT_UPN else made_up.upn(number),
            learner_number=made_up.learner_number(number) if age >= 16 else None,
            postcode=made_up.postcode(random),
        )

    def _with_plan(self, random: Random, child: Life, row: str, ceased: date | None) -> Life:
        last = ceased - timedelta(days=500) if ceased else reference_date(self.year) - timedelta(days=20)
        issued = last - timedelta(days=int(random.expovariate(1 / _YEARS_WITH_A_PLAN) * 365))
        earliest = max(child.birth_date + timedelta(days=300), _FIRST_PLANS + timedelta(days=random.randrange(300)))
        issued = max(issued, min(earliest, last))
        planned = replace(
            self._assessed(random, child, issued),
            issued=issued,
            ceased=ceased,
            cease_reason=random.choices(list(_CEASE_REASONS), list(_CEASE_REASONS.values()))[0] if ceased else None,
            residential=row == "independent" and random.random() < 0.15,
            needs=self._needs(random),
        )
        start = issued + timedelta(days=random.randrange(2, 40))
        if ceased is None and random.random() < _TRANSFERRED:
            planned = self._moved_in(random, planned)
            start = max(planned.moved_in or start, issued) + ONE_DAY
        if ceased is not None and start > ceased:
            return planned
        return replace(planned, stays=self._stays(random, row, start, ceased))

    def _assessed(self, random: Random, child: Life, issued: date) -> Life:
        received = issued - timedelta(days=random.randrange(15 * 7, 34 * 7))
        return replace(
            child,
            received=received,
            outcome="Y",
            decided=received + timedelta(days=random.randrange(26, 48)),
            assessed="Y",
            assessed_on=issued - timedelta(days=random.randrange(14, 28)),
            excepted=random.random() < _EXCEPTED,
        )

    def _moved_in(self, random: Random, child: Life) -> Life:
        """Somebody who came with a plan of another authority, which alone knows of the request."""
        day = date(self.year - 1, 1, 6) + timedelta(days=random.randrange(350))
        return replace(child, received=None, moved_in=max(day, child.issued or day))

    def _stays(self, random: Random, row: str, start: date, ceased: date | None) -> tuple[Stay, ...]:
        if row == NO_PLACEMENT:
            code = random.choices(list(NOWHERE_CODES), list(NOWHERE_CODES.values()))[0]
            return (Stay(row, None, code, 1, start, ceased),)
        stay = Stay(row, random.choice(self.settings[row]), None, 1, start, ceased)
        # Nobody moves in the year the plan ceases: no return would tell of the later place.
        moved = self._move_day(random) if ceased is None and random.random() < _MOVED else None
        if moved is not None and row in _CAME_FROM and moved > start + timedelta(days=30):
            before = _CAME_FROM[row]
            others = [setting for setting in self.settings[before][:50] if setting is not stay.setting]
            left = Stay(before, random.choice(others), None, 1, start, moved - ONE_DAY)
            return left, replace(stay, first=moved)
        if row == "mainstream" and ceased is None and random.random() < _TWO_PLACES / 0.65:
            beside = Stay("alternative", random.choice(self.settings["alternative"]), None, 2, start)
            return stay, replace(beside, first=max(start, date(self.year - 1, 9, 8)))
        return (stay,)

    def _move_day(self, random: Random) -> date:
        chance = random.random()
        if chance < 0.85:
            return date(self.year - (1 if chance < 0.6 else 2), 9, 1)
        return date(self.year - 1, 1, 8) + timedelta(days=random.randrange(340))

    def _needs(self, random: Random) -> tuple[str, ...]:
        first = random.choices(list(_NEEDS), list(_NEEDS.values()))[0]
        if first is None:
            return ()
        second = random.choice(["SLCN", "SEMH", "MLD"])
        return (first, second) if random.random() < 0.2 and second != first else (first,)

    def _asked(self, random: Random, child: Life, calendar_year: int) -> Life:
        """Somebody for whom a plan was asked, and there is none."""
        end = random.choices(list(_ASKED), list(_ASKED.values()))[0]
        received = date(calendar_year, 1, 2) + timedelta(days=random.randrange(290))
        if end == "undecided" or end == "assessing":
            received = date(calendar_year, 11, 25) + timedelta(days=random.randrange(14))
        decided = received + timedelta(days=random.randrange(26, 42))
        outcome = {"withdrawn": "W", "refused": "N"}.get(end, "Y")
        if end == "undecided":
            # Of the latest year it is not decided yet; an earlier year's was withdrawn since.
            outcome, decided = "W", received + timedelta(days=80)
        life = replace(child, received=received, outcome=outcome, decided=decided)
        if outcome != "Y":
            return life
        return replace(life, assessed="N", assessed_on=received + timedelta(days=random.randrange(80, 112)))
