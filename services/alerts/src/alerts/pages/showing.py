"""An alert in the words and tables of a page, and who saw which records on one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Engine

from alerts.api import Alert
from alerts.domain import condition_words, line_words
from alerts.domain.evidence import ConditionEvidence
from hnb.money import pounds
from hnb.signin import Person, audit

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class InWords:
    """What an alert says of its figures: as they were when it last moved, what moved them, and how they stand now."""

    what: str
    mark: str  # the threshold; empty where it is judged by none
    source: str
    figures: Rows
    drivers: Rows
    moved: str
    now: Rows


def in_words(alert: Alert) -> InWords:
    """The same of a line as of a condition."""
    evidence = alert.evidence
    if isinstance(evidence, ConditionEvidence):
        said = condition_words.what(alert.scope, evidence)
        return InWords(said, "", "the owner of the data", condition_words.figures(evidence), (), "", ())
    moved, drivers = line_words.drivers(evidence)
    return InWords(
        line_words.what(alert.scope, alert.financial_year, evidence), line_words.mark(evidence), "the ledger",
        line_words.figures(evidence), drivers, moved.removesuffix(":"), _now(alert),
    )  # fmt: skip


def _now(alert: Alert) -> Rows:
    if alert.now is None:
        return ()
    rows = [
        ("Budget", alert.now.budget_pence), ("Committed, still to be paid", alert.now.committed_pence),
        ("Spent", alert.now.spent_pence), ("Headroom", alert.now.headroom_pence),
        ("Closing reserve", alert.now.reserve_closing_pence),
    ]  # fmt: skip
    return tuple((name, pounds(pence)) for name, pence in rows if pence is not None)


def write_down(engine: Engine, person: Person, kind: str, seen: Iterable[tuple[str, set[str]]]) -> None:
    """Who is about to see these records, each of an authority: before they are shown (hnb.signin.audit.viewed)."""
    by_authority: dict[str, set[str]] = defaultdict(set)
    for authority, records in seen:
        by_authority[authority] |= records
    for authority, of_it in sorted(by_authority.items()):
        audit.viewed(engine, person, kind, authority, of_it)
