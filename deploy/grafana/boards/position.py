"""HNB position: whether we are over budget, by how much, since when, why, and how fresh that is."""

from boards import thresholds
from boards.board import Board
from boards.panels import (
    BLUE,
    ORANGE,
    PINK,
    POUNDS,
    RED,
    RED_BELOW_NOUGHT,
    SKY,
    Query,
    bars,
    coloured,
    columns,
    course,
    lines,
    named,
    now,
    rows,
    stat,
    steps,
    table,
)

_YEAR = 'authority="$authority", financial_year="$financial_year"'
_OF_YEAR = "authority = ${authority:sqlstring} AND financial_year = ${financial_year:sqlstring}::int"
_IN_TOTAL = _OF_YEAR + " AND fund = 'high-needs'"


def by_line(measure: str, fund: str = "") -> str:
    """A figure of each line, once however many replicas tell it."""
    return f"max by (authority, financial_year, provision, fund) (hnb_{measure}_pounds{{{_YEAR}{fund}}})"


def in_total(measure: str) -> str:
    """A figure of the block: other funds stand beside it."""
    return f"sum({by_line(measure, ', fund=' + chr(34) + 'high-needs' + chr(34))})"


def of_year(measure: str) -> str:
    """A figure of the year as a whole."""
    return f"max by (authority, financial_year) (hnb_{measure}_pounds{{{_YEAR}}})"


def forecast(quantile: str) -> str:
    """The year's expected outturn: the value below which that share of futures is."""
    return f'max by (authority, financial_year) (hnb_forecast_outturn_pounds{{{_YEAR}, quantile="{quantile}"}})'


COST = f"{in_total('committed')} + {in_total('spent')}"
USED = f"({by_line('committed')} + {by_line('spent')}) / ({by_line('budget')} > 0)"


def _line_table() -> tuple[Query, ...]:
    measures = ("budget", "committed", "spent", "headroom")
    return (*(now(by_line(measure)) for measure in measures), now(USED))


_PLANS = ", ".join(
    f"('{authority}', {year}, {pence})" for authority, year, pence in thresholds.reserve_plan()
)  # fmt: skip

HEADLINE = [
    stat("Grant", "The year's High Needs Block: what there is to spend.", now(of_year("grant")), unit=POUNDS),
    stat(
        "Committed, to be paid",
        "What placements and other commitments will still cost this year as they stand today. Those without a price "
        "yet count at their line's average. Possible tribunal costs are not in it.",
        now(in_total("committed")), unit=POUNDS,
    ),
    stat("Spent", "What has been paid this year, as finance's payments say.", now(in_total("spent")), unit=POUNDS),
    stat(
        "Headroom in the budgets",
        "The lines' budgets, less what is committed and spent. Below zero (red, with a minus) is the overspend against "
        "budgets.",
        now(in_total("headroom")), unit=POUNDS, colours=RED_BELOW_NOUGHT,
    ),
    stat(
        "In-year balance",
        "The grant, less what is committed and spent. Below zero (red, with a minus) is the year's overspend, which "
        "the reserve must carry.",
        now(f"sum({of_year('grant')}) - {in_total('committed')} - {in_total('spent')}"), unit=POUNDS,
        colours=RED_BELOW_NOUGHT,
    ),
    stat(
        "Reserve at 31 March",
        "The reserve with which the year closes, if nothing changes from today. A deficit is below zero (red, with a "
        "minus).",
        now(of_year("reserve_closing")), unit=POUNDS, colours=RED_BELOW_NOUGHT,
    ),
    lines(
        "Has it moved, and since when?",
        "The year's cost (committed and spent together) against the grant and against the sum of the lines' budgets, "
        "as this system knew them at each moment. A step is an event that arrived then.",
        course(COST, "Committed and spent"), course(f"sum({of_year('grant')})", "Grant"),
        course(in_total("budget"), "Budgets"), unit=POUNDS, stepped=True, width=14,
        colours={"Committed and spent": BLUE, "Grant": ORANGE, "Budgets": PINK},
    ),
    bars(
        "Alerts open, by severity",
        "Alerts that are not resolved, over every authority and year this system holds: the measure behind them has "
        "crossed a threshold and not come back.",
        now("sum by (severity) (max by (rule, severity) (hnb_alerts_open))", "{{severity}}"), unit="short", width=4,
    ),
    stat(
        "Over the grant since",
        "Since when this system has known that the year costs more than its grant, without a break; empty where it "
        "does not. When the money was committed is another matter: the table below says what moved it.",
        rows("ledger", f"""
            SELECT date_part('epoch', min(known_at)) * 1000 AS "Since" FROM finance.year_history
            WHERE {_OF_YEAR} AND in_year_balance_pence < 0 AND known_at > coalesce((
                SELECT max(known_at) FROM finance.year_history WHERE {_OF_YEAR} AND in_year_balance_pence >= 0
            ), '-infinity')"""),
        unit="dateTimeAsLocal", colours=steps(RED), width=3, height=8,
    ),
    stat(
        "Age of the figures",
        "How long ago the position last moved. It grows while no event arrives, at weekends too; orange after a day, "
        "red after three.",
        now('time() - max by (authority) (hnb_position_timestamp_seconds{authority="$authority"})'), unit="s",
        colours=steps(BLUE, (86_400, ORANGE), (259_200, RED)), width=3, height=8,
    ),
]  # fmt: skip

