"""Scenarios as they are written in YAML: what prices and grants do, which measures are taken, and what is stated."""

from datetime import date
from functools import cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal, Self

import orjson
from pydantic import Field, ValidationError, model_validator

from hnb.calendar import financial_year, year_end
from hnb.provisions import Provision
from ledger.forecast.faults import BadInput
from ledger.outlook.inputs import Written, Year
from ledger.outlook.measures import Measure, Share
from ledger.outlook.reading import faults_in, value_of

Rise = Annotated[float, Field(ge=-50, le=100)]
Rises = Annotated[dict[Year, Rise], Field(min_length=1)] | Rise  # by financial year, the last one going on; or always
Sentences = Annotated[tuple[Annotated[str, Field(min_length=10, max_length=1000)], ...], Field(max_length=20)]
Reserve = Annotated[int, Field(ge=-(10**11), le=10**11)]


class Inflation(Written):
    """How much dearer each financial year's prices are than those of the year before."""

    percent: Rises
    spread_percent: Annotated[float, Field(ge=0, le=20)] = 0.0  # a year's standard deviation around it
    provisions: dict[Provision, Rises] = Field(default_factory=dict)  # where a provision's prices rise otherwise


class Grant(Written):
    """How the grant grows after the last year whose grant is known."""

    growth_percent: Rises
    spread_percent: Annotated[float, Field(ge=0, le=20)] = 0.0


class StabilityGrant(Written):
    """A share of the deficit of a 31 March, once; nothing where there is none."""

    share_percent: Share
    deficit_at: date
    paid_in: Year

    @model_validator(mode="after")
    def _after(self) -> Self:
        _is_year_end("deficit_at", self.deficit_at)
        if self.paid_in < financial_year(self.deficit_at):
            raise ValueError("paid_in is before deficit_at")
        return self


class Scenario(Written):
    """One line of what might come. What it leaves out it has from the scenario it is based on."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,49}$")]
    title: Annotated[str, Field(min_length=3, max_length=100)]
    based_on: str | None = None
    assumes: Sentences = ()
    source: Annotated[str, Field(max_length=500)] | None = None
    inflation: Inflation | None = None
    grant: Grant | None = None
    measures: Annotated[tuple[Measure, ...], Field(max_length=20)] = ()
    stability_grant: StabilityGrant | None = None
    override_ends: date | None = None  # until then the deficit stands in an account of its own
    stated_reserve_pounds: dict[date, Reserve] = Field(default_factory=dict)

    @property
    def stated(self) -> bool:
        """Whether its reserve is taken over from a source: nothing in it is drawn."""
        return bool(self.stated_reserve_pounds)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        for day in self.stated_reserve_pounds:
            _is_year_end("stated_reserve_pounds", day)
        if self.stated and (self.measures or self.inflation or self.grant or self.based_on):
            raise ValueError("a stated reserve stands alone: it takes no measures, inflation, grant or based_on")
        if self.stated and not (self.source and self.assumes):
            raise ValueError("a stated reserve names its source and what it assumes")
        if self.override_ends is not None:
            _is_year_end("override_ends", self.override_ends)
        return self


class Pack(Written):
    """Scenarios to run side by side; all are compared with the first."""

    version: Literal[1] = 1
    level_pounds: Reserve | None = None  # of the reserve: when past it
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        seen: dict[str, Scenario] = {}
        for one in self.scenarios:
            if one.name in seen:
                raise ValueError(f"two scenarios are called {one.name}")
            if one.title in (other.title for other in seen.values()):
                raise ValueError(f"two scenarios have the title {one.title}")
            if one.based_on is not None and (one.based_on not in seen or seen[one.based_on].stated):
                raise ValueError(
                    f"{one.name} is based_on {one.based_on}, which is no scenario above it with figures drawn"
                )
            seen[one.name] = one
        first = self.scenarios[0]
        if first.stated or first.inflation is None or first.grant is None:
            raise ValueError(f"{first.name} is the first: it has to say inflation and grant, and nothing stated")
        return self

    @property
    def whole(self) -> tuple[Scenario, ...]:
        """Each scenario with what it has from the one it is based on; a lone one has prices and grants of the first."""
        found: dict[str, Scenario] = {}
        for one in self.scenarios:
            below = found[one.based_on] if one.based_on else None
            found[one.name] = _on(one, below, self.scenarios[0])
        return tuple(found.values())

    @property
    def written(self) -> bytes:
        """The canonical bytes."""
        return orjson.dumps(self.model_dump(mode="json", by_alias=True), option=_OPTIONS)

    @property
    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        return sha256(self.written).hexdigest()


_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS


def _on(one: Scenario, below: Scenario | None, first: Scenario) -> Scenario:
    if one.stated:
        return one
    return one.model_copy(
        update={
            "inflation": one.inflation or (below or first).inflation,
            "grant": one.grant or (below or first).grant,
            "measures": (*(below.measures if below else ()), *one.measures),
            "stability_grant": one.stability_grant or (below.stability_grant if below else None),
            "override_ends": one.override_ends or (below or first).override_ends,
        }
    )


def read_pack(name: str, raw: bytes) -> Pack:
    """The scenarios of a file. BadInput naming the file, and the line or the field at fault."""
    value = value_of(name, raw)
    try:
        return Pack.model_validate(value)
    except ValidationError as error:
        raise faults_in(name, value, error) from None


def pack_of(path: Path | None) -> Pack:
    """The scenarios of a file, or those shipped. BadInput where it cannot be read or used."""
    if path is None:
        return shipped_pack()
    try:
        return read_pack(str(path), path.read_bytes())
    except OSError as error:
        raise BadInput([f"{path} cannot be read: {error.strerror}."]) from None


@cache
def shipped_pack() -> Pack:
    """The scenarios shipped."""
    return read_pack("the scenarios shipped", resources.files("ledger.outlook").joinpath("scenarios.yaml").read_bytes())


def _is_year_end(field: str, day: date) -> None:
    if day != year_end(financial_year(day)):
        raise ValueError(f"{field}: {day} is no 31 March")
