"""Where the demo's year is going: the ledger's forecast from what it heard, beside the review and the new grant."""

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb_local.errors import COULD_NOT, CommandFailed
from hnb_local.forecasting.outlook_view import between, millions, provenance
from hnb_local.forecasting.outlooks import Made, made_by
from hnb_local.simulator.leicester import AUTHORITY
from ledger.outlook.result import Outlook, ScenarioOutlook

_WORDS = """\
Children's ages and moves are synthetic, and what they do next follows from them; prices rise by 3% a year and the
grant by 2.5%, both invented. The review does not say by which measures it comes to no more than −£78.0m: with each
year's balance like this one's it would be −£90.0m. How it is made: docs/forecasting.md."""


def ask_for_forecast(ledger_url: str, authority: str = AUTHORITY) -> Made:
    """Made by the ledger, over its door, and kept there. Whatever it says against it, nobody typed anything wrong."""
    try:
        return made_by(ledger_url, {"authority": authority})
    except CommandFailed as failure:
        raise CommandFailed(f"The year tied out, but could not be forecast: {failure}", COULD_NOT) from None


def print_outlook(screen: Console, made: Made) -> None:
    """Outturn and reserve year by year, with the review's path and the stability grant beside them."""
    outlook = made.outlook
    first = outlook.scenarios[0]
    beside = [_reserve(outlook, name) for name in ("review", "stability-grant", "review-with-grant")]
    table = Table(
        title=f"Where this is going: {outlook.simulations:,} futures from the ledger's own journal",
        title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False,
    )  # fmt: skip
    table.add_column("Year")
    for name in (
        "Outturn", "8 of 10 futures", "Reserve, 31 March", "8 of 10 futures", "The review's", "With the grant",
        "The review's, with it",
    ):  # fmt: skip
        table.add_column(name, justify="right")
    for year in first.years:
        assert year.outturn_pence is not None
        others = [millions(path[year.financial_year]) if year.financial_year in path else Text("–") for path in beside]
        table.add_row(
            year_label(year.financial_year), millions(year.outturn_pence.p50), between(year.outturn_pence),
            millions(year.reserve_pence.p50), between(year.reserve_pence), *others,
        )  # fmt: skip
    screen.print()
    screen.print(table)
    screen.print(Text(_WORDS))
    screen.print(Text(provenance(outlook, made.run)), style="dim", soft_wrap=True)


def _reserve(outlook: Outlook, name: str) -> dict[int, int]:
    return {year.financial_year: year.reserve_pence.p50 for year in _scenario(outlook, name).years}


def _scenario(outlook: Outlook, name: str) -> ScenarioOutlook:
    found = next((one for one in outlook.scenarios if one.name == name), None)
    if found is None:
        raise CommandFailed(f"The ledger's forecast has no scenario {name}.")
    return found