WHY = [
    table(
        "What moved in the time looked at, and why",
        "The movements of the year's cost that this system learned of within the time chosen above, the largest first: "
        "more (red) or less, which commitment, and the news that moved it. Choose the last seven days for this week.",
        rows("ledger", f"""
            SELECT provision AS "Line", commitment AS "Commitment", why AS "Why", count(*) AS "Movements",
                sum(pence) / 100.0 AS "Moved", max(recorded_at) AS "Last"
            FROM finance.movements WHERE {_OF_YEAR} AND $__timeFilter(recorded_at)
            GROUP BY provision, commitment, why HAVING sum(pence) <> 0 ORDER BY abs(sum(pence)) DESC LIMIT 100"""),
        unit=POUNDS, width=14, height=10,
        overrides=[coloured("Moved", steps(BLUE, (0.01, RED))), named("Movements", unit="short", decimals=0),
                   named("Last", unit="dateTimeAsLocal")],
    ),
    bars(
        "Movement by kind of news, in the time looked at",
        "The same movements summed by their cause: placements made and ended, prices changed, appeals, corrections.",
        rows("ledger", f"""
            SELECT why AS "Why", sum(pence) / 100.0 AS "Moved"
            FROM finance.movements WHERE {_OF_YEAR} AND $__timeFilter(recorded_at)
            GROUP BY why ORDER BY abs(sum(pence)) DESC"""),
        unit=POUNDS, colours=steps(BLUE, (0.01, RED)), low=None, width=10, height=10,
    ),
]  # fmt: skip

BY_LINE = [
    table(
        "Each line against its budget",
        "One row per provision. The general fund's line (tribunals) stands beside the High Needs Block's and is in "
        "none of the sums above. A line without a budget shows its whole cost as negative headroom, and no share.",
        *_line_table(), unit=POUNDS, width=14, height=12, sort=("Headroom", False),
        overrides=[
            named("Line", **{"custom.width": 170}), named("Fund", **{"custom.width": 100}),
            coloured("Headroom", RED_BELOW_NOUGHT),
            coloured("Used", thresholds.line_budget(), unit="percentunit", decimals=1, **{"custom.width": 80}),
        ],
        transformations=[
            {"id": "merge", "options": {}},
            {"id": "organize", "options": {
                "excludeByName": {"Time": True, "authority": True, "financial_year": True},
                "indexByName": {"provision": 0, "fund": 1, **{f"Value #{ref}": n + 2 for n, ref in enumerate("ABCDE")}},
                "renameByName": {
                    "provision": "Line", "fund": "Fund", "Value #A": "Budget", "Value #B": "Committed",
                    "Value #C": "Spent", "Value #D": "Headroom", "Value #E": "Used",
                },
            }},
        ],
    ),
    bars(
        "Share of each line's budget used",
        "Committed and spent together as a share of the line's budget: orange and red from the shares at which alerts "
        "open. The bar ends at 125%; the figure does not. Lines without a budget are left out.",
        now(f"sort_desc({USED})", "{{provision}}"), unit="percentunit", decimals=1, colours=thresholds.line_budget(),
        high=1.25, width=10, height=12,
    ),
]  # fmt: skip

