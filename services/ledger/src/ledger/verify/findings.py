"""What verifying finds: each check by name, in order or with the first row that differs, in words."""

from dataclasses import dataclass


class Differs(Exception):
    """The first thing a check found that is not as it must be: the table, the row and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, whether all was in order, and what it saw or the first row that differs."""

    name: str
    ok: bool
    says: str


@dataclass(frozen=True, slots=True)
class Report:
    """All checks over one snapshot of the books. `seal` is the last one, as NUMBER:HASH, to be noted elsewhere."""

    checks: tuple[Check, ...]
    events: int
    postings: int
    unsealed_events: int
    unsealed_postings: int
    unsettled: int
    seal: str | None
    seconds: float

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    @property
    def events_per_second(self) -> int:
        return round(self.events / self.seconds) if self.seconds else 0
