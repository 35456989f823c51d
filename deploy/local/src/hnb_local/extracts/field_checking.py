"""Checks each field of a mapping against the contract's: where it comes from, and what its codes may stand for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hnb_local.extracts.contract import Group, Kind, Leaf
from hnb_local.extracts.dates import DateFormat
from hnb_local.extracts.mapping import Constant, FromCells, Node, Pseudonym, Together, Unit

_MONEY = (Kind.PENCE, Kind.SIGNED_PENCE)
_CODED = (Kind.CODE, Kind.WHOLE, Kind.YES_NO, Kind.REFERENCE, Kind.TEXT, Kind.YEAR)


class PseudonymTable(BaseModel):
    """The columns a child's pseudonym is made of."""

    model_config = ConfigDict(extra="forbid", strict=True)

    upn: str | None = None
    surname: str | None = None
    forename: str | None = None
    birth_date: str | None = None


class FieldTable(BaseModel):
    """The keys a field of a mapping may have."""

    model_config = ConfigDict(extra="forbid", strict=True)

    column: str | None = None
    columns: list[str] | None = None
    constant: Any = None
    null: Literal[True] | None = None
    pseudonym: PseudonymTable | None = None
    join: str | None = None
    prefix: str | None = None
    separator: str | None = None
    codes: dict[str, str | int | bool] | None = None
    dates: list[str] | None = None
    unit: Unit | None = None
    default: Any = None


@dataclass(frozen=True, slots=True)
class Habits:
    """What holds for every field of a mapping that says nothing else."""

    dates: tuple[DateFormat, ...]
    money: Unit | None
    yes_no: Mapping[str, bool]


