"""Every query of every panel, asked of a real Prometheus and the real views, while the demo's year is played."""

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest

from hnb_local.demo.play import Player
from hnb_local.forecasting.outlooks import made_by
from hnb_local.simulator.feed import leicester_year
from hnb_local.simulator.leicester import expected_pence
from hnb_local.stack import Stack
from ledger.outlook.result import Outlook
from tests.alerts.receiver import Receiver
from tests.cases import LEICESTER
from tests.conftest import scratch_folder
from tests.deploy.files import dashboards
from tests.deploy.prometheus import PROGRAM, Prometheus
from tests.faults.replica import Replica
from tests.journeys.waiting import until

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="prometheus is not on PATH (Debian: apt install prometheus): no panel was asked for data"
)

SEED = 2025
YEAR = 2025
# What Grafana puts in the place of its variables.
CHOSEN = {"authority": LEICESTER, "financial_year": str(YEAR)}
OF_VARIABLE = {"${ledger}": "ledger", "${register}": "placements", "${alerts}": "alerts"}
ASKED = [
    pytest.param(target, id=f"{board['uid']}: {panel['title']} ({target['refId']})")
    for board in dashboards()
    for panel in board["panels"]
    for target in panel.get("targets", ())
]


@dataclass(frozen=True, slots=True)
class Watched:
    """A system in which the year was played, and what watched it from the start."""

    stack: Stack
    prometheus: Prometheus
    since: float
    spent_pence: int
    outlook: Outlook  # of the one forecast made

    def answer(self, target: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What one query of a panel gives: its values, whichever data source it is asked of."""
        if "rawSql" in target:
            service = OF_VARIABLE[target["datasource"]["uid"]]
            with psycopg.connect(self.stack.finance_urls[service]) as connection:
                return connection.execute(self._sql(target["rawSql"])).fetchall()
        asked = self._promql(target["expr"])
        if target["range"]:
            return [tuple(found["values"]) for found in self.prometheus.query_range(asked, self.since, time.time())]
        return [(found["value"][1],) for found in self.prometheus.query(asked)]

    def _promql(self, text: str) -> str:
        length = f"{time.time() - self.since:.0f}s"
        return chosen(text.replace("$__rate_interval", "10s").replace("$__range", length))

    def _sql(self, text: str) -> bytes:
        start, end = (f"to_timestamp({moment})" for moment in (self.since, time.time()))
        text = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN {start} AND {end}", text)
        return chosen(text.replace("$__timeFrom()", start).replace("$__timeTo()", end)).encode()


def chosen(text: str) -> str:
    for name, value in CHOSEN.items():
        text = text.replace(f"${{{name}:sqlstring}}", f"'{value}'").replace(f"${name}", value)
    assert "$" not in text, f"no value for a variable of {text}"
    return text


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """The demo's year through the real door, two ledgers, alerts told to somebody, and one of them acknowledged."""
    feed = leicester_year(SEED)
    with ExitStack() as exits:
        officer = exits.enter_context(Receiver())
        patch = exits.enter_context(pytest.MonkeyPatch.context())
        patch.setitem(os.environ, "HNB_ALERT_URLS", officer.url.replace("http:", "json:"))
        folder = exits.enter_context(scratch_folder())
        stack = exits.enter_context(Stack(folder / "hnb", say=print, durable=False))
        second = exits.enter_context(
            Replica("ledger", "1", stack.database_urls["ledger"], stack.broker_urls["ledger"], folder / "second.log")
        )
        targets = {name: [url] for name, url in stack.urls.items()}
        targets["ledger"].append(second.url)
        prometheus = exits.enter_context(Prometheus(folder, targets))
        since = time.time()
        player = Player(feed, stack.urls["placements"], None, threading.Event())
        player.start()
        player.join()
        assert player.failure is None, player.failure
        until(lambda: settled(stack), 120)
        made = made_by(stack.urls["ledger"], {"authority": LEICESTER})
        until(lambda: acknowledge_one(stack), 60)
        until(lambda: officer.received, 60)
        prometheus.wait_for_scrapes(5)
        yield Watched(stack, prometheus, since, sum(feed.expected.spent.values()), made.outlook)


def settled(stack: Stack) -> bool:
    """Whether every event is in the position, for good."""
    asked = f"{stack.urls['ledger']}/positions?authority={LEICESTER}&financial_year={YEAR}"
    total = httpx.get(asked, timeout=30).json()["total"]
    told = httpx.get(f"{stack.urls['ledger']}/metrics", timeout=30).text
    return total["committed_pence"] + total["spent_pence"] == sum(expected_pence().values()) and bool(
        re.search(r"^hnb_commitments_unsettled 0\.0$", told, re.MULTILINE)
    )


def acknowledge_one(stack: Stack) -> bool:
    alerts = httpx.get(f"{stack.urls['alerts']}/alerts?state=open", timeout=30).json()["alerts"]
    if not alerts:
        return False
    url = f"{stack.urls['alerts']}/alerts/{alerts[0]['id']}/acknowledge"
    return httpx.post(url, json={"by": "A. Officer"}, timeout=30).is_success


@pytest.mark.parametrize("target", ASKED)
def test_a_query_returns_data(watched: Watched, target: dict[str, Any]) -> None:
    """Asked again where a scrape came to nothing in its second: the next one makes up for it."""
    until(lambda: any(value is not None for row in watched.answer(target) for value in row), 10)


def headline(title: str) -> dict[str, Any]:
    (board,) = (board for board in dashboards() if board["uid"] == "hnb-position")
    (panel,) = (panel for panel in board["panels"] if panel["title"] == title)
    found: dict[str, Any] = panel["targets"][0]
    return found


def test_the_headline_is_the_reviews_own_figures(watched: Watched) -> None:
    cost = sum(expected_pence().values())
    figures = {
        "Grant": 88_600_000_00,
        "Committed, to be paid": cost - watched.spent_pence,
        "Spent": watched.spent_pence,
        "In-year balance": -22_600_000_00,
        "Reserve at 31 March": -44_800_000_00,
    }
    for title, pence in figures.items():
        ((value,),) = watched.answer(headline(title))
        assert round(float(value) * 100) == pence, title
    path = {at: (reserve, plan) for at, reserve, plan in watched.answer(headline("The reserve's path, year by year"))}
    assert path["31 Mar 2026"] == (-44_800_000, -44_800_000)
    years = watched.outlook.scenarios[0].years
    (expected,) = (year.reserve_pence.p50 for year in years if year.financial_year == 2027)
    reserve, plan = path["31 Mar 2028"]
    assert (round(reserve * 100), plan) == (expected, -78_000_000)


def cost_by_line(connection: psycopg.Connection, view: str, column: str) -> dict[str, int]:
    query = f"""
        SELECT provision, sum({column})::bigint FROM finance.{view} WHERE authority = %s AND financial_year = %s
        GROUP BY provision
    """
    return dict(connection.execute(query.encode(), [LEICESTER, YEAR]).fetchall())


def test_the_views_come_to_the_position_to_the_penny(watched: Watched) -> None:
    asked = f"{watched.stack.urls['ledger']}/positions?authority={LEICESTER}&financial_year={YEAR}"
    position = httpx.get(asked, timeout=30).json()
    by_line = {line["provision"]: line for line in position["lines"]}
    with psycopg.connect(watched.stack.finance_urls["ledger"]) as connection:
        rows = connection.execute(
            "SELECT provision, fund, budget_pence, committed_pence, spent_pence, headroom_pence, provisional_pence, "
            "contingent_pence, coalesce(full_year_effect_pence, 0) FROM finance.positions "
            "WHERE authority = %s AND financial_year = %s", [LEICESTER, YEAR],
        ).fetchall()  # fmt: skip
        known = connection.execute(
            "SELECT DISTINCT ON (provision) provision, committed_pence, spent_pence FROM finance.position_history "
            "WHERE authority = %s AND financial_year = %s ORDER BY provision, known_at DESC", [LEICESTER, YEAR],
        ).fetchall()  # fmt: skip
        moved, of_commitments = (
            cost_by_line(connection, view, column)
            for view, column in (("movements", "pence"), ("commitments", "cost_pence"))
        )
    assert {row[0] for row in rows} == set(by_line)
    for row in rows:
        names = ("fund", "budget_pence", "committed_pence", "spent_pence", "headroom_pence", "provisional_pence",
                 "contingent_pence", "full_year_effect_pence")  # fmt: skip
        line = by_line[row[0]]
        assert dict(zip(names, row[1:], strict=True)) == {name: line[name] for name in names}
        cost = line["committed_pence"] + line["spent_pence"]
        assert moved.get(row[0], 0) == of_commitments.get(row[0], 0) == cost
    assert {provision: (committed, spent) for provision, committed, spent in known} == {
        name: (line["committed_pence"], line["spent_pence"]) for name, line in by_line.items()
    }


def test_no_view_that_finance_reads_holds_a_child(watched: Watched) -> None:
    with psycopg.connect(watched.stack.database_urls["placements"]) as connection:
        children = {row[0] for row in connection.execute(
            "SELECT DISTINCT data ->> 'child_ref' FROM facts WHERE data ? 'child_ref'"
        )}  # fmt: skip
    assert len(children) > 4_000
    for url in watched.stack.finance_urls.values():
        with psycopg.connect(url) as connection:
            views = [row[0] for row in connection.execute("SELECT viewname FROM pg_views WHERE schemaname = 'finance'")]
            for view in views:
                for row in connection.execute(f"SELECT * FROM finance.{view}"):
                    assert not children & {str(value) for value in row}, view


@pytest.mark.parametrize("service", ["placements", "ledger", "alerts"])
def test_finance_reads_its_views_and_nothing_else(watched: Watched, service: str) -> None:
    with psycopg.connect(watched.stack.finance_urls[service], autocommit=True) as connection:
        found = connection.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert found
        for _, name in found:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT 1 FROM public.{name}")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine (n int)")
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("CREATE TABLE public.mine (n int)")
        views = connection.execute("SELECT viewname FROM pg_views WHERE schemaname = 'finance'").fetchall()
        assert views
        for (name,) in views:
            with pytest.raises(psycopg.Error, match=r"permission denied|cannot delete"):
                connection.execute(f"DELETE FROM finance.{name}")


def test_two_ledgers_double_no_figure(watched: Watched) -> None:
    told = watched.prometheus.query('count by (provision) (hnb_budget_pounds{financial_year="2025"})')
    assert {found["value"][1] for found in told} == {"2"}, "both ledgers are scraped"
    ((value,),) = watched.answer(headline("Grant"))
    assert float(value) == 88_600_000
