"""What a person does on the pages, in Chromium, and that its figures are the position's."""

from collections.abc import Iterator
from datetime import date

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
    commitment = page.get_by_role("region").get_by_role("link").first
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


def test_a_wrong_address_leads_somewhere(page: Page, demo: Stack) -> None:
    page.goto(f"{demo.urls['ledger']}/board/{AUTHORITY}/1999")
    expect(page.locator("h1")).to_have_text("Page not found")
    page.get_by_role("link", name="Go to the start of").click()
    expect(page.locator("h1")).to_have_text("How the High Needs Block was spent")
