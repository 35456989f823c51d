"""The summary's head, and its section on the grant, the deficit and the reserve."""

from datetime import datetime

from hnb.calendar import year_label
from hnb.words import day, millions, moment
from ledger.domain.disclosure import FEW
from ledger.domain.documents import Headline, Section, Table
from ledger.domain.public.told import Told, text, thousands
from ledger.domain.reserve import reserve_chart, to_come
from ledger.outlook.result import Spread

STABILITY_GRANT_YEAR = 2025  # the grant announced is of the deficit at 31 March 2026
STABILITY_GRANT_PERCENT = 90


def headlines(told: Told) -> tuple[Headline, ...]:
    """The four figures that the position has too."""
    of = told.money.reserve
    return (
        Headline(title="Grant from government", figure=thousands(of.grant_pence)),
        Headline(title="Spending", figure=thousands(of.cost_pence), note="paid, or promised and still to be paid"),
        Headline(
            title="Overspent by" if of.in_year_pence < 0 else "Left over", figure=thousands(abs(of.in_year_pence))
        ),
        Headline(
            title="Deficit at the end of the year" if of.closing_pence < 0 else "Reserve at the end of the year",
            figure=thousands(abs(of.closing_pence)),
            note=f"on 31 March {told.year + 1}",
        ),
    )


def about(told: Told, known_at: datetime) -> Section:
    """What the page is, and how to read it."""
    return Section(
        id="about",
        title="About this page",
        paragraphs=(
            text(
                "Children and young people with special needs get extra help at school.",
                "The government gives each council a grant to pay for it.",
                "This grant is called the High Needs Block.",
            ),
            f"This page says what {told.council} spent it on from April {told.year} to March {told.year + 1}.",
            f"It shows what was known on {moment(known_at)}. People are counted up to {day(told.facts.until)}.",
        ),
        points=(
            text(
                f"The letter c means that a figure is kept back. It is about 1 to {FEW - 1} people,",
                "or could be used to work out such a figure.",
            ),
            "Pounds are to the nearest thousand, so sums may differ by a little.",
        ),
    )


def money(told: Told) -> Section:
    """The grant, the spending, and the reserve year by year."""
    of, path, forecast = told.money.reserve, told.money.path, told.money.forecast
    known = [
        (year_label(year), "As known", *map(thousands, (one.grant_pence, one.cost_pence, one.closing_pence)))
        for year, one in sorted(path.items())
    ]
    expected = [
        (year_label(year), "Forecast", "–", "–", _spread(spread)) for year, spread in to_come(path, forecast).items()
    ]
    return Section(
        id="money",
        title="The grant, the spending and the deficit",
        paragraphs=(
            text(
                f"The grant was {thousands(of.grant_pence)}. Spending was {thousands(of.cost_pence)}.",
                f"That is {thousands(abs(of.in_year_pence))} {_more_or_less(of.in_year_pence)} than the grant.",
            ),
            f"The year began with {_balance(of.opening_pence)} and ended with {_balance(of.closing_pence)}.",
            text(
                "Until March 2028 the law lets councils keep such a deficit apart from the rest of their money.",
                "After that it would count against all their services.",
            ),
            *_stability_grant(told),
        ),
        charts=(reserve_chart(path, forecast),),
        tables=(
            Table(
                caption="The reserve year by year",
                head=("Year", "Basis", "Grant", "Spending", "Reserve at the end"),
                rows=(*known, *expected),
                numeric=3,
            ),
        ),
        notes=(
            text(
                "A minus sign means a deficit. Of a forecast the middle is shown,",
                "and the range it falls in eight times out of ten.",
            ),
        ),
    )


def _stability_grant(told: Told) -> tuple[str, ...]:
    """The grant announced of a deficit's greater part, shown beside the figures and not in them."""
    deficit = -told.money.reserve.closing_pence
    if told.year != STABILITY_GRANT_YEAR or deficit <= 0:
        return ()
    paid = deficit * STABILITY_GRANT_PERCENT // 100
    return (
        text(
            f"The government has said that it will pay {STABILITY_GRANT_PERCENT}% of the deficit that it accepts.",
            f"If it accepts all of it, that is {thousands(paid)}.",
            f"Then {thousands(deficit - paid)} of the deficit stays.",
            "The figures here are without it.",
        ),
    )


def _more_or_less(balance: int) -> str:
    return "more" if balance < 0 else "less"


def _balance(pence: int) -> str:
    return f"a deficit of {thousands(-pence)}" if pence < 0 else f"{thousands(pence)} in reserve"


def _spread(spread: Spread) -> str:
    return f"{millions(spread.p50)} ({millions(spread.p10)} to {millions(spread.p90)})"