@dataclass(slots=True)
class FieldChecks:
    """Checks fields one by one; whatever is wrong goes into `faults`, by key."""

    habits: Habits
    faults: list[str] = field(default_factory=list)

    def group(self, group: Group, said: Mapping[str, Any]) -> Together:
        """Fields that belong together; dotted keys in quotes are the same as tables in tables."""
        under = f"fields.{group.path}".rstrip(".")
        table = self._unfolded(under, said)
        for name in table.keys() - group.fields.keys():
            self.faults.append(f"{under}.{name}: there is no such field; there are {', '.join(group.fields)}")
        nodes: dict[str, Node] = {}
        for name, wanted in group.fields.items():
            if name in table:
                nodes[name] = self._field(wanted, table[name])
            elif wanted.required:
                unless = ", or { null = true } where it is not known" if wanted.nullable else ""
                self.faults.append(f"{under}.{name}: missing: name a column or a constant{unless}")
        return Together(group, nodes)

    def _field(self, wanted: Leaf | Group, said: Any) -> Node:
        if isinstance(wanted, Leaf):
            return self.leaf(wanted, {"column": said} if isinstance(said, str) else said)
        if said == {"null": True} and wanted.nullable:
            return Constant(None)
        if isinstance(said, dict):
            return self.group(wanted, said)
        self.faults.append(f"fields.{wanted.path}: holds {', '.join(wanted.fields)}: say each of them")
        return Constant(None)

    def leaf(self, leaf: Leaf, said: Any) -> FromCells | Constant | Pseudonym:
        """Where one field comes from. What is returned beside a fault is never used."""
        under = leaf.path if leaf.path in ("event_id", "time") else f"fields.{leaf.path}"
        try:
            table = FieldTable.model_validate(said)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_input=False):
                key = ".".join(str(part) for part in (under, *one["loc"]) if part not in ("str", "int", "bool"))
                plain = {"extra_forbidden": "there is no such key", "model_type": "is a column's name or a table"}
                self._fault(key, plain.get(one["type"], one["msg"]))
            return Constant(None)
        origins = [
            key for key in ("column", "columns", "constant", "null", "pseudonym") if key in table.model_fields_set
        ]
        if len(origins) != 1:
            self._fault(under, "say one of column, columns, constant, null and pseudonym")
            return Constant(None)
        self._refuse_useless(under, leaf, table, origins[0])
        match origins[0]:
            case "constant":
                return Constant(self._value(under, leaf, table.constant))
            case "null":
                if not leaf.nullable:
                    self._fault(under, "may not be null")
                return Constant(None)
            case "pseudonym":
                return self._pseudonym(under, table)
            case _:
                return self._from_cells(under, leaf, table)

    def _from_cells(self, under: str, leaf: Leaf, table: FieldTable) -> FromCells:
        columns = tuple(table.columns or ([table.column] if table.column else []))
        if not columns or not all(name.strip() for name in columns):
            self._fault(under, "names no column")
        if len(columns) > 1 and not table.join:
            self._fault(under, 'say join = "-", or whatever stands between the columns')
        if leaf.many and not table.separator:
            self._fault(under, 'say separator = ";", or whatever stands between several in one cell')
        unit = table.unit or self.habits.money
        if leaf.kind in _MONEY and unit is None:
            self._fault(under, 'say unit = "pounds" or "pence", or money for the whole file')
        return FromCells(
            leaf, columns, table.join or "", table.prefix or "", table.separator or "",
            codes=self._codes(under, leaf, table), dates=self._dates(under, table.dates), unit=unit or "pence",
            default=None if table.default is None else self._value(f"{under}.default", leaf, table.default),
        )  # fmt: skip

    def _pseudonym(self, under: str, table: FieldTable) -> Pseudonym:
        said = table.pseudonym
        assert said is not None
        named = (said.surname, said.forename, said.birth_date)
        if any(named) != all(named):
            self._fault(f"{under}.pseudonym", "a name is a surname, a forename and a birth_date")
        if not any(named) and not said.upn:
            self._fault(f"{under}.pseudonym", "say upn, or surname, forename and birth_date, or all four")
        return Pseudonym(said.upn, said.surname, said.forename, said.birth_date, self._dates(under, table.dates))

    def _refuse_useless(self, under: str, leaf: Leaf, table: FieldTable, origin: str) -> None:
        """A key that would do nothing is a mistake, and says where a person thought it would do something."""
        cells = origin in ("column", "columns")
        useful = {
            "join": origin == "columns",
            "prefix": cells and leaf.kind is Kind.REFERENCE and table.codes is None,
            "separator": cells and leaf.many,
            "codes": cells and leaf.kind in _CODED,
            "dates": (cells and leaf.kind is Kind.DAY) or origin == "pseudonym",
            "unit": cells and leaf.kind in _MONEY,
            "default": cells and leaf.kind is not Kind.CHILD,
            "pseudonym": leaf.kind is Kind.CHILD and not leaf.many,
        }
        for key, use in useful.items():
            if key in table.model_fields_set and not use:
                self._fault(f"{under}.{key}", f"has no use where the field is {leaf.kind} from {origin}")

    def _codes(self, under: str, leaf: Leaf, table: FieldTable) -> Mapping[str, Any] | None:
        if table.codes is None:
            if leaf.kind is Kind.YES_NO and not self.habits.yes_no:
                self._fault(under, "say which words are yes and no: codes, or yes and no for the whole file")
            if leaf.kind is Kind.YES_NO:
                return self.habits.yes_no
            return {str(one).casefold(): one for one in leaf.choices} if leaf.kind is Kind.CODE else None
        codes: dict[str, Any] = {}
        for local, value in table.codes.items():
            accepted = self._value(f"{under}.codes.{local}", leaf, value, item=True)
            if codes.setdefault(local.strip().casefold(), accepted) != accepted:
                self._fault(f"{under}.codes.{local}", "stands there twice, and capitals make no difference")
        return codes

    def _dates(self, under: str, said: list[str] | None) -> tuple[DateFormat, ...]:
        formats = []
        for words in said or []:
            try:
                formats.append(DateFormat(words))
            except ValueError as error:
                self._fault(f"{under}.dates", str(error))
        return tuple(formats) or self.habits.dates

    def _value(self, under: str, leaf: Leaf, value: Any, *, item: bool = False) -> Any:
        plain = value.isoformat() if isinstance(value, date) else value
        try:
            if leaf.many and not item:
                if not isinstance(plain, list):
                    raise ValueError("is a list")
                return [leaf.accept(one) for one in plain]
            return leaf.accept(plain)
        except ValueError as error:
            choices = f": one of {', '.join(map(str, leaf.choices))}" if leaf.choices else f": {error}"
            self._fault(under, f"{plain!r:.80} is not what the contract takes{choices}")
            return None

    def _fault(self, under: str, why: str) -> None:
        self.faults.append(f"{under}: {why}")

    def _unfolded(self, under: str, said: Mapping[str, Any]) -> dict[str, Any]:
        table: dict[str, Any] = {}
        for key, value in said.items():
            first, _, rest = key.partition(".")
            given = {rest: value} if rest else value
            there = table.get(first)
            if first not in table:
                table[first] = given
            elif isinstance(there, dict) and isinstance(given, dict) and not there.keys() & given.keys():
                table[first] = {**there, **given}
            else:
                self._fault(f"{under}.{key}", "is said twice")
        return table
