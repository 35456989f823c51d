"""What a person is told: one subject line and a plain-text body with every figure, and no child in it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from alerts.domain.episodes import Change, Episode, Evidence, Step
from hnb.calendar import year_label
from hnb.money import pounds
from hnb.provisions import LINES, Provision


class Table(NamedTuple):
    """Figures a person reads side by side: a caption (or none), and rows of what it is and how much."""

    caption: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one recipient about one change: paragraphs, with tables between them."""

    subject: str
    parts: tuple[str | Table, ...]

    @property
    def body(self) -> str:
        """The whole as plain text."""
        return "\n\n".join(part if isinstance(part, str) else _as_text(part) for part in self.parts) + "\n"


def _as_text(table: Table) -> str:
    indent = "  " if table.caption else ""
    rows = [f"{indent}{name:<{32 - len(indent)}}{figure:>20}" for name, figure in table.rows]
    return "\n".join([table.caption, *rows] if table.caption else rows)


def compose(step: Step, link: str, reference: str) -> Message:
    """The message about a change; `reference` is the same however often it has to be sent."""
    episode, evidence = step.episode, step.evidence
    level = "resolved" if step.change is Change.RESOLVED else str(episode.severity)
    year = year_label(episode.financial_year)
    return Message(
        f"HNB alert, {level}: {_headline(episode, evidence)} ({year})",
        (
            _happened(step),
            _figures(evidence),
            _drivers(evidence),
            f"As known to the ledger at {_moment(evidence.known_at)}.",
            _footer(episode, link, reference),
        ),
    )


def title_of(scope: str) -> str:
    """What a scope is called in print; its own name where a newer ledger has a line we do not know yet."""
    return LINES[Provision(scope)].title if scope in LINES else scope


def _footer(episode: Episode, link: str, reference: str) -> str:
    return (
        f"Authority {episode.authority}, rule {episode.rule}.\n{link}\n"
        f"Reference {reference} (should this message come twice, it carries the same reference)"
    )


def _headline(episode: Episode, evidence: Evidence) -> str:
    if evidence.percent_tenths is not None:
        return f"{title_of(episode.scope)} at {_percent(evidence.percent_tenths)} of budget"
    return f"reserve heading for {pounds(evidence.value_pence)}, plan {pounds(evidence.threshold_pence)}"


def _happened(step: Step) -> str:
    episode, evidence = step.episode, step.evidence
    year = year_label(episode.financial_year)
    if evidence.percent_tenths is not None:
        what = (
            f"{title_of(episode.scope)}, {year}: {pounds(evidence.value_pence)} is committed or spent, "
            f"{_percent(evidence.percent_tenths)} of the budget of {pounds(evidence.budget_pence)}."
        )
        mark = f"{evidence.threshold_percent}% ({pounds(evidence.threshold_pence)})"
    else:
        what = f"The reserve is heading for {pounds(evidence.value_pence)} at 31 March {episode.financial_year + 1}."
        mark = f"the planned {pounds(evidence.threshold_pence)}"
    if step.change is Change.RESOLVED:
        return f"{what}\nResolved: back within {mark}, its recovery margin kept. Open since {_moment(episode.since)}."
    risen = "It was a warning and is now critical." if step.change is Change.RAISED else ""
    return f"{what}\nThe threshold is {mark}; open since {_moment(episode.since)}. {risen}".rstrip()


def _figures(evidence: Evidence) -> Table:
    rows = [
        ("Budget", evidence.budget_pence),
        ("Committed, still to be paid", evidence.committed_pence),
        ("Spent", evidence.spent_pence),
        ("Headroom", evidence.headroom_pence),
    ]
    if evidence.reserve_closing_pence is not None:
        rows.append(("Closing reserve", evidence.reserve_closing_pence))
    return Table("", tuple((name, pounds(pence)) for name, pence in rows))


def _drivers(evidence: Evidence) -> str | Table:
    if not evidence.drivers and not evidence.change_pence:
        return "No commitment moved it: what it is measured against did."
    rows = [(driver.commitment_id, _signed(driver.amount_pence)) for driver in evidence.drivers]
    if evidence.remainder_pence:
        rows.append(("others together", _signed(evidence.remainder_pence)))
    return Table(f"What moved it ({_signed(evidence.change_pence)} since the position known before):", tuple(rows))


def _signed(pence: int) -> str:
    return f"+{pounds(pence)}" if pence > 0 else pounds(pence)


def _percent(tenths: int) -> str:
    return f"{'−' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}%"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
