"""What the services answer while the year is played: the position, the alerts, and how far from the truth they are."""

import os
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import httpx

from hnb.money import pounds
from hnb_local.showing import line_title
from hnb_local.simulator.feed import Expected
from hnb_local.simulator.leicester import AUTHORITY, GRANT_POUNDS, RESERVE_OPENING_POUNDS, YEAR

PATIENCE_SECONDS = 30.0  # how long nothing may move before the wait for the figures is given up
ANSWER_SECONDS = 10
LINE_RULES = ("line-budget", "reserve-plan")  # of the rules as shipped: those that judge a year's position
WARNING_PERCENT = 90  # of the rules as shipped


class Watch:
    """Asks the ledger and the alerts service, and compares with what the feed must come to."""

    def __init__(self, ledger_url: str, alerts_url: str, expected: Expected) -> None:
        self.position: dict[str, Any] = {"lines": [], "total": {}}
        self.alerts: list[dict[str, Any]] = []
        self._position_url = f"{ledger_url}/positions?authority={AUTHORITY}&financial_year={YEAR}"
        self._alerts_url = f"{alerts_url}/alerts"
        self._expected = expected
        self._told: set[str] = set()
        self._moved_at = time.monotonic()
        # One client for the whole watch: opening one costs more than asking.
        token = os.environ.get("HNB_TOKEN")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(timeout=ANSWER_SECONDS, headers=headers, trust_env=False)

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def look(self) -> None:
        """Asks once. A service that does not answer now, while it is restarted, is asked again at the next look."""
        position, alerts = self._ask(self._position_url), self._open_alerts(rule=LINE_RULES)
        if position is not None:
            if (position["lines"], position["total"]) != (self.position["lines"], self.position["total"]):
                self._moved_at = time.monotonic()
            self.position = position
        if alerts is not None:
            self.alerts = alerts["alerts"]

    def others_by_rule(self) -> Counter[str]:
        """How many alerts are open on single placements, plans, appeals and feeds, by the rule they are of."""
        counted: Counter[str] = Counter()
        page = self._open_alerts()
        while page is not None:
            counted.update(alert["rule"] for alert in page["alerts"] if alert["now"] is None)
            page = self._open_alerts(after=page["next"]) if page["next"] is not None else None
        return counted

    def _open_alerts(self, **params: Any) -> dict[str, Any] | None:
        return self._ask(self._alerts_url, {"state": "open", "limit": 1000} | params)

    def _ask(self, url: str, params: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        try:
            answer = self._client.get(url, params=params)
            said: dict[str, Any] = answer.json()
        except (httpx.TransportError, ValueError):
            return None
        return said if answer.is_success else None

    @property
    def stuck(self) -> bool:
        """Whether nothing has moved for so long that nothing more will."""
        return time.monotonic() - self._moved_at > PATIENCE_SECONDS

    def still_moving(self) -> None:
        """More events are being played, so patience starts anew."""
        self._moved_at = time.monotonic()

    def differences(self) -> list[str]:
        """What is not yet as the feed must come to, a sentence each; empty once everything has tied out."""
        position, expected = self.position, self._expected
        lines = {line["provision"]: line for line in position["lines"]}
        in_year = GRANT_POUNDS * 100 - expected.total
        figures = [
            ("the grant", position.get("grant_pence"), GRANT_POUNDS * 100),
            ("the in-year balance", position.get("in_year_balance_pence"), in_year),
            ("the reserve's opening", position.get("reserve_opening_pence"), RESERVE_OPENING_POUNDS * 100),
            ("the reserve's closing", position.get("reserve_closing_pence"), RESERVE_OPENING_POUNDS * 100 + in_year),
            ("the total, committed and spent", cost(position["total"]), expected.total),
        ]
        for line, pence in expected.lines.items():
            of_line = lines.get(line, {})
            figures.append((f"{line_title(line)}, committed and spent", cost(of_line), pence))
            figures.append((f"{line_title(line)}, spent", of_line.get("spent_pence"), expected.spent.get(line, 0)))
        return [_difference(*figure) for figure in figures if (figure[1] or 0) != figure[2]] or self._unheard(lines)

    def _unheard(self, lines: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """The lines whose alert is missing or rests on figures that have moved since."""
        heard = {a["scope"]: cost(a["now"]) for a in self.alerts if a["financial_year"] == YEAR}
        return [
            f"{line_title(name)}: no alert on its {pounds(cost(line))} is open"
            for name, line in lines.items()
            if cost(line) * 100 >= line["budget_pence"] * WARNING_PERCENT and heard.get(name) != cost(line)
        ]

    def take_new_alerts(self) -> list[dict[str, Any]]:
        """The alerts that opened, or rose, since this was last asked."""
        fresh = [alert for alert in self.alerts if _level(alert) not in self._told]
        self._told |= {_level(alert) for alert in fresh}
        return fresh


def cost(figures: Mapping[str, Any]) -> int:
    """Committed and spent together, in pence."""
    return int(figures.get("committed_pence", 0)) + int(figures.get("spent_pence", 0))


def alert_words(alert: Mapping[str, Any]) -> str:
    """One alert on one line."""
    now = alert["now"]
    if alert["scope"] == "total":
        return f"{alert['severity']:<8} the reserve is heading for {pounds(now['reserve_closing_pence'])}"
    tenths = cost(now) * 1000 // max(now["budget_pence"], 1)
    return f"{alert['severity']:<8} {alert['title']} at {tenths // 10}.{tenths % 10}% of its budget"


def _level(alert: Mapping[str, Any]) -> str:
    return f"{alert['id']} {alert['severity']}"


def _difference(name: str, actual: int | None, expected: int) -> str:
    off = (actual or 0) - expected
    return f"{name}: {pounds(actual or 0)} and not {pounds(expected)}, a difference of {pounds(off)}"
