"""The forecast against plan: worse in the middle, worse in nine of ten futures, well again; and what officers read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from alerts.domain.conditions import Reading
from alerts.domain.episodes import Change, Episode, Step, decide
from alerts.domain.forecasts import ForecastPlan
from alerts.domain.messages import compose
from alerts.domain.severity import Severity
from hnb.events import Figure
from tests.alerts.given import LEICESTER, SHIPPED

MADE = datetime(2026, 4, 2, 3, 0, tzinfo=UTC)
PLAN = -7_800_000_000  # March 2028, as the review has it
MARGIN = 10_000_000
SIGNED = ForecastPlan.model_validate({
    "id": "outturn", "kind": "forecast-plan", "recovery_pence": 5_000_000,
    "signed_off": [
        {"authority": LEICESTER, "financial_year": 2026, "cost_pence": 11_120_000_000, "source": "the director"}
    ],
})  # fmt: skip


def forecast(middle: int, low: int, high: int, *, of: str = "forecast-reserve", year: int = 2027) -> Reading:
    figures = (Figure(name="p10", value=low, unit="pence"), Figure(name="p90", value=high, unit="pence"))
    return Reading(LEICESTER, of, "block/high-needs", year, 1, True, middle, "pence", MADE, MADE, None, figures)


def step(reading: Reading, held: Episode | None = None, rules: list[ForecastPlan] | None = None) -> Step | None:
    steps = decide(SHIPPED.rules if rules is None else rules, reading, {held.key: held} if held else {}, MADE)
    assert len(steps) <= 1
    return steps[0] if steps else None


@pytest.mark.parametrize(
    ("middle", "high", "severity"),
    [
        (PLAN, PLAN + 500, None),  # exactly at plan is not past it
        (PLAN - 1, PLAN + 500, Severity.WARNING),
        (PLAN - 1_000, PLAN, Severity.WARNING),
        (PLAN - 1_000, PLAN - 1, Severity.CRITICAL),
        (PLAN + 1, PLAN + 2, None),
    ],
)
def test_a_worse_middle_is_a_warning_and_nine_of_ten_futures_are_critical(
    middle: int, high: int, severity: Severity | None
) -> None:
    found = step(forecast(middle, middle - 5_000, high))
    assert (found.episode.severity if found else None) == severity


def test_a_year_without_a_plan_is_judged_by_nothing() -> None:
    assert step(forecast(PLAN * 2, PLAN * 3, PLAN * 2, year=2028)) is None
    assert step(forecast(PLAN * 2, PLAN * 3, PLAN * 2, of="forecast-outturn")) is None


def test_it_is_well_again_only_past_the_margin_and_falls_level_by_level() -> None:
    opened = step(forecast(PLAN - 2_000, PLAN - 9_000, PLAN - 1_000))
    assert opened is not None
    assert opened.change is Change.OPENED
    assert step(forecast(PLAN + MARGIN - 1, PLAN, PLAN + MARGIN - 1), opened.episode) is None, "critical still"
    lowered = step(forecast(PLAN + MARGIN - 1, PLAN, PLAN + MARGIN), opened.episode)
    assert lowered is not None
    assert (lowered.change, lowered.episode.severity) == (Change.LOWERED, Severity.WARNING)
    resolved = step(forecast(PLAN + MARGIN, PLAN, PLAN + 2 * MARGIN), lowered.episode)
    assert resolved is not None
    assert resolved.change is Change.RESOLVED


def test_a_forecast_that_is_no_more_ends_what_it_opened() -> None:
    opened = step(forecast(PLAN - 2, PLAN - 9, PLAN + 1))
    assert opened is not None
    gone = replace(forecast(0, 0, 0), active=False, value=None, unit=None, figures=(), version=2)
    ended = step(gone, opened.episode)
    assert ended is not None
    assert ended.change is Change.RESOLVED


def test_an_outturn_is_held_to_what_was_signed_off() -> None:
    at = 11_120_000_000 + 25_000_000
    for pence, told in ((at - 1, False), (at, True)):
        found = step(forecast(pence, pence, pence, of="forecast-outturn", year=2026), rules=[SIGNED])
        assert (found is not None) == told
    found = step(forecast(at, at, at, of="forecast-outturn", year=2026), rules=[SIGNED])
    assert found is not None
    assert step(forecast(at - 4_000_000, 0, at, of="forecast-outturn", year=2026), found.episode, [SIGNED]) is None
    well = step(forecast(at - 5_000_001, 0, at, of="forecast-outturn", year=2026), found.episode, [SIGNED])
    assert well is not None
    assert well.change is Change.RESOLVED


def test_officers_read_the_forecast_its_width_the_plan_and_whose_it_is() -> None:
    opened = step(forecast(-10_034_000_000, -10_650_000_000, -9_415_000_000))
    assert opened is not None
    message = compose(opened, "https://alerts/1", "ref-1")
    text = f"{message.subject}\n{message.body}"
    assert "the forecast reserve, −£100,340,000.00, planned −£78,000,000.00 (2027-28)" in text
    assert "is −£100,340,000.00 in the middle (−£106,500,000.00 to −£94,150,000.00 in eight of ten futures)" in text
    assert "scrutiny review" in text


def test_a_rule_that_names_a_year_twice_is_refused() -> None:
    plan = {"authority": LEICESTER, "financial_year": 2027, "closing_reserve_pence": PLAN, "source": "a"}
    with pytest.raises(ValidationError, match="plans names an authority's year twice"):
        ForecastPlan.model_validate({"id": "f", "kind": "forecast-plan", "recovery_pence": 1, "plans": [plan, plan]})
