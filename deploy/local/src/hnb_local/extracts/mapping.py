"""What a mapping says, once checked: which columns, constants and local codes of an extract make up an event."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hnb_local.extracts.contract import Group, Kind, Leaf
from hnb_local.extracts.dates import DateFormat

Unit = Literal["pounds", "pence"]


@dataclass(frozen=True, slots=True)
class FromCells:
    """A field read from one column, or from several joined. Codes are kept without capitals."""

    leaf: Leaf
    columns: tuple[str, ...]
    join: str = ""
    prefix: str = ""
    separator: str = ""
    codes: Mapping[str, Any] | None = None
    dates: tuple[DateFormat, ...] = ()
    unit: Unit = "pence"
    default: Any = None

    @property
    def private(self) -> bool:
        """Whether its cells say who a child is, and are shown nowhere."""
        return self.leaf.kind is Kind.CHILD


@dataclass(frozen=True, slots=True)
class Constant:
    """A field that is the same in every row; None says that it is not known."""

    value: Any
    columns: tuple[str, ...] = ()
    private: bool = False


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """A child's pseudonym, made on this machine from columns that never leave it."""

    upn: str | None
    surname: str | None
    forename: str | None
    birth_date: str | None
    dates: tuple[DateFormat, ...]
    private: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that says who the child is."""
        return tuple(column for column in (self.upn, self.surname, self.forename, self.birth_date) if column)


@dataclass(frozen=True, slots=True)
class Together:
    """Fields that are said together: nothing, where every cell of them is blank."""

    group: Group
    nodes: Mapping[str, "Node"]

    def leaves(self) -> Iterator["FromCells | Constant | Pseudonym"]:
        """Every field under this one."""
        for node in self.nodes.values():
            if isinstance(node, Together):
                yield from node.leaves()
            else:
                yield node


Node = FromCells | Constant | Pseudonym | Together


@dataclass(frozen=True, slots=True)
class Condition:
    """Which rows count: those whose cell is one of these words (kept without capitals), or is filled, or is blank."""

    column: str
    words: frozenset[str] | None
    filled: bool | None


@dataclass(frozen=True, slots=True)
class ExtractMapping:
    """A whole mapping. `in_order`: of two rows about one record the later is the later fact; else both are refused."""

    event: str
    source: str | None
    authority: str | None
    delimiter: str
    blank: frozenset[str]
    only: tuple[Condition, ...]
    in_order: bool
    event_id: FromCells | None
    time: FromCells | None
    data: Together

    @property
    def type(self) -> str:
        """The event type, as the contract writes it."""
        return f"hnb.{self.event}.v1"

    def columns(self) -> list[str]:
        """Every column the extract must have, in the order of the mapping."""
        nodes = [*self.data.leaves(), *(node for node in (self.event_id, self.time) if node)]
        of_fields = [column for node in nodes for column in node.columns]
        return list(dict.fromkeys([*of_fields, *(condition.column for condition in self.only)]))

    @property
    def makes_pseudonyms(self) -> bool:
        """Whether a key is needed."""
        return any(isinstance(node, Pseudonym) for node in self.data.leaves())
