"""Every page in Chromium: nothing that keeps people out, narrow, printed, without scripts or style, by keyboard."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page

from hnb_local.demo.pages import PAGES
from hnb_local.simulator.leicester import AUTHORITY
from hnb_local.stack import Stack
from tests.pages.browser import NARROW, faults, too_wide

ALERT = f"/inbox/alerts/{AUTHORITY}-2025-line-budget-special-1"
FURTHER = (
    ("Every summary", "ledger", "/public"),
    ("Every year", "ledger", "/board"),
    ("A line", "ledger", f"/board/{AUTHORITY}/2025/lines/independent"),
    ("A commitment", "ledger", f"/board/{AUTHORITY}/commitments/PL-00001"),
    ("A year nothing is known of", "ledger", f"/board/{AUTHORITY}/1999"),
    ("A summary that is not published", "ledger", f"/public/{AUTHORITY}/2019"),
    ("A council without a recovery plan", "ledger", "/recovery-plan/E06000015"),
    ("A plan in a year to come", "ledger", f"/recovery-plan/{AUTHORITY}?financial_year=2027"),
    ("A malformed filter", "ledger", f"/board/{AUTHORITY}/2025?as_at=30.9.2025"),
    ("Every council", "placements", "/places"),
    ("Settings over 95%", "placements", f"/places/{AUTHORITY}?area=in&occupancy=high"),
    ("Nothing like what was asked for", "placements", f"/places/{AUTHORITY}?provision=hospital&phase=primary"),
    ("The second page", "placements", f"/places/{AUTHORITY}/out-of-area?provision=independent&page=2"),
    ("Waits for a place that starts later", "placements", f"/waits/{AUTHORITY}?only=to-come"),
    ("Everything overdue", "placements", f"/clocks/{AUTHORITY}?state=overdue&page=2"),
    ("A review without its note", "placements", f"/tribunals/{AUTHORITY}?from=2025-04-01"),
    ("A council nothing is known of", "placements", "/places/E08000099"),
    ("Two wrong filters", "placements", f"/waits/{AUTHORITY}?need=X&phase=Y"),
    ("An alert", "alerts", ALERT),
    ("The form to take it on", "alerts", f"{ALERT}/acknowledge"),
    ("The form to silence it", "alerts", f"{ALERT}/silence"),
    ("Past alerts, if there are any", "alerts", "/inbox?show=past&rule=line-budget"),
    ("Silences", "alerts", "/inbox/silences?ended=true"),
    ("An alert that is none", "alerts", "/inbox/alerts/none"),
    ("A wrong level", "alerts", "/inbox?severity=grave"),
)
EVERY = [pytest.param(service, path, id=f"{service}{path}") for _, service, path in (*PAGES, *FURTHER)]
FOCUSABLE = "a[href], button, input, select, textarea, [tabindex='0'], summary"
OF_NARROW = ["target-size", "scrollable-region-focusable", "meta-viewport"]  # the rules that width can break
_TIME = re.compile(r"\d+:\d\d[ap]m")
SCRIPTLESS = {"java_script_enabled": False}


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    # axe is put into the page by the test: the page's own policy forbids every script.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    yield context.new_page()
    context.close()


def opened(page: Page, demo: Stack, service: str, path: str) -> Page:
    page.goto(demo.urls[service] + path)
    return page


@pytest.mark.parametrize(("service", "path"), EVERY)
def test_axe_finds_nothing_wide_or_narrow_and_nothing_is_too_wide(
    page: Page, demo: Stack, service: str, path: str
) -> None:
    opened(page, demo, service, path)
    assert faults(page) == []
    page.set_viewport_size({"width": NARROW, "height": 640})
    assert too_wide(page) == 0
    assert faults(page, OF_NARROW) == []


@pytest.mark.parametrize("answer", ["acknowledge", "note", "silence"])
def test_axe_finds_nothing_in_a_form_that_comes_back(page: Page, demo: Stack, answer: str) -> None:
    opened(page, demo, "alerts", f"{ALERT}/{answer}")
    page.locator("main button").click()
    assert page.title().startswith("Error: ")
    assert faults(page) == []
    page.set_viewport_size({"width": NARROW, "height": 640})
    assert too_wide(page) == 0
    page.get_by_role("link", name="Enter your name").click()
    assert page.evaluate("document.activeElement.id") == "by"


@pytest.mark.parametrize("service", ["placements", "ledger", "alerts"])
def test_the_address_without_a_path_leads_to_where_the_services_name_does(demo: Stack, service: str) -> None:
    answer = httpx.get(demo.urls[service] + "/", follow_redirects=True)
    assert answer.status_code == 200
    assert [step.status_code for step in answer.history] == [303]


@pytest.mark.parametrize(("service", "path"), EVERY)
def test_a_page_asks_nobody_but_its_own_service_and_complains_of_nothing(
    browser: Browser, demo: Stack, service: str, path: str
) -> None:
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    opened(page, demo, service, path)
    page.wait_for_load_state("networkidle")
    own = urlsplit(demo.urls[service]).netloc
    assert {urlsplit(url).netloc for url in asked} == {own}
    # Chromium itself says so of an answer that is no 200; a policy that blocks something would be said here too.
    assert [words for words in said if "the server responded with a status of 4" not in words] == []
    # The public is given no cookie at all; who may send a form, one that only our own pages can use.
    cookies = context.cookies()
    assert not cookies or not path.startswith("/public")
    assert all(cookie["httpOnly"] and cookie["sameSite"] in ("Lax", "Strict") for cookie in cookies)
    context.close()


@pytest.mark.parametrize(("service", "path"), EVERY)
def test_a_page_says_the_same_without_scripts_and_without_style(
    browser: Browser, demo: Stack, page: Page, service: str, path: str
) -> None:
    dressed = _words(opened(page, demo, service, path))
    context = browser.new_context(**SCRIPTLESS)  # type: ignore[arg-type]
    bare = context.new_page()
    bare.route("**/assets/*", lambda route: route.abort())
    opened(bare, demo, service, path)
    assert bare.title()
    assert dressed <= _words(bare)
    context.close()


def _words(page: Page) -> set[str]:
    """The words of a page, but for the minute it was made in."""
    return set(_TIME.sub("", page.locator("main").inner_text()).split())


@pytest.mark.parametrize(("service", "path"), EVERY)
def test_a_keyboard_reaches_everything_in_order_and_shows_where_it_is(
    page: Page, demo: Stack, service: str, path: str
) -> None:
    opened(page, demo, service, path)
    wanted: int = page.evaluate(f"""() => {{
        window.seen = new Set(), window.unseen = [];
        addEventListener('focusin', ({{target}}) => {{
            const style = getComputedStyle(target);
            window.seen.add(target);
            if (style.outlineStyle === 'none' && style.boxShadow === 'none') window.unseen.push(target.outerHTML);
        }});
        return [...document.querySelectorAll("{FOCUSABLE}")].filter(one => one.checkVisibility()).length;
    }}""")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to main content"
    within = 3 * page.locator("input[type=date]").count()  # from its day to month, year and calendar
    for _ in range(wanted + within):
        page.keyboard.press("Tab")
    assert page.evaluate("window.unseen") == []
    assert page.evaluate("window.seen.size") >= wanted


@pytest.mark.parametrize(("service", "path"), EVERY)
def test_a_page_can_be_printed_without_what_paper_cannot_do(page: Page, demo: Stack, service: str, path: str) -> None:
    opened(page, demo, service, path)
    page.emulate_media(media="print")
    for gone in (".govuk-skip-link", ".govuk-service-navigation", "form"):
        assert not page.locator(gone).filter(visible=True).count()
    assert page.locator("h1").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
