"""Something to compare the demo's council with: made-up published files, imported as real ones are."""

from hnb_local.benchmarking.importing import Sending, take_in
from hnb_local.errors import COULD_NOT, CommandFailed
from hnb_local.simulator.published import made_up_files
from ledger.published.reading import read_csv
from ledger.published.unpacking import Download


def import_published(ledger_url: str) -> None:
    """Imports them; where the data holds them already, nothing changes."""
    editions = [read_csv(name, text.encode()) for name, text in made_up_files().items()]
    try:
        take_in(Download(editions), Sending(ledger_url, "hnb demo", keep=True))
    except CommandFailed as failure:
        message = f"The year tied out, but the made-up published files could not be imported: {failure}"
        raise CommandFailed(message, COULD_NOT) from None