AHEAD = [
    columns(
        "The reserve's path, year by year",
        "The reserve with which each year closes: as known where a year has its grant; beyond the last of those the "
        "middle of the last forecast or, where there is none yet, as if each year came to the same balance as that "
        "one. Beside it the plan, where one is set in the alert rules.",
        rows("ledger", f"""
            SELECT to_char(make_date(p.financial_year + 1, 3, 31), 'DD Mon YYYY') AS "At",
                p.closing_pence / 100.0 AS "Reserve", plan.pence / 100.0 AS "Plan"
            FROM finance.reserve_path p
            LEFT JOIN (VALUES {_PLANS}) AS plan (authority, financial_year, pence) USING (authority, financial_year)
            WHERE authority = ${{authority:sqlstring}} ORDER BY financial_year"""),
        unit=POUNDS, x="At", colours={"Reserve": BLUE, "Plan": ORANGE}, decimals=0, width=12,
    ),
    table(
        "The run-rate, and the year to come",
        "What the placements that are live today cost a year at today's prices, beside the year's budget and what the "
        "line's commitments, as known, cost next year (the full-year effect).",
        rows("ledger", f"""
            SELECT p.provision AS "Line", r.placements AS "Live placements", r.unpriced AS "Without a price",
                r.annual_pence / 100.0 AS "Run-rate, a year", p.budget_pence / 100.0 AS "Budget",
                p.full_year_effect_pence / 100.0 AS "Full-year effect"
            FROM finance.positions p LEFT JOIN finance.run_rate r USING (authority, provision)
            WHERE {_IN_TOTAL} ORDER BY p.budget_pence DESC"""),
        unit=POUNDS, width=12, height=8,
        overrides=[
            named("Live placements", unit="short", decimals=0), named("Without a price", unit="short", decimals=0),
        ],
    ),
    stat(
        "Contingent: open appeals",
        "What open appeals could cost the High Needs Block this year, if every one were lost. Shown beside what is "
        "committed and never added to it.",
        now(in_total("contingent")), unit=POUNDS, colours=steps(PINK),
    ),
    stat(
        "Provisional: priced by average",
        "The part of what is committed that rests on a line's average price, because the real price is not known yet.",
        now(in_total("provisional")), unit=POUNDS, colours=steps(SKY),
    ),
    bars(
        "Contingent, by line",
        "What open appeals could cost this year: the eight lines with most. Never part of what is committed.",
        now(f"sort_desc(topk(8, {by_line('contingent')}))", "{{provision}}"), unit=POUNDS, colours=steps(PINK),
    ),
    bars(
        "Provisional, by line",
        "The part of a line's commitments priced by average: the eight lines with most. A price agreed turns it into a "
        "plain commitment.",
        now(f"sort_desc(topk(8, {by_line('provisional')}))", "{{provision}}"), unit=POUNDS, colours=steps(SKY),
    ),
]  # fmt: skip

