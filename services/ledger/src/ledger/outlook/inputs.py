"""All that an outlook is made of, as sums and counts: no person is in it, and the same bytes give the same figures.

Children are those with a plan. Each of them is in one provision on a day, or in `none`: without a placement that
the block pays for. The reference day is the first that has not been lived yet: history ends the day before.
"""

from datetime import date
from hashlib import sha256
from typing import Annotated, Literal, Self

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from hnb.provisions import Provision
from ledger.forecast.faults import MOST_SHOWN, BadInput

NO_PLACEMENT = "none"
MONTHS = 12
MAX_INPUT_BYTES = 1 << 26

Count = Annotated[int, Field(ge=0, le=10**9)]
Pence = Annotated[int, Field(ge=-(10**15), le=10**15)]
Price = Annotated[int, Field(ge=0, le=10**12)]
Year = Annotated[int, Field(ge=1990, le=2110)]
AcademicYear = Annotated[int, Field(ge=-10, le=30)]
ByMonth = Annotated[tuple[Count, ...], Field(min_length=MONTHS, max_length=MONTHS)]
ByYear = dict[Year, Pence]
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class Written(BaseModel):
    """A value as it is written down: closed, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Written):
    """Where a child is: a provision, or `none`, and the primary need."""

    provision: Annotated[str, Field(min_length=1, max_length=40)]
    need: Annotated[str, Field(min_length=1, max_length=20)]


class Moves(Written):
    """So many children who were in one place on the reference day's date of `year`, and in another a year later.

    None is outside the system. `academic_year` is that of the earlier day.
    """

    year: Year
    academic_year: AcademicYear
    before: Place | None
    after: Place | None
    children: Annotated[int, Field(ge=1, le=10**7)]


class People(Written):
    """How many people there are of an academic year, inside and outside, on the reference day's date of a year."""

    year: Year
    academic_year: AcademicYear
    people: Count


class PricePoint(Written):
    """So many placements at about one price a year, net of what partners contribute."""

    annual_pence: Price
    placements: Annotated[int, Field(ge=1, le=10**9)]


class LineInputs(Written):
    """One line of the block. `placements` and all that names them are of children with a plan; the rest is `other`."""

    provision: Provision
    placements: Count = 0  # in force on the reference day
    lived_child_days: Count = 0  # days of placements in the first financial year before the reference day
    child_days: dict[Month, Count] = {}  # by month ("2026-04"): days of placements as agreed, from the reference day on
    committed_pence: ByYear = {}  # by financial year: what those placements cost as known, committed and spent
    other_pence: ByYear = {}  # by financial year: grants, contracts, services, placements without a plan
    standing: tuple[PricePoint, ...] = ()  # prices of what is in force on the reference day
    started: tuple[PricePoint, ...] = ()  # prices of what started in the two years before
    started_out_of_area: tuple[PricePoint, ...] = ()  # of them, those in settings out of the area
    starts: ByMonth = (0,) * MONTHS  # how many started in each calendar month, January first, in the years of history
    ends: ByMonth = (0,) * MONTHS


class Funding(Written):
    """What a financial year is known to have: its grant, and the reserve it opened with (a deficit is negative)."""

    grant_pence: Pence | None = None
    reserve_opening_pence: Pence | None = None


class Capacity(Written):
    """The places of one provision and phase, in or out of the area, of the settings whose places are known."""

    provision: Provision
    phase: Annotated[str, Field(max_length=100)] | None = None
    in_area: bool = True
    settings: Annotated[int, Field(ge=1, le=10**6)] = 1
    places: Count
    filled: Count


class Appeals(Written):
    """Appeals of the year before the reference day, and what those still open would cost a year beyond what is paid."""

    lodged: Count = 0
    concluded: Count = 0
    upheld: Count = 0  # of the concluded: upheld, part upheld, conceded or agreed in mediation
    sought_pence: tuple[Price, ...] = ()  # a year, of each open appeal that seeks a placement


class Inputs(Written):
    """One authority's, as known at a moment."""

    version: Literal[1] = 1
    authority: Annotated[str, Field(pattern=r"^E\d{8}$")]
    known_at: AwareDatetime
    reference_day: date
    moves: Annotated[tuple[Moves, ...], Field(min_length=1)]
    people: tuple[People, ...] = ()  # none: the number of people outside is taken to stay the same
    lines: Annotated[tuple[LineInputs, ...], Field(min_length=1)]
    funding: dict[Year, Funding] = {}
    capacities: tuple[Capacity, ...] = ()
    appeals: Appeals = Appeals()
    notes: tuple[str, ...] = ()  # what had to be left out or taken for granted, in whole sentences

    @model_validator(mode="after")
    def _each_line_once_and_history_to_the_day(self) -> Self:
        names = [line.provision for line in self.lines]
        if len(set(names)) < len(names):
            raise ValueError("lines names a provision twice")
        last = max(one.year for one in self.moves) + 1
        if last != self.reference_day.year:
            raise ValueError(f"moves end in {last}, and the reference day is {self.reference_day}")
        return self

    @property
    def written(self) -> bytes:
        """The canonical bytes: keys in order, nothing between them."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes: whether two outlooks were made of the same."""
        return sha256(self.written).hexdigest()


def read_inputs(name: str, raw: bytes) -> Inputs:
    """The inputs of a file. BadInput naming the file and each field at fault."""
    if len(raw) > MAX_INPUT_BYTES:
        raise BadInput([f"{name} has more than {MAX_INPUT_BYTES >> 20} MiB: no outlook needs as much."])
    try:
        return Inputs.model_validate_json(raw)
    except ValidationError as error:
        faults = [_fault(name, one) for one in error.errors(include_url=False, include_input=False)]
        raise BadInput(faults[:MOST_SHOWN], max(len(faults) - MOST_SHOWN, 0)) from None


def _fault(name: str, error: object) -> str:
    assert isinstance(error, dict)
    place = ".".join(str(part) for part in error["loc"])
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{name}: {place}: {message}." if place else f"{name}: {message}."
