"""What a SEN2 return says of each person, as read; identities stay inside the importer.

Where a record stands takes no part in comparing records: the same person read from both forms is the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Where:
    """The file and line a record begins on, for the person who has to mend it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one record: where, which field, and what; never a value of the return.

    No value at all, not only none of the identities: in a row whose cells have slipped, any cell may hold a name.
    """

    where: Where
    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}, {self.field}: {self.message}"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a child is placed: an establishment by URN or UKPRN, or a SENSetting code where there is neither."""

    urn: str | None
    ukprn: str | None
    code: str | None
    other: str | None  # the free text beside OTH; never leaves the importer
    rank: int | None
    sen_unit: bool
    resourced_provision: bool


@dataclass(frozen=True, slots=True)
class NamedPlan:
    """A plan with its first day, its last where it ceased, and the settings it names. Plans in force have one too:
    an `ActivePlan` has no first day of its own."""

    where: Where = field(compare=False)
    start_date: date
    cease_date: date | None
    cease_reason: int | None  # 1 to 9, given where and only where cease_date is
    residential: bool | None
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """What became of an assessment: its outcome and day, and the plan where one followed.

    `outcome` is Y (a plan), N (none), A (not yet decided), W (withdrawn) or H (decided before the year the return is
    about: no date then). `week20` is whether an exception to the 20 weeks applies, not whether they were kept.
    """

    where: Where = field(compare=False)
    outcome: str | None
    outcome_date: date | None
    week20: bool | None
    plan: NamedPlan | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a child with an active plan is, from a day and perhaps to one, the last day inclusive."""

    where: Where = field(compare=False)
    setting: Setting
    entry_date: date | None
    leaving_date: date | None
    residential: bool | None


@dataclass(frozen=True, slots=True)
class Need:
    """A type of need by its SEN2 code, 1 being the primary."""

    code: str
    rank: int


@dataclass(frozen=True, slots=True)
class ActivePlan:
    """A plan in force at the census: its placements and needs."""

    where: Where = field(compare=False)
    placements: tuple[Placement, ...]
    needs: tuple[Need, ...]
    phase_transfer_due: date | None
    phase_transfer_final: date | None
    last_review: date | None
    transferred_from: str | None  # the three-digit number of the authority a plan came from within the year


@dataclass(frozen=True, slots=True)
class Request:
    """A request for an assessment, and what followed from it.

    `outcome` is Y (assess), N (refuse), A (not yet decided), W (withdrawn) or H (decided before the year the return is
    about); only Y and N have a date.
    """

    where: Where = field(compare=False)
    received_date: date | None
    outcome: str | None
    outcome_date: date | None
    assessment: Assessment | None
    active_plan: ActivePlan | None


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the return. `repr` hides who it is, so that no log or traceback can name a child."""

    where: Where = field(compare=False)
    surname: str
    forename: str
    birth_date: date | None
    upn: str | None
    unique_learner_number: str | None
    postcode: str | None
    requests: tuple[Request, ...]

    def __repr__(self) -> str:
        return f"<person at {self.where}>"


@dataclass(frozen=True, slots=True)
class Return:
    """A whole return: its header, and its persons one by one, each read or with its faults."""

    collection: str
    year: int
    reference_date: date
    lea: str  # the three-digit local authority number
    form: str  # `xml` or `blade`
    encoding: str
    persons: Iterator[Person | tuple[Fault, ...]]
    total: int | None  # persons, where that is known before reading
