"""What a person does on the pages, in Chromium, and that its figures are the position's."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from hnb.money import pounds
from hnb.words import whole_pounds
from hnb_local.simulator.leicester import AUTHORITY
from hnb_local.stack import Stack


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def position(demo: Stack) -> dict[str, int]:
    query: dict[str, str | int] = {"authority": AUTHORITY, "financial_year": 2025}
    answer = httpx.get(f"{demo.urls['ledger']}/positions", params=query, trust_env=False).json()
    cost = answer["total"]["committed_pence"] + answer["total"]["spent_pence"]
    return {**{name: pence for name, pence in answer.items() if name.endswith("_pence")}, "cost_pence": cost}


def test_anybody_reads_the_summary_and_its_headlines_are_the_positions(page: Page, demo: Stack) -> None:
    of = position(demo)
    page.goto(f"{demo.urls['ledger']}/public")
    page.get_by_role("link", name="how the High Needs Block was spent in 2025-26").click()
    heads = page.locator(".hnb-figures")
    for pence in (of["grant_pence"], of["cost_pence"], -of["in_year_balance_pence"], -of["reserve_closing_pence"]):
        expect(heads).to_contain_text(whole_pounds(pence))
    page.get_by_role("link", name="Appeals to the tribunal").click()
    assert page.url.endswith("#tribunals")
    with page.expect_download() as download:
        page.get_by_role("link", name="All figures of this edition (CSV)").click()
    assert download.value.suggested_filename == f"high-needs-{AUTHORITY}-2025-edition-1.csv"


def test_finance_goes_from_the_total_to_one_commitment_and_back_in_time(page: Page, demo: Stack) -> None:
    of = position(demo)
    page.goto(f"{demo.urls['ledger']}/board")
    page.get_by_role("link", name="2025-26").click()
    heads = page.locator(".hnb-figures")
    for name in ("grant_pence", "cost_pence", "in_year_balance_pence", "reserve_closing_pence"):
        expect(heads).to_contain_text(pounds(of[name]))
    page.get_by_role("link", name="Independent and non-maintained").click()
    expect(page.locator("h1")).to_have_text("Independent and non-maintained in 2025-26")
    commitment = page.locator("main").get_by_role("region").get_by_role("link").first
    name = commitment.inner_text()
    commitment.click()
    expect(page.locator("h1")).to_have_text(name)
    expect(page.get_by_role("table", name="Postings")).to_contain_text("committed")
    page.goto(f"{demo.urls['ledger']}/board/{AUTHORITY}/2025")
    page.get_by_label("As known at the end of").fill(str(date.today()))  # noqa: DTZ011 - as the person's own clock has it
    page.get_by_role("button", name="Show").click()
    assert f"as_at={date.today()}" in page.url  # noqa: DTZ011
    expect(page.locator("h1")).to_have_text(f"Position of {AUTHORITY} in 2025-26")
    page.get_by_role("link", name="See it as known now").click()
    page.get_by_role("link", name="See each of them").click()
    expect(page.locator("h1")).to_have_text("To look at in 2025-26")


def test_placement_staff_filter_settings_and_the_headlines_are_the_routes(page: Page, demo: Stack) -> None:
    query: dict[str, str | int] = {"authority": AUTHORITY, "limit": 5_000}
    every = httpx.get(f"{demo.urls['placements']}/settings", params=query, trust_env=False).json()["settings"]
    counted = [one for one in every if one["capacity"] is not None]
    page.goto(f"{demo.urls['placements']}/places")
    page.get_by_role("link", name=f"Places of {AUTHORITY}").click()
    heads = page.locator(".hnb-figures")
    for key in ("capacity", "filled", "vacancies"):
        expect(heads).to_contain_text(f"{sum(one[key] for one in counted):,}")
    page.get_by_label("Provision", exact=True).select_option("special")
    page.get_by_label("Area", exact=True).select_option("in")
    page.get_by_label("Occupancy", exact=True).select_option("low")
    page.get_by_role("button", name="Show").click()
    assert "provision=special" in page.url
    few = [
        one for one in counted
        if one["provision"] == "special" and one["in_area"] and 100 * one["filled"] < 80 * one["capacity"]
    ]  # fmt: skip
    expect(page.get_by_text("Settings under 80%").locator("xpath=..")).to_contain_text(str(len(few)))
    expect(page.get_by_label("Occupancy", exact=True)).to_have_value("low")
    with page.expect_download() as download:
        page.get_by_role("link", name="All settings asked for (CSV)").click()
    assert len(download.value.path().read_text().splitlines()) == len(few) + 1


def test_placement_staff_go_from_out_of_area_to_waits_clocks_and_the_review(page: Page, demo: Stack) -> None:
    def told(route: str, **asked: str) -> dict[str, Any]:
        query = {"authority": AUTHORITY, **asked}
        answer = httpx.get(f"{demo.urls['placements']}{route}", params=query, trust_env=False)
        return dict(answer.json())

    heads = page.locator(".hnb-figures")
    page.goto(f"{demo.urls['placements']}/places/{AUTHORITY}")
    page.get_by_role("link", name="See each beside its local alternative").click()
    total = told("/out-of-area", limit="1")["total"]
    expect(heads).to_contain_text(whole_pounds(total["cost_a_year_pence"]))
    expect(page.get_by_role("table")).to_contain_text("PL-")
    page.get_by_role("link", name="Waits", exact=True).click()
    expect(heads).to_contain_text(f"{told('/waiting/summary')['plans']:,}")
    page.get_by_role("link", name="Statutory clocks", exact=True).click()
    page.get_by_label("Kind", exact=True).select_option("request")
    page.get_by_role("button", name="Show").click()
    overdue = sum(one["overdue"] for one in told("/statutory-clocks", limit="5000")["clocks"])
    expect(page.locator(".hnb-figures > div", has_text="Overdue")).to_contain_text(f"{overdue:,}")
    page.get_by_role("link", name="Tribunal review", exact=True).click()
    expect(heads).to_contain_text(pounds(told("/tribunals", **{"from": "2020-04-01"})["total"]["cost_pence"]))
    expect(page.locator("main")).to_contain_text("not recorded efficiently from 2020 until then")


def test_an_officer_takes_an_alert_on_notes_silences_and_ends_the_silence(page: Page, demo: Stack) -> None:
    page.goto(demo.urls["alerts"])
    expect(page.locator("h1")).to_have_text("Alerts")
    listed = httpx.get(f"{demo.urls['alerts']}/alerts", params={"rule": "line-budget"}, trust_env=False).json()
    page.get_by_label("Rule", exact=True).select_option("line-budget")
    page.get_by_role("button", name="Show").click()
    assert "rule=line-budget" in page.url
    expect(page.locator("main")).to_contain_text(f"of {len(listed['alerts'])}.")
    page.get_by_role("link", name="Special schools at").click()
    expect(page.get_by_role("table", name="As said by the ledger")).to_contain_text(
        pounds(next(one for one in listed["alerts"] if one["scope"] == "special")["evidence"]["headroom_pence"])
    )
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("alert")).to_contain_text("Enter your name")
    page.get_by_label("Your name").fill("A. Patel")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.locator("main")).to_contain_text("Acknowledged by A. Patel")
    page.get_by_role("button", name="Add a note").click()
    page.get_by_label("Your name").fill("B. Jones")
    page.get_by_label("Note").fill("Two places are let go in July")
    page.get_by_role("button", name="Add the note").click()
    expect(page.get_by_role("table", name="Changes")).to_contain_text("Two places are let go in July")
    page.get_by_role("button", name="Silence").click()
    page.get_by_label("Your name").fill("B. Jones")
    page.get_by_label("Up to the end of").fill(str(date.today()))  # noqa: DTZ011 - as above
    page.get_by_label("Reason").fill("Settled with finance")
    page.get_by_role("button", name="Silence").click()
    expect(page.locator("main")).to_contain_text("Silenced by B. Jones until the end of")
    page.get_by_role("link", name="See silence").click()
    page.get_by_label("Your name").fill("A. Patel")
    page.get_by_role("button", name="End it now").click()
    expect(page.locator("main")).to_contain_text("by A. Patel")
    expect(page.get_by_role("button", name="End it now")).to_have_count(0)


def test_a_wrong_address_leads_somewhere(page: Page, demo: Stack) -> None:
    page.goto(f"{demo.urls['ledger']}/board/{AUTHORITY}/1999")
    expect(page.locator("h1")).to_have_text("Page not found")
    page.get_by_role("link", name="Go to the start of").click()
    expect(page.locator("h1")).to_have_text("How the High Needs Block was spent")
