"""A record as it stands in a file, before anything of it is believed, and the refusal of a whole return."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2.records import Fault, Where

FAULTS_NAMED = 20  # in a refusal; a file with broken links has thousands of the same


@dataclass(slots=True)
class Raw:
    """One record of a table: what its fields hold, never blank, and the records that hang on it."""

    table: str
    where: Where
    fields: dict[str, str] = field(default_factory=dict)
    children: list["Raw"] = field(default_factory=list)
    said_twice: list[str] = field(default_factory=list)  # fields that stand in it more than once


YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True, slots=True)
class Header:
    """What a return says of itself."""

    collection: str
    year: int
    reference_date: str
    lea: str


class UnusableReturn(CommandFailed):
    """A return that is not whole, or is none: nothing of it may be taken. `faults` name file, line and field."""

    def __init__(self, path: Path, faults: Sequence[Fault], *, more: int = 0) -> None:
        told = "; ".join(str(fault) for fault in faults[:FAULTS_NAMED])
        rest = len(faults) - FAULTS_NAMED + more
        super().__init__(
            f"{path} is not taken, nothing of it: {told}{f'; and {rest:,} more' if rest > 0 else ''}.", WRONG_USE
        )
        self.faults = tuple(faults)


def unusable(path: Path, line: int, field: str, message: str) -> UnusableReturn:
    """The refusal of a return for one reason, at a line of a file (0: the file or folder as such)."""
    return UnusableReturn(path, [Fault(Where(path.name, line), field, message)])
