"""A case event goes in at the door, and an officer is sent an email that says what it did to the budget."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hnb_local.stack import Stack
from tests.alerts.mailbox import Mailbox, text_of

LEICESTER = "E06000016"


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as opened:
        yield opened


@pytest.fixture(scope="module")
def stack(mailbox: Mailbox) -> Iterator[Stack]:
    """The whole system, with alerts sent to an officer of finance."""
    with pytest.MonkeyPatch.context() as environment, tempfile.TemporaryDirectory(prefix="hnb-test-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL, under root, runs as somebody else
        environment.setenv("HNB_ALERT_URLS", mailbox.url("finance@leicester.example"))
        with Stack(Path(folder) / "data", say=print, durable=False) as running:
            yield running


def event(kind: str, number: int, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": f"journey-{number}", "source": "/capita-one/leicester", "authority": LEICESTER,
        "type": f"hnb.{kind}.v1", "time": f"2025-04-{number:02d}T09:00:00Z", "data": data,
    }  # fmt: skip


def placement(number: int, pounds: int) -> dict[str, Any]:
    return event(
        "placement-made", number, placement_id=f"PL-{1000 + number}", child_ref=f"child-pseudonym-{number}",
        setting_id="SET-1", provision="special", start_date="2025-04-01", end_date="2026-03-31",
        cost={"amount_pence": pounds * 100, "per": "year"},
    )  # fmt: skip


def post(stack: Stack, *events: dict[str, Any]) -> None:
    answer = httpx.post(
        f"{stack.urls['placements']}/events", json=events, timeout=10,
        headers={"Content-Type": "application/cloudevents-batch+json"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text


def test_a_placement_that_overspends_its_line_reaches_an_officer_by_email(stack: Stack, mailbox: Mailbox) -> None:
    post(
        stack,
        event("budget-set", 1, financial_year=2025, line="grant", amount_pence=8_860_000_000),
        event("budget-set", 2, financial_year=2025, line="special", amount_pence=10_000_000),
        event("reserve-opened", 3, financial_year=2025, balance_pence=-2_220_000_000),
        placement(4, 60_000),
    )
    post(stack, placement(5, 33_500))
    warning = mailbox.wait_for(lambda m: m["subject"].startswith("HNB alert, warning: Special schools"))
    assert warning["subject"] == "HNB alert, warning: Special schools at 93.5% of budget (2025-26)"

    post(stack, placement(6, 7_000))
    message = mailbox.wait_for(lambda m: m["subject"].startswith("HNB alert, critical: Special schools"))
    text = text_of(message)
    assert message["subject"] == "HNB alert, critical: Special schools at 100.5% of budget (2025-26)"
    assert message["to"] == "finance@leicester.example"
    assert "£100,500.00 is committed or spent, 100.5% of the budget of £100,000.00." in text
    assert "Headroom                                 −£500.00" in text.replace("    −£500.00", " −£500.00")
    assert "PL-1006" in text
    assert "+£7,000.00" in text
    assert "child-pseudonym" not in message.as_string()

    alerts = httpx.get(f"{stack.urls['alerts']}/alerts", params={"authority": LEICESTER}).json()["alerts"]
    (alert,) = [a for a in alerts if a["scope"] == "special"]
    assert f"{stack.urls['alerts']}/inbox/alerts/{alert['id']}\n" in text
    (position,) = [
        line
        for line in httpx.get(
            f"{stack.urls['ledger']}/positions", params={"authority": LEICESTER, "financial_year": 2025}
        ).json()["lines"]
        if line["provision"] == "special"
    ]
    assert alert["evidence"]["headroom_pence"] == position["headroom_pence"] == -50_000

    answer = httpx.post(f"{stack.urls['alerts']}/alerts/{alert['id']}/acknowledge", json={"by": "A. Patel"})
    assert answer.json()["state"] == "acknowledged"
