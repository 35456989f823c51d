"""A line's or a year's figures in words and pounds."""

from alerts.domain.evidence import LineEvidence
from alerts.domain.positions import TOTAL
from hnb.calendar import year_label
from hnb.money import pounds
from hnb.provisions import LINES, Provision

Rows = tuple[tuple[str, str], ...]


def title_of(scope: str) -> str:
    """What a scope is called in print; its own name where a newer ledger has a line we do not know yet."""
    if scope == TOTAL:
        return "High needs in all"
    return LINES[Provision(scope)].title if scope in LINES else scope


def headline(scope: str, evidence: LineEvidence) -> str:
    """A line's share of its budget, a year's cost, or the reserve, in half a sentence."""
    if evidence.percent_tenths is not None:
        return f"{title_of(scope)} at {_percent(evidence.percent_tenths)} of budget"
    if evidence.value_pence == evidence.reserve_closing_pence:
        return f"reserve heading for {pounds(evidence.value_pence)}, plan {pounds(evidence.threshold_pence)}"
    return f"{title_of(scope)} at {pounds(evidence.value_pence)}"


def what(scope: str, year: int, evidence: LineEvidence) -> str:
    """The same as a sentence."""
    if evidence.percent_tenths is not None:
        return (
            f"{title_of(scope)}, {year_label(year)}: {pounds(evidence.value_pence)} is committed or spent, "
            f"{_percent(evidence.percent_tenths)} of the budget of {pounds(evidence.budget_pence)}."
        )
    if evidence.value_pence == evidence.reserve_closing_pence:
        return f"The reserve is heading for {pounds(evidence.value_pence)} at 31 March {year + 1}."
    return f"{title_of(scope)}, {year_label(year)}: {pounds(evidence.value_pence)} is committed or spent."


def mark(evidence: LineEvidence) -> str:
    """The threshold."""
    if evidence.threshold_percent is not None:
        return f"{evidence.threshold_percent}% ({pounds(evidence.threshold_pence)})"
    if evidence.value_pence == evidence.reserve_closing_pence:
        return f"the planned {pounds(evidence.threshold_pence)}"
    return f"{pounds(evidence.threshold_pence)}"


def then(opened_pence: int | None, then_pence: int | None) -> str:
    """What a line had cost when an alert about it opened: as believed, and as known by now."""
    if opened_pence is None or then_pence is None:
        return ""
    return f" (what was taken for {pounds(opened_pence)} of cost was {pounds(then_pence)})"


def figures(evidence: LineEvidence) -> Rows:
    """Budget, committed, spent and headroom, and the closing reserve where there is one."""
    rows = [
        ("Budget", evidence.budget_pence),
        ("Committed, still to be paid", evidence.committed_pence),
        ("Spent", evidence.spent_pence),
        ("Headroom", evidence.headroom_pence),
    ]
    if evidence.reserve_closing_pence is not None:
        rows.append(("Closing reserve", evidence.reserve_closing_pence))
    return tuple((name, pounds(pence)) for name, pence in rows)


def drivers(evidence: LineEvidence) -> tuple[str, Rows]:
    """The commitments behind the movement, largest first, whose pounds sum to it."""
    if not evidence.drivers and not evidence.change_pence:
        return "No commitment moved it: what it is measured against did.", ()
    rows = [(driver.commitment_id, _signed(driver.amount_pence)) for driver in evidence.drivers]
    if evidence.remainder_pence:
        rows.append(("others together", _signed(evidence.remainder_pence)))
    return f"What moved it ({_signed(evidence.change_pence)} since the position known before):", tuple(rows)


def _signed(pence: int) -> str:
    return f"+{pounds(pence)}" if pence > 0 else pounds(pence)


def _percent(tenths: int) -> str:
    return f"{'−' if tenths < 0 else ''}{abs(tenths) // 10}.{abs(tenths) % 10}%"
