"""Where the demo's year is going: the ledger's forecast from what it heard, beside the review and the new grant."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from hnb.calendar import year_label
from hnb_local.errors import COULD_NOT, CommandFailed
from hnb_local.forecasting.layout import Layout, print_fitting, table
from hnb_local.forecasting.outlook_view import between, millions, provenance
from hnb_local.forecasting.outlooks import Made, made_by
from hnb_local.showing import add_row
from hnb_local.simulator.leicester import AUTHORITY
from ledger.outlook.result import Outlook, ScenarioOutlook

_WORDS = (
    "Children's ages and moves are synthetic, and what they do next follows from them; prices rise by 3% a year and "
    "the grant by 2.5%, both invented. The review does not say by which measures it comes to no more than −£78.0m: "
    "with each year's balance like this one's it would be −£90.0m. How it is made: docs/forecasting.md."
)


def ask_for_forecast(ledger_url: str, authority: str = AUTHORITY) -> Made:
    """Made by the ledger, over its door, and kept there. Whatever it says against it, nobody typed anything wrong."""
    try:
        return made_by(ledger_url, {"authority": authority})
    except CommandFailed as failure:
        raise CommandFailed(f"The year tied out, but could not be forecast: {failure}", COULD_NOT) from None


def print_outlook(screen: Console, made: Made) -> None:
    """Outturn and reserve year by year, with the review's path and the stability grant beside them."""
    screen.print()
    print_fitting(screen, lambda layout: _years(made.outlook, layout), (Layout.MIDDLE, Layout.NARROW))
    screen.print(Text(_WORDS))
    screen.print(Text(provenance(made.outlook, made.run)), style="dim", soft_wrap=True)


def _years(outlook: Outlook, layout: Layout) -> Table:
    beside = [_reserve(outlook, name) for name in ("review", "stability-grant", "review-with-grant")]
    found = table(
        layout, f"Where this is going: {outlook.simulations:,} futures from the ledger's own journal", "Year",
        "Outturn", "8 of 10\nfutures", "Reserve,\n31 March", "8 of 10\nfutures", "The\nreview's", "With the\ngrant",
        "The\nreview's,\nwith it",
    )  # fmt: skip
    for year in outlook.scenarios[0].years:
        assert year.outturn_pence is not None
        others = [millions(path[year.financial_year]) if year.financial_year in path else Text("–") for path in beside]
        add_row(
            found, year_label(year.financial_year), millions(year.outturn_pence.p50),
            between(year.outturn_pence, layout), millions(year.reserve_pence.p50), between(year.reserve_pence, layout),
            *others,
        )  # fmt: skip
    return found


def _reserve(outlook: Outlook, name: str) -> dict[int, int]:
    return {year.financial_year: year.reserve_pence.p50 for year in _scenario(outlook, name).years}


def _scenario(outlook: Outlook, name: str) -> ScenarioOutlook:
    found = next((one for one in outlook.scenarios if one.name == name), None)
    if found is None:
        raise CommandFailed(f"The ledger's forecast has no scenario {name}.")
    return found
