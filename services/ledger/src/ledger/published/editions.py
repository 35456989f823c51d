"""What one published file says, once read, and how it is refused."""

from dataclasses import dataclass, field

ENGLAND = "E92000001"


class Unusable(Exception):
    """Why a file cannot be taken, by its name, and its line and column where one is at fault."""

    def __init__(self, file: str, line: int | None, column: str | None, what: str) -> None:
        where = ", ".join([file, *([f"line {line}"] if line else []), *([f"column {column}"] if column else [])])
        super().__init__(f"{where}: {what}")
        self.file, self.line, self.column, self.what = file, line, column, what


class NotForUs(Unusable):
    """A sound file that says nothing here: of no known kind, or of breakdowns only. In a zip it is passed over."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of an authority, or the symbol published in its place."""

    authority: str
    measure: str
    year: int
    value: int | None
    symbol: str | None = None


@dataclass(slots=True)
class Edition:
    """All that a file says."""

    name: str
    kind: str
    sha256: str
    rows: int = 0
    passed_over: int = 0  # rows of breakdowns, regions and areas without a code
    names: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    neighbours: dict[str, list[str]] = field(default_factory=dict)  # by authority, the nearest first
