"""What a person is told: one subject line, paragraphs and tables with every figure, and no child in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from alerts.domain import condition_words, line_words
from alerts.domain.episodes import Change, Episode, Step
from alerts.domain.evidence import ConditionEvidence, Evidence
from hnb.calendar import year_label

MOST_SHOWN = 20  # of many alerts told of in one message


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
    if isinstance(evidence, ConditionEvidence):
        parts: list[str | Table] = [_with_what_happened(step, condition_words.what(episode.scope, evidence), "")]
        rows = condition_words.figures(evidence)
        parts += [Table("", rows)] if rows else []
        known = f"As said by the owner of the data at {_moment(evidence.known_at)}."
    else:
        mark = line_words.mark(evidence)
        parts = [_with_what_happened(step, line_words.what(episode.scope, episode.financial_year, evidence), mark)]
        parts += [Table("", line_words.figures(evidence)), _drivers(*line_words.drivers(evidence))]
        known = f"As known to the ledger at {_moment(evidence.known_at)}."
    subject = f"HNB alert, {_level(step)}: {_headline(step)} ({year_label(episode.financial_year)})"
    return Message(subject, (*parts, known, _footer(episode, link, reference)))


def compose_together(steps: Sequence[Step], link: str, reference: str) -> Message:
    """One message about many alerts of one rule and authority that opened, or ended, at once."""
    first = steps[0].episode
    shown = [(_headline(step), _level(step)) for step in steps[:MOST_SHOWN]]
    rest = len(steps) - len(shown)
    parts: list[str | Table] = [
        f"{len(steps):,} alerts of rule {first.rule} {steps[0].change} at once.",
        Table("The first of them:" if rest else "They are:", tuple(shown)),
    ]
    parts += [f"{rest:,} more are not shown here."] if rest else []
    footer = (
        f"Authority {first.authority}, rule {first.rule}.\n{link}\n"
        f"Reference {reference} (should this message come twice, it carries the same reference)"
    )
    return Message(f"HNB alerts, {steps[0].change}: {len(steps):,} of rule {first.rule}", (*parts, footer))


def headline_of(scope: str, evidence: Evidence) -> str:
    """What an alert says, in half a sentence: `Special schools at 93.5% of budget`."""
    if isinstance(evidence, ConditionEvidence):
        return condition_words.headline(scope, evidence)
    return line_words.headline(scope, evidence)


def _headline(step: Step) -> str:
    return headline_of(step.episode.scope, step.evidence)


def _level(step: Step) -> str:
    severity = str(step.episode.severity)
    match step.change:
        case Change.RESOLVED | Change.RETRACTED:
            return str(step.change)
        case Change.ESCALATED:
            return f"{severity}, not acknowledged"
        case Change.REMINDED:
            return f"{severity}, no longer silenced"
        case _:
            return severity


def _drivers(caption: str, rows: tuple[tuple[str, str], ...]) -> str | Table:
    return Table(caption, rows) if rows else caption


def _with_what_happened(step: Step, what: str, mark: str) -> str:
    since = f"Open since {_moment(step.episode.since)}."
    if step.change is Change.RESOLVED:
        ended = f"Resolved: back within {mark}, its recovery margin kept." if mark else "Resolved: it holds no longer."
        return f"{what}\n{ended} {since}"
    if step.change is Change.RETRACTED:
        then = line_words.then(step.episode.opened_pence, step.episode.then_pence)
        return (
            f"{what}\nRetracted: the alert was not true. What has become known since of the days before it makes it "
            f"that {mark} was never crossed{then}. It was told on {_moment(step.episode.since)}."
        )
    threshold = f"The threshold is {mark}; open" if mark else "Open"
    note = f"It has risen, and is now {step.episode.severity}." if step.change is Change.RAISED else ""
    return f"{what}\n{threshold} since {_moment(step.episode.since)}. {_NOTES.get(step.change, note)}".rstrip()


_NOTES = {
    Change.ESCALATED: "Nobody has acknowledged it in time.",
    Change.REMINDED: "It was silenced until now, and is still open.",
}


def _footer(episode: Episode, link: str, reference: str) -> str:
    return (
        f"Authority {episode.authority}, rule {episode.rule}.\n{link}\n"
        f"Reference {reference} (should this message come twice, it carries the same reference)"
    )


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%-d %B %Y, %H:%M} UTC"
