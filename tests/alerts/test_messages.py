"""What an officer reads."""

from alerts.domain.episodes import Step, decide
from alerts.domain.messages import compose
from alerts.domain.positions import Position
from tests.alerts.given import NOON, SHIPPED, costing, position, said


def step_of(of: Position, *before: Position) -> Step:
    last: dict[tuple[str, int, str, str], object] = {}
    for one in (*before, of):
        (step,) = decide(SHIPPED.rules, one, last, NOON)  # type: ignore[arg-type]
        last = {step.episode.key: step.episode}
    return step


SPECIAL = position(
    said(
        41,
        budget_pence=3_949_650_000,
        committed_pence=3_900_000_000,
        spent_pence=65_448_600,
        change_pence=2_850_000,
        drivers=[("PL-1042", 2_714_658), ("PL-77", -64_658)],
        remainder_pence=200_000,
    )
)


def test_the_whole_message() -> None:
    message = compose(step_of(SPECIAL), "http://alerts.example/alerts/A-1", "A-1-1-abcd")
    assert message.subject == "HNB alert, critical: Special schools at 100.4% of budget (2025-26)"
    assert message.body == (
        "Special schools, 2025-26: £39,654,486.00 is committed or spent, 100.4% of the budget of £39,496,500.00.\n"
        "The threshold is 100% (£39,496,500.00); open since 3 November 2025, 12:00 UTC.\n"
        "\n"
        "Budget                                £39,496,500.00\n"
        "Committed, still to be paid           £39,000,000.00\n"
        "Spent                                    £654,486.00\n"
        "Headroom                                −£157,986.00\n"
        "\n"
        "What moved it (+£28,500.00 since the position known before):\n"
        "  PL-1042                                +£27,146.58\n"
        "  PL-77                                     −£646.58\n"
        "  others together                         +£2,000.00\n"
        "\n"
        "As known to the ledger at 3 November 2025, 12:00 UTC.\n"
        "\n"
        "Authority E06000016, rule line-budget.\n"
        "http://alerts.example/alerts/A-1\n"
        "Reference A-1-1-abcd (should this message come twice, it carries the same reference)\n"
    )


def test_a_rise_says_what_it_has_become() -> None:
    message = compose(step_of(costing(100_000), costing(90_000)), "link", "reference")
    assert "It has risen, and is now critical." in message.body


def test_an_end_says_that_it_is_resolved() -> None:
    message = compose(step_of(costing(50_000), costing(90_000)), "link", "reference")
    assert message.subject == "HNB alert, resolved: Special schools at 50.0% of budget (2025-26)"
    assert "Resolved: back within 90% (£900.00)" in message.body


def test_a_line_this_service_does_not_know_yet_goes_by_its_own_name() -> None:
    message = compose(step_of(position(said(provision="novelty", committed_pence=90_000))), "link", "reference")
    assert message.subject == "HNB alert, warning: novelty at 90.0% of budget (2025-26)"