GOING = [
    columns(
        "What each year is expected to come to",
        "The last forecast, by the scenario that all others are compared with: of ten futures one comes to less than "
        "the first column, one to more than the third; beside them the grant, as known or as it is assumed to grow.",
        rows("ledger", """
            SELECT financial_year || '-' || right((financial_year + 1)::text, 2) AS "Year",
                o.pence_p10 / 100.0 AS "One in ten is below", o.pence_p50 / 100.0 AS "Middle",
                o.pence_p90 / 100.0 AS "One in ten is above", r.grant_pence / 100.0 AS "Grant"
            FROM finance.forecast_outturn o JOIN finance.forecast_reserve r USING (authority, number, financial_year)
            WHERE authority = ${authority:sqlstring} AND number = 1 AND provision = 'total'
            ORDER BY financial_year"""),
        unit=POUNDS, x="Year", decimals=0, width=12,
        colours={"One in ten is below": SKY, "Middle": BLUE, "One in ten is above": PINK, "Grant": ORANGE},
    ),
    lines(
        "How the forecast of the year has moved",
        "The chosen year's expected outturn, as each night's forecast had it: the middle, and the values below which "
        "one and nine of ten futures are. Empty for a year that the last forecast does not reach.",
        course(forecast("0.5"), "Middle"), course(forecast("0.1"), "One in ten is below"),
        course(forecast("0.9"), "One in ten is above"), unit=POUNDS, stepped=True, width=12,
        colours={"Middle": BLUE, "One in ten is below": SKY, "One in ten is above": PINK},
    ),
    table(
        "Scenario beside scenario: the reserve at each 31 March",
        "The middle of all futures, and where eight of ten lie; what the scenario is worth by then beside the first, "
        "and in what share of futures it saves at all. Stated ones are taken over from a source and not drawn.",
        rows("ledger", """
            SELECT title AS "Scenario", to_char(make_date(financial_year + 1, 3, 31), 'DD Mon YYYY') AS "At",
                closing_pence_p50 / 100.0 AS "Reserve", closing_pence_p10 / 100.0 AS "One in ten is worse",
                closing_pence_p90 / 100.0 AS "One in ten is better", saved_pence / 100.0 AS "Worth",
                likely AS "Saves in", CASE WHEN stated THEN 'stated' ELSE 'drawn' END AS "How",
                made_at AS "Forecast made"
            FROM finance.forecast_reserve WHERE authority = ${authority:sqlstring} ORDER BY number, financial_year"""),
        unit=POUNDS, width=24, height=12,
        overrides=[
            coloured("Reserve", RED_BELOW_NOUGHT), named("Saves in", unit="percentunit", decimals=0),
            named("Forecast made", unit="dateTimeAsLocal"),
        ],
    ),
    table(
        "Children against places",
        "At each year's fullest month, for settings in the area whose places are known: where more want them than "
        "there are, how many wait and how long, and the first month in which they run out in the middle future.",
        rows("ledger", """
            SELECT provision AS "Provision", phase AS "Phase", places AS "Places", filled AS "Filled",
                financial_year || '-' || right((financial_year + 1)::text, 2) AS "Year",
                children_p10 AS "One in ten is below", children_p50 AS "Middle", children_p90 AS "One in ten is above",
                chance_over AS "More than places", waiting AS "Waiting", wait_weeks AS "Weeks", runs_out AS "Run out"
            FROM finance.forecast_places WHERE authority = ${authority:sqlstring}
            ORDER BY provision, phase, financial_year"""),
        unit="short", width=24, height=12, overrides=[named("More than places", unit="percentunit", decimals=0)],
    ),
]  # fmt: skip

THEN = [
    table(
        "The position as known at the end of the time looked at",
        "To the penny, from the ledger's own history: choose a past end above (30 September, say) and read what was "
        "believed then. News that came later, however far back it reaches, is not in it.",
        rows("ledger", f"""
            SELECT provision AS "Line", budget_pence / 100.0 AS "Budget", committed_pence / 100.0 AS "Committed",
                spent_pence / 100.0 AS "Spent", headroom_pence / 100.0 AS "Headroom",
                provisional_pence / 100.0 AS "Provisional", known_at AS "Last moved"
            FROM (
                SELECT DISTINCT ON (provision) * FROM finance.position_history
                WHERE {_OF_YEAR} AND known_at <= $__timeTo() ORDER BY provision, known_at DESC
            ) AS known WHERE committed_pence <> 0 OR spent_pence <> 0 OR budget_pence <> 0 ORDER BY headroom_pence"""),
        unit=POUNDS, width=12, height=12,
        overrides=[coloured("Headroom", RED_BELOW_NOUGHT), named("Last moved", unit="dateTimeAsLocal")],
    ),
    table(
        "The dearest commitments of the year",
        "The hundred with the highest cost in the year, to the penny: placements, grants, contracts for places and "
        "appeals, by their own reference. `hnb explain` and the ledger's /commitments say how each comes about.",
        rows("ledger", f"""
            SELECT provision AS "Line", commitment AS "Commitment", kind AS "Kind", first_day AS "From",
                last_day AS "To", annual_pence / 100.0 AS "A year",
                cost_pence / 100.0 AS "This year", spent_pence / 100.0 AS "Spent"
            FROM finance.commitments WHERE {_OF_YEAR} ORDER BY cost_pence DESC LIMIT 100"""),
        unit=POUNDS, width=12, height=12,
        overrides=[named("From", unit="dateTimeAsIso"), named("To", unit="dateTimeAsIso")],
    ),
]  # fmt: skip

POSITION = Board(
    "hnb-position",
    "HNB position",
    "Where the year's High Needs Block stands, to the penny behind every figure: are we over budget, by how much, "
    "since when, why, and how fresh is this?",
    [
        ("Are we over budget, and by how much?", HEADLINE),
        ("Why has it moved?", WHY),
        ("Which lines are over?", BY_LINE),
        ("What is still to come?", AHEAD),
        ("Where is it going?", GOING),
        ("What was known then, and what is behind it?", THEN),
    ],
    of=["ledger"],
)
