"""`make screenshots`: the pictures of README and docs, of the demo's pages as Chromium shows them."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import ViewportSize

from hnb_local.demo.pages import PAGES
from hnb_local.simulator.leicester import AUTHORITY
from hnb_local.stack import Stack
from tests.conftest import scratch_folder
from tests.pages.browser import CHROMIUM, chromium

PICTURES = Path(__file__).parents[2] / "docs" / "screenshots"
HNB = str(Path(sys.executable).with_name("hnb"))
SIZE: ViewportSize = {"width": 1280, "height": 1500}  # the head of a page; the whole of it is for the page itself
SCALE = 0.6
FURTHER = (
    ("A line", "ledger", f"/board/{AUTHORITY}/2025/lines/independent"),
    ("A commitment, explained", "ledger", f"/board/{AUTHORITY}/commitments/PL-00001"),
    ("An alert", "alerts", f"/inbox/alerts/{AUTHORITY}-2025-line-budget-special-1"),
)
SHOWN = (*PAGES, *FURTHER)


def name(path: str) -> str:
    """What a page's picture is called: the words of its address, without whose, when and which."""
    parts = path.partition("?")[0].split("/")
    return "-".join(part for part in parts if part and not part[0].isupper() and not part.isdigit()) + ".png"


def take(folder: Path) -> None:
    """Play the demo into a folder and take a picture of each page."""
    print("Playing the demo's year…", flush=True)
    command = [HNB, "demo", "--data-dir", str(folder)]
    subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, env=os.environ)
    PICTURES.mkdir(exist_ok=True)
    with Stack(folder, say=lambda _: None) as stack, chromium() as browser:
        page = browser.new_page(viewport=SIZE, device_scale_factor=SCALE)
        for _, service, path in SHOWN:
            answer = page.goto(stack.urls[service] + path)
            if answer is None or not answer.ok:
                sys.exit(f"{service} does not show {path}: no picture was taken of it.")
            page.screenshot(path=PICTURES / name(path))
            print(f"docs/screenshots/{name(path)}")


def main() -> None:
    argparse.ArgumentParser(prog="make screenshots", description=__doc__).parse_args()
    if CHROMIUM is None:
        sys.exit("Chromium is not installed (Debian: chromium), so no picture can be taken.")
    with scratch_folder() as folder:
        take(folder)


if __name__ == "__main__":
    main()
