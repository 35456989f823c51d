"""An outlook as it is kept, printed and shown: whole pence and whole futures, with what is needed to draw it again."""

from datetime import date

from pydantic import AwareDatetime

from ledger.outlook.inputs import Written


class Spread(Written):
    """A distribution: of ten futures one is below `p10`, one above `p90`. Each is a value that a future had.

    Pence where it is money; for balances and reserves a deficit is negative, and `p10` is the worse.
    """

    mean: float
    p10: int
    p50: int
    p90: int


class LineYear(Written):
    """One line in one financial year."""

    provision: str
    known_pence: int  # as known on the day: committed and spent
    outturn_pence: Spread
    children_hundredths: Spread | None  # with a plan, on average over the year; None for a line without such


class Growth(Written):
    """The change of the outturn's mean since the first year: by number of children, by price, and the rest."""

    caseload_pence: int
    price_pence: int
    other_pence: int  # lines that no child with a plan stands behind


class YearOutlook(Written):
    """One financial year. A stated one has its reserve alone, and `since_first` is None in the first of the others."""

    financial_year: int
    known_pence: int | None
    outturn_pence: Spread | None
    children_hundredths: Spread | None  # in all that the block pays for
    lines: tuple[LineYear, ...]
    grant_pence: Spread | None
    balance_pence: Spread | None  # grant less outturn
    stability_grant_pence: Spread | None  # paid in the year, beside the grant
    reserve_pence: Spread  # at 31 March, as the year closes
    since_first: Growth | None


class Worth(Written):
    """What a scenario saves beside the one it is compared with: positive is a smaller deficit at that 31 March."""

    financial_year: int
    saved_pence: Spread
    likely: float  # the share of futures in which it saves anything


class Past(Written):
    """When the reserve falls past a level: in what share of futures it has by each 31 March, and when in the middle."""

    level_pence: int
    chances: dict[int, float]  # by financial year
    middle_year: int | None  # the first year whose closing reserve is past it at the median; None within these years


class OverrideEnd(Written):
    """What the council's general reserves meet once the deficit no longer stands in an account of its own."""

    ends: date
    reserve_pence: Spread  # at that 31 March
    likely_deficit: float  # the share of futures in which there is one


class ScenarioOutlook(Written):
    """One scenario, year by year."""

    name: str
    title: str
    assumes: tuple[str, ...]  # what it takes for granted, in whole sentences
    source: str | None
    stated: bool  # figures taken over from a source, not drawn
    years: tuple[YearOutlook, ...]
    worth: tuple[Worth, ...]  # beside the first scenario; empty for itself and for stated ones
    past: Past | None
    override_end: OverrideEnd | None


class PlacesYear(Written):
    """Children against places in one financial year, at its fullest month."""

    financial_year: int
    children: Spread
    chance_over: float  # the share of futures in which there are more children than places
    waiting: Spread  # children beyond the places
    wait_weeks: Spread | None  # how long: those waiting over the places that come free, 520 at most; None if none do


class PlacesOutlook(Written):
    """The settings of one provision and phase in the area whose places are known. `phase` is None where of any."""

    provision: str
    phase: str | None
    settings: int
    places: int
    filled: int  # on the reference day
    years: tuple[PlacesYear, ...]
    runs_out: str | None  # the first month ("2027-09") in which more than places are there at the median


class NeedYear(Written):
    """Children of one provision and need, as a year from the reference day ends in that financial year."""

    financial_year: int
    children: Spread


class NeedOutlook(Written):
    """The children of one provision with one primary need: which places are wanted, not only how many."""

    provision: str
    need: str
    now: int
    years: tuple[NeedYear, ...]


class Outlook(Written):
    """One run, whole."""

    model: int
    numpy: str
    seed: int
    simulations: int
    authority: str
    known_at: AwareDatetime
    reference_day: date
    inputs_sha256: str
    scenarios_sha256: str
    scenarios: tuple[ScenarioOutlook, ...]
    places: tuple[PlacesOutlook, ...]
    needs: tuple[NeedOutlook, ...]
    notes: tuple[str, ...]
