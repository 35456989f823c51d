"""The demo's pages: the public summary of the year it played, and where each page is."""

from collections.abc import Mapping

from rich.console import Console

from hnb_local.asking import exchange
from hnb_local.errors import COULD_NOT, CommandFailed
from hnb_local.simulator.leicester import AUTHORITY

YEAR = 2025
PUBLISHED = {"authority": AUTHORITY, "financial_year": YEAR, "name": "Leicester (a synthetic year)", "by": "hnb demo"}
# What it is, whose page, and where.
PAGES = (
    ("What the block was spent on, for everybody", "ledger", f"/public/{AUTHORITY}/{YEAR}"),
    ("Finance's board", "ledger", f"/board/{AUTHORITY}/{YEAR}"),
    ("What finance has to look at", "ledger", f"/board/{AUTHORITY}/{YEAR}/exceptions"),
    ("Leicester beside five invented councils", "ledger", f"/benchmarks/{AUTHORITY}"),
    ("Settings and their places", "placements", f"/places/{AUTHORITY}"),
    ("Placements out of area and local alternatives", "placements", f"/places/{AUTHORITY}/out-of-area"),
    ("Who waits, and how long", "placements", f"/waits/{AUTHORITY}"),
    ("Statutory clocks", "placements", f"/clocks/{AUTHORITY}"),
    ("The tribunal review", "placements", f"/tribunals/{AUTHORITY}"),
    ("The officers' inbox", "alerts", f"/inbox?authority={AUTHORITY}"),
    ("The recovery plan (invented)", "ledger", f"/recovery-plan/{AUTHORITY}"),
)


def publish_summary(ledger_url: str) -> None:
    """The first edition, where the data holds none yet."""
    found = exchange("ledger", ledger_url, "/editions", {"authority": AUTHORITY})
    if found["editions"]:
        return
    try:
        exchange("ledger", ledger_url, "/editions", {}, body={**PUBLISHED, "dry_run": False})
    except CommandFailed as failure:
        raise CommandFailed(f"The year tied out, but could not be published: {failure}", COULD_NOT) from None


def print_pages(screen: Console, urls: Mapping[str, str]) -> None:
    """Each page and its address; while the system is up, a browser on this machine can open them."""
    widest = max(len(words) for words, _, _ in PAGES)
    screen.print("\nWhere each page is")
    for words, service, path in PAGES:
        screen.print(f"  {words:<{widest}}  {urls[service]}{path}", soft_wrap=True)
    if not screen.is_terminal:
        screen.print("The pages are gone with this demo: on a terminal it stays up until Ctrl-C.")
