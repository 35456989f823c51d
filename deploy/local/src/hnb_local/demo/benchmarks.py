"""Something to compare the demo's council with: made-up published files, imported as real ones are."""

from hnb_local.benchmarking.importing import Sending, take_in
from hnb_local.simulator.leicester import AUTHORITY
from hnb_local.simulator.published import made_up_files
from ledger.published.reading import read_csv
from ledger.published.unpacking import Download


def import_published(ledger_url: str) -> str:
    """Imports them, and says where they are shown and that they are made up."""
    editions = [read_csv(name, text.encode()) for name, text in made_up_files().items()]
    take_in(Download(editions), Sending(ledger_url, "hnb demo", keep=True))
    return (
        f"Leicester beside five invented councils, from {len(editions)} made-up files in the shape of government's: "
        f"{ledger_url}/benchmarks/{AUTHORITY}"
    )
